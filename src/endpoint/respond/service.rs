use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::body::EndpointBody;
use super::challenge::Challenges;
use super::request_summary::RequestSummary;
use super::respond;
use crate::BoxError;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::telemetry::{OperationSpan, report};
use crate::util::stopwatch::Stopwatch;

/// The layer that turns a service into a [`Respond`].
#[derive(Clone, Debug, Default)]
pub struct RespondLayer {
    challenges: Arc<Challenges>,
}

impl RespondLayer {
    /// Creates the layer with the default challenges.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the challenges of 401 and 403 responses.
    #[must_use]
    pub fn challenges(self, challenges: Challenges) -> Self {
        Self {
            challenges: Arc::new(challenges),
        }
    }
}

impl<S> Layer<S> for RespondLayer {
    type Service = Respond<S>;

    fn layer(&self, inner: S) -> Respond<S> {
        Respond {
            inner,
            challenges: Arc::clone(&self.challenges),
            not_ready: None,
        }
    }
}

/// A service that turns the [`Reply`] of its inner service into an HTTP response: [`respond`] as a
/// tower service.
///
/// It never fails: an error of the inner service becomes a 5xx. If the inner service fails to
/// become ready, the next call returns the response for that error. Each operation has a span and
/// an [`Outcome`](crate::Outcome), and each 5xx is logged. A 503 for shed load is logged at most
/// once a second.
///
/// To turn a backend into an inner service, use
/// [`BackendService`](crate::backend::BackendService).
///
/// # Example
///
/// An axum handler decodes the request itself. The service does the rest. The body is passed as
/// bytes, because a parsed `Value` would lose duplicate members.
///
/// ```
/// use axum::body::{Body, Bytes};
/// use axum::extract::State;
/// use axum::response::Response;
/// use axum::{Router, routing::post};
/// use http::{Request, StatusCode};
/// use tower::{Layer, ServiceExt};
/// use tower_dcr::backend::{BackendService, SharedBackend};
/// use tower_dcr::endpoint::{Respond, RespondLayer};
/// use tower_dcr::operation::Register;
/// use tower_dcr::{BoxError, ClientMetadata, ErrorCode, Reply, backend_fn};
///
/// type Registration = Respond<BackendService<SharedBackend>>;
///
/// async fn register(State(registration): State<Registration>, body: Bytes) -> Response {
///     match ClientMetadata::parse(body) {
///         Ok(metadata) => {
///             let Ok(response) = registration.oneshot(Register::new(metadata).into()).await;
///             response.map(Body::new)
///         }
///         Err(error) => ErrorCode::InvalidClientMetadata
///             .response(StatusCode::BAD_REQUEST, &error.to_string())
///             .map(Body::new),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let backend = BackendService::new(SharedBackend::new(backend));
/// let app: Router = Router::new()
///     .route("/clients", post(register))
///     .with_state(RespondLayer::new().layer(backend));
///
/// let request = Request::post("/clients")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// assert_eq!(app.oneshot(request).await?.status(), 201);
/// # Ok(())
/// # }
/// ```
pub struct Respond<S> {
    inner: S,
    challenges: Arc<Challenges>,
    /// The error of the last `poll_ready`. The next call responds to it.
    not_ready: Option<BoxError>,
}

impl<S> Service<Operation> for Respond<S>
where
    S: Service<Operation, Response = Reply>,
    S::Error: Into<BoxError>,
{
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = RespondFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.not_ready.is_none() {
            self.not_ready = ready!(self.inner.poll_ready(cx)).err().map(Into::into);
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: Operation) -> Self::Future {
        let request = RequestSummary::new(&operation);
        let span = OperationSpan::new(Some(request.kind));
        let state = match self.not_ready.take() {
            Some(error) => State::NotReady { error: Some(error) },
            None => State::Called {
                future: span.in_scope(|| self.inner.call(operation)),
            },
        };
        RespondFuture {
            state,
            request: Some(request),
            challenges: Arc::clone(&self.challenges),
            started: Stopwatch::start(),
            span,
        }
    }
}

// A clone has its own readiness (tower's `Service::poll_ready`).
impl<S: Clone> Clone for Respond<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            challenges: Arc::clone(&self.challenges),
            not_ready: None,
        }
    }
}

impl<S> fmt::Debug for Respond<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Respond")
            .field("challenges", &self.challenges)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The response future of [`Respond`].
    pub struct RespondFuture<F> {
        #[pin]
        state: State<F>,
        request: Option<RequestSummary>,
        challenges: Arc<Challenges>,
        started: Stopwatch,
        span: OperationSpan,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Called { #[pin] future: F },
        NotReady { error: Option<BoxError> },
    }
}

impl<F, E> Future for RespondFuture<F>
where
    F: Future<Output = Result<Reply, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<EndpointBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = match this.state.project() {
            StateProj::Called { future } => {
                ready!(this.span.in_scope(|| future.poll(cx))).map_err(Into::into)
            }
            StateProj::NotReady { error } => match error.take() {
                Some(error) => Err(error),
                // Polled again after it ended, which the contract of `Future` forbids.
                None => return Poll::Pending,
            },
        };
        let Some(request) = this.request.take() else {
            return Poll::Pending;
        };
        let mut response = respond(request, result, this.challenges);
        report(&mut response, *this.started, this.span);
        Poll::Ready(Ok(response))
    }
}

impl<F> fmt::Debug for RespondFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RespondFuture").finish_non_exhaustive()
    }
}
