//! Response types: which exist, and how they compare.

use std::collections::BTreeSet;

/// The response types of OAuth and OpenID Connect. The words of one may be in any order (RFC 6749
/// section 3.1.1).
pub(super) const RESPONSE_TYPES: [&str; 7] = [
    "code",
    "token",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];

/// The words of a response type.
pub(super) type Words<'t> = BTreeSet<&'t str>;

/// Returns the words of a response type, or `None` if it names one twice.
pub(super) fn words(response_type: &str) -> Option<Words<'_>> {
    let mut words = Words::new();
    response_type
        .split(' ')
        .all(|word| words.insert(word))
        .then_some(words)
}

/// Returns whether two response types are the same, in any order of their words.
pub(in crate::registry) fn has_same_words(one: &str, other: &str) -> bool {
    words(one).is_some_and(|words_of_one| words(other) == Some(words_of_one))
}

/// Returns the words of a response type that exists, or `None` if there is no such response type.
pub(super) fn find(response_type: &str) -> Option<Words<'static>> {
    RESPONSE_TYPES
        .into_iter()
        .find(|known| has_same_words(known, response_type))
        .and_then(words)
}
