//! What can go wrong between us and Authlete.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::BoxError;
use crate::backend::Unavailable;

/// Why a call of Authlete's Web API gave no answer.
///
/// It never holds what was sent or received, but for a `resultCode`, and the `resultMessage` behind an
/// [accessor](Self::result_message), which may name a client.
#[derive(Debug)]
pub struct AuthleteError {
    kind: ErrorKind,
    /// Known not to have been sent, where the kind does not say so.
    not_sent: bool,
    result_message: Option<Message>,
    source: Option<BoxError>,
}

/// What went wrong, as far as it matters for what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or wrong, or the function that gives the credentials failed; the
    /// [source](std::error::Error::source) says which. Nothing was sent.
    Configuration,
    /// The connection could not be made. Nothing was sent.
    Connect,
    /// There was no answer in time. Authlete may have done what it was asked, unless the time was over before anything was
    /// sent.
    Timeout,
    /// The connection broke before there was an answer. Authlete may have done what it was asked.
    Interrupted,
    /// Authlete answered 429, and did nothing.
    #[non_exhaustive]
    RateLimited {
        /// How long to wait, where Authlete said so.
        wait: Option<Duration>,
    },
    /// Authlete, or a gateway before it, answered with an error.
    #[non_exhaustive]
    Api {
        /// The HTTP status.
        status: StatusCode,
        /// The `resultCode`, where there is one that looks like one: at most 32 letters and digits.
        result_code: Option<String>,
    },
    /// Authlete answered with something that is no answer, and may have done what it was asked.
    #[non_exhaustive]
    InvalidAnswer {
        /// What was wrong with it.
        fault: &'static str,
    },
    /// The answer is longer than the limit. Authlete may have done what it was asked.
    TooLarge,
}

/// Kept out of `Debug`: it may name a client.
struct Message(String);

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl AuthleteError {
    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Whether Authlete may have done what it was asked. Where it certainly did not, the call may be made again, whatever it
    /// was.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        match &self.kind {
            ErrorKind::Configuration | ErrorKind::Connect | ErrorKind::RateLimited { .. } => false,
            ErrorKind::Timeout | ErrorKind::Interrupted => !self.not_sent,
            ErrorKind::Api { status, .. } => status.is_server_error(),
            ErrorKind::InvalidAnswer { .. } | ErrorKind::TooLarge => true,
        }
    }

    /// The `resultMessage` of an API error, where there is one.
    #[must_use]
    pub fn result_message(&self) -> Option<&str> {
        self.result_message.as_ref().map(|message| &*message.0)
    }

    pub(super) fn configuration(cause: impl Into<BoxError>) -> Self {
        Self {
            source: Some(cause.into()),
            ..Self::plain(ErrorKind::Configuration)
        }
    }

    pub(super) fn connect(cause: BoxError) -> Self {
        Self::unavailable(ErrorKind::Connect, Unavailable::new().with_source(cause))
    }

    pub(super) fn interrupted(cause: BoxError) -> Self {
        let unavailable = Unavailable::outcome_unknown().with_source(cause);
        Self::unavailable(ErrorKind::Interrupted, unavailable)
    }

    /// `sent`: whether anything may have reached Authlete.
    pub(super) fn timeout(sent: bool) -> Self {
        let unavailable = if sent {
            Unavailable::outcome_unknown()
        } else {
            Unavailable::new()
        };
        Self {
            not_sent: !sent,
            ..Self::unavailable(ErrorKind::Timeout, unavailable)
        }
    }

    pub(super) fn rate_limited(wait: Option<Duration>) -> Self {
        let unavailable = match wait {
            Some(wait) => Unavailable::new().with_retry_after(wait),
            None => Unavailable::new(),
        };
        Self::unavailable(ErrorKind::RateLimited { wait }, unavailable)
    }

    pub(super) fn api(
        status: StatusCode,
        result_code: Option<String>,
        result_message: Option<String>,
    ) -> Self {
        // A gateway that gave up says nothing of what Authlete did.
        let passes = matches!(
            status,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        );
        Self {
            result_message: result_message.map(Message),
            source: passes.then(|| Unavailable::outcome_unknown().into()),
            ..Self::plain(ErrorKind::Api {
                status,
                result_code,
            })
        }
    }

    pub(super) fn invalid_answer(fault: &'static str) -> Self {
        Self::plain(ErrorKind::InvalidAnswer { fault })
    }

    pub(super) fn too_large() -> Self {
        Self::plain(ErrorKind::TooLarge)
    }

    fn plain(kind: ErrorKind) -> Self {
        Self {
            kind,
            not_sent: false,
            result_message: None,
            source: None,
        }
    }

    /// The layer answers 503 to whatever holds an `Unavailable`.
    fn unavailable(kind: ErrorKind, source: Unavailable) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::plain(kind)
        }
    }
}

impl fmt::Display for AuthleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Configuration => f.write_str("the call of Authlete could not be set up"),
            ErrorKind::Connect => f.write_str("could not connect to Authlete"),
            ErrorKind::Timeout => f.write_str("Authlete did not answer in time"),
            ErrorKind::Interrupted => f.write_str("the connection to Authlete broke"),
            ErrorKind::RateLimited { wait: Some(wait) } => {
                write!(f, "Authlete's rate limit is reached for {wait:?}")
            }
            ErrorKind::RateLimited { wait: None } => {
                f.write_str("Authlete's rate limit is reached")
            }
            ErrorKind::Api {
                status,
                result_code: Some(code),
            } => write!(f, "Authlete answered {} ({code})", status.as_u16()),
            ErrorKind::Api { status, .. } => write!(f, "Authlete answered {}", status.as_u16()),
            ErrorKind::InvalidAnswer { fault } => write!(f, "Authlete's answer {fault}"),
            ErrorKind::TooLarge => f.write_str("Authlete's answer is too large"),
        }
    }
}

impl Error for AuthleteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
