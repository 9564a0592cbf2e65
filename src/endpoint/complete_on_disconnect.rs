use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tower_layer::Layer;

use super::respond::{Challenges, RequestSummary, respond};
use crate::BoxError;
use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::telemetry::{OperationSpan, Outcome, report};
use crate::util::stopwatch::Stopwatch;
use crate::util::timeout::Timeout;

type OnOutcome = Arc<dyn Fn(Outcome) + Send + Sync>;

/// A layer around a backend that completes operations after the client disconnected or the backend
/// time-out elapsed.
///
/// Without it, such an operation is cancelled, and nobody knows how far it got. With it, the rest
/// of the operation runs in a tokio task, and a [callback](Self::on_outcome) receives its
/// [`Outcome`]. It needs feature `tokio`.
///
/// - An operation is cancelled as without the layer if it takes longer than the
///   [time-out](Self::task_timeout), or if there are too many such tasks. In the second case a
///   warning is logged, at most once a second.
/// - Put limits of the backend **inside** this layer. A task then keeps its permit until its end,
///   so clients that disconnect in a loop cannot start more operations than the limit allows.
///
/// ```
/// use std::future::Future;
/// use std::sync::mpsc;
/// use std::task::{Context, Waker};
///
/// use tower::limit::ConcurrencyLimitLayer;
/// use tower::{Layer, ServiceBuilder};
/// use tower_dcr::backend::BackendService;
/// use tower_dcr::endpoint::CompleteOnDisconnectLayer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let slow = backend_fn(|_| async {
///     tokio::task::yield_now().await;
///     Ok::<_, BoxError>(Reply::created("{}"))
/// });
/// let (sender, outcomes) = mpsc::channel();
/// let backend = ServiceBuilder::new()
///     .layer(CompleteOnDisconnectLayer::new(64).on_outcome(move |outcome| {
///         let _ = sender.send(outcome);
///     }))
///     .layer(ConcurrencyLimitLayer::new(64))
///     .layer_fn(BackendService::new)
///     .service(slow);
///
/// // The client disconnects while the backend works.
/// let register = Register::new(ClientMetadata::parse("{}")?);
/// let mut operation = Box::pin(backend.execute(register.into()));
/// let is_pending = operation.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
/// assert!(is_pending);
/// drop(operation);
///
/// tokio::task::yield_now().await;
/// tokio::task::yield_now().await;
/// assert_eq!(outcomes.try_recv()?.action(), Some(Action::Created));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CompleteOnDisconnectLayer {
    max_tasks: usize,
    timeout: Timeout,
    on_outcome: Option<OnOutcome>,
}

impl CompleteOnDisconnectLayer {
    /// Creates the layer, with at most this many tasks at once. A task is cancelled after one
    /// minute; see [`task_timeout`](Self::task_timeout).
    ///
    /// With 0, nothing is ever completed: every operation is cancelled as without the layer.
    #[must_use]
    pub fn new(max_tasks: usize) -> Self {
        Self {
            max_tasks,
            timeout: Timeout::seconds(60),
            on_outcome: None,
        }
    }

    /// Sets the time that a task may take. The default is one minute. After that time the operation
    /// is cancelled, and its [`Outcome`] is a 503.
    ///
    /// Zero cancels the operation at once, unless it completes without waiting any more.
    #[must_use]
    pub fn task_timeout(self, limit: Duration) -> Self {
        Self {
            timeout: Timeout::new(Some(limit)),
            ..self
        }
    }

    /// Sets a callback for the outcomes of operations that ended in a task. An operation that ended
    /// before has its outcome in the extensions of its response.
    #[must_use]
    pub fn on_outcome(self, callback: impl Fn(Outcome) + Send + Sync + 'static) -> Self {
        Self {
            on_outcome: Some(Arc::new(callback)),
            ..self
        }
    }
}

impl fmt::Debug for CompleteOnDisconnectLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompleteOnDisconnectLayer")
            .field("max_tasks", &self.max_tasks)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl<B> Layer<B> for CompleteOnDisconnectLayer {
    type Service = CompleteOnDisconnect<B>;

    fn layer(&self, backend: B) -> CompleteOnDisconnect<B> {
        CompleteOnDisconnect {
            backend: Arc::new(backend),
            tasks: Arc::new(Tasks {
                running: AtomicUsize::new(0),
                layer: self.clone(),
            }),
        }
    }
}

/// The backend that [`CompleteOnDisconnectLayer`] creates. It is cheap to clone.
pub struct CompleteOnDisconnect<B> {
    backend: Arc<B>,
    tasks: Arc<Tasks>,
}

impl<B: Backend> Backend for CompleteOnDisconnect<B> {
    type Error = B::Error;

    fn execute(
        &self,
        operation: Operation,
    ) -> impl Future<Output = Result<Reply, B::Error>> + Send {
        let backend = Arc::clone(&self.backend);
        let request = RequestSummary::new(&operation);
        Operating {
            future: Some(Box::pin(async move { backend.execute(operation).await })),
            request,
            started: Stopwatch::start(),
            // `None` until the first poll: an operation that was not started is dropped.
            handle: None,
            tasks: Arc::clone(&self.tasks),
        }
    }

    fn server_metadata(&self) -> Map<String, Value> {
        self.backend.server_metadata()
    }
}

impl<B> Clone for CompleteOnDisconnect<B> {
    fn clone(&self) -> Self {
        Self {
            backend: Arc::clone(&self.backend),
            tasks: Arc::clone(&self.tasks),
        }
    }
}

impl<B> fmt::Debug for CompleteOnDisconnect<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompleteOnDisconnect")
            .finish_non_exhaustive()
    }
}

type BackendFuture<E> = Pin<Box<dyn Future<Output = Result<Reply, E>> + Send>>;

/// An operation. If it is dropped before its end, the rest becomes a task.
struct Operating<E: Into<BoxError> + Send + 'static> {
    /// `None` at the end.
    future: Option<BackendFuture<E>>,
    request: RequestSummary,
    started: Stopwatch,
    handle: Option<Handle>,
    tasks: Arc<Tasks>,
}

impl<E: Into<BoxError> + Send + 'static> Future for Operating<E> {
    type Output = Result<Reply, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.handle.is_none() {
            self.handle = Handle::try_current().ok();
        }
        let Some(future) = &mut self.future else {
            // Polled again after it ended, which the contract of `Future` forbids.
            return Poll::Pending;
        };
        let result = ready!(future.as_mut().poll(cx));
        self.future = None;
        Poll::Ready(result)
    }
}

impl<E: Into<BoxError> + Send + 'static> Drop for Operating<E> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take()
            && let Some(handle) = self.handle.take()
            && let Some(task) = Task::new(&self.tasks)
        {
            handle.spawn(task.run(future, self.request.clone(), self.started));
        }
    }
}

/// The tasks of one layered backend.
struct Tasks {
    running: AtomicUsize,
    layer: CompleteOnDisconnectLayer,
}

/// A slot for one task. Dropping it frees the slot.
struct Task(Arc<Tasks>);

impl Task {
    /// Takes a slot, or returns `None` if all are taken.
    fn new(tasks: &Arc<Tasks>) -> Option<Self> {
        let take = |running| (running < tasks.layer.max_tasks).then_some(running + 1);
        let taken = tasks
            .running
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        if taken.is_err() {
            warn_of_cancelled();
            return None;
        }
        Some(Self(Arc::clone(tasks)))
    }

    async fn run<E: Into<BoxError>>(
        self,
        future: BackendFuture<E>,
        request: RequestSummary,
        started: Stopwatch,
    ) {
        let layer = &self.0.layer;
        let span = OperationSpan::new(Some(request.kind()));
        let result = match span.around(layer.timeout.run(future)).await {
            Ok(result) => result.map_err(Into::into),
            Err(timed_out) => Err(BoxError::from(timed_out)),
        };
        let mut response = respond(request, result, &Challenges::default());
        report(&mut response, started, &span);
        if let Some(on_outcome) = &layer.on_outcome
            && let Some(outcome) = response.extensions_mut().remove()
        {
            on_outcome(outcome);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

fn warn_of_cancelled() {
    #[cfg(feature = "tracing")]
    {
        static LIMIT: crate::telemetry::LogLimit = crate::telemetry::LogLimit::new();
        if let Some(count) = LIMIT.count() {
            tracing::warn!(
                count,
                "operations of clients that disconnected were cancelled"
            );
        }
    }
}
