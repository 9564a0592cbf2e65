use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object by name, with their values as they were written.
pub(super) type Members = BTreeMap<String, Box<RawValue>>;

/// Parses a JSON object. Returns `None` if it has more than `max` members. The number of members
/// decides how much memory and work the policies need.
pub(super) fn parse(object: &str, max: usize) -> Result<Option<Members>, Unreadable> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let members = deserializer.deserialize_map(MemberVisitor { max });
    // The error of `serde_json` is dropped, because it may quote the text.
    let members = members.map_err(|_| Unreadable(()))?;
    deserializer.end().map_err(|_| Unreadable(()))?;
    Ok(members)
}

struct MemberVisitor {
    max: usize,
}

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Option<Members>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Members>, A::Error> {
        let mut members = Members::new();
        while members.len() < self.max {
            let Some((name, value)) = map.next_entry()? else {
                return Ok(Some(members));
            };
            members.insert(name, value);
        }
        if map.next_entry::<IgnoredAny, IgnoredAny>()?.is_none() {
            return Ok(Some(members));
        }
        // `serde_json` expects the visitor to read to the end.
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// The error of client metadata that cannot be parsed, although it was checked before. It contains
/// nothing of the text.
#[derive(Debug)]
pub(super) struct Unreadable(());

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client metadata cannot be parsed")
    }
}

impl std::error::Error for Unreadable {}
