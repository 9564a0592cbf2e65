//! Authlete's wire: the path and the body of a request, and the names of the actions.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::operation::{Operation, OperationKind};
use crate::reply::Action;

/// Returns what follows `/api/{serviceId}` in the path of a request.
pub(super) fn path(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Register => "/client/registration",
        OperationKind::Read => "/client/registration/get",
        OperationKind::Update => "/client/registration/update",
        OperationKind::Delete => "/client/registration/delete",
    }
}

/// Writes the body of a request. `json` is a string that contains the client's JSON byte for byte.
///
/// `token` is the registration access token of a read, update or delete. The initial access token
/// of a registration is only sent on request, because Authlete does not verify it.
pub(super) fn body(operation: &Operation, send_initial_access_token: bool) -> Bytes {
    let mut members = Map::new();
    let mut add = |name: &str, value: &str| {
        members.insert(name.to_owned(), Value::from(value));
    };
    if let Some(client_id) = operation.client_id() {
        add("clientId", client_id);
    }
    if let Some(token) = operation.token()
        && (operation.client_id().is_some() || send_initial_access_token)
    {
        add("token", token.as_str());
    }
    if let Some(metadata) = operation.metadata() {
        add("json", metadata.as_str());
    }
    Value::Object(members).to_string().into()
}

/// The values of `action` (Authlete's API reference, client registration).
const ACTIONS: [(Action, &str); 7] = [
    (Action::Created, "CREATED"),
    (Action::Ok, "OK"),
    (Action::Updated, "UPDATED"),
    (Action::Deleted, "DELETED"),
    (Action::BadRequest, "BAD_REQUEST"),
    (Action::Unauthorized, "UNAUTHORIZED"),
    (Action::InternalServerError, "INTERNAL_SERVER_ERROR"),
];

/// Returns the action with this name, if Authlete has it.
pub(super) fn action_named(name: &str) -> Option<Action> {
    ACTIONS
        .into_iter()
        .find_map(|(action, known)| (known == name).then_some(action))
}

/// Returns the name of an action, if Authlete has it.
#[cfg(feature = "authlete-emulator")]
pub(super) fn action_name(action: Action) -> Option<&'static str> {
    ACTIONS
        .into_iter()
        .find_map(|(known, name)| (known == action).then_some(name))
}
