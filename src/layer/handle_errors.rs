use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Request, Response};
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower_service::Service;

use super::body::ResponseBody;
use super::stack_failure::respond_to_stack_error;
use crate::BoxError;
use crate::endpoint::{EndpointBody, Paths, Route};
use crate::operation::OperationKind;
use crate::util::stopwatch::Stopwatch;

/// An endpoint stack whose errors become responses. [`DcrLayer::handle_errors`] creates it.
///
/// It is always ready. The readiness of the stack is awaited in the response future.
///
/// [`DcrLayer::handle_errors`]: crate::DcrLayer::handle_errors
#[derive(Clone)]
pub struct HandleErrors<E> {
    stack: E,
    paths: Arc<Paths>,
}

impl<E> HandleErrors<E> {
    pub(super) fn new(stack: E, paths: Arc<Paths>) -> Self {
        Self { stack, paths }
    }
}

impl<E> fmt::Debug for HandleErrors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandleErrors").finish_non_exhaustive()
    }
}

impl<E, ReqBody, EndBody> Service<Request<ReqBody>> for HandleErrors<E>
where
    E: Service<Request<ReqBody>, Response = Response<EndBody>> + Clone,
    E::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<EndBody, EndpointBody>>;
    type Error = Infallible;
    type Future = HandleErrorsFuture<E, ReqBody>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The middleware stored the route in the extensions. An outer layer may have removed it.
        let kind = match request.extensions().get::<Route>() {
            Some(route) => route.operation(request.method()),
            None => self
                .paths
                .find(request.method(), request.uri())
                .and_then(|route| route.operation(request.method())),
        };
        HandleErrorsFuture {
            kind,
            method: request.method().clone(),
            started: Stopwatch::start(),
            future: Oneshot::new(self.stack.clone(), request),
        }
    }
}

pin_project! {
    /// The response future of [`HandleErrors`].
    pub struct HandleErrorsFuture<E, ReqBody>
    where
        E: Service<Request<ReqBody>>,
    {
        #[pin]
        future: Oneshot<E, Request<ReqBody>>,
        kind: Option<OperationKind>,
        method: Method,
        started: Stopwatch,
    }
}

impl<E, ReqBody, EndBody> Future for HandleErrorsFuture<E, ReqBody>
where
    E: Service<Request<ReqBody>, Response = Response<EndBody>>,
    E::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<EndBody, EndpointBody>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(Ok(match ready!(this.future.poll(cx)) {
            Ok(response) => response.map(ResponseBody::inner),
            Err(error) => {
                respond_to_stack_error(*this.kind, this.method, *this.started, error.into())
                    .map(ResponseBody::endpoint)
            }
        }))
    }
}

impl<E, ReqBody> fmt::Debug for HandleErrorsFuture<E, ReqBody>
where
    E: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandleErrorsFuture").finish_non_exhaustive()
    }
}
