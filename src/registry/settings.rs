//! The settings of a tenant, after they were checked. They differ only in the URL.

use std::sync::Arc;

use super::registration_endpoint::RegistrationEndpoint;
use super::rules::Rules;
use super::secret_renewal::SecretLifetime;
use super::time_source::TimeSource;

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) endpoint: RegistrationEndpoint,
    /// Whether a URL must be `https`.
    pub(super) https_only: bool,
    pub(super) rules: Arc<Rules>,
    pub(super) time_source: TimeSource,
    pub(super) max_clients: u64,
    /// Whether clients cannot manage themselves.
    pub(super) registration_only: bool,
    /// Whether each update issues a new registration access token.
    pub(super) rotates_tokens: bool,
    pub(super) secret_lifetime: SecretLifetime,
    /// When a client that was never used is removed, in seconds after its registration.
    pub(super) unused_lifetime: Option<u64>,
}
