//! Checks the settings of the rules for metadata.

use super::RegistryBuilder;
use super::wrong_setting::refuse_wrong;
use crate::registry::config_error::RegistryConfigError;
use crate::registry::rules::{
    AUTH_METHODS, PASSWORD, REQUIREMENTS, Rules, SUBJECT_TYPES, can_be_supported, has_meaning,
};

/// Less is left of hardly any client.
const MIN_METADATA_LENGTH: usize = 256;

impl RegistryBuilder {
    /// Returns the rules, or the first setting with which no client could register, or that names
    /// something unknown.
    pub(super) fn check_rules(&self) -> Result<Rules, RegistryConfigError> {
        let mut rules = self.rules.clone();
        if let Some(methods) = &self.auth_methods {
            let known = AUTH_METHODS.map(|(name, _)| name);
            rules.auth_methods =
                known_names(methods, &known).ok_or(RegistryConfigError::InvalidSetting {
                    setting: "token_endpoint_auth_methods_supported",
                    problem: "names a method that the registry does not know",
                    instead: "methods like \"client_secret_basic\" or \"none\"",
                })?;
        }
        if let Some(subject_types) = &self.subject_types {
            rules.subject_types = known_names(subject_types, &SUBJECT_TYPES).ok_or(
                RegistryConfigError::InvalidSetting {
                    setting: "subject_types_supported",
                    problem: "names a subject type that does not exist",
                    instead: "\"public\", \"pairwise\", or both",
                },
            )?;
        }
        rules.enforced = known_names(&self.enforced, &REQUIREMENTS).ok_or(
            RegistryConfigError::InvalidSetting {
                setting: "enforced_requirements",
                problem: "names a member that is no requirement",
                instead: "members like \"dpop_bound_access_tokens\"",
            },
        )?;
        refuse_wrong([
            (
                "grant_types_supported",
                "is empty, so that no client could register",
                "at least one, like \"authorization_code\"",
                rules.grant_types.is_empty(),
            ),
            (
                "grant_types_supported",
                "names password, which is never supported",
                "\"authorization_code\" instead",
                rules.grant_types.iter().any(|grant| grant == PASSWORD),
            ),
            (
                "grant_types_supported",
                "names a grant type that is neither known nor an absolute URI",
                "grant types like \"authorization_code\", and absolute URIs for others",
                !rules
                    .grant_types
                    .iter()
                    .all(|grant| can_be_supported(grant)),
            ),
            (
                "token_endpoint_auth_methods_supported",
                "is empty, so that no client could register",
                "at least one, like \"none\"",
                rules.auth_methods.is_empty(),
            ),
            (
                "subject_types_supported",
                "is empty, so that no client could register",
                "\"public\", \"pairwise\", or both",
                rules.subject_types.is_empty(),
            ),
            (
                "keep_members",
                "names a requirement that clients rely on",
                "it in enforced_requirements, if your server enforces it",
                REQUIREMENTS
                    .iter()
                    .any(|name| rules.kept_members.contains(*name)),
            ),
            (
                "keep_members",
                "names a member that the registry handles by itself",
                "only names of other members",
                rules.kept_members.iter().any(|name| has_meaning(name)),
            ),
            (
                "max_metadata_length",
                "is so small that hardly any client could register",
                "at least 256",
                rules.max_metadata_length < MIN_METADATA_LENGTH,
            ),
        ])?;
        Ok(rules)
    }
}

/// Returns the same names as the registry knows them, or `None` if it does not know one of them.
fn known_names<C: FromIterator<&'static str>>(
    names: &[String],
    known: &[&'static str],
) -> Option<C> {
    names
        .iter()
        .map(|name| known.iter().find(|known| *known == name).copied())
        .collect()
}
