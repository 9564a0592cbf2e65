use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::body::ResponseBody;
use super::future::ResponseFuture;
use super::stack::Stack;
use crate::BoxError;

/// The middleware that [`DcrLayer`](crate::DcrLayer) creates. Requests on the layer's paths go to
/// the endpoint stack `E`. All others go to the inner service `S`.
///
/// Each request costs two path comparisons. A request for the inner service, and its response, pass
/// unchanged and without an allocation.
///
/// - It is ready when the inner service is ready. The response future awaits the readiness of the
///   endpoint stack and of the backend, so they never delay the application.
/// - It returns the errors of the inner service. The errors of the endpoint stack become responses.
pub struct Dcr<S, E> {
    inner: S,
    stack: Arc<Stack<E>>,
}

impl<S, E> Dcr<S, E> {
    pub(super) fn new(inner: S, stack: Arc<Stack<E>>) -> Self {
        Self { inner, stack }
    }

    /// Returns the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the inner service for changes.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Consumes the middleware and returns the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Clone, E> Clone for Dcr<S, E> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            stack: Arc::clone(&self.stack),
        }
    }
}

impl<S, E> fmt::Debug for Dcr<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dcr")
            .field("paths", &self.stack.paths)
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
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.stack.paths.find(request.method(), request.uri()) {
            None => ResponseFuture::inner(self.inner.call(request)),
            Some(route) => {
                let kind = route.operation(request.method());
                route.add_params_to(request.extensions_mut());
                request.extensions_mut().insert(route);
                ResponseFuture::endpoint(self.stack.endpoint.clone(), request, kind)
            }
        }
    }
}
