//! Replies of backends: an action, and a JSON object for the client.

mod action;
mod error_code;
mod error_description;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Extensions;
use serde::Serialize;

pub use self::action::Action;
pub use self::error_code::{ErrorCode, UnknownErrorCode};
use crate::BoxError;

/// The reply of a [`Backend`](crate::Backend) to an [`Operation`](crate::Operation). It consists of
/// an [`Action`] and a content: the text of a JSON object.
///
/// There is a constructor for each action. The client receives the content byte for byte. In these
/// cases, the client receives 500 `server_error` instead:
///
/// - The action does not answer the operation, such as `Deleted` to a read.
/// - The action needs a content, and the content is missing or not a JSON object.
///
/// `Debug` shows the action and the reason, never the content.
///
/// ```
/// use tower_dcr::{Action, ErrorCode, Reply};
///
/// let created = Reply::created(r#"{"client_id":"s6BhdRkqt3"}"#);
/// assert_eq!(created.action(), Action::Created);
///
/// let refused = Reply::refuse(ErrorCode::InvalidRedirectUri, "Only https is accepted here.");
/// assert_eq!(refused.action(), Action::BadRequest);
/// assert_eq!(
///     refused.content().unwrap(),
///     r#"{"error":"invalid_redirect_uri","error_description":"Only https is accepted here."}"#,
/// );
/// ```
#[derive(Clone)]
pub struct Reply {
    action: Action,
    content: Option<Bytes>,
    error: Option<ErrorCode>,
    reason: Option<Cow<'static, str>>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
    /// Only for [`Action::TooManyRequests`].
    retry_after: Option<Duration>,
    extensions: Extensions,
}

impl Reply {
    /// Creates a reply from an action and a content, for backends that receive the action as data.
    /// `Deleted` needs no content. All other actions need one.
    ///
    /// A reply with [`Action::TooManyRequests`] has no `Retry-After` until
    /// [`with_retry_after`](Self::with_retry_after) sets one.
    #[must_use]
    pub fn new(action: Action, content: Option<Bytes>) -> Self {
        Self {
            action,
            content,
            error: None,
            reason: None,
            cause: None,
            retry_after: None,
            extensions: Extensions::new(),
        }
    }

    /// Answers a register: the client was created. The status is 201.
    ///
    /// The content is the client information response (RFC 7591 section 3.2.1).
    #[must_use]
    pub fn created(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Created, Some(content.into()))
    }

    /// Answers a register like [`created`](Self::created). The content is the value, serialized.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_dcr::Reply;
    ///
    /// let reply = Reply::created_json(&json!({ "client_id": "s6BhdRkqt3" }))?;
    /// assert_eq!(reply.content().unwrap(), r#"{"client_id":"s6BhdRkqt3"}"#);
    /// # Ok::<(), tower_dcr::reply::SerializeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SerializeError`] if the value cannot be written as a JSON object.
    pub fn created_json<T: Serialize + ?Sized>(content: &T) -> Result<Self, SerializeError> {
        serialize(content).map(Self::created)
    }

    /// Answers a read: the client exists. The status is 200.
    ///
    /// The content is the client information response (RFC 7592 section 3).
    #[must_use]
    pub fn ok(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Ok, Some(content.into()))
    }

    /// Answers a read like [`ok`](Self::ok). The content is the value, serialized.
    ///
    /// # Errors
    ///
    /// [`SerializeError`] if the value cannot be written as a JSON object.
    pub fn ok_json<T: Serialize + ?Sized>(content: &T) -> Result<Self, SerializeError> {
        serialize(content).map(Self::ok)
    }

    /// Answers an update: the client was updated. The status is 200.
    ///
    /// The content is the client information response (RFC 7592 section 3).
    #[must_use]
    pub fn updated(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Updated, Some(content.into()))
    }

    /// Answers an update like [`updated`](Self::updated). The content is the value, serialized.
    ///
    /// # Errors
    ///
    /// [`SerializeError`] if the value cannot be written as a JSON object.
    pub fn updated_json<T: Serialize + ?Sized>(content: &T) -> Result<Self, SerializeError> {
        serialize(content).map(Self::updated)
    }

    /// Answers a delete: the client was deleted (RFC 7592 section 2.3). The status is 204, without
    /// a body.
    #[must_use]
    pub fn deleted() -> Self {
        Self::new(Action::Deleted, None)
    }

    /// Refuses an operation with 400. [`refuse`](Self::refuse) writes the content for you.
    ///
    /// The content is the client registration error response (RFC 7591 section 3.2.2).
    #[must_use]
    pub fn bad_request(content: impl Into<Bytes>) -> Self {
        Self::new(Action::BadRequest, Some(content.into()))
    }

    /// Refuses an operation with 401 and the challenge of RFC 6750 section 3: the token does not
    /// belong to the client, or the client does not exist. [`refuse`](Self::refuse) writes the
    /// content for you.
    ///
    /// The content is an error response with the error `invalid_token`.
    #[must_use]
    pub fn unauthorized(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Unauthorized, Some(content.into()))
    }

    /// Refuses an operation with 403 (RFC 7592 section 2.1). [`refuse`](Self::refuse) writes the
    /// content for you.
    ///
    /// The content is an error response with the error `access_denied` or `insufficient_scope`.
    /// With `insufficient_scope`, the response has a challenge (RFC 6750 section 3.1).
    #[must_use]
    pub fn forbidden(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Forbidden, Some(content.into()))
    }

    /// Refuses an operation with 429 `temporarily_unavailable`, because of a rate limit or quota.
    /// The client receives the time as `Retry-After`, in whole seconds, rounded up, at most one
    /// hour.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use tower_dcr::{BoxError, DcrEndpoint, Reply, backend_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async {
    ///     Ok::<_, BoxError>(Reply::too_many_requests(Duration::from_secs(60)))
    /// });
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
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        let error = ErrorCode::TemporarilyUnavailable;
        let content = error.body("There are too many requests.");
        Self {
            error: Some(error),
            retry_after: Some(retry_after),
            ..Self::new(Action::TooManyRequests, Some(content))
        }
    }

    /// Answers any operation with 500, and with an error response that the backend wrote. If your
    /// backend has no error response to send, return `Err` instead.
    #[must_use]
    pub fn internal_server_error(content: impl Into<Bytes>) -> Self {
        Self::new(Action::InternalServerError, Some(content.into()))
    }

    /// Refuses an operation with this error code. The code decides the action and the status.
    ///
    /// The description is for the developer of the client. It should not quote what the client
    /// sent. It is cut to 200 characters. Characters that RFC 6749 section 5.2 does not allow are
    /// replaced: `"` by `'`, `\` by `/`, others by `?`.
    #[must_use]
    pub fn refuse(error: ErrorCode, description: &str) -> Self {
        let content = error.body(description);
        Self {
            error: Some(error),
            ..Self::new(error.action(), Some(content))
        }
    }

    /// Adds the backend's own code for what happened, such as Authlete's `resultCode` or the name
    /// of a policy. It is not the `error` of an error response, and the client does not receive it.
    ///
    /// It appears in the [`Outcome`](crate::Outcome) and in the log of a 5xx. It also appears in
    /// the span of the operation, if it is at most 64 ASCII letters, digits, `.`, `_` and `-`. Take
    /// it from a closed set, so that it fits a metric.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds the error behind the reply. The client does not receive it.
    ///
    /// It appears in the [`Outcome`](crate::Outcome) and in the log of a 5xx. Keep tokens, secrets
    /// and metadata out of it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    /// Sets the time after which the client should try again. The client receives it as
    /// `Retry-After`, in whole seconds, rounded up, at most one hour.
    ///
    /// It is ignored unless the action is [`TooManyRequests`](Action::TooManyRequests).
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Replaces the action, and so the status. The content and everything else stay. Use it to
    /// correct the reply of another backend.
    #[must_use]
    pub fn with_action(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    /// Replaces the content. The action stays. [`error`](Self::error) then returns `None`, even if
    /// the new content has an `error`.
    #[must_use]
    pub fn with_content(mut self, content: impl Into<Bytes>) -> Self {
        self.content = Some(content.into());
        self.error = None;
        self
    }

    /// Returns the action.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// Returns the content, if there is one.
    #[must_use]
    pub fn content(&self) -> Option<&Bytes> {
        self.content.as_ref()
    }

    /// Returns the error code of [`refuse`](Self::refuse). It is `None` if the backend wrote the
    /// content itself.
    #[must_use]
    pub fn error(&self) -> Option<ErrorCode> {
        self.error
    }

    /// Returns the backend's [reason](Self::with_reason), if it set one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Returns the [error behind the reply](Self::with_cause), if the backend set one.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// Returns the time of [`with_retry_after`](Self::with_retry_after), if it is set.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the extensions. They are copied to the HTTP response.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Returns the extensions for changes. They are copied to the HTTP response.
    #[must_use]
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// Splits off the parts that are not for the client.
    pub(crate) fn into_parts(self) -> ReplyParts {
        ReplyParts {
            reason: self.reason,
            cause: self.cause,
            extensions: self.extensions,
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("action", &self.action)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// The parts of a [`Reply`] that are not for the client.
pub(crate) struct ReplyParts {
    pub(crate) reason: Option<Cow<'static, str>>,
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
    pub(crate) extensions: Extensions,
}

fn serialize<T: Serialize + ?Sized>(content: &T) -> Result<Vec<u8>, SerializeError> {
    match serde_json::to_vec(content) {
        Ok(json) if json.starts_with(b"{") => Ok(json),
        // The error of `serde_json` is dropped, because a `Serialize` may quote its value in it.
        _ => Err(SerializeError(())),
    }
}

/// The error of [`Reply::created_json`], [`ok_json`](Reply::ok_json) and
/// [`updated_json`](Reply::updated_json): the value cannot be written as a JSON object.
///
/// It contains nothing of the value.
#[derive(Clone, Debug)]
pub struct SerializeError(());

impl fmt::Display for SerializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the content of the reply is not a JSON object: serialize a struct, or a map with \
             string keys",
        )
    }
}

impl Error for SerializeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_content() {
        let reply = Reply::ok("{\"client_secret\":\"sentinel\"}").with_reason("A217001");
        assert_eq!(
            format!("{reply:?}"),
            "Reply { action: Ok, reason: Some(\"A217001\"), .. }"
        );
    }

    #[test]
    fn only_objects_are_serialized() {
        assert_eq!(
            Reply::updated_json(&serde_json::json!({}))
                .unwrap()
                .action(),
            Action::Updated
        );
        assert!(Reply::ok_json(&["a"]).is_err());
        assert!(Reply::created_json(&std::collections::BTreeMap::from([((1, 2), 3)])).is_err());
    }
}
