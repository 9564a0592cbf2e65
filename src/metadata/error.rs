use std::any::type_name;
use std::error::Error;
use std::fmt;

/// Why a text is not valid [`ClientMetadata`](super::ClientMetadata).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// The text is empty.
    Empty,
    /// The text is not UTF-8 (RFC 8259 section 8.1).
    NotUtf8,
    /// The text starts with a byte order mark (RFC 8259 section 8.1).
    ByteOrderMark,
    /// The text is JSON, but not an object.
    NotAnObject,
    /// An object, at any depth, names a member twice.
    DuplicateMember,
    /// A member's name starts with `$serde_json::private::`. With such a name, `serde_json` would
    /// parse a different value than other parsers.
    ReservedMember,
    /// The text is not valid JSON, has more text after the object, nests deeper than 127 levels, or
    /// contains half a surrogate pair or a number beyond a double's range.
    Malformed,
}

impl MetadataError {
    /// Returns the `error_description` for the client.
    pub(crate) fn as_description(self) -> &'static str {
        match self {
            Self::Empty => "The body is empty; it must be a JSON object.",
            Self::NotUtf8 => "The body is not UTF-8.",
            Self::ByteOrderMark => "The body starts with a byte order mark; JSON must not.",
            Self::NotAnObject => "The body is not a JSON object.",
            Self::DuplicateMember => "The body names a member twice.",
            Self::ReservedMember => "The body names a reserved member.",
            Self::Malformed => "The body is not one well-formed JSON object.",
        }
    }
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_description())
    }
}

impl Error for MetadataError {}

/// The error of [`ClientMetadata::deserialize`](super::ClientMetadata::deserialize): the metadata
/// does not fit the type.
///
/// It states the position of the error, and quotes nothing.
#[derive(Clone, Debug)]
pub struct DeserializeError {
    type_name: &'static str,
    line: usize,
    column: usize,
}

impl DeserializeError {
    pub(super) fn new<T>(error: &serde_json::Error) -> Self {
        Self {
            type_name: type_name::<T>(),
            line: error.line(),
            column: error.column(),
        }
    }
}

impl fmt::Display for DeserializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            type_name,
            line,
            column,
        } = self;
        write!(
            f,
            "the client metadata does not fit the type {type_name}: see line {line}, column \
             {column} of the text"
        )
    }
}

impl Error for DeserializeError {}
