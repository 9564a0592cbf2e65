//! The credentials of `Authorization: Basic` (RFC 7617, RFC 6749 section 2.3.1).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;

/// The `client_id` and the client secret, decoded.
pub(super) struct BasicCredentials {
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

impl BasicCredentials {
    /// Reads the header, or returns `None` if it has another scheme or is malformed.
    pub(super) fn parse(header: &HeaderValue) -> Option<Self> {
        let (scheme, encoded) = header.to_str().ok()?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let decoded = BASE64_STANDARD.decode(encoded.trim_start()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        // The identifier cannot contain a colon, because it is form-encoded.
        let (client_id, client_secret) = decoded.split_once(':')?;
        Some(Self {
            client_id: form_decode(client_id)?,
            client_secret: form_decode(client_secret)?,
        })
    }
}

/// Decodes `application/x-www-form-urlencoded`. RFC 6749 section 2.3.1 encodes both parts so, and
/// clients that forget it send the same, because the registry issues no character that needs it.
fn form_decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &str) -> Option<(String, String)> {
        let parsed = BasicCredentials::parse(&HeaderValue::from_str(header).unwrap())?;
        Some((parsed.client_id, parsed.client_secret))
    }

    fn basic(user_and_password: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(user_and_password))
    }

    #[test]
    fn both_parts_are_form_decoded() {
        for (sent, client_id, client_secret) in [
            ("id:secret", "id", "secret"),
            ("i%3Ad:se%3Acret", "i:d", "se:cret"),
            ("id:se:cret", "id", "se:cret"),
            ("a+b:c%2Bd", "a b", "c+d"),
            ("%C3%BC:%25", "\u{fc}", "%"),
            ("\u{fc}:x", "\u{fc}", "x"),
            ("id:", "id", ""),
            (":secret", "", "secret"),
        ] {
            let expected = Some((client_id.to_owned(), client_secret.to_owned()));
            assert_eq!(parse(&basic(sent)), expected, "{sent}");
        }
    }

    #[test]
    fn case_of_the_scheme_and_spaces_do_not_matter() {
        for scheme in ["Basic ", "basic ", "BASIC  "] {
            let header = format!("{scheme}{}", BASE64_STANDARD.encode("id:secret"));
            assert!(parse(&header).is_some(), "{header}");
        }
    }

    #[test]
    fn malformed_credentials_are_none() {
        let no_colon = basic("id");
        for header in [
            "",
            "Basic",
            "Basic ",
            "Basic id:secret",
            "Basic aWQ6c2VjcmV0=",
            "Bearer aWQ6c2VjcmV0",
            "Basicx aWQ6c2VjcmV0",
            // `id:` and a byte that is no UTF-8, plain and as an escape.
            "Basic aWQ6/w==",
            "Basic aWQ6JWZm",
            &no_colon,
        ] {
            assert_eq!(parse(header), None, "{header}");
        }
    }
}
