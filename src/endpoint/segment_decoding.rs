//! Decoding a path segment that names a client or a tenant.

use percent_encoding::percent_decode_str;

/// The longest decoded segment, in bytes. It is longer than any `client_id` in use, and short
/// enough to log and to look up.
const MAX_LENGTH: usize = 2_048;

/// Decodes a path segment. Returns `None` in these cases:
///
/// - It has a malformed escape.
/// - It decodes to a dot segment, or to more than [`MAX_LENGTH`] bytes.
/// - It decodes to characters that a `client_id` cannot have (VSCHAR, RFC 6749 appendix A.1).
pub(super) fn decode(segment: &str) -> Option<String> {
    let mut escapes = segment.split('%').skip(1);
    let is_well_formed = escapes.all(|rest| {
        let mut digits = rest.bytes();
        let mut is_hex = || digits.next().is_some_and(|byte| byte.is_ascii_hexdigit());
        is_hex() && is_hex()
    });
    if !is_well_formed {
        return None;
    }
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    let is_name = text.len() <= MAX_LENGTH
        && text.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
        // Clients and proxies resolve dot segments (RFC 3986 section 5.2.4).
        && text != "."
        && text != "..";
    is_name.then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_is_decoded_once() {
        assert_eq!(decode("s6BhdRkqt3").as_deref(), Some("s6BhdRkqt3"));
        assert_eq!(decode("a%2Fb").as_deref(), Some("a/b"));
        assert_eq!(decode("a%252Fb").as_deref(), Some("a%2Fb"));
        assert_eq!(decode("a+b").as_deref(), Some("a+b"));
        assert_eq!(decode("%20").as_deref(), Some(" "));
        assert_eq!(decode("...").as_deref(), Some("..."));
        assert_eq!(decode(&"a".repeat(2_048)).map(|id| id.len()), Some(2_048));
        assert_eq!(decode(&"%61".repeat(2_048)).map(|id| id.len()), Some(2_048));
    }

    #[test]
    fn segment_that_names_nothing_is_refused() {
        for segment in [
            ".", "..", "%2e", "%2E%2e", ".%2e", "%", "a%", "a%2", "a%zz", "%%41", "%00", "a%0A",
            "%7F", "%C3%A9", "%FF", "é",
        ] {
            assert_eq!(decode(segment), None, "{segment}");
        }
        assert_eq!(decode(&"a".repeat(2_049)), None);
        assert_eq!(decode(&"%61".repeat(2_049)), None);
    }
}
