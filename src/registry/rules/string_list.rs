//! Reads a list of strings.

use serde_json::{Map, Value};

/// Returns the strings of a member that is a list.
pub(super) fn strings<'m>(
    metadata: &'m Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'m str> {
    let list = metadata.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}
