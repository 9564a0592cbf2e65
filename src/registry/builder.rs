//! The settings of a registry.

use std::fmt;
#[cfg(feature = "registry-file")]
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::configuration_endpoint::ConfigurationEndpoint;
use super::operations::{Clock, Inner, Settings};
use super::record::{END_OF_TIME, SecretLifetime};
use super::rules::{AUTH_METHODS, PASSWORD, Rules, has_meaning};
#[cfg(feature = "registry-file")]
use super::store::File;
use super::store::{ClientChange, Memory, Observer, Store};
use super::{Registry, RegistryError};

/// Builds an [`Registry`] with settings of your own.
///
/// | setting | default |
/// |---|---|
/// | [`grant_types_supported`](Self::grant_types_supported) | six, see there |
/// | [`token_endpoint_auth_methods_supported`](Self::token_endpoint_auth_methods_supported) | all seven |
/// | [`keep_members`](Self::keep_members) | none besides those that have a meaning |
/// | [`max_clients`](Self::max_clients) | 100,000 |
/// | [`max_redirect_uris`](Self::max_redirect_uris), [`max_contacts`](Self::max_contacts) | 32, 16 |
/// | [`max_member_length`](Self::max_member_length) | 16 KiB |
/// | [`secret_lifetime`](Self::secret_lifetime), [`remove_never_used_after`](Self::remove_never_used_after) | for ever |
/// | [`rotate_registration_access_token`](Self::rotate_registration_access_token) | off |
/// | [`registration_only`](Self::registration_only) | off: clients manage themselves |
///
/// ```
/// use std::time::Duration;
///
/// use tower_dcr::registry::{Registry, RegistryError};
///
/// let backend = Registry::builder("https://as.example.com/register")
///     .grant_types_supported(["authorization_code", "refresh_token"])
///     .max_clients(10_000)
///     .remove_never_used_after(Duration::from_secs(24 * 60 * 60))
///     .in_memory()?;
/// # let _ = backend;
/// # Ok::<(), RegistryError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct RegistryBuilder {
    configuration_endpoint: String,
    allow_http: bool,
    rules: Rules,
    /// As they were named; judged when the registry is built.
    auth_methods: Option<Vec<String>>,
    clock: Clock,
    max_clients: usize,
    management: bool,
    rotation: bool,
    secret_lifetime: Option<(Duration, Duration)>,
    unused_lifetime: Option<Duration>,
    observer: Option<Observer>,
}

impl RegistryBuilder {
    pub(super) fn new(configuration_endpoint: String) -> Self {
        Self {
            configuration_endpoint,
            allow_http: false,
            rules: Rules::default(),
            auth_methods: None,
            clock: Clock(Arc::new(SystemTime::now)),
            max_clients: 100_000,
            management: true,
            rotation: false,
            secret_lifetime: None,
            unused_lifetime: None,
            observer: None,
        }
    }

    /// Takes a configuration endpoint of plain `http` on any host. Off by default: RFC 7592 section 2 requires TLS, and
    /// whoever sees the traffic sees the tokens.
    pub fn allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Registers a client for a grant type that redirects without a redirect URI too, as Authlete does. It cannot use
    /// that grant until an update gives it one. Off by default (RFC 7591 section 2).
    pub fn allow_missing_redirect_uris(mut self) -> Self {
        self.rules.redirect_uris_required = false;
        self
    }

    /// The grant types that clients can be registered for; others are dropped from what a client asks for. Unless set:
    /// `authorization_code`, `refresh_token`, `client_credentials`, and of `urn:ietf:params:oauth:grant-type:` the
    /// `device_code`, `jwt-bearer` and `token-exchange`.
    ///
    /// `implicit` is supported where it is named here, and so is a grant type of your own. `password` cannot be: it hands
    /// the user's password to the client (RFC 9700 section 2.4).
    pub fn grant_types_supported<T: Into<String>>(
        mut self,
        grant_types: impl IntoIterator<Item = T>,
    ) -> Self {
        self.rules.grant_types = grant_types.into_iter().map(Into::into).collect();
        self
    }

    /// The methods of client authentication that clients can be registered with, the preferred one first; all seven
    /// unless set: `none`, `client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt`,
    /// `tls_client_auth`, `self_signed_tls_client_auth`.
    ///
    /// A client that names none is registered with `client_secret_basic` (RFC 7591 section 2), or with the first of these
    /// where that is not among them. Name those that your token endpoint knows: they are
    /// [announced](Registry::supported).
    pub fn token_endpoint_auth_methods_supported<T: Into<String>>(
        mut self,
        methods: impl IntoIterator<Item = T>,
    ) -> Self {
        self.auth_methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Keeps members with these names too, whatever they hold, and gives them back as they were written. Those that
    /// [the registry knows](super) are kept anyway, others are dropped.
    pub fn keep_members<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.rules
            .kept_members
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// How many clients there can be; 100,000 unless set. A warning is logged when four fifths are reached.
    ///
    /// When there are so many, the oldest client that was never [looked up](Registry::look_up) and is older than
    /// ten minutes makes room for a new one. Where there is none, the answer is 503.
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = clients;
        self
    }

    /// How many redirect URIs a client can have; 32 unless set.
    pub fn max_redirect_uris(mut self, uris: usize) -> Self {
        self.rules.max_redirect_uris = uris;
        self
    }

    /// How many contacts a client can have; 16 unless set.
    pub fn max_contacts(mut self, contacts: usize) -> Self {
        self.rules.max_contacts = contacts;
        self
    }

    /// How long the value of a member can be, in bytes of JSON as it is kept: without spaces and needless escapes, but for
    /// `jwks` and [members of your own](Self::keep_members), which are kept as they were sent. 16 KiB unless set.
    pub fn max_member_length(mut self, bytes: usize) -> Self {
        self.rules.max_member_length = bytes;
        self
    }

    /// Gives a client a new registration access token with each update (RFC 7592 section 2.2). Off by default: the answer
    /// then carries the token that was presented.
    ///
    /// The old one stays valid until the new one is used for the first time, or for 24 hours, so that a client to which
    /// the answer did not come through is not locked out. No more than two are valid at a time.
    pub fn rotate_registration_access_token(mut self) -> Self {
        self.rotation = true;
        self
    }

    /// Issues secrets that expire: `client_secret_expires_at` says when. Unless set, they do not.
    ///
    /// A client that reads or updates itself in the last tenth of that time, or after, is given a new secret. The old one
    /// then stays valid for the grace period, also where it was to expire later, unless it was over already. In whole seconds;
    /// the lifetime is at least one. Where it is not set any more, a secret that expires is renewed by one that does not.
    pub fn secret_lifetime(mut self, lifetime: Duration, grace: Duration) -> Self {
        self.secret_lifetime = Some((lifetime, grace));
        self
    }

    /// Removes clients that were never [looked up](Registry::look_up) in this time after they registered. Unless
    /// set, they stay; a client that was looked up once stays in any case.
    ///
    /// In whole seconds, at least one. A thread of its own looks for them, every hundredth of the time, but no more than ten
    /// times a second and at least once a minute; until then they are there.
    pub fn remove_never_used_after(mut self, lifetime: Duration) -> Self {
        self.unused_lifetime = Some(lifetime);
        self
    }

    /// Registers clients that cannot manage themselves: they are issued neither a `registration_access_token` nor a
    /// `registration_client_uri` (both are optional together, OpenID Connect registration section 3.2), and what asks for
    /// a client is answered 401. Off by default.
    ///
    /// The tokens that clients were given before are not taken, but kept: they are good again where this is not set any more.
    pub fn registration_only(mut self, yes: bool) -> Self {
        self.management = !yes;
        self
    }

    /// Is told what becomes of clients, with the `client_id`, once it is kept: to revoke the tokens of a client that is
    /// gone, say. The last one set counts.
    ///
    /// Changes are told in their order, one at a time, and before the client gets its answer: where the clients are in a file,
    /// on the thread that writes it, else on that of the request, while others wait. So the observer must not wait: send it
    /// to a channel, and never call the registry from it. A server that is killed may not
    /// be told of its last changes; [`list`](Registry::list) at the start shows which clients there are.
    ///
    /// A new secret or a new registration access token is no change of this kind, and a look-up is none.
    pub fn on_change(
        mut self,
        observer: impl Fn(ClientChange, &str) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Where the registry takes the time from: the system, unless set. For tests of what takes days.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock(Arc::new(now));
        self
    }

    /// The registry, in memory.
    ///
    /// # Errors
    ///
    /// [`RegistryError::InvalidConfigurationEndpoint`] where the URL is not one that
    /// [`Registry::in_memory`] takes, [`RegistryError::InvalidSetting`] where a setting makes no sense,
    /// [`RegistryError::Thread`] where the system has no thread for
    /// [`remove_never_used_after`](Self::remove_never_used_after).
    pub fn in_memory(self) -> Result<Registry, RegistryError> {
        let observer = self.observer.clone();
        let settings = self.settings()?;
        let store = Store::Memory(Memory::new(observer));
        Ok(Registry {
            registry: Arc::new(Inner::new(settings, store)?),
        })
    }

    /// The registry in a file, as [`Registry::open`] describes it. It blocks until the file is checked.
    ///
    /// # Errors
    ///
    /// Those of [`in_memory`](Self::in_memory), [`RegistryError::Locked`] and [`RegistryError::Unusable`].
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    pub fn open(self, path: impl AsRef<Path>) -> Result<Registry, RegistryError> {
        let path = path.as_ref();
        let observer = self.observer.clone();
        let settings = self.settings()?;
        let file =
            File::open(path, observer).map_err(|fault| RegistryError::of_file(path, fault))?;
        Ok(Registry {
            registry: Arc::new(Inner::new(settings, Store::File(file))?),
        })
    }

    /// The settings, judged.
    pub(super) fn settings(self) -> Result<Settings, RegistryError> {
        let endpoint = ConfigurationEndpoint::new(&self.configuration_endpoint, self.allow_http)
            .map_err(|fault| RegistryError::InvalidConfigurationEndpoint { fault })?;
        let mut rules = self.rules;
        if let Some(methods) = self.auth_methods {
            rules.auth_methods = methods
                .iter()
                .map(|method| {
                    let known = AUTH_METHODS.iter().find(|(known, _)| known == method);
                    known.map(|(known, _)| *known)
                })
                .collect::<Option<_>>()
                .ok_or(RegistryError::InvalidSetting {
                    setting: "token_endpoint_auth_methods_supported",
                    fault: "names a method that the registry does not know",
                })?;
        }
        let whole_seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
        let secret_lifetime = self
            .secret_lifetime
            .map(|(lifetime, grace)| SecretLifetime {
                seconds: lifetime.as_secs().min(END_OF_TIME),
                grace: grace.as_secs(),
            });
        let unused_lifetime = whole_seconds(self.unused_lifetime);
        for (setting, fault, is_wrong) in [
            (
                "grant_types_supported",
                "names none: no client could be registered",
                rules.grant_types.is_empty(),
            ),
            (
                "grant_types_supported",
                "names a grant type without a name",
                rules.grant_types.iter().any(String::is_empty),
            ),
            (
                "grant_types_supported",
                "names password, which is never supported",
                rules.grant_types.iter().any(|grant| grant == PASSWORD),
            ),
            (
                "token_endpoint_auth_methods_supported",
                "names none: no client could be registered",
                rules.auth_methods.is_empty(),
            ),
            (
                "keep_members",
                "names a member that has a meaning of its own",
                rules.kept_members.iter().any(|name| has_meaning(name)),
            ),
            (
                "max_clients",
                "is zero: no client could be registered",
                self.max_clients == 0,
            ),
            (
                "max_member_length",
                "is zero: no client could be registered",
                rules.max_member_length == 0,
            ),
            (
                "secret_lifetime",
                "is less than a second",
                secret_lifetime.is_some_and(|lifetime| lifetime.seconds == 0),
            ),
            (
                "remove_never_used_after",
                "is less than a second",
                unused_lifetime == Some(0),
            ),
        ] {
            if is_wrong {
                return Err(RegistryError::InvalidSetting { setting, fault });
            }
        }
        Ok(Settings {
            endpoint,
            rules,
            clock: self.clock,
            max_clients: self.max_clients as u64,
            management: self.management,
            rotation: self.rotation,
            secret_lifetime,
            unused_lifetime,
        })
    }
}

impl fmt::Debug for RegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryBuilder")
            .field("allow_http", &self.allow_http)
            .field("rules", &self.rules)
            .field("auth_methods", &self.auth_methods)
            .field("max_clients", &self.max_clients)
            .field("management", &self.management)
            .field("rotation", &self.rotation)
            .field("secret_lifetime", &self.secret_lifetime)
            .field("unused_lifetime", &self.unused_lifetime)
            .finish_non_exhaustive()
    }
}
