use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;

use super::respond::EndpointBody;

/// The response future of [`DcrEndpoint`](super::DcrEndpoint). Dropping it drops the backend's
/// future.
pub struct EndpointFuture {
    inner: Pin<Box<dyn Future<Output = Response<EndpointBody>> + Send>>,
}

impl EndpointFuture {
    pub(crate) fn new(
        inner: impl Future<Output = Response<EndpointBody>> + Send + 'static,
    ) -> Self {
        Self {
            inner: Box::pin(inner),
        }
    }
}

impl Future for EndpointFuture {
    type Output = Result<Response<EndpointBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for EndpointFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointFuture").finish_non_exhaustive()
    }
}
