//! The `error_description` of an error response (RFC 6749 section 5.2).

use bytes::Bytes;

use super::ErrorCode;

/// The longest `error_description`, in characters.
const MAX_DESCRIPTION: usize = 200;

impl ErrorCode {
    /// Writes the JSON of an error response. Characters that RFC 6749 section 5.2 does not allow in
    /// an `error_description` are replaced, so that it needs no escape in JSON.
    pub(crate) fn body(self, description: &str) -> Bytes {
        let description: String = description
            .chars()
            .take(MAX_DESCRIPTION)
            .map(|c| match c {
                '"' => '\'',
                '\\' => '/',
                ' '..='~' => c,
                _ => '?',
            })
            .collect();
        let error = self.as_str();
        format!(r#"{{"error":"{error}","error_description":"{description}"}}"#).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_contain_only_allowed_characters() {
        assert_eq!(
            ErrorCode::AccessDenied.body("a \"b\" \\ c\r\n\u{e9}\u{0}~"),
            r#"{"error":"access_denied","error_description":"a 'b' / c????~"}"#
        );
        let long = ErrorCode::AccessDenied.body(&"x".repeat(500));
        let body: serde_json::Value = serde_json::from_slice(&long).unwrap();
        assert_eq!(body["error_description"].as_str().map(str::len), Some(200));
    }
}
