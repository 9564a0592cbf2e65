//! What counts as a JSON object here, lexed by `serde_json` in one pass.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::MetadataError;

/// `serde_json` speaks to itself through member names that begin so (`Number` with its feature `arbitrary_precision`,
/// `RawValue` with `raw_value`): such a member means one thing to `serde_json` and another to every other reader of the
/// same text.
const RESERVED: &str = "$serde_json::private::";

/// Checks that the text is exactly one JSON object that every reader understands alike: each member named once at each
/// depth (RFC 8259 section 4 leaves the meaning of a second one open), and every number a double.
///
/// Everything else that is refused (half a surrogate pair, more than 127 levels, a number out of range) `serde_json`
/// refuses by itself. Members are compared after unescaping, in time linear in their number.
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

/// Whether the bytes are one JSON object in UTF-8, whatever it holds.
pub(crate) fn is_object(bytes: &[u8]) -> bool {
    struct AnyObject;

    impl<'de> Visitor<'de> for AnyObject {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(())
        }
    }

    // From a str: `serde_json` does not look into strings that it skips.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(AnyObject).is_ok() && deserializer.end().is_ok()
}

/// What clients send where they mean nothing (RFC 7592 section 2.2): `null`, `""` and `[]`.
pub(crate) fn is_omission(value: &RawValue) -> bool {
    let text = value.get();
    let items = text
        .strip_prefix('[')
        .and_then(|items| items.strip_suffix(']'));
    matches!(text, "null" | "\"\"") || items.is_some_and(|items| items.trim().is_empty())
}

/// The number that a JSON text is, if it is a whole one. Some write `1` as `1.0`.
#[cfg(feature = "embedded")]
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    serde_json::from_str(text.strip_suffix(".0").unwrap_or(text)).ok()
}

/// A member of an object, where it is a string.
pub(crate) fn string_member(object: &[u8], name: &str) -> Option<Box<str>> {
    struct Member<'n>(&'n str);

    impl<'de> Visitor<'de> for Member<'_> {
        type Value = Option<Box<str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(name) = map.next_key::<Cow<'_, str>>()? {
                if name == self.0 {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_slice(object);
    deserializer.deserialize_map(Member(name)).ok().flatten()
}

/// Visits every value and keeps none.
#[derive(Clone, Copy)]
struct Checker<'f> {
    /// What was found, since an error of `serde_json` can carry no more than a text.
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
        while let Some(name) = map.next_key_seed(Name)? {
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

/// A member's name, borrowed where it holds no escape.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// The value of a reserved member. With `arbitrary_precision`, a feature that any crate in the build can switch on,
/// `serde_json` shows a number that is no 64-bit integer as an object with one such member, and hands over its digits as
/// an owned `String`; what stands in the text as a string always comes as a `&str`.
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

    // Everything else stands in the text: a client that plays `serde_json`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_a_reply() {
        for good in ["{}", " {\"a\":[1,{}]}\n", "{\"a\":1,\"a\":2}"] {
            assert!(is_object(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "[]",
            "1",
            "null",
            "{",
            "{}{}",
            "{} x",
            "\u{feff}{}",
            "{\"a\":}",
        ] {
            assert!(!is_object(bad.as_bytes()), "{bad}");
        }
        assert!(!is_object(b"{\"a\":\"\xff\"}"));
    }
}
