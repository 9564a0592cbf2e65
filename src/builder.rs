//! The settings of the layer, and what is wrong with bad ones.

use std::fmt;
#[cfg(feature = "tokio")]
use std::time::Duration;

use crate::clock::Clock;
use crate::endpoint::{Challenges, Settings};
use crate::paths::{DEFAULT_PATH, Paths};
use crate::verifier::Verifier;
use crate::{Backend, DcrEndpoint, DcrLayer, TokenVerifier};

/// Builds a [`DcrLayer`], or a [`DcrEndpoint`], with settings of your own. [Endpoint layers](DcrLayer::endpoint_layer) are
/// added to what was built.
///
/// | setting | default |
/// |---|---|
/// | [`registration_path`](Self::registration_path) | `/register` |
/// | [`configuration_path`](Self::configuration_path) | the registration path |
/// | [`registration_only`](Self::registration_only) | off |
/// | [`initial_access_token`](Self::initial_access_token) | none is needed |
/// | [`realm`](Self::realm) | `client registration` |
/// | [`body_limit`](Self::body_limit) | 64 KiB |
/// | [`body_timeout`](Self::body_timeout) (feature `tokio`) | 10 s |
/// | [`backend_timeout`](Self::backend_timeout) (feature `tokio`) | 30 s |
///
/// ```
/// use std::time::Duration;
///
/// use tower_dcr::{BoxError, ConfigError, DcrLayer, Reply, backend_fn};
///
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::forbidden()) });
/// let layer = DcrLayer::builder(backend)
///     .registration_path("/connect/register")
///     .body_limit(16 * 1024)
///     .backend_timeout(Duration::from_secs(5))
///     .build()?;
/// # let _ = layer;
/// # Ok::<(), ConfigError>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct DcrBuilder<B> {
    backend: B,
    registration_path: String,
    configuration_path: Option<String>,
    registration_only: bool,
    realm: Option<String>,
    verifier: Option<Verifier>,
    passes_token_on: bool,
    body_limit: usize,
    body_clock: Clock,
    backend_clock: Clock,
}

impl<B: Backend> DcrBuilder<B> {
    /// The default settings, with this backend.
    pub fn new(backend: B) -> Self {
        let Settings {
            body_limit,
            body_clock,
            backend_clock,
            ..
        } = Settings::default();
        Self {
            backend,
            registration_path: DEFAULT_PATH.to_owned(),
            configuration_path: None,
            registration_only: false,
            realm: None,
            verifier: None,
            passes_token_on: false,
            body_limit,
            body_clock,
            backend_clock,
        }
    }

    /// The path of the client registration endpoint (RFC 7591 section 3), as the layer sees it: the full path, where it
    /// stands around the whole application.
    ///
    /// It starts with `/`, does not end with it, and has no empty or dot segment. Its characters are those of an RFC 3986
    /// path, without `%` and `*`.
    pub fn registration_path(mut self, path: impl Into<String>) -> Self {
        self.registration_path = path.into();
        self
    }

    /// The path of the client configuration endpoint (RFC 7592 section 2) without the client: `/register` for
    /// `/register/{client_id}`. The same rules hold as for the registration path, which must not be one segment below
    /// this one.
    ///
    /// It must fit the `registration_client_uri` that the backend gives to clients: an embedded registry is told its URL.
    pub fn configuration_path(mut self, path: impl Into<String>) -> Self {
        self.configuration_path = Some(path.into());
        self
    }

    /// Leaves the paths of clients to the application: only registration is answered (RFC 7591), and clients cannot manage
    /// themselves (RFC 7592) here. A [configuration path](Self::configuration_path) is checked, and means nothing then. Off by
    /// default.
    ///
    /// The backend must not tell clients of a `registration_client_uri`: an embedded registry has a setting of the same
    /// name.
    pub fn registration_only(mut self) -> Self {
        self.registration_only = true;
        self
    }

    /// Lets only those register who have an initial access token that this verifier takes (RFC 7591 section 3). Unless
    /// set, registration is open to all, and the backend gets the token unjudged, if there is one.
    ///
    /// The token is judged before the body: of a request without a good one, nothing of the body is read. Without a token
    /// the answer is 401 with a bare challenge, with one that is not good 401 `invalid_token`. A verifier has the
    /// [time of the backend](Self::backend_timeout); where it fails, so does the request. Reads, updates and deletes are
    /// not its business: they have the registration access token.
    ///
    /// A token that was found good is taken out of the [`Operation`](crate::Operation):
    /// [`pass_on_initial_access_token`](Self::pass_on_initial_access_token) leaves it there.
    pub fn initial_access_token(mut self, verifier: impl TokenVerifier) -> Self {
        self.verifier = Some(Verifier::new(verifier));
        self
    }

    /// Leaves an initial access token that the [verifier](Self::initial_access_token) took in the
    /// [`Operation`](crate::Operation), for a backend that has a use for it. Off by default.
    pub fn pass_on_initial_access_token(mut self) -> Self {
        self.passes_token_on = true;
        self
    }

    /// The realm of the challenge in `WWW-Authenticate` (RFC 6750 section 3). Printable ASCII without `"` and `\`, and at
    /// least one character.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// How long the body of a request may be, in bytes. A longer one is answered 413. At least 1.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long the body of a request may take to arrive; `None` for as long as it likes. A slower one is answered 408.
    /// More than zero.
    ///
    /// It runs on tokio's timer. Outside a tokio runtime it does not run; a runtime must have its timer enabled
    /// (`enable_time`), as it has with `#[tokio::main]`.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn body_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.body_clock = Clock::new(limit.into());
        self
    }

    /// How long the backend may take to answer, its readiness included; `None` for as long as it likes. Then its future
    /// is dropped, and the answer is 503. More than zero.
    ///
    /// A request that waits in an [endpoint layer](DcrLayer::endpoint_layer), for its turn in a concurrency limit say, has
    /// not come to the backend yet: that time is the layer's to bound, or tower's `LoadShed`'s to do without.
    ///
    /// It runs where the [body time-out](Self::body_timeout) does.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn backend_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.backend_clock = Clock::new(limit.into());
        self
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says which setting is wrong, and what to write instead.
    pub fn build(self) -> Result<DcrLayer<B>, ConfigError> {
        self.build_endpoint().map(DcrLayer::from_endpoint)
    }

    /// The service alone, for an application that routes by itself.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says which setting is wrong, and what to write instead.
    pub fn build_endpoint(self) -> Result<DcrEndpoint<B>, ConfigError> {
        let registration = self.registration_path;
        let configuration = self
            .configuration_path
            .unwrap_or_else(|| registration.clone());
        check_path("registration path", &registration)?;
        check_path("configuration path", &configuration)?;
        let below = registration
            .strip_prefix(&*configuration)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|_| !self.registration_only);
        if below.is_some_and(|segment| !segment.contains('/')) {
            return Err(ConfigError::Overlap {
                registration,
                configuration,
            });
        }
        for (setting, is_zero) in [
            ("body limit", self.body_limit == 0),
            ("body time-out", self.body_clock.is_zero()),
            ("backend time-out", self.backend_clock.is_zero()),
        ] {
            if is_zero {
                return Err(ConfigError::ZeroLimit { setting });
            }
        }
        let settings = Settings {
            paths: Paths::new(
                &registration,
                (!self.registration_only).then_some(&*configuration),
            ),
            verifier: self.verifier,
            passes_token_on: self.passes_token_on,
            challenges: match self.realm {
                Some(realm) => challenges(&realm)?,
                None => Challenges::default(),
            },
            body_limit: self.body_limit,
            body_clock: self.body_clock,
            backend_clock: self.backend_clock,
        };
        Ok(DcrEndpoint::with_settings(settings, self.backend))
    }
}

impl<B> fmt::Debug for DcrBuilder<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcrBuilder")
            .field("registration_path", &self.registration_path)
            .field("configuration_path", &self.configuration_path)
            .field("registration_only", &self.registration_only)
            .field("realm", &self.realm)
            .field("verifier", &self.verifier)
            .field("passes_token_on", &self.passes_token_on)
            .field("body_limit", &self.body_limit)
            .field("body_clock", &self.body_clock)
            .field("backend_clock", &self.backend_clock)
            .finish_non_exhaustive()
    }
}

/// The challenges of a realm: the characters are those of RFC 6750 section 3 for values in a challenge, where nothing
/// needs an escape.
fn challenges(realm: &str) -> Result<Challenges, ConfigError> {
    let fits = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if realm.is_empty() || !realm.bytes().all(fits) {
        return Err(ConfigError::InvalidRealm);
    }
    Challenges::new(realm).map_err(|_| ConfigError::InvalidRealm)
}

/// A path that is matched raw must be one that arrives as it was written: no escape, nothing that a client or a proxy
/// resolves, and nothing that looks like a pattern.
fn check_path(setting: &'static str, path: &str) -> Result<(), ConfigError> {
    let fault = if !path.starts_with('/') {
        "does not start with \"/\""
    } else if path == "/" {
        "is the whole application"
    } else if path.split('/').skip(1).any(str::is_empty) {
        "ends with \"/\" or holds \"//\""
    } else if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        "holds a dot segment"
    } else if path.contains(['{', '}', '*']) {
        "looks like a pattern; the layer adds the client by itself"
    } else if !path.bytes().all(|byte| byte == b'/' || is_plain(byte)) {
        "holds a character other than A-Z a-z 0-9 and - . _ ~ ! $ & ' ( ) + , ; = : @"
    } else {
        return Ok(());
    };
    Err(ConfigError::InvalidPath {
        setting,
        path: path.to_owned(),
        fault,
    })
}

/// `pchar` of RFC 3986 section 3.3, without escapes and `*`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@".contains(&byte)
}

/// The segments of a bad path that could stay.
fn mended(path: &str) -> String {
    // Of a URL, the path.
    let path = path.split_once("://").map_or(path, |(_, rest)| {
        rest.split_once('/').map_or("", |(_, path)| path)
    });
    let mended: String = path
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "." | "..") && segment.bytes().all(is_plain))
        .flat_map(|segment| ["/", segment])
        .collect();
    if mended.is_empty() {
        DEFAULT_PATH.to_owned()
    } else {
        mended
    }
}

/// A setting that [`DcrBuilder`] refuses. `Display` says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A path that could not be matched, or not safely.
    #[non_exhaustive]
    InvalidPath {
        /// `"registration path"` or `"configuration path"`.
        setting: &'static str,
        /// The path that was set.
        path: String,
        /// What is wrong with it.
        fault: &'static str,
    },

    /// The registration path would also be that of a client.
    #[non_exhaustive]
    Overlap {
        /// The registration path.
        registration: String,
        /// The configuration path.
        configuration: String,
    },

    /// The realm is empty, or holds `"`, `\` or something other than printable ASCII.
    InvalidRealm,

    /// A limit of zero would refuse everything.
    #[non_exhaustive]
    ZeroLimit {
        /// `"body limit"`, `"body time-out"` or `"backend time-out"`.
        setting: &'static str,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPath {
                setting,
                path,
                fault,
            } => write!(f, "the {setting} {path:?} {fault}: write {:?}", mended(path)),
            Self::Overlap {
                registration,
                configuration,
            } => write!(
                f,
                "the registration path {registration:?} is also the path of a client below the configuration path \
                 {configuration:?}: write the same path for both, or one that is not below the other"
            ),
            Self::InvalidRealm => f.write_str(
                "the realm must be one or more printable ASCII characters other than '\"' and '\\': write \
                 \"client registration\"",
            ),
            Self::ZeroLimit { setting } if setting.ends_with("time-out") => {
                write!(f, "the {setting} is zero, so nothing could be in time: write None for no limit")
            }
            Self::ZeroLimit { setting } => {
                write!(f, "the {setting} is zero, so every body would be too large: write at least 1")
            }
        }
    }
}

impl std::error::Error for ConfigError {}
