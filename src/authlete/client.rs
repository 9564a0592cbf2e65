//! The four calls.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use bytes::BufMut;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::time::Instant;
use tower::retry::backoff::{Backoff, ExponentialBackoffMaker, MakeBackoff};

use super::config::{AuthleteBuilder, CredentialsSource};
use super::error::{AuthleteError, ErrorKind};
use super::retry::{asked_wait, is_repeatable};
use super::transport::{IsConnectError, ResponseBody, Transport};
use super::wire::{self, Answer};
use crate::operation::{Delete, Operation, Read, Register, Update};
use crate::util::timeout::Timeout;

/// A client of Authlete's Web API for the four operations, on its own. Cheap to clone.
///
/// [`AuthleteBackend`](super::AuthleteBackend) is this as a [`Backend`](crate::Backend). It needs a tokio runtime with its
/// timer enabled.
///
/// ```no_run
/// use tower_dcr::authlete::AuthleteClient;
/// use tower_dcr::operation::Register;
/// use tower_dcr::ClientMetadata;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let authlete = AuthleteClient::from_env()?;
/// let metadata = ClientMetadata::parse(r#"{"client_name":"My Client"}"#)?;
///
/// let answer = authlete.register(Register::new(metadata)).await?;
///
/// println!("{} {:?}", answer.action(), answer.result_message());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthleteClient {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) base_url: String,
    pub(super) credentials: CredentialsSource,
    pub(super) send_initial_access_token: bool,
    pub(super) headers: HeaderMap,
    pub(super) attempt_timeout: Timeout,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
    pub(super) backoff: ExponentialBackoffMaker,
    pub(super) min_wait: Duration,
    pub(super) answer_limit: usize,
    pub(super) transport: Transport,
    pub(super) is_connect_error: IsConnectError,
}

impl AuthleteClient {
    /// The settings to start from.
    pub fn builder() -> AuthleteBuilder {
        AuthleteBuilder::default()
    }

    /// The client that [the environment names](AuthleteBuilder::from_env), with the default settings.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where something is missing or wrong.
    pub fn from_env() -> Result<Self, AuthleteError> {
        Self::builder().from_env()?.build()
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Calls `/client/registration`: Authlete registers a client.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call).
    pub async fn register(&self, register: Register) -> Result<Answer, AuthleteError> {
        self.call(&register.into()).await
    }

    /// Calls `/client/registration/get`: Authlete reads a client.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call).
    pub async fn read(&self, read: Read) -> Result<Answer, AuthleteError> {
        self.call(&read.into()).await
    }

    /// Calls `/client/registration/update`: Authlete updates a client.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call).
    pub async fn update(&self, update: Update) -> Result<Answer, AuthleteError> {
        self.call(&update.into()).await
    }

    /// Calls `/client/registration/delete`: Authlete deletes a client.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call).
    pub async fn delete(&self, delete: Delete) -> Result<Answer, AuthleteError> {
        self.call(&delete.into()).await
    }

    /// Calls `/client/registration`, or `/get`, `/update` or `/delete` below it, as the operation says, and gives the
    /// whole answer, whatever its action.
    ///
    /// # Errors
    ///
    /// [`AuthleteError`] where there is no answer, after the attempts that the [`RetryPolicy`](super::RetryPolicy) allows.
    pub async fn call(&self, operation: &Operation) -> Result<Answer, AuthleteError> {
        let inner = &*self.inner;
        let deadline = Instant::now() + inner.timeout;
        let mut backoff = inner.backoff.clone().make_backoff();
        let mut attempt = 1;
        loop {
            let error = match inner.attempt_within(operation, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if attempt >= inner.attempts || !is_repeatable(operation.kind(), &error) {
                return Err(error);
            }
            attempt += 1;
            let left = deadline.saturating_duration_since(Instant::now());
            if let ErrorKind::RateLimited { wait: Some(wait) } = error.kind() {
                let wait = (*wait).max(inner.min_wait);
                // One that does not fit is the caller's to make.
                if wait >= left {
                    return Err(error);
                }
                tokio::time::sleep(wait).await;
            } else {
                let waited = tokio::time::timeout(left, backoff.next_backoff()).await;
                if waited.is_err() {
                    return Err(error);
                }
            }
        }
    }
}

impl Inner {
    /// One attempt, in the time of an attempt and in what is left of the call's.
    async fn attempt_within(
        &self,
        operation: &Operation,
        deadline: Instant,
    ) -> Result<Answer, AuthleteError> {
        let sent = AtomicBool::new(false);
        let attempt = self.attempt_timeout.run(self.attempt(operation, &sent));
        match tokio::time::timeout_at(deadline, attempt).await {
            Ok(Ok(outcome)) => outcome,
            _ => Err(AuthleteError::timeout(sent.load(Ordering::Relaxed))),
        }
    }

    async fn attempt(
        &self,
        operation: &Operation,
        sent: &AtomicBool,
    ) -> Result<Answer, AuthleteError> {
        let request = self.request(operation).await?;
        // From here on only the HTTP client knows.
        sent.store(true, Ordering::Relaxed);
        let response = self.transport.send(request).await.map_err(|error| {
            if (self.is_connect_error)(&*error) {
                AuthleteError::connect(error)
            } else {
                AuthleteError::interrupted(error)
            }
        })?;
        let (head, body) = response.into_parts();
        match head.status {
            StatusCode::OK => Answer::parse(&self.read(body).await?),
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = asked_wait(&head.headers, SystemTime::now());
                Err(AuthleteError::rate_limited(wait))
            }
            status if status.is_client_error() || status.is_server_error() => {
                // What the error says of itself is worth having, and not worth another error.
                let body = self.read(body).await.unwrap_or_default();
                let (result_code, result_message) = wire::api_error(&body);
                Err(AuthleteError::api(status, result_code, result_message))
            }
            // Among them the redirects, which are not followed: token and metadata are for this host.
            _ => Err(AuthleteError::invalid_answer(
                "has a status that is neither 200 nor an error",
            )),
        }
    }

    async fn request(
        &self,
        operation: &Operation,
    ) -> Result<Request<Full<bytes::Bytes>>, AuthleteError> {
        let credentials = self.credentials.of(operation).await?;
        let uri = format!(
            "{}/api/{}{}",
            self.base_url,
            credentials.service_id(),
            wire::path(operation)
        );
        let token = credentials.access_token().as_str();
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(AuthleteError::configuration)?;
        authorization.set_sensitive(true);
        let body = wire::body(operation, self.send_initial_access_token);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .body(Full::new(body))
            .map_err(AuthleteError::configuration)?;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(AUTHORIZATION, authorization);
        Ok(request)
    }

    /// The whole body of an answer.
    async fn read(&self, mut body: ResponseBody) -> Result<Vec<u8>, AuthleteError> {
        let limit = self.answer_limit;
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(AuthleteError::interrupted)?;
            if let Ok(data) = frame.into_data() {
                if data.len() > limit - bytes.len() {
                    return Err(AuthleteError::too_large());
                }
                bytes.put(data);
            }
        }
        Ok(bytes)
    }
}

impl fmt::Debug for AuthleteClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthleteClient")
            .field("base_url", &self.inner.base_url)
            .finish_non_exhaustive()
    }
}
