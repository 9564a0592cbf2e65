use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::BoxError;
use crate::endpoint::respond::{Challenges, RequestSummary, respond};
use crate::reply::Reply;
use crate::telemetry::{OperationSpan, Outcome, report};
use crate::util::stopwatch::Stopwatch;
use crate::util::timeout::Timeout;

pub(super) type BackendFuture<E> = Pin<Box<dyn Future<Output = Result<Reply, E>> + Send>>;

/// The tasks of one layer. All backends of the layer share their number.
#[derive(Clone)]
pub(super) struct Tasks {
    max: usize,
    running: Arc<AtomicUsize>,
    timeout: Timeout,
    callback: Option<Arc<dyn Fn(Outcome) + Send + Sync>>,
}

impl Tasks {
    /// Allows this many tasks at once, of one minute each.
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            running: Arc::default(),
            timeout: Timeout::seconds(60),
            callback: None,
        }
    }

    pub(super) fn with_timeout(self, limit: Duration) -> Self {
        Self {
            timeout: Timeout::new(Some(limit)),
            ..self
        }
    }

    pub(super) fn with_callback(self, callback: impl Fn(Outcome) + Send + Sync + 'static) -> Self {
        Self {
            callback: Some(Arc::new(callback)),
            ..self
        }
    }

    /// Runs the rest of an operation in a task. If there are too many, the operation is dropped.
    pub(super) fn spawn<E: Into<BoxError> + Send + 'static>(
        &self,
        handle: &Handle,
        future: BackendFuture<E>,
        request: RequestSummary,
        started: Stopwatch,
    ) {
        let Some(place) = Place::take(&self.running, self.max) else {
            return warn_of_cancelled();
        };
        let (timeout, callback) = (self.timeout, self.callback.clone());
        handle.spawn(async move {
            let _place = place;
            let span = OperationSpan::new(Some(request.kind()));
            let result = match span.around(timeout.run(future)).await {
                Ok(result) => result.map_err(Into::into),
                Err(timed_out) => Err(BoxError::from(timed_out)),
            };
            let mut response = respond(request, result, &Challenges::default());
            report(&mut response, started, &span);
            if let Some(callback) = callback
                && let Some(outcome) = response.extensions_mut().remove()
            {
                callback(outcome);
            }
        });
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("max", &self.max)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A place among the tasks. It is free again when this is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(running: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let take = |running| (running < max).then_some(running + 1);
        let taken = running.fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        taken.is_ok().then(|| Self(Arc::clone(running)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
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
