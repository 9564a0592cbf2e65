//! The settings of the rules.

use std::collections::BTreeSet;

use super::auth_method::AUTH_METHODS;
use super::grant_type_names::DEFAULT_GRANT_TYPES;
use super::subject_type::SUBJECT_TYPES;

/// What a registry accepts.
#[derive(Clone, Debug)]
pub(in crate::registry) struct Rules {
    /// Whether a client whose grant types redirect must have a redirect URI.
    pub(in crate::registry) redirect_uris_required: bool,
    pub(in crate::registry) grant_types: Vec<String>,
    /// Some of [`AUTH_METHODS`], the preferred one first.
    pub(in crate::registry) auth_methods: Vec<&'static str>,
    /// Some of [`SUBJECT_TYPES`].
    pub(in crate::registry) subject_types: Vec<&'static str>,
    /// Some of the [`REQUIREMENTS`](super::REQUIREMENTS).
    pub(in crate::registry) enforced: BTreeSet<&'static str>,
    /// Whether `native` is written instead of `web`, if a redirect URI needs it.
    pub(in crate::registry) corrects_application_type: bool,
    /// Members that are kept without a check.
    pub(in crate::registry) kept_members: BTreeSet<String>,
    pub(in crate::registry) max_redirect_uris: usize,
    pub(in crate::registry) max_contacts: usize,
    /// The limit of all kept metadata of a client, in bytes of JSON.
    pub(in crate::registry) max_metadata_length: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            redirect_uris_required: true,
            grant_types: DEFAULT_GRANT_TYPES.map(str::to_owned).to_vec(),
            auth_methods: AUTH_METHODS.map(|(name, _)| name).to_vec(),
            subject_types: SUBJECT_TYPES.to_vec(),
            enforced: BTreeSet::new(),
            corrects_application_type: false,
            kept_members: BTreeSet::new(),
            max_redirect_uris: 32,
            max_contacts: 16,
            max_metadata_length: 16 * 1024,
        }
    }
}
