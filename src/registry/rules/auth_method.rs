//! How a client authenticates at the token endpoint.

use serde_json::{Map, Value, json};

use super::public_keys::PublicKeys;
use super::refusal::Refusal;

/// The authentication methods of the IANA registry that a client can be registered with, and
/// whether the registry issues a secret for them.
pub(in crate::registry) const AUTH_METHODS: [(&str, bool); 7] = [
    ("none", false),
    ("client_secret_basic", true),
    ("client_secret_post", true),
    ("client_secret_jwt", true),
    ("private_key_jwt", false),
    ("tls_client_auth", false),
    ("self_signed_tls_client_auth", false),
];

/// The method of a client that names none (RFC 7591 section 2).
const DEFAULT_AUTH_METHOD: &str = "client_secret_basic";

/// Checks the method, fills in the default, and returns the method. It must be supported, and the
/// client must have the keys for it.
pub(super) fn fill_in<'s>(
    kept: &mut Map<String, Value>,
    keys: Option<&PublicKeys>,
    supported: &[&'s str],
) -> Result<&'s str, Refusal> {
    let mut methods = supported.iter();
    let method = match kept.get("token_endpoint_auth_method") {
        Some(method) => methods.find(|supported| method == **supported),
        None => methods
            .find(|supported| **supported == DEFAULT_AUTH_METHOD)
            .or(supported.first()),
    };
    let Some(method) = method else {
        return Err(Refusal::metadata(
            "The token_endpoint_auth_method is not supported.",
        ));
    };
    let has_keys = kept.contains_key("jwks_uri") || keys.is_some_and(PublicKeys::has_key);
    if matches!(*method, "private_key_jwt" | "self_signed_tls_client_auth") && !has_keys {
        return Err(Refusal::metadata(format!(
            "The token_endpoint_auth_method {method} needs jwks or jwks_uri."
        )));
    }
    kept.insert("token_endpoint_auth_method".to_owned(), json!(method));
    Ok(method)
}

/// Returns whether the registry issues a secret for this method.
pub(super) fn needs_secret(method: &str) -> bool {
    AUTH_METHODS.contains(&(method, true))
}
