//! The settings of the rules.

use std::collections::BTreeSet;

use super::auth_method::AUTH_METHODS;
use super::grant_types::DEFAULT_GRANT_TYPES;

/// What a registry accepts.
#[derive(Clone, Debug)]
pub(in crate::registry) struct Rules {
    /// Whether a client whose grant types redirect must have a redirect URI.
    pub(in crate::registry) redirect_uris_required: bool,
    pub(in crate::registry) grant_types: Vec<String>,
    /// Some of [`AUTH_METHODS`], the preferred one first.
    pub(in crate::registry) auth_methods: Vec<&'static str>,
    /// Members that are kept without a check.
    pub(in crate::registry) kept_members: BTreeSet<String>,
    pub(in crate::registry) max_redirect_uris: usize,
    pub(in crate::registry) max_contacts: usize,
    /// The limit of each member's value, in bytes of JSON.
    pub(in crate::registry) max_member_length: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            redirect_uris_required: true,
            grant_types: DEFAULT_GRANT_TYPES.map(str::to_owned).to_vec(),
            auth_methods: AUTH_METHODS.map(|(name, _)| name).to_vec(),
            kept_members: BTreeSet::new(),
            max_redirect_uris: 32,
            max_contacts: 16,
            max_member_length: 16 * 1024,
        }
    }
}
