use super::client::AuthleteClient;
use super::config_error::AuthleteConfigError;
use super::error::AuthleteError;
use super::unused_secret::hide_unused_secret;
use super::wrong_token::unauthorized_for_wrong_token;
use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::Reply;

/// Authlete as a [`Backend`]. Each operation is a [call](AuthleteClient::call) of Authlete's Web
/// API. The `action` and the `responseContent` of the response become the reply, and the
/// `resultCode` becomes its [reason](Reply::reason).
///
/// | setting | default |
/// |---|---|
/// | [`hide_unused_secret`](Self::hide_unused_secret) | `false` |
/// | [`unauthorized_for_wrong_token`](Self::unauthorized_for_wrong_token) | `false` |
/// | [`expose_response`](Self::expose_response) | `false` |
///
/// Cloning is cheap.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::DcrEndpoint;
/// use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, AuthleteEmulator, Credentials};
/// use tower_dcr::registry::Registry;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let credentials = Credentials::new("715948317", "the-access-token-of-the-service")?;
/// let registry = Registry::in_memory("https://as.example.com/register")?;
/// let client = AuthleteClient::builder()
///     .base_url("https://us.authlete.com")
///     .credentials(credentials.clone())
///     .http_client(AuthleteEmulator::new(registry, credentials)) // Instead of the network.
///     .build()?;
/// let endpoint = DcrEndpoint::new(AuthleteBackend::new(client).hide_unused_secret(true));
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(r#"{"redirect_uris":["https://client.example.org/callback"]}"#.to_owned())?;
/// assert_eq!(endpoint.oneshot(request).await?.status(), 201);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AuthleteBackend {
    client: AuthleteClient,
    hide_unused_secret: bool,
    unauthorized_for_wrong_token: bool,
    expose_response: bool,
}

impl AuthleteBackend {
    /// Creates a backend that calls Authlete with this client.
    #[must_use]
    pub fn new(client: AuthleteClient) -> Self {
        Self {
            client,
            hide_unused_secret: false,
            unauthorized_for_wrong_token: false,
            expose_response: false,
        }
    }

    /// Creates a backend from the variables of
    /// [`AuthleteBuilder::with_env`](super::AuthleteBuilder::with_env), with the default settings.
    ///
    /// # Errors
    ///
    /// [`AuthleteConfigError`] if a variable is missing or wrong. Its text says what to set.
    pub fn from_env() -> Result<Self, AuthleteConfigError> {
        AuthleteClient::from_env().map(Self::new)
    }

    /// Removes `client_secret` and `client_secret_expires_at` from the responses to public clients.
    /// A public client has the `token_endpoint_auth_method` `none`. The default is `false`.
    ///
    /// Authlete issues a secret to every client. A public client with a secret may take itself for
    /// a confidential client (RFC 7591 section 2), and some clients then stop with an error.
    ///
    /// If a secret is removed, the members are sorted by name. Their values are not changed.
    #[must_use]
    pub fn hide_unused_secret(mut self, yes: bool) -> Self {
        self.hide_unused_secret = yes;
        self
    }

    /// Answers 401 to a wrong token, even if Authlete answers `BAD_REQUEST`. The default is
    /// `false`.
    ///
    /// A service without the setting `unauthorizedOnClientConfigSupported` answers a wrong token
    /// with `BAD_REQUEST`, but RFC 7592 section 2 requires a 401. With `true`, these replies become
    /// `UNAUTHORIZED`:
    ///
    /// | operation | which `BAD_REQUEST` |
    /// |---|---|
    /// | read, delete | every one, because only the token can be wrong |
    /// | update | those whose `error` is `invalid_token` |
    ///
    /// The client receives the `error` `invalid_token`, as in the challenge. If Authlete's content
    /// has another error, it is replaced.
    #[must_use]
    pub fn unauthorized_for_wrong_token(mut self, yes: bool) -> Self {
        self.unauthorized_for_wrong_token = yes;
        self
    }

    /// Adds the whole [`AuthleteResponse`](super::AuthleteResponse) to the
    /// [extensions](Reply::extensions) of the reply, which the HTTP response receives. The default
    /// is `false`.
    ///
    /// It contains the secret and the token. `Debug` hides both, but
    /// [`client`](super::AuthleteResponse::client) and
    /// [`response_content`](super::AuthleteResponse::response_content) do not.
    ///
    /// ```
    /// use http::Request;
    /// use serde::Deserialize;
    /// use tower::ServiceExt;
    /// use tower_dcr::DcrEndpoint;
    /// use tower_dcr::authlete::{
    ///     AuthleteBackend, AuthleteClient, AuthleteEmulator, AuthleteResponse, Credentials,
    /// };
    /// use tower_dcr::registry::Registry;
    ///
    /// #[derive(Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Client {
    ///     client_id: u64,
    ///     client_type: String,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let credentials = Credentials::new("715948317", "the-access-token-of-the-service")?;
    /// let registry = Registry::in_memory("https://as.example.com/register")?;
    /// let client = AuthleteClient::builder()
    ///     .base_url("https://us.authlete.com")
    ///     .credentials(credentials.clone())
    ///     .http_client(AuthleteEmulator::new(registry, credentials)) // Instead of the network.
    ///     .build()?;
    /// let endpoint = DcrEndpoint::new(AuthleteBackend::new(client).expose_response(true));
    ///
    /// let request = Request::post("/register")
    ///     .header("content-type", "application/json")
    ///     .body(r#"{"redirect_uris":["https://client.example.org/callback"]}"#.to_owned())?;
    /// let response = endpoint.oneshot(request).await?;
    ///
    /// let authlete = response.extensions().get::<AuthleteResponse>().ok_or("not exposed")?;
    /// assert_eq!(authlete.result_code(), Some("A202001"));
    /// let client: Client = serde_json::from_str(authlete.client().ok_or("no client")?.get())?;
    /// assert!(client.client_id > 0);
    /// assert_eq!(client.client_type, "CONFIDENTIAL");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn expose_response(mut self, yes: bool) -> Self {
        self.expose_response = yes;
        self
    }
}

impl Backend for AuthleteBackend {
    type Error = AuthleteError;

    async fn execute(&self, operation: Operation) -> Result<Reply, AuthleteError> {
        let response = self.client.call(&operation).await?;
        let exposed = self.expose_response.then(|| response.clone());
        let mut reply = Reply::from(response);
        if self.hide_unused_secret {
            reply = hide_unused_secret(reply);
        }
        if self.unauthorized_for_wrong_token {
            reply = unauthorized_for_wrong_token(operation.kind(), reply);
        }
        if let Some(response) = exposed {
            reply.extensions_mut().insert(response);
        }
        Ok(reply)
    }
}
