//! Checks the settings.

use std::sync::Arc;

use super::RegistryBuilder;
use crate::registry::config_error::RegistryConfigError;
use crate::registry::configuration_endpoint::ConfigurationEndpoint;
use crate::registry::rules::{AUTH_METHODS, PASSWORD, has_meaning};
use crate::registry::secret_renewal::SecretLifetime;
use crate::registry::settings::Settings;
use crate::registry::time_source::END_OF_TIME;

impl RegistryBuilder {
    /// Refuses settings with which the registry cannot work.
    pub(super) fn check(self) -> Result<Settings, RegistryConfigError> {
        let endpoint = ConfigurationEndpoint::new(&self.configuration_endpoint, self.https_only)
            .map_err(|problem| RegistryConfigError::InvalidConfigurationEndpoint { problem })?;
        let mut rules = self.rules;
        if let Some(methods) = self.auth_methods {
            rules.auth_methods = methods
                .iter()
                .map(|method| {
                    let known = AUTH_METHODS.iter().find(|(known, _)| known == method);
                    known.map(|(known, _)| *known)
                })
                .collect::<Option<_>>()
                .ok_or(RegistryConfigError::InvalidSetting {
                    setting: "token_endpoint_auth_methods_supported",
                    problem: "names a method that the registry does not know",
                    instead: "methods like \"client_secret_basic\" or \"none\"",
                })?;
        }
        let secret_lifetime = SecretLifetime {
            seconds: self
                .secret_lifetime
                .map(|lifetime| lifetime.as_secs().min(END_OF_TIME)),
            grace_period: self.secret_grace_period.as_secs(),
        };
        let unused_lifetime = self.unused_lifetime.map(|time| time.as_secs());
        for (setting, problem, instead, is_wrong) in [
            (
                "grant_types_supported",
                "is empty, so that no client could register",
                "at least one, like \"authorization_code\"",
                rules.grant_types.is_empty(),
            ),
            (
                "grant_types_supported",
                "names an empty grant type",
                "grant types like \"authorization_code\"",
                rules.grant_types.iter().any(String::is_empty),
            ),
            (
                "grant_types_supported",
                "names password, which is never supported",
                "\"authorization_code\" instead",
                rules.grant_types.iter().any(|grant| grant == PASSWORD),
            ),
            (
                "token_endpoint_auth_methods_supported",
                "is empty, so that no client could register",
                "at least one, like \"none\"",
                rules.auth_methods.is_empty(),
            ),
            (
                "keep_members",
                "names a member that the registry handles by itself",
                "only names of other members",
                rules.kept_members.iter().any(|name| has_meaning(name)),
            ),
            (
                "max_clients",
                "is zero, so that no client could register",
                "at least 1",
                self.max_clients == 0,
            ),
            (
                "max_member_length",
                "is zero, so that no client could register",
                "at least 1",
                rules.max_member_length == 0,
            ),
            (
                "secret_lifetime",
                "is less than a second",
                "at least one second, or leave it out for secrets that do not expire",
                secret_lifetime.seconds == Some(0),
            ),
            (
                "remove_never_used_after",
                "is less than a second",
                "at least one second, or leave it out to keep such clients",
                unused_lifetime == Some(0),
            ),
        ] {
            if is_wrong {
                return Err(RegistryConfigError::InvalidSetting {
                    setting,
                    problem,
                    instead,
                });
            }
        }
        Ok(Settings {
            endpoint,
            https_only: self.https_only,
            rules: Arc::new(rules),
            time_source: self.time_source,
            max_clients: self.max_clients as u64,
            registration_only: self.registration_only,
            rotates_tokens: self.rotates_tokens,
            secret_lifetime,
            unused_lifetime,
        })
    }
}
