use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::BoxError;
use crate::backend::Unavailable;

/// The error of a call of Authlete's Web API.
///
/// The `is_…` methods say what happened. They decide the status of the HTTP response:
///
/// | method | status |
/// |---|---|
/// | [`is_connect`](Self::is_connect), [`is_stream_refused`](Self::is_stream_refused) | 503 |
/// | [`is_timeout`](Self::is_timeout), [`is_interrupted`](Self::is_interrupted) | 503 |
/// | [`is_rate_limited`](Self::is_rate_limited) | 503, with `Retry-After` if Authlete asks for a wait |
/// | [`status`](Self::status) is 502, 503 or 504 | 503 |
/// | any other `status`, [`is_invalid_response`](Self::is_invalid_response) | 500 |
/// | [`is_credentials`](Self::is_credentials) | 500, or 503 if the source is [`Unavailable`] |
///
/// `Debug` and `Display` contain nothing that was sent. They contain two things that were received:
/// the status, and a `resultCode` of at most 32 letters and digits. The [source](Error::source) is
/// the error of the HTTP client, or of your `credentials_fn`. It may contain the reason with which
/// an HTTP/2 server closed the connection.
///
/// ```
/// use tower_dcr::ClientMetadata;
/// use tower_dcr::authlete::{AuthleteClient, Credentials, RetryPolicy};
/// use tower_dcr::operation::Register;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = AuthleteClient::builder()
///     .base_url("http://localhost:1") // No server listens there.
///     .credentials(Credentials::new("715948317", "the-access-token-of-the-service")?)
///     .retry(RetryPolicy::never())
///     .build()?;
///
/// let error = client.register(Register::new(ClientMetadata::parse("{}")?)).await.unwrap_err();
/// assert!(error.is_connect());
/// assert!(!error.is_outcome_unknown()); // Nothing was sent, so it is safe to try again.
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AuthleteError {
    kind: ErrorKind,
    source: Option<BoxError>,
}

/// What happened.
#[derive(Debug)]
pub(super) enum ErrorKind {
    /// There were no credentials, or they could not be written into a request.
    Credentials,
    /// The connection could not be made.
    Connect,
    /// The server refused the HTTP/2 stream before it processed anything.
    #[cfg_attr(
        not(feature = "authlete-client"),
        expect(dead_code, reason = "only the crate `h2` can tell")
    )]
    StreamRefused,
    /// There was no response in time.
    Timeout {
        /// Whether the request may have reached Authlete.
        is_sent: bool,
    },
    /// The connection broke before the response was complete.
    Interrupted,
    /// The status was 429.
    RateLimited { retry_after: Option<Duration> },
    /// The status was another error.
    Api {
        status: StatusCode,
        result_code: Option<String>,
        result_message: Option<Redacted>,
    },
    /// The response was not one of the Web API.
    InvalidResponse {
        /// What was wrong with it. It continues a sentence that starts with the response.
        problem: &'static str,
    },
    /// The response was longer than the limit.
    TooLarge,
}

/// A text that `Debug` does not show, because it may name a client.
pub(super) struct Redacted(String);

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl AuthleteError {
    /// Returns whether the function of
    /// [`credentials_fn`](super::AuthleteBuilder::credentials_fn) failed. Nothing was sent.
    #[must_use]
    pub fn is_credentials(&self) -> bool {
        matches!(self.kind, ErrorKind::Credentials)
    }

    /// Returns whether the connection could not be made. Nothing was sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.kind, ErrorKind::Connect)
    }

    /// Returns whether the server refused the HTTP/2 stream before it processed anything, with
    /// `REFUSED_STREAM` or a `GOAWAY` (RFC 9113 section 8.7).
    #[must_use]
    pub fn is_stream_refused(&self) -> bool {
        matches!(self.kind, ErrorKind::StreamRefused)
    }

    /// Returns whether there was no response in time. If the time ended before the request was
    /// sent, [`is_outcome_unknown`](Self::is_outcome_unknown) returns `false`.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind, ErrorKind::Timeout { .. })
    }

    /// Returns whether the connection broke before the response was complete.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self.kind, ErrorKind::Interrupted)
    }

    /// Returns whether Authlete responded 429. It did not process the request.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        matches!(self.kind, ErrorKind::RateLimited { .. })
    }

    /// Returns whether the response was not one of the Web API: malformed, without a known
    /// `action`, with an unexpected status, or too large.
    #[must_use]
    pub fn is_invalid_response(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::InvalidResponse { .. } | ErrorKind::TooLarge
        )
    }

    /// Returns whether the response was longer than the
    /// [limit](super::AuthleteBuilder::response_limit).
    #[must_use]
    pub fn is_response_too_large(&self) -> bool {
        matches!(self.kind, ErrorKind::TooLarge)
    }

    /// Returns whether Authlete may have completed the operation. If not, every operation is safe
    /// to retry.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        match &self.kind {
            ErrorKind::Credentials
            | ErrorKind::Connect
            | ErrorKind::StreamRefused
            | ErrorKind::RateLimited { .. } => false,
            ErrorKind::Timeout { is_sent } => *is_sent,
            ErrorKind::Api { status, .. } => status.is_server_error(),
            ErrorKind::Interrupted | ErrorKind::InvalidResponse { .. } | ErrorKind::TooLarge => {
                true
            }
        }
    }

    /// Returns the status of the response, if it was an error of 400 to 599. Authlete or a gateway
    /// in front of it sent it.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.kind {
            ErrorKind::Api { status, .. } => Some(status),
            ErrorKind::RateLimited { .. } => Some(StatusCode::TOO_MANY_REQUESTS),
            _ => None,
        }
    }

    /// Returns the `resultCode` of an error response, such as `A001202`. It is `None` if there is
    /// none, or if it is not 1 to 32 letters and digits.
    #[must_use]
    pub fn result_code(&self) -> Option<&str> {
        match &self.kind {
            ErrorKind::Api { result_code, .. } => result_code.as_deref(),
            _ => None,
        }
    }

    /// Returns the `resultMessage` of an error response, if there is one. It may name a client, so
    /// keep it out of what clients receive.
    #[must_use]
    pub fn result_message(&self) -> Option<&str> {
        match &self.kind {
            ErrorKind::Api { result_message, .. } => {
                result_message.as_ref().map(|message| &*message.0)
            }
            _ => None,
        }
    }

    /// Returns the time that a 429 asks to wait. It is `None` for any other error, and if the 429
    /// names no time.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            ErrorKind::RateLimited { retry_after } => retry_after,
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    pub(super) fn credentials(cause: impl Into<BoxError>) -> Self {
        Self {
            source: Some(cause.into()),
            ..Self::new(ErrorKind::Credentials)
        }
    }

    pub(super) fn connect(cause: BoxError) -> Self {
        Self::unavailable(ErrorKind::Connect, Unavailable::new().with_source(cause))
    }

    #[cfg(feature = "authlete-client")]
    pub(super) fn stream_refused(cause: BoxError) -> Self {
        let unavailable = Unavailable::new().with_source(cause);
        Self::unavailable(ErrorKind::StreamRefused, unavailable)
    }

    pub(super) fn interrupted(cause: BoxError) -> Self {
        let unavailable = Unavailable::outcome_unknown().with_source(cause);
        Self::unavailable(ErrorKind::Interrupted, unavailable)
    }

    pub(super) fn timeout(is_sent: bool) -> Self {
        let unavailable = if is_sent {
            Unavailable::outcome_unknown()
        } else {
            Unavailable::new()
        };
        Self::unavailable(ErrorKind::Timeout { is_sent }, unavailable)
    }

    pub(super) fn rate_limited(retry_after: Option<Duration>) -> Self {
        let unavailable = match retry_after {
            Some(wait) => Unavailable::new().with_retry_after(wait),
            None => Unavailable::new(),
        };
        Self::unavailable(ErrorKind::RateLimited { retry_after }, unavailable)
    }

    pub(super) fn api(
        status: StatusCode,
        result_code: Option<String>,
        result_message: Option<String>,
    ) -> Self {
        // A gateway that sends one of these does not know what Authlete did.
        let is_gateway = matches!(
            status,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        );
        Self {
            source: is_gateway.then(|| Unavailable::outcome_unknown().into()),
            ..Self::new(ErrorKind::Api {
                status,
                result_code,
                result_message: result_message.map(Redacted),
            })
        }
    }

    pub(super) fn invalid_response(problem: &'static str) -> Self {
        Self::new(ErrorKind::InvalidResponse { problem })
    }

    pub(super) fn too_large() -> Self {
        Self::new(ErrorKind::TooLarge)
    }

    fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Creates an error that leads to a 503.
    fn unavailable(kind: ErrorKind, source: Unavailable) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::new(kind)
        }
    }
}

impl fmt::Display for AuthleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Credentials => f.write_str("there were no credentials for Authlete"),
            ErrorKind::Connect => f.write_str("could not connect to Authlete"),
            ErrorKind::StreamRefused => {
                f.write_str("Authlete refused the HTTP/2 stream and processed nothing")
            }
            ErrorKind::Timeout { is_sent: true } => f.write_str("Authlete did not respond in time"),
            ErrorKind::Timeout { is_sent: false } => {
                f.write_str("too little time was left to send the request to Authlete")
            }
            ErrorKind::Interrupted => f.write_str("the connection to Authlete broke"),
            ErrorKind::RateLimited {
                retry_after: Some(wait),
            } => write!(f, "Authlete's rate limit is reached; wait {wait:?}"),
            ErrorKind::RateLimited { retry_after: None } => {
                f.write_str("Authlete's rate limit is reached")
            }
            ErrorKind::Api {
                status,
                result_code: Some(code),
                ..
            } => write!(f, "Authlete responded {} ({code})", status.as_u16()),
            ErrorKind::Api { status, .. } => write!(f, "Authlete responded {}", status.as_u16()),
            ErrorKind::InvalidResponse { problem } => write!(f, "Authlete's response {problem}"),
            ErrorKind::TooLarge => f.write_str("Authlete's response is too large"),
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
