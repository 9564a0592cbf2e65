//! A registry of its own, for a server without an account anywhere.
//!
//! [`EmbeddedBackend`] issues identifiers, secrets and registration access tokens, judges client metadata by the rules of
//! RFC 7591 section 2, and keeps the clients in memory: they are gone when the process ends. It is a real registry, made
//! for one process.
//!
//! # What it keeps
//!
//! | member | must be | where it is omitted |
//! |---|---|---|
//! | `redirect_uris` | array of strings, each as below | `[]`; refused where a grant needs one |
//! | `token_endpoint_auth_method` | `none`, `client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt`, `tls_client_auth` or `self_signed_tls_client_auth` | `client_secret_basic` |
//! | `grant_types` | array of strings; what is not supported is dropped, and where nothing is left, refused | `authorization_code` |
//! | `response_types` | array of strings, `code` alone | `code` with `authorization_code`, else `[]` |
//! | `client_name` | string, also as `client_name#language-tag` | omitted |
//! | `client_uri`, `logo_uri`, `tos_uri`, `policy_uri` | `http` or `https` URL, also as `name#language-tag` | omitted |
//! | `jwks_uri` | `https` URL | omitted |
//! | `scope`, `software_id`, `software_version` | string | omitted |
//! | `contacts` | array of strings | omitted |
//! | `jwks` | object, and no `jwks_uri` beside it | omitted |
//!
//! Supported grants are `authorization_code`, `refresh_token`, `client_credentials`, and of
//! `urn:ietf:params:oauth:grant-type:` `device_code`, `jwt-bearer` and `token-exchange`. Other members are dropped;
//! `null`, `""` and `[]` count as omitted (but for `response_types`, where `[]` stands).
//!
//! A redirect URI is an absolute URI of RFC 3986 of at most 2,048 bytes, without a fragment, user information or a
//! wildcard in the host, and with `https`, a scheme of the client's own, or `http` where the host is `localhost`,
//! `127.0.0.1` or `[::1]`. Schemes that a browser runs or reads by itself (`javascript`, `data`, `file`, …) are refused.
//! It is kept and returned byte for byte.
//!
//! # What it answers
//!
//! A client that does not exist, a token that is wrong and a token of another client get one and the same answer, after
//! the same work. An update replaces all metadata; it must name the `client_id`, may repeat the `client_secret`, and may
//! repeat the other issued members with the values they have.

mod credentials;
mod object;
mod redirect_uri;
mod registry;
mod rules;
mod store;
mod uri;

use std::fmt;
use std::sync::Arc;

use self::registry::Registry;
use self::rules::Rules;
use self::uri::ConfigurationEndpoint;
use crate::{Backend, BoxError, Operation, Reply};

/// A [`Backend`] that needs no other server; see [the module](self) for its rules. Cheap to clone, all clones being one
/// registry.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::{DcrEndpoint, embedded::EmbeddedBackend};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let backend = EmbeddedBackend::in_memory("https://as.example.com/register")?;
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from(r#"{"redirect_uris":["https://client.example.org/cb"]}"#))?;
/// let response = DcrEndpoint::new(backend).oneshot(request).await?;
/// assert_eq!(response.status(), 201);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct EmbeddedBackend {
    registry: Arc<Registry>,
}

impl EmbeddedBackend {
    /// A registry in memory, with the default settings.
    ///
    /// Takes the public URL of the client configuration endpoint, without the client: `https://as.example.com/register`
    /// gives clients the `registration_client_uri` `https://as.example.com/register/{client_id}`. It must lead to the
    /// [configuration path](crate::DcrBuilder::configuration_path) of the layer, through whatever proxies there are. It
    /// is `https`, or `http` where the host is `localhost`, `127.0.0.1` or `[::1]`.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::InvalidConfigurationEndpoint`] where the URL is not such a one.
    pub fn in_memory(configuration_endpoint: &str) -> Result<Self, EmbeddedError> {
        Self::builder(configuration_endpoint).in_memory()
    }

    /// A registry with settings of your own. The URL is that of [`in_memory`](Self::in_memory).
    pub fn builder(configuration_endpoint: impl Into<String>) -> EmbeddedBuilder {
        EmbeddedBuilder {
            configuration_endpoint: configuration_endpoint.into(),
            allow_http: false,
            rules: Rules::default(),
        }
    }
}

impl Backend for EmbeddedBackend {
    type Error = EmbeddedError;

    async fn execute(&self, operation: Operation) -> Result<Reply, EmbeddedError> {
        match operation {
            Operation::Register(register) => self.registry.register(register.metadata()),
            Operation::Read(read) => Ok(self
                .registry
                .read(read.client_id(), read.registration_access_token())),
            Operation::Update(update) => self.registry.update(
                update.client_id(),
                update.registration_access_token(),
                update.metadata(),
            ),
            Operation::Delete(delete) => Ok(self
                .registry
                .delete(delete.client_id(), delete.registration_access_token())),
        }
    }
}

impl fmt::Debug for EmbeddedBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedBackend").finish_non_exhaustive()
    }
}

/// Builds an [`EmbeddedBackend`] with settings of your own.
///
/// ```
/// use tower_dcr::embedded::{EmbeddedBackend, EmbeddedError};
///
/// // A test network, where no host has a certificate.
/// let backend = EmbeddedBackend::builder("http://as.test.internal/register")
///     .allow_http()
///     .in_memory()?;
/// # let _ = backend;
/// # Ok::<(), EmbeddedError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct EmbeddedBuilder {
    configuration_endpoint: String,
    allow_http: bool,
    rules: Rules,
}

impl EmbeddedBuilder {
    /// Takes a configuration endpoint of plain `http` on any host. Off by default: RFC 7592 section 2 requires TLS, and
    /// whoever sees the traffic sees the tokens.
    pub fn allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Registers a client for the grant type `authorization_code` without a redirect URI too, as Authlete does. It cannot
    /// use that grant until an update gives it one. Off by default (RFC 7591 section 2).
    pub fn allow_missing_redirect_uris(mut self) -> Self {
        self.rules.redirect_uris_required = false;
        self
    }

    /// The registry, in memory.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::InvalidConfigurationEndpoint`] where the URL is not one that
    /// [`EmbeddedBackend::in_memory`] takes.
    pub fn in_memory(self) -> Result<EmbeddedBackend, EmbeddedError> {
        let endpoint = ConfigurationEndpoint::new(&self.configuration_endpoint, self.allow_http)
            .map_err(|fault| EmbeddedError::InvalidConfigurationEndpoint { fault })?;
        Ok(EmbeddedBackend {
            registry: Arc::new(Registry::new(endpoint, self.rules)),
        })
    }
}

/// What can go wrong with an [`EmbeddedBackend`]. It says nothing of a client.
#[derive(Debug)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The URL given for the client configuration endpoint cannot be given to clients.
    #[non_exhaustive]
    InvalidConfigurationEndpoint {
        /// What is wrong with it.
        fault: &'static str,
    },

    /// The system's random number generator failed, so no credentials could be issued, and nothing was changed.
    #[non_exhaustive]
    Random {
        /// The system's error.
        source: BoxError,
    },
}

impl fmt::Display for EmbeddedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidConfigurationEndpoint { fault } => write!(
                f,
                "the URL of the client configuration endpoint {fault}: write one like \"https://as.example.com/register\""
            ),
            Self::Random { .. } => f.write_str("the system's random number generator failed"),
        }
    }
}

impl std::error::Error for EmbeddedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InvalidConfigurationEndpoint { .. } => None,
            Self::Random { source } => Some(&**source),
        }
    }
}
