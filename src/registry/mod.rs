//! A registry of its own, for a server without an account anywhere.
//!
//! [`Registry`] issues identifiers, secrets and registration access tokens, judges client metadata by the rules of
//! RFC 7591 section 2 and OpenID Connect registration section 2, and keeps the clients in memory, or in a file with
//! [`Registry::open`] (feature `registry-file`). It is made for one process: clones of a handle are one registry.
//!
//! # What it keeps
//!
//! | member | must be | where it is omitted |
//! |---|---|---|
//! | `redirect_uris` | array of strings, each as below | `[]`; refused where a grant needs one |
//! | `token_endpoint_auth_method` | one of the [supported](RegistryBuilder::token_endpoint_auth_methods_supported); with `private_key_jwt` and `self_signed_tls_client_auth`, there are keys | `client_secret_basic` |
//! | `grant_types` | array of strings; what is not [supported](RegistryBuilder::grant_types_supported) is dropped, and where nothing is left, refused; not `client_credentials` with the method `none` | those that go with the `response_types`, or else `authorization_code` |
//! | `response_types` | array of strings that go with the `grant_types`; the order of the words says nothing | `code` with `authorization_code`, else `[]` |
//! | `application_type` | `web` or `native`, and fit for the redirect URIs, see below | `native` where a redirect URI is, else `web` |
//! | `client_name` | string, also as `client_name#language-tag` | omitted |
//! | `client_uri`, `logo_uri`, `tos_uri`, `policy_uri` | `http` or `https` URL, also as `name#language-tag` | omitted |
//! | `scope`, `software_id`, `software_version` | string | omitted |
//! | `contacts`, `default_acr_values` | array of strings | omitted |
//! | `jwks_uri`, `initiate_login_uri`, `backchannel_logout_uri` | `https` URL | omitted |
//! | `request_uris` | array of `https` URLs | omitted |
//! | `jwks` | key set with public keys alone, and no `jwks_uri` beside it | omitted |
//! | `post_logout_redirect_uris` | array of URIs, each as a redirect URI | omitted |
//! | `subject_type` | `public`, or `pairwise` where the redirect URIs are on one host | omitted |
//! | the seven `…_alg` of OpenID Connect | string; not `none` for `token_endpoint_auth_signing_alg` and `id_token_signed_response_alg`; symmetric ones only for a client with a secret | omitted |
//! | the three `…_enc` of OpenID Connect | string, beside its `…_alg` | omitted |
//! | `default_max_age` | number of seconds | omitted |
//! | `require_auth_time`, `require_pushed_authorization_requests`, `backchannel_logout_session_required` | `true` or `false` | omitted |
//! | `tls_client_auth_subject_dn`, `tls_client_auth_san_…` | string | omitted |
//!
//! Other members are dropped, but for those that the registry is [told to keep](RegistryBuilder::keep_members);
//! `software_statement` is among them. `sector_identifier_uri` is refused: nothing is fetched, so it cannot be verified.
//! `null`, `""` and `[]` count as omitted (but for `response_types`, where `[]` stands); an answer holds no `null` and no `""`,
//! and always an array of `redirect_uris`. What is inside `jwks`, and inside a member that the registry is told to keep, is
//! given back as it was written.
//!
//! # Redirect URIs
//!
//! A redirect URI is an absolute URI of RFC 3986 of at most 2,048 bytes, with `https`, a scheme of the client's own, or `http`
//! where the host is `localhost`, `127.0.0.1` or `[::1]`. It has neither a fragment, nor user information, nor a wildcard or an
//! escape in its host. Schemes that a browser or the system runs or reads by itself (`javascript`, `data`, `file`, `intent`,
//! …) are refused, and those of other protocols (`ftp`, `ws`, `mailto`, …), and so is a host and a port without a scheme
//! (`example.com:8080`). It is kept and returned byte for byte.
//!
//! A `native` application may mix `http` to this machine, schemes of its own, and `https`. A `web` application has no
//! scheme of its own, and with an implicit response type `https` alone, to other machines.
//!
//! # What it answers
//!
//! A client that does not exist, a token that is wrong and a token of another client get one and the same answer, after
//! the same work. An update replaces all metadata; it must name the `client_id`, may repeat the `client_secret`, and may
//! repeat the other issued members with the values they have. A change to a method without a secret ends the secret; a
//! change back issues another.
//!
//! How much there can be is [bounded](RegistryBuilder): the number of clients, of redirect URIs and contacts, and the
//! length of a member.

mod builder;
mod client;
mod configuration_endpoint;
mod credentials;
mod error;
mod issued;
mod management;
mod object;
mod operations;
mod record;
mod rules;
mod store;
mod sweeper;
mod worker;

use std::fmt;
#[cfg(feature = "registry-file")]
use std::path::Path;
use std::sync::Arc;

pub use self::builder::RegistryBuilder;
pub use self::client::Client;
pub use self::error::RegistryError;
use self::operations::{Inner, not_the_client};
pub use self::record::ClientOrder;
pub use self::store::ClientChange;
use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::Reply;

/// A [`Backend`] that needs no other server; see [the module](self) for its rules. Cheap to clone, all clones being one
/// registry.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::registry::Registry;
/// use tower_dcr::DcrEndpoint;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let backend = Registry::in_memory("https://as.example.com/register")?;
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
pub struct Registry {
    registry: Arc<Inner>,
}

impl Registry {
    /// A registry in memory, with the default settings.
    ///
    /// Takes the public URL of the client configuration endpoint, without the client: `https://as.example.com/register`
    /// gives clients the `registration_client_uri` `https://as.example.com/register/{client_id}`. It must lead to the
    /// [configuration path](crate::DcrBuilder::configuration_path) of the layer, through whatever proxies there are. It
    /// is `https`, or `http` where the host is `localhost`, `127.0.0.1` or `[::1]`.
    ///
    /// # Errors
    ///
    /// [`RegistryError::InvalidConfigurationEndpoint`] where the URL is not such a one.
    pub fn in_memory(configuration_endpoint: &str) -> Result<Self, RegistryError> {
        Self::builder(configuration_endpoint).in_memory()
    }

    /// A registry in a file, with the default settings. The URL is that of [`in_memory`](Self::in_memory).
    ///
    /// What was answered is on disk. Requests that come at the same time share a write to the disk, which happens on a
    /// thread of its own; reads do not wait for it. The file is made where there is none, for its owner alone (mode 0600); so
    /// is an empty one that is there, where the server may change its mode. It holds the secrets of clients as they were issued, and so
    /// does each backup (of tokens there are only hashes). It is opened once: a second process, or a second registry, is
    /// refused, after half a second in which the first may still end. Opening it reads all of it, so that damage is found
    /// then; this blocks, for seconds where there are a million clients. The URL is not kept: where it changes, clients are
    /// told the new one.
    ///
    /// When the last handle is dropped, the file is closed; that waits for what is being written. A server that is killed, or
    /// loses its power, finds every client again; beside the file it may leave an unfinished one, `.tower-dcr-….new`, which is
    /// of no use. On a disk that is full, changes are answered 503, and reads go on (a backup that was being made fails); once
    /// there is room, changes are taken again within a minute. A file that was moved or deleted while the server runs is not
    /// missed at first, as with any open file; where it has to be opened anew, the answers are 503 until it is there again.
    ///
    /// A backup is made with [`back_up`](Self::back_up) while the server runs, or by a copy of the file while it does not.
    /// It is a file as any other; to restore it, stop the server first, and put it in the place of the one that was there.
    ///
    /// The file carries the version of its format. A newer version of this crate opens an older file, and brings it up to
    /// date where it is opened; an older version refuses a newer file, and leaves it as it is.
    ///
    /// # Errors
    ///
    /// [`RegistryError::InvalidConfigurationEndpoint`] where the URL is not one to be given to clients,
    /// [`RegistryError::Locked`] and [`RegistryError::Unusable`] where the file is not one to keep clients in.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    pub fn open(
        configuration_endpoint: &str,
        path: impl AsRef<Path>,
    ) -> Result<Self, RegistryError> {
        Self::builder(configuration_endpoint).open(path)
    }

    /// A registry with settings of your own. The URL is that of [`in_memory`](Self::in_memory).
    pub fn builder(configuration_endpoint: impl Into<String>) -> RegistryBuilder {
        RegistryBuilder::new(configuration_endpoint.into())
    }
}

impl Backend for Registry {
    type Error = RegistryError;

    async fn execute(&self, operation: Operation) -> Result<Reply, RegistryError> {
        let registry = &self.registry;
        if !registry.settings.management && !matches!(operation, Operation::Register(_)) {
            return Ok(not_the_client());
        }
        let body_limit = operation.body_limit();
        match operation {
            Operation::Register(register) => {
                registry.register(register.metadata(), body_limit).await
            }
            Operation::Read(read) => {
                let token = read.registration_access_token();
                registry.read(read.client_id(), token).await
            }
            Operation::Update(update) => {
                let token = update.registration_access_token();
                registry
                    .update(update.client_id(), token, update.metadata(), body_limit)
                    .await
            }
            Operation::Delete(delete) => {
                let token = delete.registration_access_token();
                registry.delete(delete.client_id(), token).await
            }
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
