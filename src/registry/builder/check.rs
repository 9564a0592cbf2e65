//! Checks the settings.

use std::sync::Arc;

use super::RegistryBuilder;
use super::wrong_setting::refuse_wrong;
use crate::registry::config_error::RegistryConfigError;
use crate::registry::registration_endpoint::RegistrationEndpoint;
use crate::registry::secret_renewal::SecretLifetime;
use crate::registry::settings::Settings;
use crate::registry::time_source::END_OF_TIME;

impl RegistryBuilder {
    /// Refuses settings with which the registry cannot work.
    pub(super) fn check(self) -> Result<Settings, RegistryConfigError> {
        let endpoint = RegistrationEndpoint::new(&self.registration_endpoint, self.https_only)
            .map_err(|problem| RegistryConfigError::InvalidRegistrationEndpoint { problem })?;
        let rules = self.check_rules()?;
        let secret_lifetime = SecretLifetime {
            seconds: self
                .secret_lifetime
                .map(|lifetime| lifetime.as_secs().min(END_OF_TIME)),
            grace_period: self.secret_grace_period.as_secs(),
        };
        let unused_lifetime = self.unused_lifetime.map(|time| time.as_secs());
        refuse_wrong([
            (
                "max_clients",
                "is zero, so that no client could register",
                "at least 1",
                self.max_clients == 0,
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
        ])?;
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
