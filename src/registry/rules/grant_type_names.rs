//! The names of grant types that settings may use.

use crate::util::uri;

pub(super) const AUTHORIZATION_CODE: &str = "authorization_code";
pub(super) const IMPLICIT: &str = "implicit";

/// It is never supported, because it gives the user's password to the client (RFC 9700
/// section 2.4).
pub(in crate::registry) const PASSWORD: &str = "password";

/// The grant types of a registry that sets none. `implicit` is not among them (RFC 9700
/// section 2.1.2).
pub(super) const DEFAULT_GRANT_TYPES: [&str; 6] = [
    AUTHORIZATION_CODE,
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

/// The grant types of RFC 6749, without `password`.
const SHORT_NAMES: [&str; 4] = [
    AUTHORIZATION_CODE,
    IMPLICIT,
    "refresh_token",
    "client_credentials",
];

/// Returns whether a setting may name this grant type: one of RFC 6749, or an absolute URI, which
/// each extension grant type is (RFC 6749 section 4.5). Anything else is a typo.
pub(in crate::registry) fn can_be_supported(grant_type: &str) -> bool {
    SHORT_NAMES.contains(&grant_type) || uri::is_absolute(grant_type)
}
