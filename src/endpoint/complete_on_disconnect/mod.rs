mod operating;
mod task;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tower_layer::Layer;

use self::operating::Operating;
use self::task::Tasks;
use super::respond::RequestSummary;
use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::telemetry::Outcome;

/// A layer around a backend. It lets an operation run to its end even if the client disconnects or
/// the backend time-out elapses.
///
/// Without it, such an operation is cancelled, and nobody knows how far it got. With it, the rest
/// of the operation runs in a tokio task, and a [callback](Self::on_outcome) receives its
/// [`Outcome`]. It needs feature `tokio`.
///
/// - A task is cancelled if it runs longer than the [task time-out](Self::task_timeout). The
///   callback then receives a 503.
/// - If too many tasks run already, the operation is cancelled at once. The callback is not called,
///   and a warning is logged, at most once a second.
/// - After the backend time-out, there are two outcomes: that of the 503 that the client received,
///   and that of the task.
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
    tasks: Tasks,
}

impl CompleteOnDisconnectLayer {
    /// Creates the layer, with at most this many tasks at once. A task is cancelled after one
    /// minute; see [`task_timeout`](Self::task_timeout).
    ///
    /// With 0, no operation continues after a disconnect or a time-out, as if this layer were not
    /// there.
    #[must_use]
    pub fn new(max_tasks: usize) -> Self {
        Self {
            tasks: Tasks::new(max_tasks),
        }
    }

    /// Sets the time that a task may take. The default is one minute. The task starts when the
    /// client disconnects or the backend time-out elapses. After that time the operation is
    /// cancelled, and its [`Outcome`] is a 503.
    ///
    /// With zero, the operation is polled once more, and cancelled if it is not complete.
    #[must_use]
    pub fn task_timeout(self, limit: Duration) -> Self {
        Self {
            tasks: self.tasks.with_timeout(limit),
        }
    }

    /// Sets a callback for the outcomes of operations that ended in a task. If an operation ends
    /// without a task, its outcome is only in the extensions of the response.
    #[must_use]
    pub fn on_outcome(self, callback: impl Fn(Outcome) + Send + Sync + 'static) -> Self {
        Self {
            tasks: self.tasks.with_callback(callback),
        }
    }
}

impl fmt::Debug for CompleteOnDisconnectLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompleteOnDisconnectLayer")
            .field("tasks", &self.tasks)
            .finish_non_exhaustive()
    }
}

impl<B> Layer<B> for CompleteOnDisconnectLayer {
    type Service = CompleteOnDisconnect<B>;

    fn layer(&self, backend: B) -> CompleteOnDisconnect<B> {
        CompleteOnDisconnect {
            backend: Arc::new(backend),
            tasks: self.tasks.clone(),
        }
    }
}

/// The backend that [`CompleteOnDisconnectLayer`] creates. It is cheap to clone.
pub struct CompleteOnDisconnect<B> {
    backend: Arc<B>,
    tasks: Tasks,
}

impl<B: Backend> Backend for CompleteOnDisconnect<B> {
    type Error = B::Error;

    fn execute(
        &self,
        operation: Operation,
    ) -> impl Future<Output = Result<Reply, B::Error>> + Send {
        let backend = Arc::clone(&self.backend);
        let request = RequestSummary::new(&operation);
        let future = Box::pin(async move { backend.execute(operation).await });
        Operating::new(future, request, self.tasks.clone())
    }

    fn server_metadata(&self) -> Map<String, Value> {
        self.backend.server_metadata()
    }
}

impl<B> Clone for CompleteOnDisconnect<B> {
    fn clone(&self) -> Self {
        Self {
            backend: Arc::clone(&self.backend),
            tasks: self.tasks.clone(),
        }
    }
}

impl<B> fmt::Debug for CompleteOnDisconnect<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompleteOnDisconnect")
            .finish_non_exhaustive()
    }
}
