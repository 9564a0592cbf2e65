//! The checks of client metadata, in one pass of `serde_json`'s lexer.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use super::error::MetadataError;
use crate::util::json_text::MemberName;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The prefix of the names that `serde_json` uses internally (for `Number` with its feature
/// `arbitrary_precision`, for `RawValue` with `raw_value`). With such a member, `serde_json` would
/// parse a different value than other parsers.
const RESERVED: &str = "$serde_json::private::";

/// Checks that the text is exactly one JSON object, and that all parsers read the same value from
/// it.
///
/// - No object, at any depth, names a member twice. RFC 8259 section 4 leaves the meaning of the
///   second one open. Names are compared after unescaping, in linear time.
/// - No name is [reserved](RESERVED).
///
/// `serde_json` itself refuses half a surrogate pair, more than 127 levels, and a number beyond a
/// double's range.
pub(crate) fn check_object(text: &str) -> Result<(), MetadataError> {
    let fault = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let outcome = deserializer
        .deserialize_map(Checker { fault: &fault })
        .and_then(|()| deserializer.end());
    outcome.map_err(|error| {
        fault.get().unwrap_or(if error.is_data() {
            MetadataError::NotAnObject
        } else {
            MetadataError::Malformed
        })
    })
}

/// A visitor that checks every value and keeps none.
#[derive(Clone, Copy)]
struct Checker<'f> {
    /// The broken rule. An error of `serde_json` can only carry a text.
    fault: &'f Cell<Option<MetadataError>>,
}

impl Checker<'_> {
    fn refuse<T, E: Error>(self, fault: MetadataError) -> Result<T, E> {
        self.fault.set(Some(fault));
        Err(E::custom(fault))
    }
}

impl<'de> DeserializeSeed<'de> for Checker<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checker<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key_seed(MemberName)? {
            if name.starts_with(RESERVED) {
                map.next_value_seed(BigNumber(self))?;
            } else {
                map.next_value_seed(self)?;
            }
            if !names.insert(name) {
                return self.refuse(MetadataError::DuplicateMember);
            }
        }
        Ok(())
    }
}

/// A seed for the value of a reserved member.
///
/// Any crate in the build can switch on `serde_json`'s feature `arbitrary_precision`. Then
/// `serde_json` presents a number that is no 64-bit integer as an object with one reserved member,
/// and passes the digits as an owned `String`. A string in the text always arrives as a `&str`.
struct BigNumber<'f>(Checker<'f>);

impl<'de> DeserializeSeed<'de> for BigNumber<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BigNumber<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the digits of a number")
    }

    fn visit_string<E: Error>(self, digits: String) -> Result<(), E> {
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(()),
            _ => self.0.refuse(MetadataError::Malformed),
        }
    }

    // Everything else was written by the client.
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.0.refuse(MetadataError::ReservedMember)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.refuse(MetadataError::ReservedMember)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.0.refuse(MetadataError::ReservedMember)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.0.refuse(MetadataError::ReservedMember)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.0.refuse(MetadataError::ReservedMember)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.0.refuse(MetadataError::ReservedMember)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.0.refuse(MetadataError::ReservedMember)
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.0.refuse(MetadataError::ReservedMember)
    }
}
