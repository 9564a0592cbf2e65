use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::attempt::AttemptSettings;
use super::credentials::Credentials;
use super::credentials_source::CredentialsSource;
use super::deadline::Deadline;
use super::error::AuthleteError;
use super::response::AuthleteResponse;
use super::retry::RetryPolicy;
use crate::operation::{Delete, Operation, Read, Register, Update};

/// A client of Authlete's Web API for the four operations of client registration.
///
/// [`AuthleteBackend`](super::AuthleteBackend) turns it into a [`Backend`](crate::Backend). Cloning
/// is cheap, and the clones share their connections. It needs a tokio runtime with its timer
/// enabled.
///
/// # Example
///
/// A server without the layer can call Authlete itself, and make the HTTP response with
/// [`respond`](crate::endpoint::respond). In this example the HTTP client is the emulator, so no
/// network is needed. To call Authlete, leave out `http_client`.
///
/// ```
/// use tower_dcr::authlete::{AuthleteClient, AuthleteEmulator, Credentials};
/// use tower_dcr::endpoint::{Challenges, RequestSummary, respond};
/// use tower_dcr::operation::Register;
/// use tower_dcr::registry::Registry;
/// use tower_dcr::{Action, ClientMetadata, Operation, Reply};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let credentials = Credentials::new("715948317", "the-access-token-of-the-service")?;
/// let registry = Registry::in_memory("https://as.example.com/register")?;
/// let client = AuthleteClient::builder()
///     .base_url("https://us.authlete.com")
///     .credentials(credentials.clone())
///     .http_client(AuthleteEmulator::new(registry, credentials))
///     .build()?;
///
/// let metadata = r#"{"redirect_uris":["https://client.example.org/callback"]}"#;
/// let operation = Operation::from(Register::new(ClientMetadata::parse(metadata)?));
///
/// let summary = RequestSummary::new(&operation);
/// let result = client.call(&operation).await;
/// if let Ok(created) = &result {
///     assert_eq!(created.action(), Action::Created);
///     assert_eq!(created.result_code(), Some("A202001"));
/// }
///
/// let response = respond(summary, result.map(Reply::from), &Challenges::default());
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.headers()["cache-control"], "no-store");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthleteClient {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    attempts: AttemptSettings,
    retry: RetryPolicy,
    timeout: Duration,
    attempt_timeout: Duration,
}

impl AuthleteClient {
    pub(super) fn new(
        attempts: AttemptSettings,
        retry: RetryPolicy,
        timeout: Duration,
        attempt_timeout: Duration,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                attempts,
                retry,
                timeout,
                attempt_timeout,
            }),
        }
    }

    /// Creates a client for another service. It shares the HTTP client, connections and all other
    /// settings. Use it if each [tenant](crate::DcrLayer::select_backend) has its own service.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use std::sync::Arc;
    ///
    /// use http::Request;
    /// use http::request::Parts;
    /// use tower::ServiceExt;
    /// use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, AuthleteEmulator, Credentials};
    /// use tower_dcr::operation::PathParams;
    /// use tower_dcr::registry::Registry;
    /// use tower_dcr::{BoxError, DcrLayer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The emulator has one service, that of the tenant `blue`.
    /// let registry = Registry::in_memory("https://as.example.com/t/blue/register")?;
    /// let emulator = AuthleteEmulator::new(registry, Credentials::new("1", "token-of-blue")?);
    /// let blue = AuthleteClient::builder()
    ///     .base_url("https://us.authlete.com")
    ///     .credentials(Credentials::new("1", "token-of-blue")?)
    ///     .http_client(emulator) // Instead of the network.
    ///     .build()?;
    /// let green = blue.for_service(Credentials::new("2", "token-of-green")?);
    /// let tenants = Arc::new(HashMap::from([
    ///     ("blue".to_owned(), AuthleteBackend::new(blue)),
    ///     ("green".to_owned(), AuthleteBackend::new(green)),
    /// ]));
    ///
    /// let endpoint = DcrLayer::select_backend(move |parts: &Parts| {
    ///     let tenant = PathParams::of(parts);
    ///     let backend = tenant.get("tenant").and_then(|name| tenants.get(name).cloned());
    ///     async move { Ok::<_, BoxError>(backend) }
    /// })
    /// .registration_path("/t/{tenant}/register")
    /// .build_endpoint()?;
    ///
    /// let request = Request::post("/t/blue/register")
    ///     .header("content-type", "application/json")
    ///     .body(String::from(r#"{"redirect_uris":["https://client.example.org/cb"]}"#))?;
    /// assert_eq!(endpoint.oneshot(request).await?.status(), 201);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_service(&self, credentials: Credentials) -> Self {
        let mut inner = Inner::clone(&self.inner);
        inner.attempts.credentials = CredentialsSource::Fixed(credentials);
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Calls `/client/registration`: Authlete registers a client.
    ///
    /// # Errors
    ///
    /// The errors of [`call`](Self::call).
    pub async fn register(&self, register: Register) -> Result<AuthleteResponse, AuthleteError> {
        self.call(&register.into()).await
    }

    /// Calls `/client/registration/get`: Authlete reads a client.
    ///
    /// # Errors
    ///
    /// The errors of [`call`](Self::call).
    pub async fn read(&self, read: Read) -> Result<AuthleteResponse, AuthleteError> {
        self.call(&read.into()).await
    }

    /// Calls `/client/registration/update`: Authlete updates a client.
    ///
    /// # Errors
    ///
    /// The errors of [`call`](Self::call).
    pub async fn update(&self, update: Update) -> Result<AuthleteResponse, AuthleteError> {
        self.call(&update.into()).await
    }

    /// Calls `/client/registration/delete`: Authlete deletes a client.
    ///
    /// # Errors
    ///
    /// The errors of [`call`](Self::call).
    pub async fn delete(&self, delete: Delete) -> Result<AuthleteResponse, AuthleteError> {
        self.call(&delete.into()).await
    }

    /// Makes the call for this operation, and returns the whole response. A valid response
    /// is not an error, whatever its `action`.
    ///
    /// # Errors
    ///
    /// [`AuthleteError`] if there is no valid response, after the retries of the
    /// [`RetryPolicy`](super::RetryPolicy). It is the error of the last attempt.
    pub async fn call(&self, operation: &Operation) -> Result<AuthleteResponse, AuthleteError> {
        let inner = &*self.inner;
        let kind = operation.kind();
        let deadline = Deadline::start(kind, inner.timeout, inner.attempt_timeout);
        let mut retries = None;
        loop {
            let error = match inner.attempts.attempt(operation, &deadline).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if retries.is_none() {
                // The builder has checked the policy, so this is never an error.
                retries = inner.retry.start().ok();
            }
            let wait = retries
                .as_mut()
                .and_then(|retries| retries.next_wait(kind, &error))
                .filter(|wait| deadline.allows_attempt_after(*wait));
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }
}

impl fmt::Debug for AuthleteClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthleteClient")
            .field("base_url", &self.inner.attempts.base_url)
            .finish_non_exhaustive()
    }
}
