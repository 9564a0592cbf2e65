use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::task::{BackendFuture, Tasks};
use crate::BoxError;
use crate::endpoint::respond::RequestSummary;
use crate::reply::Reply;
use crate::util::stopwatch::Stopwatch;

/// An operation. If it is dropped before its end, the rest becomes a task.
pub(super) struct Operating<E: Into<BoxError> + Send + 'static> {
    /// `None` while it is polled, and at the end.
    future: Option<BackendFuture<E>>,
    request: RequestSummary,
    started: Stopwatch,
    /// `None` until the first poll: an operation that was not started is simply dropped.
    handle: Option<Handle>,
    tasks: Tasks,
}

impl<E: Into<BoxError> + Send + 'static> Operating<E> {
    pub(super) fn new(future: BackendFuture<E>, request: RequestSummary, tasks: Tasks) -> Self {
        Self {
            future: Some(future),
            request,
            started: Stopwatch::start(),
            handle: None,
            tasks,
        }
    }
}

impl<E: Into<BoxError> + Send + 'static> Future for Operating<E> {
    type Output = Result<Reply, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.handle.is_none() {
            self.handle = Handle::try_current().ok();
        }
        // Taken out: a backend that panics must not become a task that polls it again.
        let Some(mut future) = self.future.take() else {
            // Polled again after it ended, which the contract of `Future` forbids.
            return Poll::Pending;
        };
        let result = future.as_mut().poll(cx);
        if result.is_pending() {
            self.future = Some(future);
        }
        result
    }
}

impl<E: Into<BoxError> + Send + 'static> Drop for Operating<E> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take()
            && let Some(handle) = self.handle.take()
        {
            self.tasks
                .spawn(&handle, future, self.request.clone(), self.started);
        }
    }
}
