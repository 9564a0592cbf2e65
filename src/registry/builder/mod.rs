mod build;
mod check;
mod check_rules;
mod constructors;
mod wrong_setting;

use std::fmt;
#[cfg(feature = "registry-file")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::client_change::ClientChange;
#[cfg(not(feature = "registry-file"))]
use super::missing_feature::FeatureRegistryFile;
use super::observer::Observer;
use super::rules::Rules;
use super::time_source::TimeSource;

/// Builds a [`Registry`](super::Registry) with settings of your own.
/// [`Registry::builder`](super::Registry::builder) creates it.
///
/// | setting | default |
/// |---|---|
/// | [`file`](Self::file) (feature `registry-file`) | clients are in memory |
/// | [`grant_types_supported`](Self::grant_types_supported) | six grant types |
/// | [`token_endpoint_auth_methods_supported`] | all seven methods |
/// | [`subject_types_supported`](Self::subject_types_supported) | `public` and `pairwise` |
/// | [`enforced_requirements`](Self::enforced_requirements) | none |
/// | [`keep_members`](Self::keep_members) | none, beside those that the registry knows |
/// | [`require_redirect_uris`](Self::require_redirect_uris) | `true` |
/// | [`correct_application_type`](Self::correct_application_type) | `false` |
/// | [`https_only`](Self::https_only) | `true` |
/// | [`registration_only`](Self::registration_only) | `false` |
/// | [`rotate_registration_access_token`](Self::rotate_registration_access_token) | `false` |
/// | [`secret_lifetime`](Self::secret_lifetime) | secrets do not expire |
/// | [`secret_grace_period`](Self::secret_grace_period) | none |
/// | [`remove_never_used_after`](Self::remove_never_used_after) | clients stay |
/// | [`max_clients`](Self::max_clients) | 100,000 |
/// | [`max_redirect_uris`](Self::max_redirect_uris) | 32 |
/// | [`max_contacts`](Self::max_contacts) | 16 |
/// | [`max_metadata_length`](Self::max_metadata_length) | 16 KiB |
/// | [`on_change`](Self::on_change) | no callback |
/// | [`clock`](Self::clock) | the system's clock |
///
/// [`token_endpoint_auth_methods_supported`]: Self::token_endpoint_auth_methods_supported
///
/// ```
/// use std::time::Duration;
///
/// use serde_json::json;
/// use tower_dcr::registry::{Registry, RegistryConfigError};
///
/// let registry = Registry::builder("https://as.example.com/register")
///     .grant_types_supported(["authorization_code", "refresh_token"])
///     .max_clients(10_000)
///     .remove_never_used_after(Duration::from_secs(24 * 60 * 60))
///     .build()?;
///
/// let metadata = registry.server_metadata();
/// let expected = json!(["authorization_code", "refresh_token"]);
/// assert_eq!(metadata["grant_types_supported"], expected);
/// # Ok::<(), RegistryConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RegistryBuilder {
    registration_endpoint: String,
    https_only: bool,
    rules: Rules,
    /// The names that were set. `build` checks them.
    auth_methods: Option<Vec<String>>,
    subject_types: Option<Vec<String>>,
    enforced: Vec<String>,
    time_source: TimeSource,
    max_clients: usize,
    registration_only: bool,
    rotates_tokens: bool,
    secret_lifetime: Option<Duration>,
    secret_grace_period: Duration,
    unused_lifetime: Option<Duration>,
    observer: Option<Observer>,
    #[cfg(feature = "registry-file")]
    path: Option<PathBuf>,
}

impl RegistryBuilder {
    /// Keeps the clients in this file. The default is memory.
    ///
    /// - **Durability.** A change is on disk before the client is answered. Requests that arrive
    ///   together share one write. Reads do not wait for writes. After a kill or a power cut, every
    ///   acknowledged change is there.
    /// - **Creation.** If there is no file, or an empty one, it is created for its owner alone
    ///   (mode 0600). The directory must exist. A process that is killed meanwhile may leave a file
    ///   `.tower-dcr-….new` beside it, which can be deleted.
    /// - **Secrets.** The file contains the clients' secrets as they were issued, and only hashes
    ///   of the tokens. Backups contain the same.
    /// - **One process.** Only one registry can have the file open. A second process, or a second
    ///   registry, is refused after half a second. Clones of a handle share it, and so do its
    ///   [tenants](super::Registry::tenant).
    /// - **Closing.** The file is closed when the last handle is dropped. The drop waits for the
    ///   changes that are being written.
    /// - **Full disk.** Changes get 503, and reads go on. Within a minute after there is room,
    ///   changes are accepted again.
    /// - **Lost file.** The server does not notice that its file was moved or deleted, until it
    ///   must reopen it. Then requests get 503 until the file is back.
    /// - **Backup and restore.** [`Registry::backup`](super::Registry::backup) makes a backup while
    ///   the server runs. While it does not run, a copy of the file is a backup. To restore one,
    ///   stop the server and put the backup in the place of the file.
    /// - **Upgrades.** The file contains the version of its format. A newer version of this crate
    ///   brings an older file up to date when it opens it. An older version refuses a newer file,
    ///   and leaves it as it is.
    /// - **URL.** The URL of the registry is not in the file. If the URL changes, clients receive
    ///   the new one with their next request.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Fails to compile, with an error that names the feature `registry-file`.
    #[cfg(not(feature = "registry-file"))]
    #[doc(hidden)]
    pub fn file<P: FeatureRegistryFile>(self, path: P) -> Self {
        path.never()
    }

    /// Requires `https` for the URL of the registration endpoint, unless the host is `localhost`,
    /// `127.0.0.1` or `[::1]`. The default is `true`: RFC 7592 section 2 requires TLS. Without TLS,
    /// everybody on the network can read the tokens.
    pub fn https_only(mut self, yes: bool) -> Self {
        self.https_only = yes;
        self
    }

    /// Requires a redirect URI of each client whose grant types redirect. The default is `true`
    /// (RFC 7591 section 2).
    ///
    /// With `false`, a client without redirect URIs is registered. Authlete does the same. The
    /// client cannot use such a grant until an update adds a redirect URI.
    pub fn require_redirect_uris(mut self, yes: bool) -> Self {
        self.rules.redirect_uris_required = yes;
        self
    }

    /// Sets the grant types that clients can be registered for. Others are dropped from a client's
    /// metadata. The default is:
    ///
    /// - `authorization_code`
    /// - `refresh_token`
    /// - `client_credentials`
    /// - `urn:ietf:params:oauth:grant-type:device_code`
    /// - `urn:ietf:params:oauth:grant-type:jwt-bearer`
    /// - `urn:ietf:params:oauth:grant-type:token-exchange`
    ///
    /// `implicit` and grant types of your own are supported if you name them. A grant type of your
    /// own is an absolute URI (RFC 6749 section 4.5). `password` is refused, because it gives the
    /// user's password to the client (RFC 9700 section 2.4).
    ///
    /// If a grant type is dropped, the response types that need it are dropped with it. If all
    /// grant types or all response types were dropped, the client is refused.
    pub fn grant_types_supported<T: Into<String>>(
        mut self,
        grant_types: impl IntoIterator<Item = T>,
    ) -> Self {
        self.rules.grant_types = grant_types.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the authentication methods that clients can be registered with, the preferred one
    /// first. Name those that your token endpoint supports: the metadata document [announces
    /// them](super::Registry::server_metadata). The default is all seven:
    ///
    /// - `none`
    /// - `client_secret_basic`
    /// - `client_secret_post`
    /// - `client_secret_jwt`
    /// - `private_key_jwt`
    /// - `tls_client_auth`
    /// - `self_signed_tls_client_auth`
    ///
    /// A client that names no method gets `client_secret_basic` (RFC 7591 section 2), or the first
    /// of these if `client_secret_basic` is not supported.
    pub fn token_endpoint_auth_methods_supported<T: Into<String>>(
        mut self,
        methods: impl IntoIterator<Item = T>,
    ) -> Self {
        self.auth_methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the subject types that clients can be registered with: `public`, `pairwise`, or both
    /// (OpenID Connect core section 8). The default is both. The metadata document [announces
    /// them](super::Registry::server_metadata).
    ///
    /// A client that names no subject type gets none, or `pairwise` if it is the only one.
    pub fn subject_types_supported<T: Into<String>>(
        mut self,
        subject_types: impl IntoIterator<Item = T>,
    ) -> Self {
        self.subject_types = Some(subject_types.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the members with which a client can require more security. Name a member only if
    /// your server enforces it for every client that registered it as `true`. The default is none.
    ///
    /// | member | the server must refuse |
    /// |---|---|
    /// | `dpop_bound_access_tokens` | token requests without a `DPoP` proof |
    /// | `tls_client_certificate_bound_access_tokens` | token requests without a certificate |
    /// | `require_signed_request_object` | authorization requests without a signed object |
    /// | `require_pushed_authorization_requests` | authorization requests that were not pushed |
    ///
    /// They are defined in RFC 9449 section 5.2, RFC 8705 section 3.4, RFC 9101 section 10.5 and
    /// RFC 9126 section 6.
    ///
    /// If a client sends `true` for a member that you did not name, it is refused with 400
    /// `invalid_client_metadata`. If the member were dropped, the client would have less security
    /// than it asked for, and might not notice. `false` is always accepted.
    ///
    /// ```
    /// use tower_dcr::operation::Register;
    /// use tower_dcr::registry::Registry;
    /// use tower_dcr::{Backend, ClientMetadata};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let registry = Registry::builder("https://as.example.com/register")
    ///     .enforced_requirements(["dpop_bound_access_tokens"])
    ///     .build()?;
    ///
    /// for (member, is_accepted) in [
    ///     ("dpop_bound_access_tokens", true),
    ///     ("require_signed_request_object", false),
    /// ] {
    ///     let metadata = format!(
    ///         r#"{{"redirect_uris":["https://client.example.org/cb"],"{member}":true}}"#,
    ///     );
    ///     let register = Register::new(ClientMetadata::parse(metadata)?);
    ///     let reply = registry.execute(register.into()).await?;
    ///     assert_eq!(reply.error().is_none(), is_accepted);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn enforced_requirements<T: Into<String>>(
        mut self,
        members: impl IntoIterator<Item = T>,
    ) -> Self {
        self.enforced = members.into_iter().map(Into::into).collect();
        self
    }

    /// Registers a client as `native` if it says that it is `web`, and has a redirect URI with a
    /// scheme of its own. The default is `false`: such a client is refused. Some versions of the
    /// editor Cursor register like this.
    ///
    /// RFC 7591 section 2 lets a server replace what a client requests. The response contains
    /// `native`.
    pub fn correct_application_type(mut self, yes: bool) -> Self {
        self.rules.corrects_application_type = yes;
        self
    }

    /// Keeps members with these names, too. Their values are not checked, and are returned exactly
    /// as they were sent. Calls add up. By default, all members that
    /// [the registry does not know](crate::registry) are dropped.
    pub fn keep_members<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.rules
            .kept_members
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Limits the number of clients. The default is 100,000. The minimum is 1. A warning is logged
    /// when four fifths are reached. The limit holds for each [tenant](super::Registry::tenant)
    /// separately.
    ///
    /// If the registry is full, a new client evicts the oldest client that registered more than ten
    /// minutes ago and was [never used](super::Registry::mark_used). If there is no
    /// such client, the new client gets 503.
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = clients;
        self
    }

    /// Limits the number of redirect URIs of a client. The default is 32.
    pub fn max_redirect_uris(mut self, uris: usize) -> Self {
        self.rules.max_redirect_uris = uris;
        self
    }

    /// Limits the number of contacts of a client. The default is 16.
    pub fn max_contacts(mut self, contacts: usize) -> Self {
        self.rules.max_contacts = contacts;
        self
    }

    /// Limits the length of the metadata that is kept of a client, in bytes of JSON. The default is
    /// 16 KiB. The minimum is 256, because a lower limit would refuse almost every client.
    ///
    /// The length is that of all stored members together, with their names and the defaults that
    /// were filled in. They are stored without spaces and unnecessary escapes; only `jwks` and
    /// [members of your own](Self::keep_members) are stored as they were sent. Members that are
    /// dropped do not count. A client that is too long is refused with 400
    /// `invalid_client_metadata`.
    ///
    /// So `max_clients` times this length bounds the memory of the metadata of each tenant.
    pub fn max_metadata_length(mut self, bytes: usize) -> Self {
        self.rules.max_metadata_length = bytes;
        self
    }

    /// Issues a new registration access token with each update (RFC 7592 section 2.2). The default
    /// is `false`: the response contains the token of the request.
    ///
    /// The old token stays valid until the new one is used, or for 24 hours, whichever is shorter.
    /// So a client that did not receive the response is not locked out. At most two tokens are
    /// valid at a time.
    pub fn rotate_registration_access_token(mut self, yes: bool) -> Self {
        self.rotates_tokens = yes;
        self
    }

    /// Sets how long client secrets are valid, in whole seconds. The minimum is one second. By
    /// default they do not expire. `client_secret_expires_at` tells the client.
    ///
    /// A read or an update renews the secret, if it has expired or is in the last tenth of its
    /// lifetime. The response contains the new secret. The old secret stays valid for the
    /// [grace period](Self::secret_grace_period).
    ///
    /// If you remove the setting later, a secret with an expiry is still renewed. The new secret
    /// does not expire.
    pub fn secret_lifetime(mut self, lifetime: Duration) -> Self {
        self.secret_lifetime = Some(lifetime);
        self
    }

    /// Sets how long an old client secret stays valid after a new one was issued, in whole seconds.
    /// The default is zero: the old secret ends at once.
    ///
    /// If the old secret is valid at the renewal, it stays valid for exactly this period. Its own
    /// expiry no longer matters. If it has expired, it stays expired.
    pub fn secret_grace_period(mut self, period: Duration) -> Self {
        self.secret_grace_period = period;
        self
    }

    /// Removes clients that were [never used](super::Registry::mark_used) in this time after their
    /// registration. It is in whole seconds, at least one. By default they stay, unless the
    /// registry is [full](Self::max_clients). A client that was used once is never removed.
    ///
    /// A thread looks for such clients, in all [tenants](super::Registry::tenant) of the store. A
    /// removal may be late by 1% of this time or by one minute, whichever is shorter.
    pub fn remove_never_used_after(mut self, time: Duration) -> Self {
        self.unused_lifetime = Some(time);
        self
    }

    /// Registers clients that cannot manage themselves. The default is `false`.
    ///
    /// They receive no `registration_access_token` and no `registration_client_uri` (OpenID Connect
    /// registration section 3.2 makes both optional together). The registry
    /// answers reads, updates and deletes with 401. With
    /// [`DcrLayer::for_registry`](crate::DcrLayer::for_registry) they go to the application
    /// instead.
    ///
    /// Tokens that were issued before are kept. They are valid again if this is switched off.
    pub fn registration_only(mut self, yes: bool) -> Self {
        self.registration_only = yes;
        self
    }

    /// Registers a callback for client changes. [`ClientChange`] says what happened, and to which
    /// client of which [tenant](super::Registry::tenant). Use it,
    /// for example, to revoke the tokens of a client that is gone. A second callback replaces the
    /// first.
    ///
    /// - It is called after the change was committed, in the order of the changes, one at a time.
    /// - It is called on a thread of its own, outside every lock. It may block, and it may use the
    ///   registry. Requests do not wait for it, so a client may get its response first.
    /// - Changes wait in memory while it runs. A callback that stays slower than the registry makes
    ///   the queue grow.
    /// - The thread is not part of an async runtime. For async code, capture a
    ///   `tokio::runtime::Handle`, and call its `spawn` or `block_on`.
    /// - If the callback captures a `Registry`, the registry is never closed.
    /// - When the last handle is dropped, the drop waits for the callback, for 5 s at most. After a
    ///   kill, the last changes may not have been reported.
    ///   [`Registry::list`](super::Registry::list) returns all clients that exist.
    ///
    /// A new secret, a new registration access token and a [use](super::Registry::mark_used) are
    /// not reported.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use tower_dcr::operation::Register;
    /// use tower_dcr::registry::{ClientChangeKind, Registry};
    /// use tower_dcr::{Backend, ClientMetadata};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, changes) = mpsc::channel();
    /// let registry = Registry::builder("https://as.example.com/register")
    ///     .on_change(move |change| {
    ///         let _ = sender.send(change);
    ///     })
    ///     .build()?;
    ///
    /// let metadata = r#"{"redirect_uris":["https://client.example.org/cb"]}"#;
    /// let register = Register::new(ClientMetadata::parse(metadata)?);
    /// registry.execute(register.into()).await?;
    /// let change = changes.recv()?;
    /// assert_eq!(change.kind(), ClientChangeKind::Created);
    /// assert!(registry.client(change.client_id()).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_change(mut self, observer: impl Fn(ClientChange) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sets where the registry takes the time from. The default is [`SystemTime::now`]. Use it in
    /// tests that need to advance the time.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.time_source = TimeSource::new(now);
        self
    }
}

/// Does not show the URL, because it may contain a password.
impl fmt::Debug for RegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryBuilder")
            .field("https_only", &self.https_only)
            .field("rules", &self.rules)
            .field("auth_methods", &self.auth_methods)
            .field("subject_types", &self.subject_types)
            .field("enforced", &self.enforced)
            .field("max_clients", &self.max_clients)
            .field("registration_only", &self.registration_only)
            .field("rotates_tokens", &self.rotates_tokens)
            .field("secret_lifetime", &self.secret_lifetime)
            .field("secret_grace_period", &self.secret_grace_period)
            .field("unused_lifetime", &self.unused_lifetime)
            .finish_non_exhaustive()
    }
}
