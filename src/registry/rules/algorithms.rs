//! Which algorithms a client may request (OpenID Connect registration section 2).

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The members for which `none` would let anybody pose as the client, or as the server.
const NEVER_NONE: [&str; 2] = [
    "token_endpoint_auth_signing_alg",
    "id_token_signed_response_alg",
];

/// The members that name an algorithm for a signature, or for the encryption of a key.
const ALGS: [&str; 7] = [
    "token_endpoint_auth_signing_alg",
    "id_token_signed_response_alg",
    "id_token_encrypted_response_alg",
    "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg",
    "request_object_signing_alg",
    "request_object_encryption_alg",
];

/// Each algorithm for content, and the algorithm for its key that it needs.
const ENC_AND_ALG: [(&str, &str); 3] = [
    (
        "id_token_encrypted_response_enc",
        "id_token_encrypted_response_alg",
    ),
    (
        "userinfo_encrypted_response_enc",
        "userinfo_encrypted_response_alg",
    ),
    (
        "request_object_encryption_enc",
        "request_object_encryption_alg",
    ),
];

/// Checks the algorithms. Symmetric ones need a client secret, because it is their key.
pub(super) fn check(kept: &Map<String, Value>, has_secret: bool) -> Result<(), Refusal> {
    let alg = |name: &str| kept.get(name).and_then(Value::as_str);
    for (enc, needed) in ENC_AND_ALG {
        if kept.contains_key(enc) && !kept.contains_key(needed) {
            return Err(Refusal::metadata(format!("{enc} needs {needed}.")));
        }
    }
    for name in NEVER_NONE {
        // In another case, or with spaces, the name is wrong, but some verifiers accept it.
        if alg(name).is_some_and(|alg| alg.trim().eq_ignore_ascii_case("none")) {
            return Err(Refusal::metadata(format!("{name} must not be none.")));
        }
    }
    for name in ALGS {
        if !has_secret && alg(name).is_some_and(is_symmetric) {
            return Err(Refusal::metadata(format!(
                "{name} is symmetric, and this client has no secret."
            )));
        }
    }
    Ok(())
}

/// Returns whether the key is derived from the client secret (OpenID Connect core sections 10.1 and
/// 10.2, RFC 7518 sections 3.1 and 4.1).
fn is_symmetric(alg: &str) -> bool {
    // In another case, or with spaces, the name is wrong, but some verifiers accept it.
    let alg = alg.trim().to_ascii_uppercase();
    alg.starts_with("HS")
        || alg.starts_with("PBES2-")
        || alg == "DIR"
        || matches!(
            alg.as_str(),
            "A128KW" | "A192KW" | "A256KW" | "A128GCMKW" | "A192GCMKW" | "A256GCMKW"
        )
}
