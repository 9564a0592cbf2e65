use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, StatusCode};

use crate::operation::OperationKind;
use crate::reply::{Action, ErrorCode};
use crate::util::error_chain::Chain;

/// The result of a request to the registration service, for metrics, audits and logs.
///
/// It is in the [extensions](http::Response::extensions) of each response of the registration
/// service. Outer layers can read it there. The client does not receive it.
///
/// [`operation`](Self::operation), [`action`](Self::action), [`status`](Self::status) and
/// [`error`](Self::error) come from closed sets, so they fit the labels of a metric.
/// [`reason`](Self::reason) also fits, if your backend takes its reasons from a closed set.
///
/// There is no outcome in these cases:
///
/// - An endpoint layer created the response. Examples are a 429, and the response to a CORS
///   preflight. The response to an *error* of an endpoint layer has an outcome.
/// - The application answered.
/// - The client disconnected before the response. The operation may have happened.
///
/// If you must know about every client, use the store, such as `RegistryBuilder::on_change` of the
/// built-in registry. After a client disconnects, its operation can run to its end in a background
/// task. `CompleteOnDisconnectLayer::on_outcome` receives the outcomes of such operations. It does
/// not report operations that were cancelled because too many tasks ran.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::operation::OperationKind;
/// use tower_dcr::{Action, BoxError, DcrEndpoint, Outcome, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async {
///     Ok::<_, BoxError>(Reply::created("{}").with_reason("A202001"))
/// });
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
///
/// let response = DcrEndpoint::new(backend).oneshot(request).await?;
///
/// let outcome = response.extensions().get::<Outcome>().unwrap();
/// assert_eq!(outcome.operation(), Some(OperationKind::Register));
/// assert_eq!(outcome.action(), Some(Action::Created));
/// assert_eq!(outcome.reason(), Some("A202001"));
/// assert_eq!(outcome.status(), 201);
/// assert!(outcome.cause().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Outcome {
    operation: Option<OperationKind>,
    action: Option<Action>,
    status: StatusCode,
    error: Option<ErrorCode>,
    reason: Option<Cow<'static, str>>,
    client_id: Option<Box<str>>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
    elapsed: Duration,
    extensions: Extensions,
}

impl Outcome {
    /// Creates the outcome of a request for which no backend was called yet.
    pub(crate) fn new(operation: Option<OperationKind>, status: StatusCode) -> Self {
        Self {
            operation,
            action: None,
            status,
            error: None,
            reason: None,
            client_id: None,
            cause: None,
            elapsed: Duration::ZERO,
            extensions: Extensions::new(),
        }
    }

    pub(crate) fn with_reply(mut self, action: Action, reason: Option<Cow<'static, str>>) -> Self {
        self.action = Some(action);
        self.reason = reason;
        self
    }

    pub(crate) fn with_error(mut self, error: Option<ErrorCode>) -> Self {
        self.error = error;
        self
    }

    pub(crate) fn with_client_id(mut self, client_id: Option<Box<str>>) -> Self {
        self.client_id = client_id;
        self
    }

    pub(crate) fn with_cause(mut self, cause: Option<Arc<dyn Error + Send + Sync>>) -> Self {
        self.cause = cause;
        self
    }

    /// Sets what the verifier of initial access tokens attached.
    pub(crate) fn set_extensions(&mut self, extensions: Extensions) {
        self.extensions = extensions;
    }

    /// Sets what is known when the response is complete.
    pub(crate) fn complete(&mut self, status: StatusCode, elapsed: Duration) {
        self.status = status;
        self.elapsed = elapsed;
    }

    /// Returns the operation of the request. It is `None` in these cases:
    ///
    /// - The method is `OPTIONS`, or the response is a 405.
    /// - The path is not one of the service's. This can only happen to a
    ///   [`DcrEndpoint`](crate::DcrEndpoint) without the layer.
    #[must_use]
    pub fn operation(&self) -> Option<OperationKind> {
        self.operation
    }

    /// Returns the action of the [`Reply`](crate::Reply) of the backend, or of a
    /// [policy](crate::policy) around it. It is `None` if neither returned a reply.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        self.action
    }

    /// Returns the status of the registration service's response. An outer layer may change it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the `error` of the response. It is `None` if there is no error, or if [`ErrorCode`]
    /// does not list it.
    #[must_use]
    pub fn error(&self) -> Option<ErrorCode> {
        self.error
    }

    /// Returns the `client_id`, if the backend created the client or accepted its token. Otherwise
    /// it is `None`, because the `client_id` in the path may be invented.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Returns the time from the call of the registration service to its response. It includes the
    /// time in which the body arrived, and the time of the backend.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns the [reason](crate::Reply::with_reason) of the backend or the policy, if it set one.
    /// It is not the [`error`](Self::error) of the response.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Returns what the verifier of initial access tokens
    /// [attached](crate::initial_access::Verdict::Accepted) to the registration. Without a verifier
    /// there are no extensions.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Returns the error behind the response. It is one of these:
    ///
    /// - The error of the backend, the selector, the verifier or an endpoint layer, for a 5xx.
    /// - A description of what is wrong with the backend's reply, for a 500.
    /// - The [cause](crate::Reply::with_cause) of a reply, for any status.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("operation", &self.operation)
            .field("action", &self.action)
            .field("status", &self.status)
            .field("error", &self.error)
            .field("reason", &self.reason)
            .field("client_id", &self.client_id)
            .field("elapsed", &self.elapsed)
            .field("cause", &self.cause().map(|cause| Chain(cause).to_string()))
            .finish_non_exhaustive()
    }
}
