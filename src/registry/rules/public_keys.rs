//! Keys by value: a JSON web key set (RFC 7517 section 5) that has only public keys.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// The parameters that are not public (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037
/// section 2), and those of the post-quantum keys.
const PRIVATE: [&str; 10] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv", "seed"];

/// What the rules need to know about a key set.
pub(super) struct PublicKeys {
    count: usize,
}

impl PublicKeys {
    pub(super) fn parse(value: &RawValue) -> Result<Self, Refusal> {
        let seen = Seen::default();
        let mut deserializer = serde_json::Deserializer::from_str(value.get());
        let checked = Part::Set.checker(&seen).deserialize(&mut deserializer);
        if checked.is_ok() && seen.has_keys.get() {
            return Ok(Self {
                count: seen.count.get(),
            });
        }
        Err(Refusal::metadata(if seen.private.get() {
            "jwks contains a private or symmetric key; it must have only public keys."
        } else {
            "jwks must be a JSON web key set."
        }))
    }

    pub(super) fn has_key(&self) -> bool {
        self.count > 0
    }
}

/// What the check has found so far.
#[derive(Default)]
struct Seen {
    has_keys: Cell<bool>,
    count: Cell<usize>,
    private: Cell<bool>,
}

/// A part of a key set. It is checked while it is read, and not kept: a tree of deeply nested JSON
/// takes a hundred times the memory of its text.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Set,
    Keys,
    Key,
    /// Anything else.
    Other,
}

impl Part {
    fn checker(self, seen: &Seen) -> Checker<'_> {
        Checker { part: self, seen }
    }
}

#[derive(Clone, Copy)]
struct Checker<'s> {
    part: Part,
    seen: &'s Seen,
}

impl Checker<'_> {
    fn private<T, E: Error>(self) -> Result<T, E> {
        self.seen.private.set(true);
        Err(E::custom("private"))
    }

    /// Accepts a value that is neither an array nor an object, if the part may be anything.
    fn scalar<E: Error>(self) -> Result<(), E> {
        match self.part {
            Part::Other => Ok(()),
            _ => Err(E::custom("a part of a key set")),
        }
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
        f.write_str("a part of a key set")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }

    // There is no `visit_unit`, because no parameter of a key is null.

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let item = match self.part {
            Part::Keys => Part::Key,
            Part::Other => Part::Other,
            Part::Set | Part::Key => return Err(A::Error::custom("an object")),
        };
        while seq.next_element_seed(item.checker(self.seen))?.is_some() {
            if item == Part::Key {
                self.seen.count.set(self.seen.count.get() + 1);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.part == Part::Keys {
            return Err(A::Error::custom("an array"));
        }
        let mut has_kind = false;
        // OpenID Connect registration section 2: no private and no symmetric keys. They are refused
        // anywhere in the set, because the set is given to everybody who asks for public keys.
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            if PRIVATE
                .iter()
                .any(|private| name.eq_ignore_ascii_case(private))
            {
                return self.private();
            }
            match (self.part, &*name) {
                (Part::Set, "keys") => {
                    self.seen.has_keys.set(true);
                    map.next_value_seed(Part::Keys.checker(self.seen))?;
                }
                (Part::Key, "kty") => {
                    let kind = map.next_value::<Cow<'_, str>>()?;
                    if kind.trim().eq_ignore_ascii_case("oct") {
                        return self.private();
                    }
                    has_kind = !kind.is_empty();
                }
                _ => map.next_value_seed(Part::Other.checker(self.seen))?,
            }
        }
        if self.part == Part::Key && !has_kind {
            return Err(A::Error::custom("a kty"));
        }
        Ok(())
    }
}
