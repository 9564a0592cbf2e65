//! What a backend answers: an action, and the JSON that goes with it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Extensions;

use crate::BoxError;

/// What a [`Backend`](crate::Backend) answers to an [`Operation`](crate::Operation): an [`Action`], and the content, a
/// JSON object as text, that the client is to get.
///
/// There is a constructor for each action. Content goes to the client byte for byte; where one is due and it is not a
/// JSON object, or where the action does not answer the operation, the client gets 500 `server_error` instead.
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
///
/// `Debug` shows the action and the code, never the content.
#[derive(Clone)]
pub struct Reply {
    action: Action,
    content: Option<Bytes>,
    error: Option<ErrorCode>,
    code: Option<Cow<'static, str>>,
    cause: Option<Arc<Cause>>,
    extensions: Extensions,
}

/// Why something is as it is.
type Cause = dyn Error + Send + Sync;

impl Reply {
    /// A reply of a backend that names its actions itself. The content, where one is due, is a JSON object.
    #[must_use]
    pub fn new(action: Action, content: Option<Bytes>) -> Self {
        Self {
            action,
            content,
            error: None,
            code: None,
            cause: None,
            extensions: Extensions::new(),
        }
    }

    /// The client was registered; the content is the client information response (RFC 7591 section 3.2.1). 201.
    #[must_use]
    pub fn created(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Created, Some(content.into()))
    }

    /// The client was read; the content is the client information response (RFC 7592 section 3). 200.
    #[must_use]
    pub fn ok(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Ok, Some(content.into()))
    }

    /// The client was updated; the content is the client information response (RFC 7592 section 3). 200.
    #[must_use]
    pub fn updated(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Updated, Some(content.into()))
    }

    /// The client was deleted (RFC 7592 section 2.3). 204, without a body.
    #[must_use]
    pub fn deleted() -> Self {
        Self::new(Action::Deleted, None)
    }

    /// The request is refused; the content is the client registration error response (RFC 7591 section 3.2.2). 400.
    /// [`refuse`](Self::refuse) writes the content.
    #[must_use]
    pub fn bad_request(content: impl Into<Bytes>) -> Self {
        Self::new(Action::BadRequest, Some(content.into()))
    }

    /// The token is not the client's, or the client is not there; the content is the error response. 401, with the
    /// challenge of RFC 6750 section 3. [`refuse`](Self::refuse) writes the content.
    #[must_use]
    pub fn unauthorized(content: impl Into<Bytes>) -> Self {
        Self::new(Action::Unauthorized, Some(content.into()))
    }

    /// The client may not do this (RFC 7592 section 2.1). 403 `access_denied`. For `insufficient_scope`, and for words of
    /// your own, see [`refuse`](Self::refuse).
    #[must_use]
    pub fn forbidden() -> Self {
        Self::refuse(ErrorCode::AccessDenied, "This is not allowed.")
    }

    /// The backend failed and wrote an error response for the client. 500. A backend that has none returns an error.
    #[must_use]
    pub fn internal_server_error(content: impl Into<Bytes>) -> Self {
        Self::new(Action::InternalServerError, Some(content.into()))
    }

    /// Refuses with an error code, its action and status following from it, and a description for the client's
    /// developer.
    ///
    /// The description should not quote what the client sent. Of it are kept at most 200 characters; those that RFC 6749
    /// section 5.2 does not allow in an `error_description` become `'` (for `"`), `/` (for `\`) or `?`.
    #[must_use]
    pub fn refuse(error: ErrorCode, description: &str) -> Self {
        Self {
            error: Some(error),
            ..Self::new(error.action(), Some(error.body(description)))
        }
    }

    /// The same, with the backend's own code of what happened, such as Authlete's `resultCode`; it is not the `error` of an
    /// error response. The client does not get it; it is in the [`Outcome`](crate::Outcome), and in the log of a 5xx. In the
    /// span of the operation, too, where it is a word of ASCII letters, digits, `.`, `_` and `-`, at most 64 long: spans have
    /// fields from closed sets, so take yours from one.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The same, with the error behind it. The client does not get it; it is in the [`Outcome`](crate::Outcome), and in the log
    /// of a 5xx: keep tokens, secrets and metadata out of it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    /// The same, with another action. All else stays.
    #[must_use]
    pub fn with_action(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    /// The same, with another content. All else stays, but for the [`error`](Self::error), which was that of the content.
    #[must_use]
    pub fn with_content(mut self, content: impl Into<Bytes>) -> Self {
        self.content = Some(content.into());
        self.error = None;
        self
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// The content, where there is one.
    #[must_use]
    pub fn content(&self) -> Option<&Bytes> {
        self.content.as_ref()
    }

    /// The error that it [refuses](Self::refuse) with. `None` too where the content was written by the backend.
    #[must_use]
    pub fn error(&self) -> Option<ErrorCode> {
        self.error
    }

    /// The backend's own code, where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The error behind it, where it was given.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// What goes into the extensions of the HTTP response.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What goes into the extensions of the HTTP response, to add to it.
    #[must_use]
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// Whether the challenge shall say `insufficient_scope` (RFC 6750 section 3.1).
    pub(crate) fn lacks_scope(&self) -> bool {
        self.error == Some(ErrorCode::InsufficientScope)
    }

    /// What is left of a reply once its response is made.
    pub(crate) fn into_rest(self) -> Rest {
        Rest {
            code: self.code,
            cause: self.cause,
            extensions: self.extensions,
        }
    }
}

/// What of a reply is not for the client.
pub(crate) struct Rest {
    pub(crate) code: Option<Cow<'static, str>>,
    pub(crate) cause: Option<Arc<Cause>>,
    pub(crate) extensions: Extensions,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("action", &self.action)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// What the server shall do with a reply; the HTTP status follows from it. The names are those of the `action` in
/// Authlete's Web API, which is where the idea is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// `CREATED`, answers a register: 201.
    Created,
    /// `OK`, answers a read: 200.
    Ok,
    /// `UPDATED`, answers an update: 200.
    Updated,
    /// `DELETED`, answers a delete: 204.
    Deleted,
    /// `BAD_REQUEST`, answers all: 400.
    BadRequest,
    /// `UNAUTHORIZED`, answers all: 401.
    Unauthorized,
    /// `FORBIDDEN`, answers all: 403. Not one of Authlete's; for backends and policies (RFC 7592 section 2.1).
    Forbidden,
    /// `INTERNAL_SERVER_ERROR`, answers all: 500.
    InternalServerError,
}

impl Action {
    /// The name on Authlete's wire, such as `"CREATED"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Ok => "OK",
            Self::Updated => "UPDATED",
            Self::Deleted => "DELETED",
            Self::BadRequest => "BAD_REQUEST",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden => "FORBIDDEN",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The `error` of an error response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `invalid_redirect_uri` (RFC 7591 section 3.2.2): 400.
    InvalidRedirectUri,
    /// `invalid_client_metadata` (RFC 7591 section 3.2.2): 400.
    InvalidClientMetadata,
    /// `invalid_software_statement` (RFC 7591 section 3.2.2): 400.
    InvalidSoftwareStatement,
    /// `unapproved_software_statement` (RFC 7591 section 3.2.2): 400.
    UnapprovedSoftwareStatement,
    /// `invalid_request` (RFC 6750 section 3.1): 400.
    InvalidRequest,
    /// `invalid_token` (RFC 6750 section 3.1): 401.
    InvalidToken,
    /// `insufficient_scope` (RFC 6750 section 3.1): 403.
    InsufficientScope,
    /// `access_denied` (RFC 6749 section 4.1.2.1): 403.
    AccessDenied,
    /// `server_error` (RFC 6749 section 4.1.2.1): 500.
    ServerError,
    /// `temporarily_unavailable` (RFC 6749 section 4.1.2.1): 500 in a [`Reply`]. For a 503, a backend returns
    /// [`Unavailable`](crate::Unavailable).
    TemporarilyUnavailable,
}

impl ErrorCode {
    pub(crate) const ALL: [Self; 10] = [
        Self::InvalidRedirectUri,
        Self::InvalidClientMetadata,
        Self::InvalidSoftwareStatement,
        Self::UnapprovedSoftwareStatement,
        Self::InvalidRequest,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::AccessDenied,
        Self::ServerError,
        Self::TemporarilyUnavailable,
    ];

    /// The code as it is sent, such as `"invalid_redirect_uri"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    fn action(self) -> Action {
        match self {
            Self::InvalidRedirectUri
            | Self::InvalidClientMetadata
            | Self::InvalidSoftwareStatement
            | Self::UnapprovedSoftwareStatement
            | Self::InvalidRequest => Action::BadRequest,
            Self::InvalidToken => Action::Unauthorized,
            Self::InsufficientScope | Self::AccessDenied => Action::Forbidden,
            Self::ServerError | Self::TemporarilyUnavailable => Action::InternalServerError,
        }
    }

    /// The error response. A description has only %x20-21 / %x23-5B / %x5D-7E (RFC 6749 section 5.2), so it stands in
    /// JSON as it is.
    pub(crate) fn body(self, description: &str) -> Bytes {
        let description: String = description
            .chars()
            .take(200)
            .map(|c| match c {
                '"' => '\'',
                '\\' => '/',
                ' '..='~' => c,
                _ => '?',
            })
            .collect();
        let error = self.as_str();
        format!(r#"{{"error":"{error}","error_description":"{description}"}}"#).into()
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_held_to_what_the_specification_allows() {
        let reply = Reply::refuse(ErrorCode::AccessDenied, "a \"b\" \\ c\r\n\u{e9}\u{0}~");
        assert_eq!(
            reply.content().unwrap(),
            r#"{"error":"access_denied","error_description":"a 'b' / c????~"}"#
        );
        let long = Reply::refuse(ErrorCode::AccessDenied, &"x".repeat(500));
        let body: serde_json::Value = serde_json::from_slice(long.content().unwrap()).unwrap();
        assert_eq!(body["error_description"].as_str().map(str::len), Some(200));
    }

    #[test]
    fn debug_shows_no_content() {
        let reply = Reply::ok("{\"client_secret\":\"sentinel\"}").with_code("A217001");
        assert_eq!(
            format!("{reply:?}"),
            "Reply { action: Ok, code: Some(\"A217001\"), .. }"
        );
    }
}
