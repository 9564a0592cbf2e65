//! Responses of the Web API: a reply of the backend as Authlete writes it.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::client_member::client_member;
use crate::authlete::wire;
use crate::endpoint::{EndpointBody, object};
use crate::operation::OperationKind;
use crate::reply::{Action, Reply};

/// Writes the response to a call that was processed.
pub(super) fn response_of(
    kind: OperationKind,
    reply: &Reply,
    unauthorized_on_client_config_supported: bool,
) -> Value {
    let is_unauthorized_supported =
        unauthorized_on_client_config_supported || kind == OperationKind::Register;
    let action = match reply.action() {
        Action::Unauthorized if !is_unauthorized_supported => Action::BadRequest,
        action => action,
    };
    // Authlete does not have all actions of this crate. It has no `Forbidden`, for example.
    let (action, action_name) = match wire::action_name(action) {
        Some(name) => (action, name),
        None => (Action::BadRequest, "BAD_REQUEST"),
    };
    let (code, message) = result(kind, action);
    let mut members = Map::new();
    let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
    add("resultCode", json!(code));
    add("resultMessage", json!(format!("[{code}] {message}")));
    add("action", json!(action_name));
    if let Some(content) = reply.content()
        && action != Action::Deleted
    {
        let content = String::from_utf8_lossy(content);
        if matches!(action, Action::Created | Action::Ok | Action::Updated) {
            add("client", client_member(&content));
        }
        add("responseContent", json!(content));
    }
    Value::Object(members)
}

/// Returns the `resultCode` and the text of the `resultMessage`.
fn result(kind: OperationKind, action: Action) -> (&'static str, &'static str) {
    match (kind, action) {
        (OperationKind::Register, Action::Created) => ("A202001", "The client was created."),
        (OperationKind::Read, Action::Ok) => {
            ("A217001", "The client information has been returned.")
        }
        (OperationKind::Update, Action::Updated) => ("A213001", "The client has been updated."),
        (OperationKind::Delete, Action::Deleted) => ("A216001", "The client has been deleted."),
        (_, Action::Unauthorized) => ("E000401", "The registration access token is not valid."),
        (_, Action::InternalServerError) => ("E000500", "The registry failed."),
        _ => ("E000400", "The request was refused."),
    }
}

/// Creates a response with a JSON body.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<EndpointBody> {
    object(status, Bytes::from(body.to_string()))
}
