//! Row 3 of the contract: the bearer token of a request (RFC 6750).
//!
//! Only the `Authorization` header is accepted. Queries end up in logs (section 5.3), and the body
//! contains metadata.

use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::endpoint::respond::Refusal;
use crate::token::BearerToken;
use crate::util::bearer_scheme;

/// Returns the bearer token, or `None` if there is none. Credentials of another scheme do not
/// count.
pub(super) fn bearer_token(parts: &Parts) -> Result<Option<BearerToken>, Refusal> {
    if query_names_access_token(parts.uri.query().unwrap_or_default()) {
        return Err(Refusal::TokenInQuery);
    }
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Refusal::CredentialsRepeated);
    }
    let Some(credentials) = value.and_then(|value| bearer_scheme::strip(value.as_bytes())) else {
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

/// Returns whether the query has an `access_token` (RFC 6750 section 2.3). It is not supported.
fn query_names_access_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        percent_decode_str(name).eq(b"access_token".iter().copied())
    })
}
