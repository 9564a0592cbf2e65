//! What happened, for the layers outside.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::{Action, BoxError, OperationKind};

/// What became of a request on one of our paths. It is in the [extensions](http::Response::extensions) of every response
/// that the registration service gave, for outer layers that count, audit or log; the client never sees it.
///
/// A response of an endpoint layer (a CORS preflight, a 429) has none, nor has a response of the application.
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
/// assert!(outcome.cause().is_none());
/// # }
/// ```
#[derive(Clone)]
pub struct Outcome {
    operation: Option<OperationKind>,
    action: Option<Action>,
    code: Option<Cow<'static, str>>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Outcome {
    /// Of a request that asks for this, before the backend is asked.
    pub(crate) fn of(operation: Option<OperationKind>) -> Self {
        Self {
            operation,
            action: None,
            code: None,
            cause: None,
        }
    }

    pub(crate) fn with_reply(mut self, action: Action, code: Option<Cow<'static, str>>) -> Self {
        self.action = Some(action);
        self.code = code;
        self
    }

    pub(crate) fn with_cause(mut self, cause: BoxError) -> Self {
        self.cause = Some(Arc::from(cause));
        self
    }

    /// The cause of a 5xx, for whoever runs the server.
    #[cfg_attr(
        not(feature = "tracing"),
        expect(clippy::unused_self, reason = "there is no log to write it to")
    )]
    pub(crate) fn log_failure(&self) {
        #[cfg(feature = "tracing")]
        tracing::error!(
            operation = self.operation.map(OperationKind::as_str),
            action = self.action.map(Action::as_str),
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

    /// What the backend answered; `None` where it was not asked, or failed.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        self.action
    }

    /// The backend's own code of what happened, where it gave [one](crate::Reply::with_code). It is not the `error` of an
    /// error response.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Why the client got a 5xx: the backend's error, or an endpoint layer's, or what was wrong with the reply. `None`
    /// on every other status, and where the backend answered `INTERNAL_SERVER_ERROR` itself.
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
            .field("code", &self.code)
            .field("cause", &self.cause().map(|cause| Chain(cause).to_string()))
            .finish()
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
