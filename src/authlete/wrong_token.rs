//! Answers 401 to a wrong token, for services that answer it with `BAD_REQUEST`.

use crate::operation::OperationKind;
use crate::reply::{Action, ErrorCode, Reply};
use crate::util::json_text::string_member;

/// Changes the reply to a wrong token from `BadRequest` to `Unauthorized`.
///
/// A read or a delete can only be refused because of its token. An update can have other problems,
/// so its `error` decides. The new reply has the error `invalid_token`, as the challenge has (RFC
/// 6750 section 3.1).
pub(super) fn unauthorized_for_wrong_token(kind: OperationKind, reply: Reply) -> Reply {
    if reply.action() != Action::BadRequest {
        return reply;
    }
    let is_invalid_token = has_error(&reply, ErrorCode::InvalidToken);
    let is_wrong_token = match kind {
        OperationKind::Register => false,
        OperationKind::Read | OperationKind::Delete => true,
        OperationKind::Update => is_invalid_token,
    };
    if !is_wrong_token {
        return reply;
    }
    let reply = reply.with_action(Action::Unauthorized);
    if is_invalid_token {
        reply
    } else {
        reply.with_content(ErrorCode::InvalidToken.body("The token is not valid for this client."))
    }
}

fn has_error(reply: &Reply, error: ErrorCode) -> bool {
    reply
        .content()
        .and_then(|content| string_member(content, "error"))
        .is_some_and(|found| &*found == error.as_str())
}
