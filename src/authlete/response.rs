//! The JSON of Authlete's responses.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

use super::error::AuthleteError;
use super::wire::action_named;
use crate::reply::{Action, Reply};

/// The longest `resultCode`, in characters. Authlete's have seven.
const MAX_RESULT_CODE: usize = 32;

/// The whole response of Authlete's Web API to a call.
///
/// [`Reply::from`] converts it: the `responseContent` becomes the content, and the `resultCode`
/// becomes the [reason](Reply::reason).
///
/// `Debug` shows the action and the `resultCode`. The rest contains credentials.
///
/// See [`AuthleteClient`](super::AuthleteClient) for an example.
#[derive(Clone)]
pub struct AuthleteResponse {
    action: Action,
    result_code: Option<String>,
    result_message: Option<String>,
    response_content: Option<String>,
    client: Option<Box<RawValue>>,
}

impl AuthleteResponse {
    /// Parses the body of a response. Unknown members are ignored, and the content of `client` is
    /// not parsed, because each release of Authlete adds members.
    pub(super) fn parse(body: &[u8]) -> Result<Self, AuthleteError> {
        let invalid = AuthleteError::invalid_response;
        let members = members(body).ok_or_else(|| invalid("is not a JSON object"))?;
        let action = text(&members, "action").ok_or_else(|| invalid("has no action"))?;
        let action = action_named(&action).ok_or_else(|| invalid("has an unknown action"))?;
        let response_content = match members.get("responseContent") {
            None => None,
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|_| invalid("has a responseContent that is not a string"))?,
        };
        let client = members.get("client").filter(|raw| raw.get() != "null");
        Ok(Self {
            action,
            result_code: result_code(&members),
            result_message: text(&members, "resultMessage"),
            response_content,
            client: client.map(|raw| (*raw).to_owned()),
        })
    }

    /// Returns the `action`.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// Returns the `resultCode`, such as `A202001`. It is `None` if the response has no such
    /// code, or if the code is not 1 to 32 letters and digits.
    #[must_use]
    pub fn result_code(&self) -> Option<&str> {
        self.result_code.as_deref()
    }

    /// Returns the `resultMessage`, if there is one. It may name a client.
    #[must_use]
    pub fn result_message(&self) -> Option<&str> {
        self.result_message.as_deref()
    }

    /// Returns the `responseContent`, if there is one: the JSON for the client, as text.
    #[must_use]
    pub fn response_content(&self) -> Option<&str> {
        self.response_content.as_deref()
    }

    /// Returns the `client` as Authlete wrote it, if there is one. It has over a hundred members.
    /// Deserialize those that you need.
    #[must_use]
    pub fn client(&self) -> Option<&RawValue> {
        self.client.as_deref()
    }
}

impl From<AuthleteResponse> for Reply {
    fn from(response: AuthleteResponse) -> Self {
        let reply = Self::new(response.action, response.response_content.map(Into::into));
        match response.result_code {
            Some(code) => reply.with_reason(code),
            None => reply,
        }
    }
}

impl fmt::Debug for AuthleteResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthleteResponse")
            .field("action", &self.action)
            .field("result_code", &self.result_code)
            .finish_non_exhaustive()
    }
}

/// Returns the `resultCode` and the `resultMessage` of an error response. Both may be missing.
pub(super) fn parse_api_error(body: &[u8]) -> (Option<String>, Option<String>) {
    members(body).map_or((None, None), |members| {
        (result_code(&members), text(&members, "resultMessage"))
    })
}

type Members<'b> = BTreeMap<String, &'b RawValue>;

fn members(body: &[u8]) -> Option<Members<'_>> {
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// Returns the text of a member. A number is returned as it is written: some of Authlete's 404
/// responses have numbers here.
fn text(members: &Members<'_>, name: &str) -> Option<String> {
    let raw = members.get(name)?.get();
    if raw.starts_with('"') {
        return serde_json::from_str(raw).ok();
    }
    raw.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        .then(|| raw.to_owned())
}

/// Returns the `resultCode`, if it consists of 1 to 32 letters and digits. It appears in logs.
fn result_code(members: &Members<'_>) -> Option<String> {
    text(members, "resultCode").filter(|code| {
        (1..=MAX_RESULT_CODE).contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}
