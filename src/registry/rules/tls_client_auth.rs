//! How a client is recognized by its certificate (RFC 8705 section 2.1.2).

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The members that say which subject the certificate has.
const SUBJECTS: [&str; 5] = [
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
];

/// Refuses the method `tls_client_auth` without a subject, and with several: the server would
/// accept every certificate, or could not say which one counts. With other methods, the members
/// mean nothing.
pub(super) fn check(kept: &Map<String, Value>, method: &str) -> Result<(), Refusal> {
    if method != "tls_client_auth" {
        return Ok(());
    }
    let subjects = SUBJECTS.into_iter().filter(|name| kept.contains_key(*name));
    match subjects.count() {
        1 => Ok(()),
        0 => Err(Refusal::metadata(
            "The token_endpoint_auth_method tls_client_auth needs a member like \
             tls_client_auth_san_dns.",
        )),
        _ => Err(Refusal::metadata(
            "The token_endpoint_auth_method tls_client_auth needs exactly one member like \
             tls_client_auth_san_dns.",
        )),
    }
}
