//! Authlete's wire: what is sent for an operation, and what an answer is.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::error::AuthleteError;
use crate::operation::Operation;
use crate::reply::Action;

/// What follows `/api/{serviceId}` in the path.
pub(super) fn path(operation: &Operation) -> &'static str {
    match operation {
        Operation::Register(_) => "/client/registration",
        Operation::Read(_) => "/client/registration/get",
        Operation::Update(_) => "/client/registration/update",
        Operation::Delete(_) => "/client/registration/delete",
    }
}

/// The body of the request. `json` is a string that holds the client's JSON byte for byte.
///
/// `token` is for read, update and delete; Authlete does not judge the initial access token of a registration.
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

/// Authlete's answer, whole.
///
/// `Debug` shows the `resultCode` and the action; the rest holds credentials.
#[derive(Clone)]
pub struct Answer {
    action: Action,
    result_code: Option<String>,
    result_message: Option<String>,
    response_content: Option<String>,
    client: Option<Box<RawValue>>,
}

impl Answer {
    pub(super) fn parse(body: &[u8]) -> Result<Self, AuthleteError> {
        let members = members(body).ok_or(AuthleteError::invalid_answer("is not a JSON object"))?;
        let action = text(&members, "action")
            .ok_or(AuthleteError::invalid_answer("has no action"))
            .and_then(|action| {
                action_named(&action).ok_or(AuthleteError::invalid_answer("has an unknown action"))
            })?;
        let response_content = match members.get("responseContent") {
            None => None,
            Some(raw) => serde_json::from_str(raw.get()).map_err(|_| {
                AuthleteError::invalid_answer("has a responseContent that is no string")
            })?,
        };
        let client = members.get("client").filter(|raw| raw.get() != "null");
        Ok(Self {
            action,
            result_code: code(&members),
            result_message: text(&members, "resultMessage"),
            response_content,
            client: client.map(|raw| (*raw).to_owned()),
        })
    }

    /// The `action`: what the server shall do.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// The `resultCode`, such as `A202001`.
    #[must_use]
    pub fn result_code(&self) -> Option<&str> {
        self.result_code.as_deref()
    }

    /// The `resultMessage`. It may name a client.
    #[must_use]
    pub fn result_message(&self) -> Option<&str> {
        self.result_message.as_deref()
    }

    /// The `responseContent`: the JSON for the client, as text.
    #[must_use]
    pub fn response_content(&self) -> Option<&str> {
        self.response_content.as_deref()
    }

    /// The `client`, as Authlete wrote it: over a hundred members, of which more come with each release.
    #[must_use]
    pub fn client(&self) -> Option<&RawValue> {
        self.client.as_deref()
    }

    pub(super) fn into_response_content(self) -> Option<String> {
        self.response_content
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("action", &self.action)
            .field("result_code", &self.result_code)
            .finish_non_exhaustive()
    }
}

/// The `resultCode` and `resultMessage` of an API error, as far as its body is one.
pub(super) fn api_error(body: &[u8]) -> (Option<String>, Option<String>) {
    members(body).map_or((None, None), |members| {
        (code(&members), text(&members, "resultMessage"))
    })
}

type Members<'b> = BTreeMap<String, &'b RawValue>;

fn members(body: &[u8]) -> Option<Members<'_>> {
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// The text of a member; a number as it stands, which is how some of Authlete's 404s come.
fn text(members: &Members<'_>, name: &str) -> Option<String> {
    let raw = members.get(name)?.get();
    if raw.starts_with('"') {
        return serde_json::from_str(raw).ok();
    }
    raw.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        .then(|| raw.to_owned())
}

/// A `resultCode` goes into logs, so it has to look like one.
fn code(members: &Members<'_>) -> Option<String> {
    text(members, "resultCode")
        .filter(|code| code.len() <= 32 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Returns the `action` with this name, if it is one of Authlete's.
fn action_named(name: &str) -> Option<Action> {
    ACTIONS
        .into_iter()
        .find_map(|(action, known)| (known == name).then_some(action))
}

/// Returns the name of an action. `Forbidden` is not one of Authlete's.
#[cfg(feature = "authlete-emulator")]
pub(super) fn action_name(action: Action) -> &'static str {
    ACTIONS
        .into_iter()
        .find_map(|(known, name)| (known == action).then_some(name))
        .unwrap_or("FORBIDDEN")
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
