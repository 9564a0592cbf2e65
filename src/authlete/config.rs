//! The settings of an [`AuthleteClient`].

use std::env;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::{Scheme, Uri};
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::client::{AuthleteClient, Inner};
use super::error::AuthleteError;
use super::retry::RetryPolicy;
use super::transport::{IsConnectError, Transport};
use crate::BoxError;
use crate::operation::Operation;
use crate::token::BearerToken;
use crate::util::timeout::Timeout;
use crate::util::uri::is_loopback;

/// How long a connection may take to be made, at most.
const CONNECT: Duration = Duration::from_secs(5);

/// Longer than any call, and short enough to be added to any time.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The headers that are somebody else's to set: this module's, or the HTTP client's.
const RESERVED_HEADERS: [HeaderName; 7] = [
    AUTHORIZATION,
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    TRANSFER_ENCODING,
    USER_AGENT,
];

/// One of Authlete's clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cluster {
    /// `https://us.authlete.com`
    Us,
    /// `https://jp.authlete.com`
    Jp,
    /// `https://eu.authlete.com`
    Eu,
    /// `https://br.authlete.com`
    Br,
}

impl Cluster {
    /// The base URL of its Web API.
    #[must_use]
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Us => "https://us.authlete.com",
            Self::Jp => "https://jp.authlete.com",
            Self::Eu => "https://eu.authlete.com",
            Self::Br => "https://br.authlete.com",
        }
    }
}

/// A service of Authlete's, and the right to speak for it. `Debug` shows the service alone.
#[derive(Clone)]
pub struct Credentials {
    service_id: Box<str>,
    access_token: BearerToken,
}

impl Credentials {
    /// The service ID (Authlete's tools also call it the service API key), and the service's access token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](super::ErrorKind) where the ID has anything but letters, digits, `-` and `_`, so that
    /// it could leave its place in a path, or where the token is no `b64token`.
    pub fn new(
        service_id: impl Into<String>,
        access_token: impl Into<String>,
    ) -> Result<Self, AuthleteError> {
        let service_id = service_id.into();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if service_id.is_empty() || !service_id.bytes().all(fits) {
            return Err(AuthleteError::configuration(
                "the service ID must be one or more of A-Z a-z 0-9 - _",
            ));
        }
        let access_token = BearerToken::new(access_token).map_err(|_| {
            AuthleteError::configuration("the service's access token is no bearer token")
        })?;
        Ok(Self {
            service_id: service_id.into(),
            access_token,
        })
    }

    /// The service ID.
    #[must_use]
    pub fn service_id(&self) -> &str {
        &self.service_id
    }

    /// The service's access token.
    #[must_use]
    pub fn access_token(&self) -> &BearerToken {
        &self.access_token
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("service_id", &self.service_id)
            .finish_non_exhaustive()
    }
}

type CredentialsFuture = Pin<Box<dyn Future<Output = Result<Credentials, BoxError>> + Send>>;

/// Where the credentials of a call come from.
#[derive(Clone)]
pub(super) enum CredentialsSource {
    Fixed(Credentials),
    Function(Arc<dyn Fn(&Operation) -> CredentialsFuture + Send + Sync>),
}

impl CredentialsSource {
    pub(super) async fn of(&self, operation: &Operation) -> Result<Credentials, AuthleteError> {
        match self {
            Self::Fixed(credentials) => Ok(credentials.clone()),
            Self::Function(function) => function(operation)
                .await
                .map_err(AuthleteError::configuration),
        }
    }
}

/// Builds an [`AuthleteClient`].
///
/// | setting | default |
/// |---|---|
/// | [`base_url`](Self::base_url) or [`cluster`](Self::cluster) | none: one is needed |
/// | [`credentials`](Self::credentials) or [`credentials_fn`](Self::credentials_fn) | none: one is needed |
/// | [`attempt_timeout`](Self::attempt_timeout) | 10 s |
/// | [`timeout`](Self::timeout) | 20 s |
/// | [`retry`](Self::retry) | [three attempts](RetryPolicy::default) |
/// | [`answer_limit`](Self::answer_limit) | 1 MiB |
/// | [`user_agent`](Self::user_agent) | `tower-dcr/` and the version |
/// | [`http_client`](Self::http_client) | with feature `authlete-client`, hyper-util's |
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct AuthleteBuilder {
    base_url: Option<String>,
    allow_http: bool,
    credentials: Option<CredentialsSource>,
    send_initial_access_token: bool,
    headers: HeaderMap,
    user_agent: HeaderValue,
    attempt_timeout: Duration,
    timeout: Duration,
    retry: RetryPolicy,
    answer_limit: usize,
    transport: Option<Transport>,
    is_connect_error: Option<IsConnectError>,
}

impl Default for AuthleteBuilder {
    fn default() -> Self {
        Self {
            base_url: None,
            allow_http: false,
            credentials: None,
            send_initial_access_token: false,
            headers: HeaderMap::new(),
            user_agent: HeaderValue::from_static(concat!("tower-dcr/", env!("CARGO_PKG_VERSION"))),
            attempt_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(20),
            retry: RetryPolicy::default(),
            answer_limit: 1024 * 1024,
            transport: None,
            is_connect_error: None,
        }
    }
}

impl AuthleteBuilder {
    /// Takes what the environment names, as Authlete's own tools do: `AUTHLETE_BASE_URL`, `AUTHLETE_SERVICE_APIKEY` (the
    /// service ID) and `AUTHLETE_SERVICE_ACCESSTOKEN`. What is not named stays as it was.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](super::ErrorKind) where one of the last two is named without the other, or is not
    /// [what it should be](Credentials::new).
    pub fn from_env(mut self) -> Result<Self, AuthleteError> {
        if let Ok(base_url) = env::var("AUTHLETE_BASE_URL") {
            self = self.base_url(base_url);
        }
        match (
            env::var("AUTHLETE_SERVICE_APIKEY"),
            env::var("AUTHLETE_SERVICE_ACCESSTOKEN"),
        ) {
            (Ok(service_id), Ok(access_token)) => {
                Ok(self.credentials(Credentials::new(service_id, access_token)?))
            }
            (Err(_), Err(_)) => Ok(self),
            _ => Err(AuthleteError::configuration(
                "AUTHLETE_SERVICE_APIKEY and AUTHLETE_SERVICE_ACCESSTOKEN need each other",
            )),
        }
    }

    /// The base URL of the Web API, without `/api`. It may have a path. `https`, or `http` where the host is `localhost`,
    /// `127.0.0.1` or `[::1]`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The base URL of one of Authlete's clusters.
    pub fn cluster(self, cluster: Cluster) -> Self {
        self.base_url(cluster.base_url())
    }

    /// Takes a base URL of plain `http` on any host. Off by default: whoever sees the traffic sees the tokens.
    pub fn allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// The service and its access token, the same for every call. Takes the place of a
    /// [function](Self::credentials_fn).
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(CredentialsSource::Fixed(credentials));
        self
    }

    /// The service and its access token from a function that sees the operation, asked anew for each attempt: tokens
    /// rotate, and tenants differ. Its time counts as that of the attempt. Takes the place of fixed
    /// [credentials](Self::credentials).
    ///
    /// Where it fails, nothing is sent, and the client of the layer gets a 500; or a 503, where the error is
    /// [`Unavailable`](crate::Unavailable). The error's text is logged: keep tokens out of it.
    pub fn credentials_fn<F, Fut>(mut self, function: F) -> Self
    where
        F: Fn(&Operation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, BoxError>> + Send + 'static,
    {
        self.credentials = Some(CredentialsSource::Function(Arc::new(move |operation| {
            Box::pin(function(operation))
        })));
        self
    }

    /// Sends the initial access token of a registration as `token`. Off by default: Authlete does not judge it, and it is
    /// a secret of somebody else's.
    pub fn send_initial_access_token(mut self) -> Self {
        self.send_initial_access_token = true;
        self
    }

    /// A header of every request, in addition to those that have to be there. The latter, and those of the connection, are
    /// refused when the client is built.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The `User-Agent` of every request.
    pub fn user_agent(mut self, value: HeaderValue) -> Self {
        self.user_agent = value;
        self
    }

    /// How long an attempt may take, the whole answer included. What is left of the call's time bounds it too.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// How long a call may take, with all its attempts and the waits between them.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// When a call is made again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How long an answer may be, in bytes.
    pub fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// The HTTP client: any tower service. It should follow no redirect, which would give token and metadata to another
    /// host, and send nothing twice.
    ///
    /// What its errors mean is told by [`connect_error`](Self::connect_error).
    pub fn http_client<S, B>(mut self, client: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.transport = Some(Transport::new(client));
        self
    }

    /// Whether an error of the HTTP client means that the connection could not be made, so that Authlete did nothing and
    /// the call may be made again. With feature `authlete-client` the default knows hyper-util's errors; what it does not
    /// know counts as sent.
    pub fn connect_error<F>(mut self, is_connect_error: F) -> Self
    where
        F: Fn(&(dyn Error + 'static)) -> bool + Send + Sync + 'static,
    {
        self.is_connect_error = Some(Arc::new(is_connect_error));
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](super::ErrorKind): its source says which setting is missing or wrong.
    pub fn build(self) -> Result<AuthleteClient, AuthleteError> {
        let base_url = self.base_url.ok_or_else(|| {
            AuthleteError::configuration(
                "there is no base URL: set base_url, cluster or AUTHLETE_BASE_URL",
            )
        })?;
        let base_url =
            check_base_url(&base_url, self.allow_http).map_err(AuthleteError::configuration)?;
        let credentials = self.credentials.ok_or_else(|| {
            AuthleteError::configuration(
                "there are no credentials: set credentials, or AUTHLETE_SERVICE_APIKEY and AUTHLETE_SERVICE_ACCESSTOKEN",
            )
        })?;
        for (zero, what) in [
            (
                self.attempt_timeout.is_zero(),
                "the time-out of an attempt is zero",
            ),
            (self.timeout.is_zero(), "the time-out is zero"),
            (self.answer_limit == 0, "the answer limit is zero"),
            (
                self.retry.attempts() == 0,
                "the retry policy allows no attempt",
            ),
        ] {
            if zero {
                return Err(AuthleteError::configuration(what));
            }
        }
        let mut headers = self.headers;
        if RESERVED_HEADERS
            .iter()
            .any(|name| headers.contains_key(name))
        {
            return Err(AuthleteError::configuration(
                "a header in addition is one that is set by other means",
            ));
        }
        headers.insert(USER_AGENT, self.user_agent);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(AuthleteClient::new(Inner {
            base_url,
            credentials,
            send_initial_access_token: self.send_initial_access_token,
            headers,
            attempt_timeout: Timeout::new(Some(self.attempt_timeout)),
            timeout: self.timeout.min(YEAR),
            min_wait: self.retry.min(),
            attempts: self.retry.attempts(),
            backoff: self.retry.backoff().map_err(AuthleteError::configuration)?,
            answer_limit: self.answer_limit,
            transport: match self.transport {
                Some(transport) => transport,
                // So that there is time left to say so, and to try again.
                None => default_transport((self.attempt_timeout / 2).min(CONNECT))?,
            },
            is_connect_error: self
                .is_connect_error
                .unwrap_or_else(default_is_connect_error),
        }))
    }
}

impl fmt::Debug for AuthleteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthleteBuilder").finish_non_exhaustive()
    }
}

#[cfg(feature = "authlete-client")]
fn default_transport(connect_timeout: Duration) -> Result<Transport, AuthleteError> {
    super::transport::pooled(connect_timeout).map_err(AuthleteError::configuration)
}

#[cfg(not(feature = "authlete-client"))]
fn default_transport(_: Duration) -> Result<Transport, AuthleteError> {
    Err(AuthleteError::configuration(
        "there is no HTTP client: set http_client, or switch on the feature authlete-client",
    ))
}

#[cfg(feature = "authlete-client")]
fn default_is_connect_error() -> IsConnectError {
    Arc::new(super::transport::is_connect_error)
}

#[cfg(not(feature = "authlete-client"))]
fn default_is_connect_error() -> IsConnectError {
    Arc::new(|_| false)
}

/// The base URL without a slash at its end.
fn check_base_url(url: &str, allow_http: bool) -> Result<String, &'static str> {
    let uri: Uri = url.parse().map_err(|_| "the base URL is no URL")?;
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Err("the base URL is not absolute: write one like \"https://us.authlete.com\"");
    };
    let loopback = is_loopback(authority.host());
    if *scheme != Scheme::HTTPS && !(*scheme == Scheme::HTTP && (loopback || allow_http)) {
        return Err("the base URL is not https; plain http is for this machine, or allow_http");
    }
    if authority.as_str().contains('@') {
        return Err("the base URL holds user information");
    }
    let after_host = authority.as_str().strip_prefix(authority.host());
    if after_host != Some("") && authority.port_u16().is_none() {
        return Err("the base URL names a port that does not exist");
    }
    if url.contains(['?', '#']) {
        return Err("the base URL has a query or a fragment");
    }
    let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
    if path.contains('%')
        || path
            .split('/')
            .skip(1)
            .any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err("the base URL has a dot segment, \"//\" or an escape in its path");
    }
    if path.ends_with("/api") {
        return Err("the base URL ends with \"/api\", which is added by itself: leave it out");
    }
    Ok(url.trim_end_matches('/').to_owned())
}
