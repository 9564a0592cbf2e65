//! The member `client` of a response. It has the members that can be derived from the client
//! information.

use std::hash::{DefaultHasher, Hasher};

use serde_json::{Map, Value, json};

/// Numbers of clients are below this, so that JavaScript reads them exactly.
const NUMBER_LIMIT: u64 = 1_000_000_000_000_000;

/// Writes the member `client` from the client information.
pub(super) fn client_member(content: &str) -> Value {
    let information: Map<String, Value> = serde_json::from_str(content).unwrap_or_default();
    let text = |name: &str| information.get(name).and_then(Value::as_str);
    let mut members = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };

    add("dynamicallyRegistered", Some(json!(true)));
    if let Some(client_id) = text("client_id") {
        let number = client_id.parse::<i64>().ok().filter(|number| *number > 0);
        add(
            "clientId",
            Some(number.map_or_else(|| json!(computed_number(client_id)), Value::from)),
        );
        // Authlete's own place for a client_id that is not a number.
        add("clientIdAlias", Some(json!(client_id)));
        add("clientIdAliasEnabled", Some(json!(number.is_none())));
    }
    for (name, from) in [
        ("clientName", "client_name"),
        ("clientSecret", "client_secret"),
        ("redirectUris", "redirect_uris"),
    ] {
        add(name, information.get(from).cloned());
    }
    let auth_method = text("token_endpoint_auth_method");
    let client_type = match auth_method {
        Some("none") => "PUBLIC",
        _ => "CONFIDENTIAL",
    };
    add("clientType", Some(json!(client_type)));
    add("tokenAuthMethod", auth_method.map(enumeration));
    add("applicationType", text("application_type").map(enumeration));
    for (name, from) in [
        ("grantTypes", "grant_types"),
        ("responseTypes", "response_types"),
    ] {
        add(name, information.get(from).map(enumerations));
    }
    let created_at = information
        .get("client_id_issued_at")
        .and_then(Value::as_u64)
        .and_then(|seconds| seconds.checked_mul(1_000));
    add("createdAt", created_at.map(Value::from));
    Value::Object(members)
}

/// Computes a number for a `client_id` that is not one. It is the same for each call.
fn computed_number(client_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(client_id.as_bytes());
    hasher.finish() % NUMBER_LIMIT + 1
}

/// Writes a value of a registered name as one of Authlete's enumerations.
fn enumeration(value: &str) -> Value {
    json!(value.to_ascii_uppercase().replace(' ', "_"))
}

/// Writes the values that are names. The grant types of extensions are URNs, for which Authlete's
/// enumeration has names of its own.
fn enumerations(values: &Value) -> Value {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    values
        .iter()
        .filter_map(Value::as_str)
        .filter(|value| !value.contains(':'))
        .map(enumeration)
        .collect()
}
