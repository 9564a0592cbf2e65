use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::BoxError;
use crate::endpoint::EndpointBody;

pin_project! {
    /// The response body of [`Dcr`](crate::Dcr). It passes on the frames of the inner service's
    /// body, or of the endpoint stack's.
    pub struct ResponseBody<I, E> {
        #[pin]
        arm: Arm<I, E>,
    }
}

pin_project! {
    #[project = ArmProj]
    enum Arm<I, E> {
        Inner {
            #[pin]
            body: I,
        },
        Endpoint {
            #[pin]
            body: E,
        },
        // The response to an error of the endpoint stack.
        Failure {
            #[pin]
            body: EndpointBody,
        },
    }
}

impl<I, E> ResponseBody<I, E> {
    pub(super) fn inner(body: I) -> Self {
        Self {
            arm: Arm::Inner { body },
        }
    }

    pub(super) fn endpoint(body: E) -> Self {
        Self {
            arm: Arm::Endpoint { body },
        }
    }

    pub(super) fn failure(body: EndpointBody) -> Self {
        Self {
            arm: Arm::Failure { body },
        }
    }
}

/// The default is the default of the inner body. Layers that create responses need `Default`.
impl<I: Default, E> Default for ResponseBody<I, E> {
    fn default() -> Self {
        Self::inner(I::default())
    }
}

impl<I, E> Body for ResponseBody<I, E>
where
    I: Body<Data = Bytes>,
    I::Error: Into<BoxError>,
    E: Body<Data = Bytes>,
    E::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().arm.project() {
            ArmProj::Inner { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            ArmProj::Endpoint { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            ArmProj::Failure { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.arm {
            Arm::Inner { body } => body.is_end_stream(),
            Arm::Endpoint { body } => body.is_end_stream(),
            Arm::Failure { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.arm {
            Arm::Inner { body } => body.size_hint(),
            Arm::Endpoint { body } => body.size_hint(),
            Arm::Failure { body } => body.size_hint(),
        }
    }
}

impl<I, E> fmt::Debug for ResponseBody<I, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
