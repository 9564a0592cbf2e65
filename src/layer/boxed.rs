use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::BoxError;

type BoxService<ReqBody> =
    BoxCloneSyncService<Request<ReqBody>, Response<UnsyncBoxBody<Bytes, BoxError>>, BoxError>;

/// An endpoint stack whose type is erased. [`DcrLayer::boxed`](crate::DcrLayer::boxed) creates it.
/// `ReqBody` is the type of the request body.
pub struct BoxedEndpoint<ReqBody> {
    inner: BoxService<ReqBody>,
}

impl<ReqBody> BoxedEndpoint<ReqBody> {
    pub(super) fn new<E, EndBody>(stack: E) -> Self
    where
        E: Service<Request<ReqBody>, Response = Response<EndBody>> + Clone + Send + Sync + 'static,
        E::Error: Into<BoxError> + 'static,
        E::Future: Send + 'static,
        EndBody: Body<Data = Bytes> + Send + 'static,
        EndBody::Error: Into<BoxError>,
    {
        let stack = stack
            .map_err(Into::into)
            .map_response(|response| response.map(|body| body.map_err(Into::into).boxed_unsync()));
        Self {
            inner: BoxCloneSyncService::new(stack),
        }
    }
}

impl<ReqBody> Service<Request<ReqBody>> for BoxedEndpoint<ReqBody> {
    type Response = Response<BoxedBody>;
    type Error = BoxError;
    type Future = BoxedFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> BoxedFuture {
        BoxedFuture {
            inner: self.inner.call(request),
        }
    }
}

impl<ReqBody> Clone for BoxedEndpoint<ReqBody> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<ReqBody> fmt::Debug for BoxedEndpoint<ReqBody> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxedEndpoint").finish_non_exhaustive()
    }
}

/// The response future of [`BoxedEndpoint`].
pub struct BoxedFuture {
    inner: <BoxService<()> as Service<Request<()>>>::Future,
}

impl Future for BoxedFuture {
    type Output = Result<Response<BoxedBody>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = self.inner.as_mut().poll(cx);
        response.map_ok(|response| response.map(|inner| BoxedBody { inner }))
    }
}

impl fmt::Debug for BoxedFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxedFuture").finish_non_exhaustive()
    }
}

/// The response body of [`BoxedEndpoint`].
pub struct BoxedBody {
    inner: UnsyncBoxBody<Bytes, BoxError>,
}

impl Body for BoxedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The default is an empty body. Layers that create responses need `Default`.
impl Default for BoxedBody {
    fn default() -> Self {
        Self {
            inner: UnsyncBoxBody::default(),
        }
    }
}

impl fmt::Debug for BoxedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxedBody").finish_non_exhaustive()
    }
}
