use std::fmt;
#[cfg(feature = "tokio")]
use std::time::Duration;

use serde_json::{Map, Value};

use super::DcrLayer;
use super::error::ConfigError;
use crate::backend::{Backend, BackendSelector, BackendSource};
use crate::endpoint::{
    Challenges, DEFAULT_PATH, DcrEndpoint, Methods, Paths, Settings, path_rules,
    registration_endpoint,
};
use crate::initial_access::{ErasedVerifier, TokenVerifier};
use crate::operation::OperationKind;
use crate::util::timeout::Timeout;

/// Builds a [`DcrLayer`] or a [`DcrEndpoint`] with settings of your own. [`DcrLayer::builder`]
/// creates it. Add [endpoint layers](DcrLayer::endpoint_layer) after `build`.
///
/// | setting | default |
/// |---|---|
/// | [`registration_endpoint`](Self::registration_endpoint) | the one that the backend announces, if any |
/// | [`server_metadata_of`](Self::server_metadata_of) | the backend of the builder |
/// | [`registration_path`](Self::registration_path) | the path of the registration endpoint that is set, or that the backend announces, or `/register` |
/// | [`configuration_path`](Self::configuration_path) | the registration path |
/// | [`registration_only`](Self::registration_only) | `false` |
/// | [`methods`](Self::methods) | all four |
/// | [`require_initial_access_token`](Self::require_initial_access_token) | no token is required |
/// | [`forward_initial_access_token`](Self::forward_initial_access_token) | `false` |
/// | [`realm`](Self::realm) | `client registration` |
/// | [`body_limit`](Self::body_limit) | 64 KiB |
/// | [`body_timeout`](Self::body_timeout) (feature `tokio`) | 10 s |
/// | [`backend_timeout`](Self::backend_timeout) (feature `tokio`) | 30 s |
///
/// ```
/// use std::time::Duration;
///
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let endpoint = DcrLayer::builder(backend)
///     .registration_path("/connect/register")
///     .body_limit(16 * 1024)
///     .backend_timeout(Duration::from_secs(5))
///     .build_endpoint()?;
///
/// let request = Request::post("/connect/register")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// assert_eq!(endpoint.oneshot(request).await?.status(), 201);
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct DcrBuilder<B> {
    backend: BackendSource<B>,
    metadata: Map<String, Value>,
    registration_endpoint: Option<String>,
    registration_path: Option<String>,
    configuration_path: Option<String>,
    registration_only: bool,
    methods: Methods,
    realm: Option<String>,
    verifier: Option<ErasedVerifier>,
    forward_initial_access_token: bool,
    body_limit: usize,
    body_timeout: Timeout,
    backend_timeout: Timeout,
}

impl<B: Backend> DcrLayer<B> {
    /// Creates a builder, for settings of your own. Finish with [`build`](DcrBuilder::build) or
    /// [`build_endpoint`](DcrBuilder::build_endpoint).
    pub fn builder(backend: B) -> DcrBuilder<B> {
        DcrBuilder::new(BackendSource::Fixed(backend))
    }

    /// Creates a builder for a layer that chooses the backend of each request, such as one for each
    /// tenant. [`BackendSelector`] documents the selector.
    ///
    /// - The [backend time-out](DcrBuilder::backend_timeout) applies to the selector, and again in
    ///   full to the chosen backend.
    /// - The [metadata document](DcrLayer::server_metadata) contains nothing of the backends. To
    ///   add what one of them supports, use [`server_metadata_of`](DcrBuilder::server_metadata_of).
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use std::sync::Arc;
    ///
    /// use http::Request;
    /// use http::request::Parts;
    /// use tower::ServiceExt;
    /// use tower_dcr::backend::SharedBackend;
    /// use tower_dcr::operation::PathParams;
    /// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let blue = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let tenants = Arc::new(HashMap::from([("blue".to_owned(), SharedBackend::new(blue))]));
    /// let endpoint = DcrLayer::select_backend(move |parts: &Parts| {
    ///     let tenant = PathParams::of(parts);
    ///     let backend = tenant.get("tenant").and_then(|name| tenants.get(name).cloned());
    ///     async move { Ok::<_, BoxError>(backend) }
    /// })
    /// .registration_path("/t/{tenant}/register")
    /// .build_endpoint()?;
    ///
    /// let register = |path: &str| {
    ///     Request::post(path)
    ///         .header("content-type", "application/json")
    ///         .body(String::from("{}"))
    /// };
    /// assert_eq!(endpoint.clone().oneshot(register("/t/blue/register")?).await?.status(), 201);
    /// assert_eq!(endpoint.oneshot(register("/t/green/register")?).await?.status(), 404);
    /// # Ok(())
    /// # }
    /// ```
    pub fn select_backend(selector: impl BackendSelector<Backend = B>) -> DcrBuilder<B>
    where
        B: Clone,
    {
        DcrBuilder::new(BackendSource::selected(selector))
    }
}

impl<B: Backend> DcrBuilder<B> {
    fn new(backend: BackendSource<B>) -> Self {
        let Settings {
            body_limit,
            body_timeout,
            backend_timeout,
            ..
        } = Settings::default();
        Self {
            backend,
            metadata: Map::new(),
            registration_endpoint: None,
            registration_path: None,
            configuration_path: None,
            registration_only: false,
            methods: Methods::ALL,
            realm: None,
            verifier: None,
            forward_initial_access_token: false,
            body_limit,
            body_timeout,
            backend_timeout,
        }
    }

    /// Sets the public URL of the client registration endpoint (RFC 8414 section 2), such as
    /// `https://as.example.com/connect/register`.
    ///
    /// Its path becomes the [registration path](Self::registration_path), unless that is set too.
    /// If a proxy in front strips a prefix from the path, set both.
    ///
    /// [`DcrLayer::server_metadata`] announces the URL. If a path of the layer has a named segment,
    /// it announces none, because each tenant has its own URL.
    ///
    /// - The URL is absolute, and its scheme is `https` or `http`.
    /// - It has a host, and no user information.
    /// - It has a path, and no query and no fragment.
    /// - If it sets the registration path, its path follows the rules of
    ///   [`registration_path`](Self::registration_path).
    pub fn registration_endpoint(mut self, url: impl Into<String>) -> Self {
        self.registration_endpoint = Some(url.into());
        self
    }

    /// Adds to the [metadata document](DcrLayer::server_metadata) what this backend
    /// [announces](Backend::server_metadata), such as its URL and what it supports. Use it if
    /// tower's layers are around the backend: they hide what the backend announces. Its URL
    /// is also the default of [`registration_endpoint`](Self::registration_endpoint). For a
    /// registry, prefer `settings_of`. Each call replaces the previous one.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower::ServiceBuilder;
    /// use tower_dcr::DcrLayer;
    /// use tower_dcr::backend::BackendService;
    /// use tower_dcr::registry::Registry;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let registry = Registry::in_memory("https://as.example.com/register")?;
    /// let limited = ServiceBuilder::new()
    ///     .load_shed()
    ///     .concurrency_limit(64)
    ///     .service(BackendService::new(registry.clone()));
    /// let layer = DcrLayer::builder(limited).server_metadata_of(&registry).build()?;
    ///
    /// let document = layer.server_metadata(json!({}));
    /// assert_eq!(document["registration_endpoint"], "https://as.example.com/register");
    /// # Ok(())
    /// # }
    /// ```
    pub fn server_metadata_of(mut self, backend: &impl Backend) -> Self {
        self.metadata = backend.server_metadata();
        self
    }

    /// Sets the path of the client registration endpoint (RFC 7591 section 3). The default is the
    /// path of the URL that you give to [`registration_endpoint`](Self::registration_endpoint).
    /// Without that URL, it is the path of the URL that the backend
    /// [announces](Backend::server_metadata), as a registry does. Without either, it is
    /// `/register`.
    ///
    /// The path of the registration endpoint's URL should equal this path, or end with it if a
    /// proxy strips a prefix. Otherwise a warning is logged.
    ///
    /// It is the path that the layer sees. A layer around the whole application sees the full path.
    ///
    /// - It starts with `/` and does not end with `/`.
    /// - It has no empty segment and no dot segment.
    /// - Its characters are those of a path in RFC 3986, without `%` and `*`.
    /// - A segment may be a name in braces: `/t/{tenant}/register`. It matches exactly one segment
    ///   that is not empty. [`Operation::path_param`](crate::Operation::path_param) returns the
    ///   decoded value. A name consists of `A-Z a-z 0-9 _`, is used once, and is not `client_id`.
    pub fn registration_path(mut self, path: impl Into<String>) -> Self {
        self.registration_path = Some(path.into());
        self
    }

    /// Sets the path of the client configuration endpoint (RFC 7592 section 2) without the
    /// `client_id`: `/register` for `/register/{client_id}`. The default is the registration path.
    ///
    /// It follows the rules of the [registration path](Self::registration_path). It must match the
    /// `registration_client_uri` that the backend issues.
    ///
    /// It must not be the parent of the registration path: with `/clients`, `/clients/new` cannot
    /// be the registration path.
    pub fn configuration_path(mut self, path: impl Into<String>) -> Self {
        self.configuration_path = Some(path.into());
        self
    }

    /// Answers only registrations (RFC 7591). The layer passes requests on client paths (RFC 7592)
    /// to the application. A [`DcrEndpoint`] alone answers them with 404. The default is `false`.
    ///
    /// With `true`, the [configuration path](Self::configuration_path) is validated but unused. The
    /// backend must not issue a `registration_client_uri`. The built-in registry has a setting of
    /// the same name.
    pub fn registration_only(mut self, yes: bool) -> Self {
        self.registration_only = yes;
        self
    }

    /// Sets the operations that are on. The default is all four. An operation that is off gets 405
    /// (RFC 7592 section 2). `Allow` names the methods that are on at this path, and `OPTIONS`,
    /// which always gets 204.
    ///
    /// An empty list is an error: [`ConfigError::NoMethods`].
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use tower_dcr::operation::OperationKind;
    /// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let endpoint = DcrLayer::builder(backend)
    ///     .methods([OperationKind::Register, OperationKind::Read])
    ///     .build_endpoint()?;
    ///
    /// let request = Request::delete("/register/1").body(String::new())?;
    /// let response = endpoint.oneshot(request).await?;
    /// assert_eq!(response.status(), 405);
    /// assert_eq!(response.headers()["allow"], "GET, OPTIONS");
    /// # Ok(())
    /// # }
    /// ```
    pub fn methods(mut self, operations: impl IntoIterator<Item = OperationKind>) -> Self {
        self.methods = operations.into_iter().collect();
        self
    }

    /// Requires an initial access token for each registration (RFC 7591 section 3). Without this
    /// setting, everybody may register, and the backend receives tokens unverified.
    ///
    /// The token is verified before the body is read.
    ///
    /// | token | response |
    /// |---|---|
    /// | accepted | the request is processed |
    /// | missing | 401 with a challenge that names no error |
    /// | refused by the verifier | 401 `invalid_token` |
    /// | not for a registration, as the verifier decides | 403 `insufficient_scope` |
    /// | the verifier fails | 500 or 503, as for a [backend error](Backend#errors) |
    /// | the verifier exceeds the [backend time-out](Self::backend_timeout) | 503 |
    ///
    /// An accepted token is removed from the operation, unless it is
    /// [forwarded](Self::forward_initial_access_token). Reads, updates and deletes are not
    /// affected: they have a registration access token.
    pub fn require_initial_access_token(mut self, verifier: impl TokenVerifier) -> Self {
        self.verifier = Some(ErasedVerifier::new(verifier));
        self
    }

    /// Leaves an accepted initial access token in the [`Operation`](crate::Operation), for a
    /// backend that needs it. The default is `false`.
    pub fn forward_initial_access_token(mut self, yes: bool) -> Self {
        self.forward_initial_access_token = yes;
        self
    }

    /// Sets the realm of the challenges in `WWW-Authenticate` (RFC 6750 section 3). The default is
    /// `client registration`.
    ///
    /// It is one or more printable ASCII characters without `"` and `\`.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sets the limit of a request body, in bytes. The default is 64 KiB, the minimum is 1. The
    /// response to a longer body is 413.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the time in which a request body must arrive. The default is 10 s. `None` means no
    /// limit, and zero is an error. The response to a slower body is 408.
    ///
    /// The timer is tokio's. The runtime must have its timer enabled, as `#[tokio::main]` has.
    /// Outside a tokio runtime there is no limit.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn body_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.body_timeout = Timeout::new(limit.into());
        self
    }

    /// Sets the time in which the backend must answer, its readiness included. The default is 30 s.
    /// `None` means no limit, and zero is an error. After that time the backend's future is
    /// dropped, and the response is 503.
    ///
    /// The [verifier](Self::require_initial_access_token) of initial access tokens and the
    /// [selector](DcrLayer::select_backend) have the same limit. Each of the three has the full
    /// time.
    ///
    /// The wait in an [endpoint layer](DcrLayer::endpoint_layer), such as a concurrency limit, does
    /// not count. Use tower's `LoadShed` to respond at once instead of waiting there.
    ///
    /// It needs tokio's timer, like [`body_timeout`](Self::body_timeout).
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn backend_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.backend_timeout = Timeout::new(limit.into());
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the wrong setting and says what to write instead.
    pub fn build(self) -> Result<DcrLayer<B>, ConfigError> {
        self.build_endpoint().map(DcrLayer::from_endpoint)
    }

    /// Builds only the service, for an application that does its own routing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the wrong setting and says what to write instead.
    pub fn build_endpoint(self) -> Result<DcrEndpoint<B>, ConfigError> {
        let mut metadata = self.backend.server_metadata();
        metadata.extend(self.metadata);
        let url_of_backend = metadata
            .get("registration_endpoint")
            .and_then(Value::as_str);
        let url = self.registration_endpoint.as_deref().or(url_of_backend);
        let registration = match (self.registration_path, url) {
            (Some(path), url) => {
                path_rules::check(&path).map_err(|problem| {
                    ConfigError::invalid_path("registration_path", &path, problem)
                })?;
                if let Some(url) = url {
                    check_url(url)?;
                    warn_if_unrelated(&path, url);
                }
                path
            }
            (None, Some(url)) => check_url(url)?.to_owned(),
            (None, None) => DEFAULT_PATH.to_owned(),
        };
        let configuration = self
            .configuration_path
            .unwrap_or_else(|| registration.clone());
        path_rules::check(&configuration).map_err(|problem| {
            ConfigError::invalid_path("configuration_path", &configuration, problem)
        })?;
        if !self.registration_only {
            check_together(&registration, &configuration)?;
        }
        if self.methods.is_empty() || self.registration_only && !self.methods.has_register() {
            return Err(ConfigError::NoMethods);
        }
        for (setting, is_zero) in [
            ("body_limit", self.body_limit == 0),
            ("body_timeout", self.body_timeout.is_zero()),
            ("backend_timeout", self.backend_timeout.is_zero()),
        ] {
            if is_zero {
                return Err(ConfigError::ZeroLimit { setting });
            }
        }
        let has_names =
            path_rules::has_names(&registration) || path_rules::has_names(&configuration);
        if has_names && let Some(url) = url_of_backend {
            return Err(ConfigError::FixedEndpoint {
                url: url.to_owned(),
            });
        }
        if let Some(url) = self.registration_endpoint.filter(|_| !has_names) {
            metadata.insert("registration_endpoint".to_owned(), url.into());
        }
        let settings = Settings {
            paths: Paths::new(
                &registration,
                (!self.registration_only).then_some(&*configuration),
                self.methods,
            ),
            metadata,
            verifier: self.verifier,
            forward_initial_access_token: self.forward_initial_access_token,
            challenges: match self.realm {
                Some(realm) => Challenges::new(&realm)?,
                None => Challenges::default(),
            },
            body_limit: self.body_limit,
            body_timeout: self.body_timeout,
            backend_timeout: self.backend_timeout,
        };
        Ok(DcrEndpoint::with_settings(settings, self.backend))
    }
}

impl<B> fmt::Debug for DcrBuilder<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcrBuilder")
            .field("registration_endpoint", &self.registration_endpoint)
            .field("registration_path", &self.registration_path)
            .field("configuration_path", &self.configuration_path)
            .field("registration_only", &self.registration_only)
            .field("methods", &self.methods)
            .field("realm", &self.realm)
            .field("verifier", &self.verifier)
            .field(
                "forward_initial_access_token",
                &self.forward_initial_access_token,
            )
            .field("body_limit", &self.body_limit)
            .field("body_timeout", &self.body_timeout)
            .field("backend_timeout", &self.backend_timeout)
            .finish_non_exhaustive()
    }
}

/// Checks the URL of the registration endpoint. Returns its path.
fn check_url(url: &str) -> Result<&str, ConfigError> {
    let invalid = |problem| ConfigError::InvalidEndpoint {
        url: url.to_owned(),
        problem,
    };
    let path = registration_endpoint::path_of(url).map_err(invalid)?;
    path_rules::check(path).map_err(|problem| invalid(problem.problem))?;
    Ok(path)
}

/// Checks the two paths together: they have the same names, and no request belongs to both.
fn check_together(registration: &str, configuration: &str) -> Result<(), ConfigError> {
    let (registration, configuration) = (registration.to_owned(), configuration.to_owned());
    if path_rules::overlap(&registration, &configuration) {
        return Err(ConfigError::Overlap {
            registration,
            configuration,
        });
    }
    if path_rules::names(&registration) != path_rules::names(&configuration) {
        return Err(ConfigError::DifferentNames {
            registration,
            configuration,
        });
    }
    Ok(())
}

/// Warns if clients are told a URL that no proxy which strips a prefix would turn into the path.
fn warn_if_unrelated(path: &str, url: &str) {
    #[cfg(feature = "tracing")]
    if registration_endpoint::path_of(url).is_ok_and(|of_url| !of_url.ends_with(path)) {
        tracing::warn!(
            registration_path = path,
            registration_endpoint = url,
            "clients are told another path than the layer answers"
        );
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (path, url);
}
