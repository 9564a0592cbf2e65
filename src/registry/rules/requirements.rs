//! Members with which a client requires more security than the server would give by default.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The members. A client that registers one with `true` relies on it: a request without the proof
/// would be refused, even if an attacker sent it.
pub(in crate::registry) const REQUIREMENTS: [&str; 4] = [
    // RFC 9449 section 5.2.
    "dpop_bound_access_tokens",
    // RFC 8705 section 3.4.
    "tls_client_certificate_bound_access_tokens",
    // RFC 9101 section 10.5.
    "require_signed_request_object",
    // RFC 9126 section 6.
    "require_pushed_authorization_requests",
];

/// Refuses `true` for a member that the server does not enforce. To drop it would be a downgrade
/// that the client may not notice. `false` requires nothing.
pub(super) fn check(
    kept: &Map<String, Value>,
    enforced: &BTreeSet<&'static str>,
) -> Result<(), Refusal> {
    let refused = REQUIREMENTS
        .into_iter()
        .find(|name| kept.get(*name) == Some(&Value::Bool(true)) && !enforced.contains(name));
    match refused {
        Some(name) => Err(Refusal::metadata(format!(
            "{name} is not supported by this server; leave it out, or send false."
        ))),
        None => Ok(()),
    }
}
