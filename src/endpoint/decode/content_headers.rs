//! Rows 6 to 8 of the contract: the headers of the body. They are checked before the first read.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body::SizeHint;

use crate::endpoint::respond::Refusal;
use crate::util::http_token::is_token;

/// Checks `Content-Type`, `Content-Encoding` and the declared length.
pub(super) fn check(headers: &HeaderMap, size: &SizeHint, limit: usize) -> Result<(), Refusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let json = types.next().is_some_and(is_json) && types.next().is_none();
    if !json {
        return Err(Refusal::MediaType);
    }
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_identity) {
        return Err(Refusal::ContentEncoding);
    }
    let declared = headers
        .get_all(CONTENT_LENGTH)
        .iter()
        .filter_map(declared_length)
        .fold(size.lower(), u64::max);
    if declared > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(Refusal::DeclaredTooLarge);
    }
    Ok(())
}

/// Returns whether the type is `application/json` with well-formed parameters. A `charset` must be
/// utf-8 (RFC 8259 section 8.1).
fn is_json(value: &HeaderValue) -> bool {
    // A quoted parameter may contain bytes beyond ASCII (RFC 9110 section 5.6.4). The type and the
    // charset may not.
    let value = String::from_utf8_lossy(value.as_bytes());
    let (essence, parameters) = value.split_once(';').unwrap_or((&*value, ""));
    essence
        .trim_matches([' ', '\t'])
        .eq_ignore_ascii_case("application/json")
        && are_parameters_valid(parameters)
}

/// Checks `parameters` (RFC 9110 section 5.6.6), without the first `;`.
fn are_parameters_valid(mut rest: &str) -> bool {
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() {
            return true;
        }
        let Some((name, value)) = rest.split_once('=') else {
            return false;
        };
        let Some((value, after)) = parameter_value(value) else {
            return false;
        };
        let after = after.trim_start_matches([' ', '\t']);
        let well_formed = is_token(name) && (after.is_empty() || after.starts_with(';'));
        let charset_fits =
            !name.eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8");
        if !well_formed || !charset_fits {
            return false;
        }
        rest = after;
    }
}

/// Splits the text into the value at its start and the rest.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return unquote(quoted);
    }
    let end = text.find([' ', '\t', ';']).unwrap_or(text.len());
    let (value, after) = text.split_at(end);
    is_token(value).then(|| (value.to_owned(), after))
}

/// Reads a `quoted-string` (RFC 9110 section 5.6.4) after its first quote. Returns its text and the
/// rest.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, quoted.get(at + 1..)?)),
            '\\' => text.push(chars.next()?.1),
            c => text.push(c),
        }
    }
    None
}

/// Returns whether every coding in the list is `identity`. Empty elements are ignored (RFC 9110
/// section 5.6.1.2).
fn is_identity(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|codings| {
        codings
            .split(',')
            .map(|coding| coding.trim_matches([' ', '\t']))
            .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
    })
}

/// Parses a `Content-Length`. A number beyond `u64` is beyond any limit.
fn declared_length(value: &HeaderValue) -> Option<u64> {
    let digits = value.to_str().ok()?.trim_matches([' ', '\t']);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf_8_is_accepted() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json;",
            "application/json ; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/json; charset=\"u\\tf-8\"; x=\"a;b\\\"c\" ;y=1",
            "application/json; profile=none;",
            "application/json; profile=\"charset=latin1\"",
        ] {
            assert!(is_json(&HeaderValue::from_static(good)), "{good}");
        }
        for bad in [
            "",
            "text/json",
            "application/jsonp",
            "application/json, text/plain",
            "application/problem+json",
            "application/x-www-form-urlencoded",
            "application/json charset=utf-8",
            "application/json; charset",
            "application/json; charset=latin1",
            "application/json; charset=utf-8; charset=latin1",
            "application/json; CHARSET=\"utf-16\"",
            "application/json; charset=",
            "application/json; x=\"open",
            "application/json; x=\"a\"b",
            "application/json; =x",
            "application/json; x=a b",
        ] {
            assert!(!is_json(&HeaderValue::from_static(bad)), "{bad}");
        }
        for (bytes, fits) in [
            (b"application/json; x=\xff".as_slice(), false),
            (b"application/json\xff", false),
            (b"application/json; x=\"\xff\"", true),
            (b"application/json; x=\"\xc3\xa9\"; charset=utf-8", true),
            (b"application/json; charset=\"utf-8\xff\"", false),
        ] {
            assert_eq!(
                is_json(&HeaderValue::from_bytes(bytes).unwrap()),
                fits,
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn declared_lengths_are_parsed() {
        for (text, length) in [
            ("0", Some(0)),
            ("65537", Some(65_537)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1, 1", None),
        ] {
            assert_eq!(
                declared_length(&HeaderValue::from_static(text)),
                length,
                "{text}"
            );
        }
    }
}
