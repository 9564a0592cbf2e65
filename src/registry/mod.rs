//! The built-in registry: a [`Backend`] that needs no other server.
//!
//! [`Registry`] issues identifiers, secrets and registration access tokens. It checks client
//! metadata by the rules of RFC 7591 section 2 and OpenID Connect registration section 2. It keeps
//! the clients in memory ([`Registry::in_memory`]), or in a file ([`Registry::open`], feature
//! `registry-file`). One process can use it at a time. All clones of a [`Registry`] share the same
//! clients. [`Registry::tenant`] returns a registry for a tenant, with clients of its own.
//!
//! # What it keeps
//!
//! The registry keeps these members. The notes below the table have the longer rules.
//!
//! | member | rule | if it is omitted |
//! |---|---|---|
//! | `redirect_uris` | array of strings; see [redirect URIs](#redirect-uris) | `[]`; refused if a grant type needs one |
//! | `token_endpoint_auth_method` | one of the [supported](RegistryBuilder::token_endpoint_auth_methods_supported); `private_key_jwt` and `self_signed_tls_client_auth` need keys; `tls_client_auth` needs exactly one `tls_client_auth_…` | `client_secret_basic`, or the first supported one if that is not supported |
//! | `grant_types` | array of strings; see [grant types](#grant-types-and-response-types) | the grant types that the `response_types` need, or else `authorization_code` |
//! | `response_types` | array of strings; see [response types](#grant-types-and-response-types) | `code` with `authorization_code`, else `[]` |
//! | `application_type` | `web` or `native`; must fit the redirect URIs, see below; with [`correct_application_type`](RegistryBuilder::correct_application_type), `web` becomes `native` if a redirect URI has a scheme of the client's own | `native` if a redirect URI is `http`, or has a scheme of the client's own; else `web` |
//! | `client_name` | string, also as `client_name#language-tag` | omitted |
//! | `client_uri`, `logo_uri`, `tos_uri`, `policy_uri` | `http` or `https` URL, also as `name#language-tag` | omitted |
//! | `scope`, `software_id`, `software_version` | string | omitted |
//! | `contacts`, `default_acr_values` | array of strings | omitted |
//! | `jwks_uri`, `initiate_login_uri` | `https` URL | omitted |
//! | `backchannel_logout_uri` | `https` URL without a fragment | omitted |
//! | `request_uris` | array of `https` URLs | omitted |
//! | `jwks` | key set with only public keys; not together with `jwks_uri` | omitted |
//! | `post_logout_redirect_uris` | array of URIs with the rules of redirect URIs | omitted |
//! | `subject_type` | one of the [supported](RegistryBuilder::subject_types_supported): `public`, or `pairwise` if all redirect URIs have one host | omitted; `pairwise` if only that is supported |
//! | the seven [`…_alg`](#algorithms) | string; the value `none` is refused for `token_endpoint_auth_signing_alg` and `id_token_signed_response_alg`; symmetric algorithms only for a client with a secret | omitted |
//! | the three [`…_enc`](#algorithms) | string; needs its `…_alg` | omitted |
//! | `default_max_age` | number of seconds | omitted |
//! | `require_auth_time`, `backchannel_logout_session_required` | `true` or `false` | omitted |
//! | `dpop_bound_access_tokens`, `tls_client_certificate_bound_access_tokens`, `require_signed_request_object`, `require_pushed_authorization_requests` | `false` is always allowed; `true` only if the server [enforces it](RegistryBuilder::enforced_requirements) | omitted |
//! | `tls_client_auth_subject_dn`, `tls_client_auth_san_…` | string | omitted |
//!
//! - Other members are dropped, unless the registry is
//!   [told to keep them](RegistryBuilder::keep_members). `software_statement` is always dropped.
//! - `sector_identifier_uri` is refused. The registry fetches nothing, so it cannot verify it.
//! - `null`, `""` and `[]` count as omitted. There is one exception: `[]` is a value of
//!   `response_types`.
//! - No member of a response is `null` or `""`. The array `redirect_uris` is always there.
//! - The values of `jwks` and of members that the registry is told to keep are returned exactly as
//!   they were sent.
//!
//! # Grant types and response types
//!
//! - A grant type that is not [supported](RegistryBuilder::grant_types_supported) is dropped. A
//!   response type that needs it is dropped, too.
//! - If all grant types or all response types were dropped, the client is refused.
//! - The grant types and the response types must fit together (RFC 7591 section 2.1). For example,
//!   `code` needs `authorization_code`.
//! - A client with the method `none` cannot have the grant type `client_credentials`.
//! - The words of a response type may be in any order: `id_token code` means the same as
//!   `code id_token`.
//!
//! # Algorithms
//!
//! OpenID Connect registration section 2 defines these members:
//!
//! | used for | `…_alg` | `…_enc` |
//! |---|---|---|
//! | client authentication | `token_endpoint_auth_signing_alg` | |
//! | ID tokens | `id_token_signed_response_alg`, `id_token_encrypted_response_alg` | `id_token_encrypted_response_enc` |
//! | user information | `userinfo_signed_response_alg`, `userinfo_encrypted_response_alg` | `userinfo_encrypted_response_enc` |
//! | request objects | `request_object_signing_alg`, `request_object_encryption_alg` | `request_object_encryption_enc` |
//!
//! # Redirect URIs
//!
//! A redirect URI is an absolute URI (RFC 3986) of at most 2,048 bytes. It is kept and returned
//! byte for byte.
//!
//! | part | rule |
//! |---|---|
//! | scheme | `https`; or a scheme of the client's own; or `http` if the host is `localhost`, `127.0.0.1` or `[::1]` |
//! | host | no wildcard, no escape |
//! | user information, fragment | must be absent |
//!
//! These are refused:
//!
//! - Schemes that a browser or the system opens by itself, such as `javascript`, `data`, `file`,
//!   `intent`, `shell` and `ms-appinstaller`.
//! - Schemes of other protocols, such as `ftp`, `ws` and `mailto`.
//! - A host and a port without a scheme, such as `example.com:8080`.
//!
//! | `application_type` | redirect URIs |
//! |---|---|
//! | `native` | any mix of `http` to loopback, schemes of its own, and `https` |
//! | `web` | `https`, and `http` to loopback; no scheme of its own |
//! | `web` with an implicit response type | only `https`, and not to loopback |
//!
//! # What it answers
//!
//! - An unknown `client_id`, a wrong token and another client's token get the same response, after
//!   the same work.
//! - An update replaces all metadata. It must name the `client_id`. It may repeat the
//!   `client_secret`, and the other issued members with their current values.
//! - If an update changes to an authentication method that uses no secret, the secret is revoked. A
//!   change back issues a new one.
//!
//! [`RegistryBuilder`] limits the number of clients. It also limits the redirect URIs, the contacts
//! and the length of the metadata of each client.
//!
//! # The names of IANA's registry
//!
#![doc = include_str!("../docs/iana_metadata.md")]

mod authenticate;
mod basic_credentials;
mod builder;
mod capacity_warning;
mod client;
mod client_authentication_error;
mod client_change;
mod client_information;
mod client_order;
mod config_error;
mod credentials;
mod delete;
mod echoed_members;
mod error;
mod eviction;
mod inner;
mod json_writer;
mod management;
#[cfg(not(feature = "registry-file"))]
mod missing_feature;
mod observer;
mod page;
mod read;
mod record;
mod redirect_error;
mod register;
mod registered_members;
mod registration_endpoint;
mod rules;
mod secret_renewal;
mod settings;
mod shared;
mod stand_in;
mod store;
mod sweeper;
mod tenant;
mod tenant_name;
mod time_source;
mod token_check;
mod token_rotation;
mod unreadable_metadata;
mod update;
mod worker;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use self::builder::RegistryBuilder;
pub use self::client::Client;
pub use self::client_authentication_error::ClientAuthenticationError;
pub use self::client_change::{ClientChange, ClientChangeKind};
pub use self::client_order::ClientOrder;
pub use self::config_error::RegistryConfigError;
pub use self::error::RegistryError;
use self::inner::Inner;
pub use self::page::Page;
pub use self::redirect_error::RedirectError;
use self::token_check::wrong_token;
use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::Reply;

/// A [`Backend`] that needs no other server. [The module](self) documents its rules.
///
/// It is cheap to clone. All clones share the same clients. The registry stays open until all its
/// clones, and all registries of its [tenants](Self::tenant), are dropped.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::registry::Registry;
/// use tower_dcr::DcrEndpoint;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::in_memory("https://as.example.com/register")?;
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from(r#"{"redirect_uris":["https://client.example.org/cb"]}"#))?;
/// let response = DcrEndpoint::new(registry).oneshot(request).await?;
/// assert_eq!(response.status(), 201);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

impl Backend for Registry {
    type Error = RegistryError;

    async fn execute(&self, operation: Operation) -> Result<Reply, RegistryError> {
        let inner = &self.inner;
        if inner.settings.registration_only && !matches!(operation, Operation::Register(_)) {
            return Ok(wrong_token());
        }
        let body_limit = operation.body_limit();
        match operation {
            Operation::Register(register) => inner.register(register.metadata(), body_limit).await,
            Operation::Read(read) => {
                let token = read.registration_access_token();
                inner.read(read.client_id(), token).await
            }
            Operation::Update(update) => {
                let token = update.registration_access_token();
                inner
                    .update(update.client_id(), token, update.metadata(), body_limit)
                    .await
            }
            Operation::Delete(delete) => {
                let token = delete.registration_access_token();
                inner.delete(delete.client_id(), token).await
            }
        }
    }

    fn server_metadata(&self) -> Map<String, Value> {
        Self::server_metadata(self)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("tenant", &self.inner.tenant.as_deref())
            .finish_non_exhaustive()
    }
}
