//! Row 3 of the contract: the bearer token of a request (RFC 6750).
//!
//! The header is the only place for it. Queries end up in logs (section 5.3), and the body contains
//! metadata.

use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::endpoint::respond::Refusal;
use crate::token::BearerToken;
use crate::util::http_token::is_tchar;

/// Returns the bearer token, or `None` if there is none. Credentials of another scheme are no bearer
/// token.
pub(super) fn bearer_token(parts: &Parts) -> Result<Option<BearerToken>, Refusal> {
    if query_names_access_token(parts.uri.query().unwrap_or_default()) {
        return Err(Refusal::TokenInQuery);
    }
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Refusal::CredentialsRepeated);
    }
    let Some(credentials) = value.and_then(|value| bearer_credentials(value.as_bytes())) else {
        return Ok(None);
    };
    // RFC 6750 section 2.1, RFC 9110 section 11.4: one or more spaces, then the token.
    credentials
        .strip_prefix(b" ")
        .and_then(|token| std::str::from_utf8(token).ok())
        .and_then(|token| BearerToken::new(token.trim_start_matches(' ')).ok())
        .map(Some)
        .ok_or(Refusal::CredentialsMalformed)
}

/// Returns what follows the scheme `Bearer`, or `None` for another scheme. Case is ignored.
fn bearer_credentials(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer";
    // White space around a field value does not belong to it (RFC 9110 section 5.5).
    let value = value.trim_ascii();
    let (scheme, credentials) = value.split_at_checked(SCHEME.len())?;
    let scheme_ends = credentials.first().is_none_or(|&byte| !is_tchar(byte));
    (scheme.eq_ignore_ascii_case(SCHEME) && scheme_ends).then_some(credentials)
}

/// Returns whether the query has an `access_token` (RFC 6750 section 2.3). It is not supported.
fn query_names_access_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        percent_decode_str(name).eq(b"access_token".iter().copied())
    })
}
