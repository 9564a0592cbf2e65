use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The response body of [`DcrEndpoint`](crate::DcrEndpoint) and [`respond`](super::respond()): one
/// frame, or nothing.
#[derive(Clone, Default)]
pub struct EndpointBody(Option<Bytes>);

impl EndpointBody {
    pub(super) fn new(content: Bytes) -> Self {
        Self(Some(content))
    }
}

impl Body for EndpointBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|content| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        // Without a body there is no size: a framework would write `Content-Length: 0` to a 204,
        // which RFC 9110 section 8.6 forbids.
        self.0.as_ref().map_or_else(SizeHint::default, |content| {
            SizeHint::with_exact(u64::try_from(content.len()).unwrap_or(u64::MAX))
        })
    }
}

// The content may be a client secret.
impl fmt::Debug for EndpointBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointBody").finish_non_exhaustive()
    }
}
