//! [`Dcr`]: intercept, or pass through.

mod answer_errors;
mod body;
mod future;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

pub use self::answer_errors::{AnswerErrors, AnswerErrorsFuture};
pub use self::body::ResponseBody;
pub use self::future::ResponseFuture;
use crate::BoxError;
use crate::layer::Endpoint;

/// The middleware that [`DcrLayer`](crate::DcrLayer) makes: requests on the registration paths go to the endpoint stack
/// `E`, all others to the inner service `S`.
///
/// What passes through costs a comparison of the path: no allocation, and neither request nor response is changed. Only
/// the inner service is asked whether it is ready; that of the endpoint stack and of the backend is awaited in the
/// response future of a request that needs them, so that they hold up nothing else. The service's error is the inner
/// service's.
pub struct Dcr<S, E> {
    inner: S,
    endpoint: Arc<Endpoint<E>>,
}

impl<S, E> Dcr<S, E> {
    pub(crate) fn new(inner: S, endpoint: Arc<Endpoint<E>>) -> Self {
        Self { inner, endpoint }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service alone.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Clone, E> Clone for Dcr<S, E> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            endpoint: Arc::clone(&self.endpoint),
        }
    }
}

impl<S, E> fmt::Debug for Dcr<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dcr")
            .field("paths", &self.endpoint.paths)
            .finish_non_exhaustive()
    }
}

impl<S, E, ReqBody, InnerBody, EndBody> Service<Request<ReqBody>> for Dcr<S, E>
where
    S: Service<Request<ReqBody>, Response = Response<InnerBody>>,
    E: Service<Request<ReqBody>, Response = Response<EndBody>> + Clone,
    E::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<InnerBody, EndBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, E, ReqBody>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self.endpoint.paths.find(request.method(), request.uri()) {
            None => ResponseFuture::inner(self.inner.call(request)),
            Some(route) => {
                let kind = route.operation(request.method());
                ResponseFuture::endpoint(self.endpoint.stack.clone(), request, kind)
            }
        }
    }
}
