//! Writes a JSON object member by member, without a tree of it.

use serde::Serialize;

/// A JSON object that is being written.
pub(super) struct JsonWriter(Vec<u8>);

impl Default for JsonWriter {
    fn default() -> Self {
        Self(b"{".to_vec())
    }
}

impl JsonWriter {
    /// Starts with the members of another object.
    pub(super) fn continuing(object: &str) -> Self {
        Self(object.strip_suffix('}').unwrap_or("{").into())
    }

    /// Adds a member. The object must not have it yet.
    pub(super) fn add(&mut self, name: &str, value: impl Serialize) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        // Writing strings, numbers and JSON into memory cannot fail.
        let _ = serde_json::to_writer(&mut self.0, name);
        self.0.push(b':');
        let _ = serde_json::to_writer(&mut self.0, &value);
    }

    pub(super) fn into_text(mut self) -> String {
        self.0.push(b'}');
        String::from_utf8(self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_written_in_order() {
        assert_eq!(JsonWriter::default().into_text(), "{}");
        let mut object = JsonWriter::default();
        object.add("a\"", "b\n");
        object.add("c", 1);
        let text = object.into_text();
        assert_eq!(text, r#"{"a\"":"b\n","c":1}"#);

        let mut object = JsonWriter::continuing(&text);
        object.add("d", [true]);
        assert_eq!(object.into_text(), r#"{"a\"":"b\n","c":1,"d":[true]}"#);
        let mut object = JsonWriter::continuing("{}");
        object.add("d", 1.5);
        assert_eq!(object.into_text(), r#"{"d":1.5}"#);
    }
}
