use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Extensions;

use crate::BoxError;
use crate::backend::Unavailable;
use crate::reply::{Action, ErrorCode, Reply, ReplyParts};

/// The refusal of a [`Policy`](super::Policy). It becomes an error response.
///
/// | error code | status |
/// |---|---|
/// | `invalid_redirect_uri`, `invalid_client_metadata`, `invalid_software_statement`, `unapproved_software_statement`, `invalid_request` | 400 |
/// | `invalid_token` | 401 |
/// | `access_denied`, `insufficient_scope` | 403 |
/// | `server_error` | 500 |
/// | `temporarily_unavailable` | 503, or 429 with [`too_many_requests`](Self::too_many_requests) |
///
/// A policy that cannot decide now refuses with
/// [`temporarily_unavailable`](Self::temporarily_unavailable). The backend was not called, so the
/// client may try again.
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{Policies, Proposal, Rejection, policy_fn};
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, ErrorCode, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let named = policy_fn(|proposal: &mut Proposal| {
///     if proposal.is_omitted("client_name") {
///         return Err(Rejection::new(
///             ErrorCode::InvalidClientMetadata,
///             "client_name is missing.",
///         )
///         .with_reason("client_name"));
///     }
///     Ok(())
/// });
///
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let backend = Policies::new().with(named).layer(backend);
/// let reply = backend.execute(Register::new(ClientMetadata::parse("{}")?).into()).await?;
/// assert_eq!(reply.action(), Action::BadRequest);
/// assert_eq!(reply.error(), Some(ErrorCode::InvalidClientMetadata));
/// assert_eq!(reply.reason(), Some("client_name"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a rejection does nothing until a policy returns it"]
pub struct Rejection {
    error: ErrorCode,
    /// Boxed, so that a `Result` of a policy is small.
    reply: Box<Reply>,
    retry_after: Option<Duration>,
}

impl Rejection {
    /// Creates a refusal with this error code. The code decides the status.
    ///
    /// The description follows the rules of [`Reply::refuse`]. The client receives it, except in a
    /// 503: that response has a fixed description.
    pub fn new(error: ErrorCode, description: &str) -> Self {
        Self {
            error,
            reply: Box::new(Reply::refuse(error, description)),
            retry_after: None,
        }
    }

    /// Creates the refusal of a policy that cannot decide now. The client receives 503
    /// `temporarily_unavailable`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::Request;
    /// use tower::{Layer, ServiceExt};
    /// use tower_dcr::policy::{Policies, Proposal, Rejection, policy_fn};
    /// use tower_dcr::{BoxError, DcrEndpoint, Reply, backend_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let maintenance = policy_fn(|_: &mut Proposal| {
    ///     Err(Rejection::temporarily_unavailable().with_retry_after(Duration::from_secs(60)))
    /// });
    /// let backend = Policies::new().with(maintenance).layer(backend);
    ///
    /// let request = Request::post("/register")
    ///     .header("content-type", "application/json")
    ///     .body(String::from("{}"))?;
    /// let response = DcrEndpoint::new(backend).oneshot(request).await?;
    /// assert_eq!(response.status(), 503);
    /// assert_eq!(response.headers()["retry-after"], "60");
    /// # Ok(())
    /// # }
    /// ```
    pub fn temporarily_unavailable() -> Self {
        Self::new(
            ErrorCode::TemporarilyUnavailable,
            "The registration service is not available now.",
        )
    }

    /// Creates a refusal because of a rate limit or quota. The client receives 429
    /// `temporarily_unavailable`, and the time as `Retry-After`, in whole seconds, rounded up, at
    /// most one hour.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::Request;
    /// use tower::{Layer, ServiceExt};
    /// use tower_dcr::policy::{Policies, Proposal, Rejection, policy_fn};
    /// use tower_dcr::{BoxError, DcrEndpoint, Reply, backend_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let quota = policy_fn(|_: &mut Proposal| {
    ///     Err(Rejection::too_many_requests(Duration::from_secs(60)).with_reason("quota"))
    /// });
    /// let backend = Policies::new().with(quota).layer(backend);
    ///
    /// let request = Request::post("/register")
    ///     .header("content-type", "application/json")
    ///     .body(String::from("{}"))?;
    /// let response = DcrEndpoint::new(backend).oneshot(request).await?;
    /// assert_eq!(response.status(), 429);
    /// assert_eq!(response.headers()["retry-after"], "60");
    /// # Ok(())
    /// # }
    /// ```
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self {
            error: ErrorCode::TemporarilyUnavailable,
            reply: Box::new(Reply::too_many_requests(retry_after)),
            retry_after: None,
        }
    }

    /// Creates the refusal for an internal error. The client learns nothing about the error.
    pub(super) fn failure(cause: impl Into<BoxError>) -> Self {
        Self::new(ErrorCode::ServerError, "The registration service failed.").with_cause(cause)
    }

    /// Adds the name of the policy that refused, such as `"max_redirect_uris"`. The client does not
    /// receive it.
    ///
    /// It follows the rules of [`Reply::with_reason`]. It appears in the
    /// [`Outcome`](crate::Outcome). For a 503, it appears in the text of the outcome's
    /// [cause](crate::Outcome::cause) instead.
    pub fn with_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        *self.reply = self.reply.with_reason(reason);
        self
    }

    /// Adds the error behind the refusal. The client does not receive it.
    ///
    /// It appears in the [`Outcome`](crate::Outcome) and in the log of a 5xx. Keep tokens, secrets
    /// and metadata out of it.
    pub fn with_cause(mut self, cause: impl Into<BoxError>) -> Self {
        *self.reply = self.reply.with_cause(cause);
        self
    }

    /// Sets the time after which the client should try again, for
    /// [`temporarily_unavailable`](Self::temporarily_unavailable) and
    /// [`too_many_requests`](Self::too_many_requests). With other refusals it is ignored.
    ///
    /// The client receives it as `Retry-After`, in whole seconds, rounded up, at most one hour. If
    /// you do not set it, the time comes from an [`Unavailable`] in the [cause](Self::with_cause),
    /// if there is such an error.
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        *self.reply = self.reply.with_retry_after(wait);
        self
    }

    /// Replaces the body of the response, for an error response with more members. The status does
    /// not change.
    ///
    /// - If it is not a JSON object, the client receives 500 `server_error`.
    /// - It is ignored for a 503.
    pub fn with_content(mut self, content: impl Into<Bytes>) -> Self {
        *self.reply = self.reply.with_content(content);
        self
    }

    /// Returns the error code.
    #[must_use]
    pub fn error(&self) -> ErrorCode {
        self.error
    }

    /// Returns the [reason](Self::with_reason), if it is set.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reply.reason()
    }

    /// Returns the extensions, so that you can change them. They are copied to the HTTP response,
    /// except to a 503.
    #[must_use]
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        self.reply.extensions_mut()
    }

    /// Turns the refusal into the result of a backend. The refusal of a policy that cannot decide
    /// now becomes the error of an unavailable backend.
    pub(super) fn into_result(self) -> Result<Reply, Unavailable> {
        let is_unavailable = self.error == ErrorCode::TemporarilyUnavailable;
        if !is_unavailable || self.reply.action() == Action::TooManyRequests {
            return Ok(*self.reply);
        }
        let ReplyParts { reason, cause, .. } = self.reply.into_parts();
        let retry_after = self.retry_after.or_else(|| {
            let cause = cause.as_ref()?;
            Unavailable::find_in(&**cause)?.retry_after()
        });
        // The backend was not called, so nothing happened, even if the outcome of the cause is
        // unknown.
        let unavailable = Unavailable::new().with_source(Undecided { reason, cause });
        Err(match retry_after {
            Some(wait) => unavailable.with_retry_after(wait),
            None => unavailable,
        })
    }
}

/// Refuses with `temporarily_unavailable`, so that `?` works in a policy that calls another
/// service.
impl From<Unavailable> for Rejection {
    fn from(unavailable: Unavailable) -> Self {
        Self::temporarily_unavailable().with_cause(unavailable)
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("error", &self.error)
            .field("reason", &self.reason())
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

/// The error of a policy that cannot decide now, for the log.
#[derive(Debug)]
struct Undecided {
    reason: Option<Cow<'static, str>>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "the policy \"{reason}\" cannot decide now"),
            None => f.write_str("a policy cannot decide now"),
        }
    }
}

impl Error for Undecided {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_deref()
            .map(|cause| cause as &(dyn Error + 'static))
    }
}
