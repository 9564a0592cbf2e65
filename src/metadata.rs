//! Client metadata (RFC 7591 section 2), as the client wrote it.

use std::fmt;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json;

/// The client metadata of a registration or an update (RFC 7591 section 2): the client's JSON text, checked and kept byte
/// for byte.
///
/// The text is exactly one JSON object in UTF-8 in which no object, at any depth, names a member twice; every number is
/// within a double's range. Nothing is said about the members: judging them is the backend's part.
///
/// `Debug` shows the length alone.
///
/// ```
/// use tower_dcr::{ClientMetadata, MetadataError};
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
    /// Checks a JSON text, `String`, `&str` or bytes, and keeps it as it is.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] says which rule the text breaks, and quotes nothing of it.
    pub fn parse(text: impl Into<Vec<u8>>) -> Result<Self, MetadataError> {
        let text = String::from_utf8(text.into()).map_err(|_| MetadataError::NotUtf8)?;
        if text.is_empty() {
            return Err(MetadataError::Empty);
        }
        if text.starts_with('\u{feff}') {
            return Err(MetadataError::ByteOrderMark);
        }
        json::check_object(&text)?;
        Ok(Self(text.into_boxed_str()))
    }

    /// A text that is known to be one: the registry wrote it.
    #[cfg(feature = "embedded")]
    pub(crate) fn checked(text: Box<str>) -> Self {
        Self(text)
    }

    /// The JSON text, byte for byte as the client sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The members, parsed anew on each call.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        // The same lexer accepted the same text in `parse`.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The members, their values as they were written. A text can become a hundred times as large where it is parsed
    /// whole; whoever looks at single members need not.
    pub(crate) fn members(&self) -> Members<'_> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// The members of a JSON object, their values as they were written.
pub(crate) type Members<'t> = std::collections::BTreeMap<String, &'t RawValue>;

impl fmt::Debug for ClientMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientMetadata({} bytes)", self.0.len())
    }
}

/// Why a text is no [`ClientMetadata`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// There is no text at all.
    Empty,
    /// The text is not UTF-8 (RFC 8259 section 8.1).
    NotUtf8,
    /// The text starts with a byte order mark (RFC 8259 section 8.1).
    ByteOrderMark,
    /// The text is JSON, but not an object.
    NotAnObject,
    /// An object, at some depth, names a member twice.
    DuplicateMember,
    /// A member's name begins with `$serde_json::private::`, which the JSON library keeps for itself: what reads the text
    /// with it would see another value than everybody else.
    ReservedMember,
    /// The text is not JSON, goes on after the object, nests deeper than 127 levels, or holds an escape for half a
    /// surrogate pair or a number beyond a double's range.
    Malformed,
}

impl MetadataError {
    /// Fit to be sent to a client as an `error_description`.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Empty => "The body is empty; it must be a JSON object.",
            Self::NotUtf8 => "The body is not UTF-8.",
            Self::ByteOrderMark => "The body starts with a byte order mark; JSON must not.",
            Self::NotAnObject => "The body is not a JSON object.",
            Self::DuplicateMember => "The body names a member twice.",
            Self::ReservedMember => "The body names a member that is reserved.",
            Self::Malformed => "The body is not one well-formed JSON object.",
        }
    }
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl std::error::Error for MetadataError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: impl Into<Vec<u8>>) -> Option<MetadataError> {
        ClientMetadata::parse(text).err()
    }

    #[test]
    fn kept_byte_for_byte() {
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
    fn each_fault_by_its_name() {
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
    fn depth() {
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
            format!("{{\"a\":{open}{close}}}")
        };
        assert_eq!(refused(nested(127)), None);
        assert_eq!(refused(nested(128)), Some(MetadataError::Malformed));
        assert_eq!(refused(nested(50_000)), Some(MetadataError::Malformed));
    }

    #[test]
    fn members_that_serde_json_keeps_for_itself() {
        for text in [
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"jwks":{"$serde_json::private::RawValue":"{\"a\":1,\"a\":2}"}}"#,
            r#"{"a":[{"b":1,"$serde_json::private::Number":{}}]}"#,
        ] {
            assert_eq!(refused(text), Some(MetadataError::ReservedMember), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_member() {
        let metadata = ClientMetadata::parse(r#"{"client_name":"sentinel"}"#).unwrap();
        assert_eq!(format!("{metadata:?}"), "ClientMetadata(26 bytes)");
    }
}
