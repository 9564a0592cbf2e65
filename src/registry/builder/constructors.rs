//! The ways to create a registry.

#[cfg(feature = "registry-file")]
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::RegistryBuilder;
use crate::registry::Registry;
use crate::registry::config_error::RegistryConfigError;
#[cfg(not(feature = "registry-file"))]
use crate::registry::missing_feature::FeatureRegistryFile;
use crate::registry::rules::Rules;
use crate::registry::time_source::TimeSource;

impl Registry {
    /// Creates a registry in memory, with the default settings. All clients are gone when the
    /// process ends.
    ///
    /// `registration_endpoint` is the public URL of the registration endpoint. The URL of a client
    /// is this URL, `/` and the `client_id`. So for `https://as.example.com/register`, a client
    /// gets the `registration_client_uri` `https://as.example.com/register/{client_id}`.
    ///
    /// - Proxies must forward this URL to the layer's
    ///   [registration path](crate::DcrBuilder::registration_path).
    /// - The scheme is `https`. It may be `http` if the host is `localhost`, `127.0.0.1` or
    ///   `[::1]`, or with [`https_only(false)`](RegistryBuilder::https_only).
    /// - The host has no wildcard and no `%` escape.
    /// - The path does not end with `/`. It has no `%` escape, no `//`, no `.` or `..` segment, and
    ///   no name in braces.
    /// - The URL has no user information, no query and no fragment.
    ///
    /// If the layer has a separate [configuration path](crate::DcrBuilder::configuration_path), two
    /// things change:
    ///
    /// - Pass the public URL of the configuration path here, because client URLs start with it.
    /// - Set the public URL of the registration path with
    ///   [`DcrBuilder::registration_endpoint`](crate::DcrBuilder::registration_endpoint).
    ///
    /// # Errors
    ///
    /// - [`RegistryConfigError::InvalidRegistrationEndpoint`] if the URL breaks these rules.
    /// - [`RegistryConfigError::Thread`] if the system does not start a thread.
    pub fn in_memory(registration_endpoint: &str) -> Result<Self, RegistryConfigError> {
        Self::builder(registration_endpoint).build()
    }

    /// Opens a registry in a file, with the default settings. The URL is that of
    /// [`in_memory`](Self::in_memory). [`RegistryBuilder::file`] documents the file.
    ///
    /// It blocks while it reads the whole file. That takes seconds for a million clients.
    ///
    /// # Errors
    ///
    /// - [`RegistryConfigError::InvalidRegistrationEndpoint`] if the URL breaks the rules.
    /// - [`RegistryConfigError::Locked`] if the file is open already.
    /// - [`RegistryConfigError::UnusableFile`] if the file cannot hold a registry.
    /// - [`RegistryConfigError::Thread`] if the system does not start a thread.
    ///
    /// ```
    /// use tower_dcr::registry::Registry;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("clients.redb");
    /// let registry = Registry::open("https://as.example.com/register", &path)?;
    /// assert!(path.exists());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    pub fn open(
        registration_endpoint: &str,
        path: impl AsRef<Path>,
    ) -> Result<Self, RegistryConfigError> {
        Self::builder(registration_endpoint)
            .file(path.as_ref())
            .build()
    }

    /// Fails to compile, with an error that names the feature `registry-file`.
    #[cfg(not(feature = "registry-file"))]
    #[doc(hidden)]
    pub fn open<P: FeatureRegistryFile>(
        _registration_endpoint: &str,
        path: P,
    ) -> Result<Self, RegistryConfigError> {
        path.never()
    }

    /// Starts a registry with settings of your own. The URL is that of
    /// [`in_memory`](Self::in_memory). Finish with [`build`](RegistryBuilder::build).
    pub fn builder(registration_endpoint: impl Into<String>) -> RegistryBuilder {
        RegistryBuilder {
            registration_endpoint: registration_endpoint.into(),
            https_only: true,
            rules: Rules::default(),
            auth_methods: None,
            subject_types: None,
            enforced: Vec::new(),
            time_source: TimeSource::new(SystemTime::now),
            max_clients: 100_000,
            registration_only: false,
            rotates_tokens: false,
            secret_lifetime: None,
            secret_grace_period: Duration::ZERO,
            unused_lifetime: None,
            observer: None,
            #[cfg(feature = "registry-file")]
            path: None,
        }
    }
}
