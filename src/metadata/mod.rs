//! Client metadata (RFC 7591 section 2), as the client wrote it.

mod check_object;
mod error;
mod issued_members;

#[cfg(feature = "registry")]
use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
#[cfg(feature = "registry")]
use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub use self::error::{DeserializeError, MetadataError};
pub(crate) use self::issued_members::ISSUED_MEMBERS;

/// The client metadata of a registration or an update (RFC 7591 section 2). It keeps the client's
/// JSON text byte for byte.
///
/// The text is exactly one JSON object in UTF-8. No object in it, at any depth, names a member
/// twice, and every number is within a double's range. [`MetadataError`] lists all rules. The
/// backend must check the values of the members.
///
/// `Debug` shows only the length.
///
/// ```
/// use tower_dcr::ClientMetadata;
/// use tower_dcr::metadata::MetadataError;
///
/// let metadata = ClientMetadata::parse(r#"{"client_name": "My Client"}"#)?;
/// assert_eq!(metadata.as_str(), r#"{"client_name": "My Client"}"#);
/// assert_eq!(metadata.to_map()["client_name"], "My Client");
///
/// let twice = ClientMetadata::parse(r#"{"scope": "read", "sco\u0070e": "admin"}"#);
/// assert_eq!(twice.unwrap_err(), MetadataError::DuplicateMember);
/// # Ok::<(), MetadataError>(())
/// ```
#[derive(Clone)]
pub struct ClientMetadata(Box<str>);

impl ClientMetadata {
    /// Creates client metadata from a JSON text, if the text is valid. The text is a `String`, a
    /// `&str`, a `Vec<u8>` or a slice of bytes.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] names the rule that the text breaks. It contains nothing of the text.
    pub fn parse(text: impl Into<Vec<u8>>) -> Result<Self, MetadataError> {
        let text = String::from_utf8(text.into()).map_err(|_| MetadataError::NotUtf8)?;
        if text.is_empty() {
            return Err(MetadataError::Empty);
        }
        if text.starts_with('\u{feff}') {
            return Err(MetadataError::ByteOrderMark);
        }
        check_object::check_object(&text)?;
        Ok(Self(text.into_boxed_str()))
    }

    /// Creates client metadata without a check, from a text that the registry wrote.
    #[cfg(feature = "registry")]
    pub(crate) fn unchecked(text: Box<str>) -> Self {
        Self(text)
    }

    /// Returns the JSON text, byte for byte as the client sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses the text into a map of all members.
    ///
    /// Each call parses again. The tree can take many times the memory of the text.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        // The same lexer accepted the same text in `parse`.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// Parses the text into a type of your own.
    ///
    /// ```
    /// use tower_dcr::ClientMetadata;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Metadata {
    ///     redirect_uris: Vec<String>,
    ///     client_name: Option<String>,
    /// }
    ///
    /// let text = r#"{"redirect_uris":["https://app.example.com/cb"]}"#;
    /// let metadata: Metadata = ClientMetadata::parse(text)?.deserialize()?;
    /// assert_eq!(metadata.redirect_uris, ["https://app.example.com/cb"]);
    /// assert!(metadata.client_name.is_none());
    ///
    /// let wrong = ClientMetadata::parse(r#"{"redirect_uris":"secret"}"#)?;
    /// let error = wrong.deserialize::<Metadata>().err().unwrap();
    /// assert!(!error.to_string().contains("secret"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DeserializeError`] if the text does not fit the type.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, DeserializeError> {
        serde_json::from_str(&self.0).map_err(|error| DeserializeError::new::<T>(&error))
    }

    /// Parses only the names of the members. A tree of all values can take a hundred times the
    /// memory of the text, and most callers need few of them. Returns `None` if the text cannot be
    /// parsed, which [`parse`](Self::parse) rules out.
    #[cfg(feature = "registry")]
    pub(crate) fn members(&self) -> Option<Members<'_>> {
        serde_json::from_str(&self.0).ok()
    }
}

/// The members of a JSON object, with their values as they were written.
#[cfg(feature = "registry")]
pub(crate) type Members<'t> = BTreeMap<String, &'t RawValue>;

impl fmt::Debug for ClientMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientMetadata({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: impl Into<Vec<u8>>) -> Option<MetadataError> {
        ClientMetadata::parse(text).err()
    }

    #[test]
    fn text_is_kept_byte_for_byte() {
        for text in [
            "{}",
            " \t\r\n{ \"a\" : 1.50 }\n",
            r#"{"big":123456789012345678901234567890,"e":1e308,"tiny":1e-999,"neg":-0.0}"#,
            r#"{"a":{"b":1},"c":{"b":2},"d":[{"b":1},{"b":1}]}"#,
            r#"{"pair":"\ud83d\ude00","tag#ja":"\u30af"}"#,
            r#"{"a":1,"A":2,"a ":3,"":4}"#,
        ] {
            assert_eq!(ClientMetadata::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn each_broken_rule_has_its_error() {
        use MetadataError::*;
        for (text, fault) in [
            ("", Empty),
            ("\u{feff}{}", ByteOrderMark),
            (" ", Malformed),
            ("[]", NotAnObject),
            ("\"{}\"", NotAnObject),
            ("null", NotAnObject),
            ("{}{}", Malformed),
            ("{},", Malformed),
            ("{\"a\":1,}", Malformed),
            ("{'a':1}", Malformed),
            ("{\"a\":NaN}", Malformed),
            ("{\"a\":01}", Malformed),
            ("{\"a\":\"\t\"}", Malformed),
            ("{\"a\":1}//", Malformed),
            (r#"{"a":1,"a":1}"#, DuplicateMember),
            (r#"{"a":1,"\u0061":2}"#, DuplicateMember),
            (r#"{"x":[{"y":{"a":1,"a":2}}]}"#, DuplicateMember),
            (r#"{"a":"\ud83d"}"#, Malformed),
            (r#"{"a":"\ude00x"}"#, Malformed),
            (r#"{"\ud83d":1}"#, Malformed),
            (r#"{"a":1e309}"#, Malformed),
            (r#"{"a":[-1e999]}"#, Malformed),
        ] {
            assert_eq!(refused(text), Some(fault), "{text}");
        }
        assert_eq!(refused(b"{\"a\":\"\xc3\x28\"}".as_slice()), Some(NotUtf8));
        let digits = format!("{{\"a\":{}}}", "9".repeat(400));
        assert_eq!(refused(digits), Some(Malformed));
    }

    #[test]
    fn nesting_is_limited_to_127_levels() {
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
            format!("{{\"a\":{open}{close}}}")
        };
        assert_eq!(refused(nested(127)), None);
        assert_eq!(refused(nested(128)), Some(MetadataError::Malformed));
        assert_eq!(refused(nested(50_000)), Some(MetadataError::Malformed));
    }

    #[test]
    fn members_reserved_by_serde_json_are_refused() {
        for text in [
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"jwks":{"$serde_json::private::RawValue":"{\"a\":1,\"a\":2}"}}"#,
            r#"{"a":[{"b":1,"$serde_json::private::Number":{}}]}"#,
        ] {
            assert_eq!(refused(text), Some(MetadataError::ReservedMember), "{text}");
        }
    }

    #[test]
    fn debug_shows_only_the_length() {
        let metadata = ClientMetadata::parse(r#"{"client_name":"sentinel"}"#).unwrap();
        assert_eq!(format!("{metadata:?}"), "ClientMetadata(26 bytes)");
    }
}
