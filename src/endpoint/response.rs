//! The action table, and what every response has.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, InvalidHeaderValue, PRAGMA,
    WWW_AUTHENTICATE,
};
use http::{Method, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use super::failure;
use crate::{Action, ErrorCode, OperationKind, Outcome, Reply, json};

/// What a reply answers.
pub(super) struct Asked {
    pub(super) kind: OperationKind,
    pub(super) token_sent: bool,
    /// The client that the path named.
    pub(super) client_id: Option<Box<str>>,
}

/// The response to a reply.
pub(super) fn of_reply(
    asked: Asked,
    reply: Reply,
    challenges: &Challenges,
) -> Response<EndpointBody> {
    let Asked {
        kind,
        token_sent,
        client_id,
    } = asked;
    let action = reply.action();
    let status = match (action, kind) {
        (Action::Created, OperationKind::Register) => StatusCode::CREATED,
        (Action::Ok, OperationKind::Read) | (Action::Updated, OperationKind::Update) => {
            StatusCode::OK
        }
        (Action::Deleted, OperationKind::Delete) => StatusCode::NO_CONTENT,
        (Action::BadRequest, _) => StatusCode::BAD_REQUEST,
        (Action::Unauthorized, _) => StatusCode::UNAUTHORIZED,
        (Action::Forbidden, _) => StatusCode::FORBIDDEN,
        (Action::InternalServerError, _) => StatusCode::INTERNAL_SERVER_ERROR,
        (Action::Created | Action::Ok | Action::Updated | Action::Deleted, _) => {
            return failure::of_reply(kind, reply, InvalidReply::WrongAction(action, kind));
        }
    };
    let mut response = if action == Action::Deleted {
        no_content()
    } else {
        match reply.content() {
            Some(content) if json::is_object(content) => object(status, content.clone()),
            _ => return failure::of_reply(kind, reply, InvalidReply::NotAnObject(action)),
        }
    };
    let challenge = match action {
        Action::Unauthorized if token_sent => Some(&challenges.invalid_token),
        Action::Unauthorized => Some(&challenges.bare),
        Action::Forbidden if reply.lacks_scope() => Some(&challenges.insufficient_scope),
        _ => None,
    };
    if let Some(challenge) = challenge {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, challenge.clone());
    }
    let client_id = match action {
        Action::Created => {
            let content = reply.content();
            content.and_then(|content| json::string_member(content, "client_id"))
        }
        Action::Ok | Action::Updated | Action::Deleted => client_id,
        _ => None,
    };
    let error = match action {
        Action::Created | Action::Ok | Action::Updated | Action::Deleted => None,
        _ => named_error(&reply),
    };
    let rest = reply.into_rest();
    let outcome = Outcome::of(Some(kind))
        .with_reply(action, rest.code)
        .with_error(error)
        .with_cause(rest.cause)
        .with_client(client_id);
    response.extensions_mut().extend(rest.extensions);
    response.extensions_mut().insert(outcome);
    response
}

/// The error that the content names, whoever wrote it.
fn named_error(reply: &Reply) -> Option<ErrorCode> {
    reply.error().or_else(|| {
        let name = json::string_member(reply.content()?, "error")?;
        ErrorCode::ALL
            .into_iter()
            .find(|code| code.as_str() == &*name)
    })
}

/// A reply that cannot be made a response. What it held is not said.
#[derive(Clone, Copy, Debug)]
pub(super) enum InvalidReply {
    WrongAction(Action, OperationKind),
    NotAnObject(Action),
}

impl fmt::Display for InvalidReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongAction(action, kind) => {
                write!(
                    f,
                    "the backend answered {action}, which does not answer a {kind}"
                )
            }
            Self::NotAnObject(action) => {
                write!(
                    f,
                    "the backend answered {action} with a content that is not a JSON object"
                )
            }
        }
    }
}

impl std::error::Error for InvalidReply {}

/// An error response of our own.
pub(super) fn error(
    status: StatusCode,
    error: ErrorCode,
    description: &str,
) -> Response<EndpointBody> {
    object(status, error.body(description))
}

/// The response to a method: to a HEAD its headers alone (RFC 9110 section 9.3.2). Over HTTP/2 no server sees to that, and
/// a client that gets a body resets the stream.
pub(crate) fn without_body_to_head(
    method: &Method,
    mut response: Response<EndpointBody>,
) -> Response<EndpointBody> {
    if method == Method::HEAD {
        *response.body_mut() = EndpointBody::default();
    }
    response
}

/// A response whose body is a JSON object.
pub(crate) fn object(status: StatusCode, content: Bytes) -> Response<EndpointBody> {
    let mut response = no_content();
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Also where no server is there to add it.
    headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
    *response.body_mut() = EndpointBody(Some(content));
    response
}

/// 204, and what every response has: it may hold credentials, so it is never stored (RFC 7591 section 3.2.1).
pub(super) fn no_content() -> Response<EndpointBody> {
    let mut response = Response::new(EndpointBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The values of `WWW-Authenticate` (RFC 6750 section 3), made once.
#[derive(Clone, Debug)]
pub(crate) struct Challenges {
    /// Where the request has no token, there is no error in the challenge either (section 3.1).
    pub(super) bare: HeaderValue,
    pub(super) invalid_request: HeaderValue,
    pub(super) invalid_token: HeaderValue,
    pub(super) insufficient_scope: HeaderValue,
}

impl Challenges {
    /// The realm stands in a `quoted-string` as it is.
    pub(crate) fn new(realm: &str) -> Result<Self, InvalidHeaderValue> {
        let challenge = |error: Option<ErrorCode>| {
            HeaderValue::try_from(match error {
                Some(error) => format!("Bearer realm=\"{realm}\", error=\"{error}\""),
                None => format!("Bearer realm=\"{realm}\""),
            })
        };
        Ok(Self {
            bare: challenge(None)?,
            invalid_request: challenge(Some(ErrorCode::InvalidRequest))?,
            invalid_token: challenge(Some(ErrorCode::InvalidToken))?,
            insufficient_scope: challenge(Some(ErrorCode::InsufficientScope))?,
        })
    }
}

/// The realm `client registration`.
impl Default for Challenges {
    fn default() -> Self {
        macro_rules! challenge {
            ($($error:literal)?) => {
                HeaderValue::from_static(concat!(
                    "Bearer realm=\"client registration\"",
                    $(", error=\"", $error, "\"",)?
                ))
            };
        }
        Self {
            bare: challenge!(),
            invalid_request: challenge!("invalid_request"),
            invalid_token: challenge!("invalid_token"),
            insufficient_scope: challenge!("insufficient_scope"),
        }
    }
}

/// Response body of [`DcrEndpoint`](crate::DcrEndpoint): all of it in one frame, or nothing.
#[derive(Clone, Default)]
pub struct EndpointBody(Option<Bytes>);

impl Body for EndpointBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|content| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let size = self.0.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(size).unwrap_or(u64::MAX))
    }
}

// The content may be a client's secret.
impl fmt::Debug for EndpointBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointBody").finish_non_exhaustive()
    }
}
