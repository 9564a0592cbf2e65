//! The action table: the status and the headers of the response to each action.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};

use super::body::EndpointBody;
use super::challenge::Challenges;
use super::failure::{InvalidReply, invalid_reply};
use super::json_response::{no_content, object};
use super::request_summary::RequestSummary;
use crate::operation::OperationKind;
use crate::reply::{Action, ErrorCode, Reply};
use crate::telemetry::Outcome;
use crate::util::{json_text, retry_after};

/// Makes the response to a reply.
pub(super) fn response_to(
    request: RequestSummary,
    reply: Reply,
    challenges: &Challenges,
) -> Response<EndpointBody> {
    let RequestSummary {
        kind,
        is_token_sent,
        client_id,
        ..
    } = request;
    let action = reply.action();
    let Some(status) = status_of(action, kind) else {
        return invalid_reply(kind, reply, InvalidReply::WrongAction(action, kind));
    };
    let mut response = if action == Action::Deleted {
        no_content()
    } else {
        match reply.content() {
            Some(content) if json_text::is_object(content) => object(status, content.clone()),
            _ => return invalid_reply(kind, reply, InvalidReply::NotAnObject(action)),
        }
    };
    let error = error_of(&reply);
    let challenge = match action {
        Action::Unauthorized if is_token_sent => Some(&challenges.invalid_token),
        Action::Unauthorized => Some(&challenges.bare),
        // RFC 6750 section 3.1.
        Action::Forbidden if error == Some(ErrorCode::InsufficientScope) => {
            Some(&challenges.insufficient_scope)
        }
        _ => None,
    };
    if let Some(challenge) = challenge {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, challenge.clone());
    }
    if let Some(wait) = reply
        .retry_after()
        .filter(|_| action == Action::TooManyRequests)
    {
        response
            .headers_mut()
            .insert(RETRY_AFTER, retry_after::header_value(wait));
    }
    // A client is only known once the backend created it, or accepted its token.
    let client_id = match action {
        Action::Created => reply
            .content()
            .and_then(|content| json_text::string_member(content, "client_id")),
        Action::Ok | Action::Updated | Action::Deleted => client_id,
        _ => None,
    };
    let parts = reply.into_parts();
    let outcome = Outcome::new(Some(kind), status)
        .with_reply(action, parts.reason)
        .with_error(error)
        .with_cause(parts.cause)
        .with_client_id(client_id);
    response.extensions_mut().extend(parts.extensions);
    response.extensions_mut().insert(outcome);
    response
}

/// Returns the status of an action, or `None` if the action does not answer the operation.
fn status_of(action: Action, kind: OperationKind) -> Option<StatusCode> {
    match (action, kind) {
        (Action::Created, OperationKind::Register) => Some(StatusCode::CREATED),
        (Action::Ok, OperationKind::Read) | (Action::Updated, OperationKind::Update) => {
            Some(StatusCode::OK)
        }
        (Action::Deleted, OperationKind::Delete) => Some(StatusCode::NO_CONTENT),
        (Action::BadRequest, _) => Some(StatusCode::BAD_REQUEST),
        (Action::Unauthorized, _) => Some(StatusCode::UNAUTHORIZED),
        (Action::Forbidden, _) => Some(StatusCode::FORBIDDEN),
        (Action::TooManyRequests, _) => Some(StatusCode::TOO_MANY_REQUESTS),
        (Action::InternalServerError, _) => Some(StatusCode::INTERNAL_SERVER_ERROR),
        (Action::Created | Action::Ok | Action::Updated | Action::Deleted, _) => None,
    }
}

/// Returns the error code of a refusal. If the backend wrote the content itself, the code is parsed
/// from it.
fn error_of(reply: &Reply) -> Option<ErrorCode> {
    if reply.action().is_success() {
        return None;
    }
    reply.error().or_else(|| {
        json_text::string_member(reply.content()?, "error")?
            .parse()
            .ok()
    })
}
