//! Removes the secret from responses to public clients.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::reply::{Action, Reply};

/// Removes `client_secret` and `client_secret_expires_at` from the client information of a client
/// whose `token_endpoint_auth_method` is `none`. Other replies stay as they are.
pub(super) fn hide_unused_secret(reply: Reply) -> Reply {
    let has_client_information = matches!(
        reply.action(),
        Action::Created | Action::Ok | Action::Updated
    );
    let content = reply
        .content()
        .filter(|_| has_client_information)
        .and_then(|content| without_unused_secret(content));
    match content {
        Some(content) => reply.with_content(content),
        None => reply,
    }
}

/// Returns the content without the secret, or `None` if there is no unused secret in it. All other
/// values stay as they were written.
fn without_unused_secret(content: &[u8]) -> Option<String> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(content).ok()?;
    let method: String =
        serde_json::from_str(members.get("token_endpoint_auth_method")?.get()).ok()?;
    let secret = members.remove("client_secret");
    let expiry = members.remove("client_secret_expires_at");
    if method != "none" || (secret.is_none() && expiry.is_none()) {
        return None;
    }
    serde_json::to_string(&members).ok()
}
