//! Authlete's Web API as the backend.
//!
//! [Authlete](https://www.authlete.com/) validates requests and stores clients. Its response
//! contains an action, and the content for the OAuth client. [`AuthleteClient`] makes the calls:
//! register, read, update and delete. [`AuthleteBackend`] makes a [`Backend`](crate::Backend) of an
//! `AuthleteClient`.
//!
//! **Registration is open by default.** Authlete does not verify the initial access token of a
//! registration. To limit registration, set
//! [`require_initial_access_token`](crate::DcrBuilder::require_initial_access_token) on the layer,
//! or add [policies](crate::policy).
//!
//! # Settings of the Authlete service
//!
//! | setting | what it must be |
//! |---|---|
//! | `dynamicRegistrationSupported` | on |
//! | `registrationManagementEndpoint`, or else `registrationEndpoint` | a URL, see below |
//! | `unauthorizedOnClientConfigSupported` | on, see below |
//! | `dcrScopeUsedAsRequestable` | on, to let a client request only the scopes that it registered |
//!
//! - The URL is the public URL of the layer's
//!   [configuration path](crate::DcrBuilder::configuration_path), such as
//!   `https://as.example.com/register`. Client URLs are this URL plus `/{client_id}`.
//! - If `unauthorizedOnClientConfigSupported` is off, a wrong token gets 400, but RFC 7592 requires
//!   401. Then set
//!   [`unauthorized_for_wrong_token`](AuthleteBackend::unauthorized_for_wrong_token).
//!
//! # Without an account
//!
//! With feature `authlete-emulator`, `AuthleteEmulator` emulates Authlete, offline.

mod attempt;
mod backend;
mod base_url;
mod builder;
mod client;
mod cluster;
mod config_error;
mod credentials;
mod credentials_source;
mod deadline;
#[cfg(feature = "authlete-client")]
mod default_http_client;
#[cfg(feature = "authlete-emulator")]
mod emulator;
mod environment;
mod error;
mod rate_limit;
mod reserved_headers;
mod response;
mod retry;
#[cfg(feature = "authlete-client")]
mod stream_refused;
mod transport;
mod unused_secret;
mod wire;
mod wrong_token;

pub use self::backend::AuthleteBackend;
pub use self::builder::AuthleteBuilder;
pub use self::client::AuthleteClient;
pub use self::cluster::Cluster;
pub use self::config_error::AuthleteConfigError;
pub use self::credentials::Credentials;
#[cfg(feature = "authlete-emulator")]
#[cfg_attr(docsrs, doc(cfg(feature = "authlete-emulator")))]
pub use self::emulator::AuthleteEmulator;
pub use self::error::AuthleteError;
pub use self::response::AuthleteResponse;
pub use self::retry::RetryPolicy;
