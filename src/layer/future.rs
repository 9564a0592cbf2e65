use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Method, Request, Response};
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower_service::Service;

use super::body::ResponseBody;
use super::stack_failure::respond_to_stack_error;
use crate::BoxError;
use crate::operation::OperationKind;
use crate::util::stopwatch::Stopwatch;

pin_project! {
    /// The response future of [`Dcr`](crate::Dcr).
    ///
    /// It holds the inner service's future `F` unboxed, or a call of the endpoint stack `E`.
    pub struct ResponseFuture<F, E, ReqBody>
    where
        E: Service<Request<ReqBody>>,
    {
        #[pin]
        arm: Arm<F, E, ReqBody>,
    }
}

pin_project! {
    #[project = ArmProj]
    enum Arm<F, E, ReqBody>
    where
        E: Service<Request<ReqBody>>,
    {
        Inner {
            #[pin]
            future: F,
        },
        Endpoint {
            // Boxed, because every request of the application would carry the size of the stack.
            future: Pin<Box<Oneshot<E, Request<ReqBody>>>>,
            method: Method,
            kind: Option<OperationKind>,
            started: Stopwatch,
        },
    }
}

impl<F, E, ReqBody> ResponseFuture<F, E, ReqBody>
where
    E: Service<Request<ReqBody>>,
{
    pub(super) fn inner(future: F) -> Self {
        Self {
            arm: Arm::Inner { future },
        }
    }

    pub(super) fn endpoint(
        stack: E,
        request: Request<ReqBody>,
        kind: Option<OperationKind>,
    ) -> Self {
        Self {
            arm: Arm::Endpoint {
                method: request.method().clone(),
                future: Box::pin(Oneshot::new(stack, request)),
                kind,
                started: Stopwatch::start(),
            },
        }
    }
}

impl<F, E, ReqBody, InnerBody, EndBody, Error> Future for ResponseFuture<F, E, ReqBody>
where
    F: Future<Output = Result<Response<InnerBody>, Error>>,
    E: Service<Request<ReqBody>, Response = Response<EndBody>>,
    E::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<InnerBody, EndBody>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().arm.project() {
            ArmProj::Inner { future } => {
                ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner))
            }
            ArmProj::Endpoint {
                future,
                method,
                kind,
                started,
            } => Ok(match ready!(future.as_mut().poll(cx)) {
                Ok(response) => response.map(ResponseBody::endpoint),
                Err(error) => respond_to_stack_error(*kind, method, *started, error.into())
                    .map(ResponseBody::failure),
            }),
        })
    }
}

impl<F, E, ReqBody> fmt::Debug for ResponseFuture<F, E, ReqBody>
where
    E: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
