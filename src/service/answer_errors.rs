use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{Method, Request, Response};
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower_service::Service;

use super::ResponseBody;
use crate::endpoint::{EndpointBody, failure, without_body_to_head};
use crate::outcome::complete;
use crate::paths::Paths;
use crate::span::OperationSpan;
use crate::{BoxError, OperationKind};

/// An endpoint stack whose errors are answered, made by [`DcrLayer::answer_errors`](crate::DcrLayer::answer_errors). Always
/// ready: the stack's readiness is awaited in the response future.
#[derive(Clone)]
pub struct AnswerErrors<E> {
    stack: E,
    paths: Paths,
}

impl<E> AnswerErrors<E> {
    pub(crate) fn new(stack: E, paths: Paths) -> Self {
        Self { stack, paths }
    }
}

impl<E> fmt::Debug for AnswerErrors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerErrors")
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}

impl<E, ReqBody, EndBody> Service<Request<ReqBody>> for AnswerErrors<E>
where
    E: Service<Request<ReqBody>, Response = Response<EndBody>> + Clone,
    E::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<EndBody, EndpointBody>>;
    type Error = Infallible;
    type Future = AnswerErrorsFuture<E, ReqBody>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let route = self.paths.find(request.method(), request.uri());
        AnswerErrorsFuture {
            kind: route.and_then(|route| route.operation(request.method())),
            method: request.method().clone(),
            started: Instant::now(),
            future: Oneshot::new(self.stack.clone(), request),
        }
    }
}

pin_project! {
    /// Response future of [`AnswerErrors`].
    pub struct AnswerErrorsFuture<E, ReqBody>
    where
        E: Service<Request<ReqBody>>,
    {
        #[pin]
        future: Oneshot<E, Request<ReqBody>>,
        kind: Option<OperationKind>,
        method: Method,
        started: Instant,
    }
}

impl<E, ReqBody, EndBody> Future for AnswerErrorsFuture<E, ReqBody>
where
    E: Service<Request<ReqBody>, Response = Response<EndBody>>,
    E::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<EndBody, EndpointBody>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(Ok(match ready!(this.future.poll(cx)) {
            Ok(response) => response.map(ResponseBody::inner),
            Err(error) => answer(*this.kind, this.method, *this.started, error.into())
                .map(ResponseBody::endpoint),
        }))
    }
}

impl<E, ReqBody> fmt::Debug for AnswerErrorsFuture<E, ReqBody>
where
    E: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerErrorsFuture").finish_non_exhaustive()
    }
}

/// What a client gets where the endpoint stack failed.
pub(super) fn answer(
    kind: Option<OperationKind>,
    method: &Method,
    started: Instant,
    error: BoxError,
) -> Response<EndpointBody> {
    let mut response = failure(kind, error);
    // The one of the endpoint, if there was any, has been left.
    complete(&mut response, started, &OperationSpan::of(kind));
    without_body_to_head(method, response)
}
