//! Questions about JSON text that need no tree of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Returns whether the bytes are exactly one JSON object in UTF-8.
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

    // From a `str`: `serde_json` does not check the UTF-8 of strings that it skips.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(AnyObject).is_ok() && deserializer.end().is_ok()
}

/// Returns whether a value is one that clients send for an omitted member: `null`, `""` or `[]`
/// (RFC 7592 section 2.2).
pub(crate) fn is_omission(value: &RawValue) -> bool {
    let text = value.get();
    let items = text
        .strip_prefix('[')
        .and_then(|items| items.strip_suffix(']'));
    matches!(text, "null" | "\"\"") || items.is_some_and(|items| items.trim().is_empty())
}

/// Returns the whole number that a JSON text is. Some clients write `1` as `1.0`.
#[cfg(feature = "registry")]
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    serde_json::from_str(text.strip_suffix(".0").unwrap_or(text)).ok()
}

/// Returns a member of an object, if it is a string.
pub(crate) fn string_member(object: &[u8], name: &str) -> Option<Box<str>> {
    struct Member<'n>(&'n str);

    impl<'de> Visitor<'de> for Member<'_> {
        type Value = Option<Box<str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(name) = map.next_key_seed(MemberName)? {
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

/// A seed for a member's name. The name is borrowed unless it contains an escape.
pub(crate) struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for MemberName {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_utf_8_object_is_an_object() {
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
