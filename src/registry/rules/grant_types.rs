//! Grant types, response types, and that they fit each other (RFC 7591 section 2.1, OpenID Connect
//! registration section 2).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::grant_type_names::{AUTHORIZATION_CODE, IMPLICIT};
use super::refusal::Refusal;
use super::response_type::{self, RESPONSE_TYPES, Words};
use super::string_list::strings;

/// Fills in grant types and response types, drops those that are not supported, and refuses types
/// that do not fit each other. Returns whether the authorization endpoint issues tokens.
pub(super) fn fill_in(
    kept: &mut Map<String, Value>,
    supported: &[String],
) -> Result<bool, Refusal> {
    let response_types = response_types(kept)?;
    let requested: Vec<String> = match (kept.get("grant_types"), &response_types) {
        (Some(_), _) => strings(kept, "grant_types").map(str::to_owned).collect(),
        (None, Some(types)) => {
            let needed = grants_for(types.iter().map(|(_, words)| words));
            needed.into_iter().map(str::to_owned).collect()
        }
        (None, None) => vec![AUTHORIZATION_CODE.to_owned()],
    };
    // Many clients request all grant types that they know. RFC 7591 section 2 lets a server replace
    // those that it does not support.
    let (grants, dropped): (Vec<String>, Vec<String>) = requested
        .into_iter()
        .partition(|grant| supported.contains(grant));
    if grants.is_empty() {
        return Err(Refusal::metadata(if kept.contains_key("grant_types") {
            "None of the grant_types is supported."
        } else {
            "None of the grant types that the response_types need is supported."
        }));
    }
    let has = |grant: &str| grants.iter().any(|have| have == grant);
    let types = match response_types {
        Some(types) => without_dropped_grants(types, &dropped)?,
        // RFC 7591 section 2: the default is `code`, if the grant types allow it.
        None if has(AUTHORIZATION_CODE) => vec![("code".to_owned(), Words::from(["code"]))],
        None => Vec::new(),
    };
    let needed = grants_for(types.iter().map(|(_, words)| words));
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
    let names: Vec<&str> = types.iter().map(|(name, _)| &**name).collect();
    kept.insert("response_types".to_owned(), json!(names));
    kept.insert("grant_types".to_owned(), json!(grants));
    Ok(needed.contains(IMPLICIT))
}

/// A response type as the client wrote it, and its words.
type ResponseType = (String, Words<'static>);

/// Drops the response types that need a dropped grant type. One must be left, because a client that
/// sends response types uses the authorization endpoint.
fn without_dropped_grants(
    mut types: Vec<ResponseType>,
    dropped: &[String],
) -> Result<Vec<ResponseType>, Refusal> {
    let is_dropped = |grant: &&str| dropped.iter().any(|dropped| dropped == grant);
    let unsupported = types
        .iter()
        .find_map(|(_, words)| grants_for([words]).into_iter().find(is_dropped));
    let Some(unsupported) = unsupported else {
        return Ok(types);
    };
    types.retain(|(_, words)| !grants_for([words]).iter().any(is_dropped));
    if types.is_empty() {
        return Err(Refusal::metadata(format!(
            "None of the response_types is supported: they need the grant type {unsupported}, \
             which is not supported."
        )));
    }
    Ok(types)
}

/// Returns whether a grant type sends the user back to a redirect URI.
pub(super) fn redirect(kept: &Map<String, Value>) -> bool {
    strings(kept, "grant_types").any(|grant| matches!(grant, AUTHORIZATION_CODE | IMPLICIT))
}

/// Returns the response types that clients can be registered for with these grant types.
pub(in crate::registry) fn supported_response_types(grant_types: &[String]) -> Vec<&'static str> {
    let mut types = RESPONSE_TYPES.to_vec();
    types.retain(|response_type| {
        let needed = grants_for(&response_type::words(response_type));
        needed
            .iter()
            .all(|grant| grant_types.iter().any(|have| have == grant))
    });
    types
}

/// Returns the response types of the metadata, or `None` if the client sent none.
fn response_types(kept: &Map<String, Value>) -> Result<Option<Vec<ResponseType>>, Refusal> {
    if !kept.contains_key("response_types") {
        return Ok(None);
    }
    strings(kept, "response_types")
        .map(|requested| {
            response_type::find(requested)
                .map(|words| (requested.to_owned(), words))
                .ok_or_else(|| Refusal::metadata("One of the response_types is not supported."))
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

/// Returns the grant types that these response types need.
fn grants_for<'w>(types: impl IntoIterator<Item = &'w Words<'static>>) -> BTreeSet<&'static str> {
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
