use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::attempt::AttemptSettings;
use super::base_url;
use super::client::AuthleteClient;
use super::cluster::Cluster;
use super::config_error::AuthleteConfigError;
use super::credentials::Credentials;
use super::credentials_source::CredentialsSource;
#[cfg(feature = "authlete-client")]
use super::default_http_client;
use super::environment;
use super::reserved_headers;
use super::retry::RetryPolicy;
use super::transport::{HttpService, IsConnectError, Transport, erase};
use crate::BoxError;
use crate::operation::Operation;

/// Longer than any call, and short enough to be added to any time.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Builds an [`AuthleteClient`]. [`AuthleteClient::builder`] creates it.
///
/// | setting | default |
/// |---|---|
/// | [`base_url`](Self::base_url) or [`cluster`](Self::cluster) | none: set one of them |
/// | [`https_only`](Self::https_only) | `true` |
/// | [`credentials`](Self::credentials) or [`credentials_fn`] | none: set one of them |
/// | [`send_initial_access_token`](Self::send_initial_access_token) | `false` |
/// | [`header`](Self::header) | no additional header |
/// | [`user_agent`](Self::user_agent) | `tower-dcr/` and the version |
/// | [`attempt_timeout`](Self::attempt_timeout) | 10 s |
/// | [`timeout`](Self::timeout) | 20 s |
/// | [`retry`](Self::retry) | [three attempts](RetryPolicy::default) |
/// | [`response_limit`](Self::response_limit) | 1 MiB |
/// | [`http_client`](Self::http_client) | that of feature `authlete-client`; else none: set it |
/// | [`connect_error_if`](Self::connect_error_if) | the connect errors of that client; else none |
///
/// Feature `authlete-client` adds hyper-util's client.
///
/// [`credentials_fn`]: Self::credentials_fn
///
/// ```
/// use std::time::Duration;
///
/// use tower_dcr::authlete::{AuthleteClient, Cluster, Credentials};
///
/// let client = AuthleteClient::builder()
///     .cluster(Cluster::Us)
///     .credentials(Credentials::new("715948317", "the-access-token-of-the-service")?)
///     .timeout(Duration::from_secs(15))
///     .build()?;
/// assert_eq!(
///     format!("{client:?}"),
///     r#"AuthleteClient { base_url: "https://us.authlete.com", .. }"#,
/// );
/// # Ok::<(), tower_dcr::authlete::AuthleteConfigError>(())
/// ```
///
/// # The default HTTP client
///
/// With feature `authlete-client`, the default is hyper-util's client with rustls and the
/// platform's certificates.
///
/// - It uses HTTP/2 or HTTP/1.1, and follows no redirect.
/// - The connect time-out is 5 s, or half of [`attempt_timeout`](Self::attempt_timeout) if that is
///   shorter.
/// - A connection that was silent for 10 s is probed (`PING` of HTTP/2, TCP keep-alive). It is
///   closed if no response comes within 5 s. So a connection that a NAT dropped is soon replaced.
/// - A connection that was unused for 30 s is closed.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct AuthleteBuilder {
    base_url: Option<String>,
    https_only: bool,
    credentials: Option<CredentialsSource>,
    send_initial_access_token: bool,
    headers: HeaderMap,
    user_agent: HeaderValue,
    attempt_timeout: Duration,
    timeout: Duration,
    retry: RetryPolicy,
    response_limit: usize,
    http_client: Option<HttpService>,
    is_connect_error: Option<IsConnectError>,
}

impl AuthleteClient {
    /// Creates a builder, for settings of your own. Finish with [`build`](AuthleteBuilder::build).
    pub fn builder() -> AuthleteBuilder {
        AuthleteBuilder {
            base_url: None,
            https_only: true,
            credentials: None,
            send_initial_access_token: false,
            headers: HeaderMap::new(),
            user_agent: HeaderValue::from_static(concat!("tower-dcr/", env!("CARGO_PKG_VERSION"))),
            attempt_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(20),
            retry: RetryPolicy::default(),
            response_limit: 1024 * 1024,
            http_client: None,
            is_connect_error: None,
        }
    }

    /// Creates a client from the variables of [`AuthleteBuilder::with_env`], with the default
    /// settings.
    ///
    /// # Errors
    ///
    /// [`AuthleteConfigError`] if a variable is missing or wrong. Its text says what to set.
    pub fn from_env() -> Result<Self, AuthleteConfigError> {
        Self::builder().with_env()?.build()
    }
}

impl AuthleteBuilder {
    /// Sets the base URL and the credentials from the environment variables that Authlete's tools
    /// read. If the variables of a setting are not set, the setting stays as it was.
    ///
    /// | variable | setting |
    /// |---|---|
    /// | `AUTHLETE_BASE_URL` | [`base_url`](Self::base_url) |
    /// | `AUTHLETE_SERVICE_APIKEY`, the service ID | [`credentials`](Self::credentials) |
    /// | `AUTHLETE_SERVICE_ACCESSTOKEN` | [`credentials`](Self::credentials) |
    ///
    /// # Errors
    ///
    /// - [`IncompleteEnvironment`](AuthleteConfigError::IncompleteEnvironment) if only one variable
    ///   of the credentials is set.
    /// - [`VariableNotUnicode`](AuthleteConfigError::VariableNotUnicode) if a variable is not
    ///   Unicode.
    /// - The errors of [`Credentials::new`].
    pub fn with_env(mut self) -> Result<Self, AuthleteConfigError> {
        if let Some(base_url) = environment::base_url()? {
            self = self.base_url(base_url);
        }
        Ok(match environment::credentials()? {
            Some(credentials) => self.credentials(credentials),
            None => self,
        })
    }

    /// Sets the base URL of the Web API, without `/api`. It may have a path.
    ///
    /// Its scheme is `https`, or `http` on the hosts `localhost`, `127.0.0.1` and `[::1]`. To allow
    /// `http` on any host, set [`https_only(false)`](Self::https_only). The URL has no user
    /// information, no query and no fragment.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sets the [base URL](Self::base_url) of one of Authlete's clusters.
    pub fn cluster(self, cluster: Cluster) -> Self {
        self.base_url(cluster.base_url())
    }

    /// Refuses a [base URL](Self::base_url) of plain `http`, unless its host is loopback. The
    /// default is `true`.
    ///
    /// With `false`, everybody on the network path can read the tokens and the secrets.
    pub fn https_only(mut self, yes: bool) -> Self {
        self.https_only = yes;
        self
    }

    /// Sets the credentials of the service, the same for every call. Replaces an earlier
    /// [`credentials_fn`](Self::credentials_fn).
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(CredentialsSource::Fixed(credentials));
        self
    }

    /// Sets a function that returns the credentials of the service. Use it if access tokens rotate,
    /// or if each tenant has its own service. Replaces earlier [`credentials`](Self::credentials).
    ///
    /// The function is called for each attempt, and its time is part of the attempt's time. Its
    /// future cannot borrow: see the note on [closures](crate#closures).
    ///
    /// If the function returns an error:
    ///
    /// - Nothing is sent, and there is no retry.
    /// - The HTTP response is 500, or 503 if the error is
    ///   [`Unavailable`](crate::backend::Unavailable).
    /// - The error is logged. Keep tokens out of it.
    ///
    /// ```
    /// use http::Request;
    /// use tower_dcr::authlete::{AuthleteClient, AuthleteEmulator, Credentials};
    /// use tower_dcr::operation::Register;
    /// use tower_dcr::registry::Registry;
    /// use tower_dcr::{Action, BoxError, ClientMetadata, Operation};
    ///
    /// #[derive(Clone)]
    /// struct Tenant(&'static str); // A layer of the application adds it to the extensions.
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let registry = Registry::in_memory("https://as.example.com/register")?;
    /// let emulator = AuthleteEmulator::new(registry, Credentials::new("715948317", "token")?);
    /// let client = AuthleteClient::builder()
    ///     .base_url("https://us.authlete.com")
    ///     .credentials_fn(|operation| {
    ///         let tenant = operation.parts().extensions.get::<Tenant>().cloned();
    ///         async move {
    ///             let Tenant(service_id) = tenant.ok_or("the request has no tenant")?;
    ///             Ok(Credentials::new(service_id, "token")?)
    ///         }
    ///     })
    ///     .http_client(emulator)
    ///     .build()?;
    ///
    /// let metadata = r#"{"redirect_uris":["https://client.example.org/callback"]}"#;
    /// let mut request = Request::new(());
    /// request.extensions_mut().insert(Tenant("715948317"));
    /// let operation = Operation::from(Register::new(ClientMetadata::parse(metadata)?))
    ///     .with_parts(request.into_parts().0);
    /// assert_eq!(client.call(&operation).await?.action(), Action::Created);
    ///
    /// let error = client.call(&operation.with_parts(Request::new(()).into_parts().0)).await;
    /// assert!(error.unwrap_err().is_credentials());
    /// # Ok(())
    /// # }
    /// ```
    pub fn credentials_fn<F, Fut>(mut self, function: F) -> Self
    where
        F: Fn(&Operation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, BoxError>> + Send + 'static,
    {
        self.credentials = Some(CredentialsSource::function(function));
        self
    }

    /// Sends the initial access token of a registration to Authlete, as `token`. The default is
    /// `false`, because Authlete does not verify it. You may also want to hide it from
    /// Authlete.
    ///
    /// The layer removes a verified token from the operation. If
    /// [`require_initial_access_token`](crate::DcrBuilder::require_initial_access_token) is set,
    /// this setting needs
    /// [`forward_initial_access_token(true)`](crate::DcrBuilder::forward_initial_access_token) too.
    ///
    /// ```
    /// use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, Cluster, Credentials};
    /// use tower_dcr::{DcrLayer, initial_access::TokenList};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = AuthleteClient::builder()
    ///     .cluster(Cluster::Us)
    ///     .credentials(Credentials::new("715948317", "the-access-token-of-the-service")?)
    ///     .send_initial_access_token(true)
    ///     .build()?;
    /// let layer = DcrLayer::builder(AuthleteBackend::new(client))
    ///     .require_initial_access_token(TokenList::new(["invitation-7f3a"])?)
    ///     .forward_initial_access_token(true)
    ///     .build();
    /// assert!(layer.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_initial_access_token(mut self, yes: bool) -> Self {
        self.send_initial_access_token = yes;
        self
    }

    /// Adds a header to every request.
    ///
    /// These headers are reserved, because the client or its HTTP client sets them:
    /// `Authorization`, `Connection`, `Content-Length`, `Content-Type`, `Host`, `Transfer-Encoding`
    /// and `User-Agent`. With one of them, [`build`](Self::build) returns
    /// [`ReservedHeader`](AuthleteConfigError::ReservedHeader). For `User-Agent`, use
    /// [`user_agent`](Self::user_agent).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Sets the `User-Agent` of every request. The default is `tower-dcr/` and the version.
    pub fn user_agent(mut self, value: HeaderValue) -> Self {
        self.user_agent = value;
        self
    }

    /// Sets how long an attempt may take: the credentials, the connection and the whole response.
    /// The default is 10 s, and zero is an error. An attempt also ends with the
    /// [time-out](Self::timeout) of the call.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Sets how long a call may take, with all attempts and the waits between them. The default is
    /// 20 s, and zero is an error.
    ///
    /// A register, update or delete is not sent if too little time remains, because it might be cut
    /// off, and nobody would know the outcome. The time that must remain is half of
    /// [`attempt_timeout`](Self::attempt_timeout), or half of `timeout` if that is shorter: 5 s by
    /// default. The call then returns the error of the previous attempt. If there was none, it
    /// returns an error whose [`is_timeout`](super::AuthleteError::is_timeout) is `true` and whose
    /// [`is_outcome_unknown`](super::AuthleteError::is_outcome_unknown) is `false`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets when a call is retried. The default is [three attempts](RetryPolicy::default).
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the limit of a response body, in bytes. The default is 1 MiB, the minimum is 1.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
        self
    }

    /// Sets the HTTP client: any tower service. It must follow these rules:
    ///
    /// - It follows no redirect. A redirect would send the token and the metadata to another host.
    /// - It sends no request twice. A second request could register a second client.
    ///
    /// Set [`connect_error_if`](Self::connect_error_if) too. It decides which of the client's
    /// errors prove that nothing was sent.
    pub fn http_client<S, B>(mut self, client: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.http_client = Some(erase(client));
        self
    }

    /// Sets which errors of the HTTP client prove that the connection could not be made. Nothing
    /// was sent then, so every operation is safe to retry.
    ///
    /// With feature `authlete-client`, the default recognizes the connect errors of hyper-util's
    /// client.
    /// Without it, the default recognizes none. With any other error, the request may have been
    /// sent.
    ///
    /// With feature `authlete-client`, a refused HTTP/2
    /// [stream](super::AuthleteError::is_stream_refused) is always recognized, even if your
    /// function returns `false`. An `h2::Error` must be among the sources of the error.
    ///
    /// ```
    /// use std::io;
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::service_fn;
    /// use tower_dcr::authlete::{AuthleteClient, Cluster, Credentials};
    /// use tower_dcr::{ClientMetadata, operation::Register};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let http_client = service_fn(async |_: Request<Full<Bytes>>| {
    ///     Err::<Response<Full<Bytes>>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
    /// });
    /// let client = AuthleteClient::builder()
    ///     .cluster(Cluster::Us)
    ///     .credentials(Credentials::new("715948317", "the-access-token-of-the-service")?)
    ///     .http_client(http_client)
    ///     .connect_error_if(|error| {
    ///         error
    ///             .downcast_ref::<io::Error>()
    ///             .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    ///     })
    ///     .build()?;
    ///
    /// let error = client.register(Register::new(ClientMetadata::parse("{}")?)).await.unwrap_err();
    /// assert!(error.is_connect());
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect_error_if<F>(mut self, is_connect_error: F) -> Self
    where
        F: Fn(&(dyn Error + 'static)) -> bool + Send + Sync + 'static,
    {
        self.is_connect_error = Some(Arc::new(is_connect_error));
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`AuthleteConfigError`] names the setting that is missing or wrong. Its text says what to
    /// write.
    pub fn build(self) -> Result<AuthleteClient, AuthleteConfigError> {
        let base_url = self.base_url.ok_or(AuthleteConfigError::MissingBaseUrl)?;
        let base_url = base_url::check(&base_url, self.https_only)?;
        let credentials = self
            .credentials
            .ok_or(AuthleteConfigError::MissingCredentials)?;
        for (setting, is_zero) in [
            ("attempt_timeout", self.attempt_timeout.is_zero()),
            ("timeout", self.timeout.is_zero()),
            ("response_limit", self.response_limit == 0),
        ] {
            if is_zero {
                return Err(AuthleteConfigError::ZeroLimit { setting });
            }
        }
        self.retry.start()?;
        let mut headers = self.headers;
        reserved_headers::check(&headers)?;
        headers.insert(USER_AGENT, self.user_agent);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let attempt_timeout = self.attempt_timeout.min(YEAR);
        let transport = Transport {
            service: match self.http_client {
                Some(service) => service,
                None => default_service(attempt_timeout)?,
            },
            is_connect_error: self
                .is_connect_error
                .unwrap_or_else(default_is_connect_error),
        };
        let attempts = AttemptSettings {
            base_url,
            credentials,
            send_initial_access_token: self.send_initial_access_token,
            headers,
            response_limit: self.response_limit,
            transport,
        };
        let timeout = self.timeout.min(YEAR);
        Ok(AuthleteClient::new(
            attempts,
            self.retry,
            timeout,
            attempt_timeout,
        ))
    }
}

impl fmt::Debug for AuthleteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthleteBuilder").finish_non_exhaustive()
    }
}

#[cfg(feature = "authlete-client")]
fn default_service(attempt_timeout: Duration) -> Result<HttpService, AuthleteConfigError> {
    default_http_client::new(attempt_timeout)
}

#[cfg(not(feature = "authlete-client"))]
fn default_service(_: Duration) -> Result<HttpService, AuthleteConfigError> {
    Err(AuthleteConfigError::MissingHttpClient)
}

#[cfg(feature = "authlete-client")]
fn default_is_connect_error() -> IsConnectError {
    Arc::new(default_http_client::is_connect_error)
}

#[cfg(not(feature = "authlete-client"))]
fn default_is_connect_error() -> IsConnectError {
    Arc::new(|_| false)
}
