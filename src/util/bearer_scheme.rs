//! The authentication scheme `Bearer` (RFC 6750 section 2.1).

use super::http_token::is_tchar;

/// Returns what follows the scheme `Bearer` in credentials, or `None` for another scheme. Case is
/// ignored.
pub(crate) fn strip(credentials: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer";
    // White space around a field value does not belong to it (RFC 9110 section 5.5).
    let credentials = credentials.trim_ascii();
    let (scheme, rest) = credentials.split_at_checked(SCHEME.len())?;
    let scheme_ends = rest.first().is_none_or(|&byte| !is_tchar(byte));
    (scheme.eq_ignore_ascii_case(SCHEME) && scheme_ends).then_some(rest)
}
