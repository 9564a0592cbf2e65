//! Steps 3 to 5 of the contract: who asks. RFC 6750, and of its three places for a token only the header (the query ends
//! up in logs, section 5.3, and the body is metadata).

use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::refusal::Refusal;
use crate::{BearerToken, paths};

/// A client, as the path names it, and the token that was presented for it.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) token: BearerToken,
}

/// The credentials for the client configuration endpoint.
pub(super) fn client(parts: &Parts, segment: &str) -> Result<Client, Refusal> {
    let token = bearer_token(parts)?.ok_or(Refusal::TokenMissing)?;
    // OIDC registration section 4.4: where there is no such client, 401 and never 404.
    let id = paths::client_id(segment).ok_or(Refusal::TokenInvalid)?;
    Ok(Client { id, token })
}

/// The bearer token of a request; `None` where it has none, or credentials of another scheme.
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
    // 1*SP after the scheme, then the token (RFC 6750 section 2.1, RFC 9110 section 11.4).
    credentials
        .strip_prefix(b" ")
        .and_then(|token| std::str::from_utf8(token).ok())
        .and_then(|token| BearerToken::new(token.trim_start_matches(' ')).ok())
        .map(Some)
        .ok_or(Refusal::CredentialsMalformed)
}

/// What follows the scheme `Bearer`, in any case; `None` for another scheme.
fn bearer_credentials(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer";
    // White space around a field's value is no part of it (RFC 9110 section 5.5).
    let value = value.trim_ascii();
    let (scheme, credentials) = value.split_at_checked(SCHEME.len())?;
    let scheme_ends = credentials.first().is_none_or(|&byte| !is_tchar(byte));
    (scheme.eq_ignore_ascii_case(SCHEME) && scheme_ends).then_some(credentials)
}

/// A character of a token in HTTP's sense (RFC 9110 section 5.6.2).
pub(super) fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 6750 section 2.3, which we do not take part in.
fn query_names_access_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        percent_decode_str(name).eq(b"access_token".iter().copied())
    })
}
