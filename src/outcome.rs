//! What happened, for the layers outside.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Response, StatusCode};

use crate::span::OperationSpan;
use crate::{Action, ErrorCode, OperationKind};

/// What became of a request on one of our paths. It is in the [extensions](http::Response::extensions) of every response
/// that the registration service gave, for outer layers that count, audit or log; the client never sees it.
///
/// [`operation`](Self::operation), [`action`](Self::action), [`status`](Self::status) and [`error`](Self::error) are from
/// closed sets, and fit for the labels of a metric; [`code`](Self::code) is where the backend's codes are.
///
/// A response of an endpoint layer (a CORS preflight, a 429) has none, nor has a response of the application. And where the
/// client goes away before the response, there is no response to have one, though the operation may have happened: who must
/// know of each client keeps count where clients are kept, for the embedded registry with
/// `EmbeddedBuilder::on_change`.
///
/// ```
/// use http::{Request, Response};
/// use tower::ServiceExt;
/// use tower_dcr::{Action, DcrEndpoint, Operation, OperationKind, Outcome, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let backend = backend_fn(|_: Operation| async {
///     Ok::<_, tower_dcr::BoxError>(Reply::created("{}").with_code("A202001"))
/// });
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))
///     .unwrap();
///
/// let response = DcrEndpoint::new(backend).oneshot(request).await.unwrap();
///
/// let outcome = response.extensions().get::<Outcome>().unwrap();
/// assert_eq!(outcome.operation(), Some(OperationKind::Register));
/// assert_eq!(outcome.action(), Some(Action::Created));
/// assert_eq!(outcome.code(), Some("A202001"));
/// assert_eq!(outcome.status(), 201);
/// assert!(outcome.cause().is_none());
/// # }
/// ```
#[derive(Clone)]
pub struct Outcome {
    operation: Option<OperationKind>,
    action: Option<Action>,
    status: StatusCode,
    error: Option<ErrorCode>,
    code: Option<Cow<'static, str>>,
    client_id: Option<Box<str>>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
    elapsed: Duration,
}

impl Outcome {
    /// Of a request that asks for this, before the backend is asked. The status and the time are filled in when the
    /// response is [complete](complete).
    pub(crate) fn of(operation: Option<OperationKind>) -> Self {
        Self {
            operation,
            action: None,
            status: StatusCode::default(),
            error: None,
            code: None,
            client_id: None,
            cause: None,
            elapsed: Duration::ZERO,
        }
    }

    pub(crate) fn with_reply(mut self, action: Action, code: Option<Cow<'static, str>>) -> Self {
        self.action = Some(action);
        self.code = code;
        self
    }

    pub(crate) fn with_error(mut self, error: Option<ErrorCode>) -> Self {
        self.error = error;
        self
    }

    pub(crate) fn with_client(mut self, client_id: Option<Box<str>>) -> Self {
        self.client_id = client_id;
        self
    }

    pub(crate) fn with_cause(mut self, cause: Option<Arc<dyn Error + Send + Sync>>) -> Self {
        self.cause = cause;
        self
    }

    /// A 5xx, for whoever runs the server.
    #[cfg(feature = "tracing")]
    fn log_failure(&self) {
        tracing::error!(
            operation = self.operation.map(OperationKind::as_str),
            action = self.action.map(Action::as_str),
            status = self.status.as_u16(),
            code = self.code(),
            cause = self
                .cause()
                .map(|cause| tracing::field::display(Chain(cause))),
            "client registration failed"
        );
    }

    /// What the request asked for; `None` where its method asks for nothing (`OPTIONS`, or a 405), or where its path is
    /// not ours.
    #[must_use]
    pub fn operation(&self) -> Option<OperationKind> {
        self.operation
    }

    /// What the backend answered, or a [policy](crate::policy) around it; `None` where neither was asked, or it failed.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        self.action
    }

    /// The status of the response, as the registration service gave it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The `error` of the response, whoever wrote its content, where it is one of those that [`ErrorCode`] knows.
    #[must_use]
    pub fn error(&self) -> Option<ErrorCode> {
        self.error
    }

    /// The client, where it is known to be it: the backend created it, or accepted its token (and said `OK`, `UPDATED` or
    /// `DELETED`). An identifier that is merely claimed is not here.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// How long it took, from the request's head to the response's: the wait for the body and the backend.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The backend's own code of what happened, where it gave [one](crate::Reply::with_code). It is not the
    /// [`error`](Self::error) of an error response.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Why the client got a 5xx: the backend's error, or an endpoint layer's, or what was wrong with the reply. Where the backend
    /// answered, on any status: the [cause](crate::Reply::with_cause) that it gave, if it did.
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
            .field("code", &self.code)
            .field("client_id", &self.client_id)
            .field("elapsed", &self.elapsed)
            .field("cause", &self.cause().map(|cause| Chain(cause).to_string()))
            .finish()
    }
}

/// Fills in what is known only now, logs a failure, and tells the span.
pub(crate) fn complete<B>(response: &mut Response<B>, started: Instant, span: &OperationSpan) {
    let status = response.status();
    let Some(outcome) = response.extensions_mut().get_mut::<Outcome>() else {
        return;
    };
    outcome.status = status;
    outcome.elapsed = started.elapsed();
    span.record(outcome);
    #[cfg(feature = "tracing")]
    if status.is_server_error() {
        span.in_scope(|| outcome.log_failure());
    }
}

/// An error with its sources, on one line: what would break the line is escaped.
pub(crate) struct Chain<'e>(pub(crate) &'e (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = String::new();
        for (depth, error) in sources(self.0).enumerate() {
            // Wrappers often say what they wrap, and no more.
            let text = error.to_string();
            if text == last {
                continue;
            }
            if depth > 0 {
                f.write_str(": ")?;
            }
            for c in text.chars() {
                if c.is_control() {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            last = text;
        }
        Ok(())
    }
}

/// An error, its source, and so on.
pub(crate) fn sources<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // Asked for its source, an io::Error skips the error it was made of.
        let inside = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        }
    })
}
