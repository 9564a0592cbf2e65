//! Grant types, response types, and that they fit each other (RFC 7591 section 2.1, OpenID Connect
//! registration section 2).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::string_list::strings;

const AUTHORIZATION_CODE: &str = "authorization_code";
const IMPLICIT: &str = "implicit";

/// It is never supported, because it gives the user's password to the client (RFC 9700
/// section 2.4).
pub(in crate::registry) const PASSWORD: &str = "password";

/// The grant types of a registry that sets none. `implicit` is not among them (RFC 9700
/// section 2.1.2).
pub(super) const DEFAULT_GRANT_TYPES: [&str; 6] = [
    AUTHORIZATION_CODE,
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

/// The response types of OAuth and OpenID Connect. The words of one may be in any order (RFC 6749
/// section 3.1.1).
const RESPONSE_TYPES: [&str; 7] = [
    "code",
    "token",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];

/// Fills in grant types and response types, drops grant types that are not supported, and refuses
/// types that do not fit each other. Returns whether the authorization endpoint issues tokens.
pub(super) fn fill_in(
    kept: &mut Map<String, Value>,
    supported: &[String],
) -> Result<bool, Refusal> {
    let response_types = response_types(kept)?;
    let mut grants: Vec<String> = match (kept.get("grant_types"), &response_types) {
        (Some(_), _) => strings(kept, "grant_types").map(str::to_owned).collect(),
        (None, Some(types)) => grants_for(types).into_iter().map(str::to_owned).collect(),
        (None, None) => vec![AUTHORIZATION_CODE.to_owned()],
    };
    // Many clients request all grant types that they know. RFC 7591 section 2 lets a server replace
    // those that it does not support.
    grants.retain(|grant| supported.contains(grant));
    if grants.is_empty() {
        return Err(Refusal::metadata(if kept.contains_key("grant_types") {
            "None of the grant_types is supported."
        } else {
            "None of the grant types that the response_types need is supported."
        }));
    }
    let has = |grant: &str| grants.iter().any(|have| have == grant);
    let types = response_types.unwrap_or_else(|| {
        // RFC 7591 section 2: the default is `code`, if the grant types allow it.
        let default = has(AUTHORIZATION_CODE).then_some("code");
        kept.insert("response_types".to_owned(), json!(default.as_slice()));
        default.into_iter().map(words).collect()
    });
    let needed = grants_for(&types);
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
            "One of the response_types needs the grant type {missing}."
        )));
    }
    kept.insert("grant_types".to_owned(), json!(grants));
    Ok(needed.contains(IMPLICIT))
}

/// Returns whether a grant type sends the user back to a redirect URI.
pub(super) fn redirect(kept: &Map<String, Value>) -> bool {
    strings(kept, "grant_types").any(|grant| matches!(grant, AUTHORIZATION_CODE | IMPLICIT))
}

/// Returns the response types that clients can be registered for with these grant types.
pub(in crate::registry) fn supported_response_types(grant_types: &[String]) -> Vec<&'static str> {
    let mut types = RESPONSE_TYPES.to_vec();
    types.retain(|response_type| {
        let needed = grants_for(&[words(response_type)]);
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

/// Returns the response types of the metadata, each as a set of words.
fn response_types(kept: &Map<String, Value>) -> Result<Option<Vec<Words<'static>>>, Refusal> {
    if !kept.contains_key("response_types") {
        return Ok(None);
    }
    strings(kept, "response_types")
        .map(|requested| {
            let mut known = RESPONSE_TYPES.map(words).into_iter();
            known
                .find(|known| *known == words(requested))
                .ok_or_else(|| Refusal::metadata("One of the response_types is not supported."))
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

/// Returns the grant types that these response types need.
fn grants_for(types: &[Words<'_>]) -> BTreeSet<&'static str> {
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
