//! Grant types, response types, and that they fit each other (RFC 7591 section 2.1, OpenID Connect registration section 2).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Refusal, items};

const AUTHORIZATION_CODE: &str = "authorization_code";
const IMPLICIT: &str = "implicit";

/// Never supported: it hands the user's password to the client (RFC 9700 section 2.4).
pub(in crate::registry) const PASSWORD: &str = "password";

/// What a registry supports unless set. `implicit` is not among them (RFC 9700 section 2.1.2).
pub(super) const DEFAULT_GRANT_TYPES: [&str; 6] = [
    AUTHORIZATION_CODE,
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

/// The response types of OAuth and OpenID Connect. The order of the words says nothing (RFC 6749 section 3.1.1).
const RESPONSE_TYPES: [&str; 7] = [
    "code",
    "token",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];

/// Fills in grant types and response types, drops grants that are not supported, and refuses what does not fit together.
/// Gives whether tokens are handed out at the authorization endpoint.
pub(super) fn settle(kept: &mut Map<String, Value>, supported: &[String]) -> Result<bool, Refusal> {
    let response_types = response_types(kept)?;
    let mut grants: Vec<String> = match (kept.get("grant_types"), &response_types) {
        (Some(_), _) => items(kept, "grant_types").map(str::to_owned).collect(),
        (None, Some(types)) => grants_of(types).into_iter().map(str::to_owned).collect(),
        (None, None) => vec![AUTHORIZATION_CODE.to_owned()],
    };
    // Clients ask for whatever they can do; section 2 lets a server replace what it does not do.
    grants.retain(|grant| supported.contains(grant));
    if grants.is_empty() {
        return Err(Refusal::metadata(if kept.contains_key("grant_types") {
            "None of the grant_types is supported."
        } else {
            "None of the grant types that go with the response_types is supported."
        }));
    }
    let has = |grant: &str| grants.iter().any(|have| have == grant);
    let types = response_types.unwrap_or_else(|| {
        // Section 2, where the grant types leave it room.
        let filled_in = has(AUTHORIZATION_CODE).then_some("code");
        kept.insert("response_types".to_owned(), json!(filled_in.as_slice()));
        filled_in.into_iter().map(words).collect()
    });
    let needed = grants_of(&types);
    let unused = [AUTHORIZATION_CODE, IMPLICIT]
        .into_iter()
        .find(|grant| has(grant) && !needed.contains(grant));
    if let Some(unused) = unused {
        return Err(Refusal::metadata(format!(
            "The grant type {unused} needs a response type."
        )));
    }
    if let Some(missing) = needed.iter().find(|grant| !has(grant)) {
        return Err(Refusal::metadata(format!(
            "Of the response_types, one needs the grant type {missing}."
        )));
    }
    kept.insert("grant_types".to_owned(), json!(grants));
    Ok(needed.contains(IMPLICIT))
}

/// Whether a grant type sends the user back to a redirect URI.
pub(super) fn redirects(kept: &Map<String, Value>) -> bool {
    items(kept, "grant_types").any(|grant| matches!(grant, AUTHORIZATION_CODE | IMPLICIT))
}

/// The response types that these grant types can be registered with.
pub(in crate::registry) fn supported_response_types(grant_types: &[String]) -> Vec<&'static str> {
    let mut types = RESPONSE_TYPES.to_vec();
    types.retain(|response_type| {
        let needed = grants_of(&[words(response_type)]);
        needed
            .iter()
            .all(|grant| grant_types.iter().any(|have| have == grant))
    });
    types
}

type Words<'t> = BTreeSet<&'t str>;

fn words(response_type: &str) -> Words<'_> {
    response_type.split(' ').collect()
}

/// The response types that were given, each a set of words.
fn response_types(kept: &Map<String, Value>) -> Result<Option<Vec<Words<'static>>>, Refusal> {
    if !kept.contains_key("response_types") {
        return Ok(None);
    }
    items(kept, "response_types")
        .map(|given| {
            let mut known = RESPONSE_TYPES.map(words).into_iter();
            known
                .find(|known| *known == words(given))
                .ok_or_else(|| Refusal::metadata("One of the response_types is not supported."))
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

/// The grant types that response types go with.
fn grants_of(types: &[Words<'_>]) -> BTreeSet<&'static str> {
    let mut grants = BTreeSet::new();
    for words in types {
        if words.contains("code") {
            grants.insert(AUTHORIZATION_CODE);
        }
        if words.contains("id_token") || words.contains("token") {
            grants.insert(IMPLICIT);
        }
    }
    grants
}
