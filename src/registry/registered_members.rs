//! The members of a client's metadata that the rest of the server asks for.

use serde::de::DeserializeOwned;

use crate::metadata::{ClientMetadata, Members};

/// Some members, parsed. The rules checked their types when the client registered.
#[derive(Clone, Default)]
pub(super) struct RegisteredMembers {
    pub(super) token_endpoint_auth_method: String,
    pub(super) redirect_uris: Vec<String>,
    pub(super) grant_types: Vec<String>,
    pub(super) response_types: Vec<String>,
    pub(super) scope: Option<String>,
    pub(super) client_name: Option<String>,
}

impl RegisteredMembers {
    pub(super) fn parse(metadata: &ClientMetadata) -> Self {
        let members = metadata.members().unwrap_or_default();
        Self {
            token_endpoint_auth_method: value(&members, "token_endpoint_auth_method"),
            redirect_uris: value(&members, "redirect_uris"),
            grant_types: value(&members, "grant_types"),
            response_types: value(&members, "response_types"),
            scope: value(&members, "scope"),
            client_name: value(&members, "client_name"),
        }
    }
}

fn value<T: DeserializeOwned + Default>(members: &Members<'_>, name: &str) -> T {
    let value = members.get(name);
    value
        .and_then(|value| serde_json::from_str(value.get()).ok())
        .unwrap_or_default()
}
