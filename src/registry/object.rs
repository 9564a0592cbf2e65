//! JSON objects that are written, and never held as a tree.

use serde::Serialize;

/// A JSON object as it grows, one member after the other.
pub(super) struct Object(Vec<u8>);

impl Default for Object {
    fn default() -> Self {
        Self(b"{".to_vec())
    }
}

impl Object {
    /// The members of another object's text, to add to.
    pub(super) fn of(text: &str) -> Self {
        Self(text.strip_suffix('}').unwrap_or("{").into())
    }

    /// Adds a member that is not there yet.
    pub(super) fn add(&mut self, name: &str, value: impl Serialize) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        // Into memory, and of strings, numbers and what was JSON before: neither can fail.
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
    fn members_are_added_one_after_the_other() {
        assert_eq!(Object::default().into_text(), "{}");
        let mut object = Object::default();
        object.add("a\"", "b\n");
        object.add("c", 1);
        let text = object.into_text();
        assert_eq!(text, r#"{"a\"":"b\n","c":1}"#);

        let mut object = Object::of(&text);
        object.add("d", [true]);
        assert_eq!(object.into_text(), r#"{"a\"":"b\n","c":1,"d":[true]}"#);
        let mut object = Object::of("{}");
        object.add("d", 1.5);
        assert_eq!(object.into_text(), r#"{"d":1.5}"#);
    }
}
