//! Row 9 of the contract: the body as it arrives.

use std::error::Error;
use std::io;
use std::pin::Pin;

use bytes::{Buf, BufMut};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError};

use super::drain::drain;
use crate::BoxError;
use crate::endpoint::respond::Refusal;
use crate::util::error_chain::sources;
use crate::util::timeout::Timeout;

/// Reads the whole body. If it is too large, the rest is drained within the same time-out. Without
/// a time-out it is not drained.
pub(super) async fn read<B>(
    mut body: Pin<&mut B>,
    limit: usize,
    timeout: Timeout,
) -> Result<Vec<u8>, Refusal>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut refusal_if_late = Refusal::BodyTimeout;
    let reading = async {
        let text = collect(body.as_mut(), limit).await;
        if let Err(Refusal::TooLarge) = text
            && timeout.is_running()
        {
            refusal_if_late = Refusal::TooLarge;
            drain(body).await;
        }
        text
    };
    timeout.run(reading).await.unwrap_or(Err(refusal_if_late))
}

/// Copies the frames into one buffer. A kept frame would keep the buffer that it was read into, and
/// a client that sends byte by byte could exceed the limit by far.
async fn collect<B>(mut body: Pin<&mut B>, limit: usize) -> Result<Vec<u8>, Refusal>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| refusal_of(&*error.into()))?;
        // Trailers are ignored.
        if let Ok(data) = frame.into_data() {
            if data.remaining() > limit - text.len() {
                return Err(Refusal::TooLarge);
            }
            text.put(data);
        }
    }
    Ok(text)
}

/// Returns the refusal for an error of the body. The errors of outer layers that limit the body
/// get the same refusals as our own limits.
fn refusal_of(error: &(dyn Error + 'static)) -> Refusal {
    for error in sources(error) {
        if error.is::<LengthLimitError>() {
            return Refusal::TooLarge;
        }
        let timed_out = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
        if timed_out || is_tower_http_timeout(error) {
            return Refusal::BodyTimeout;
        }
    }
    Refusal::BodyBroken
}

/// Returns whether this is the `TimeoutError` of tower-http's `TimeoutBody`. The text is compared,
/// because the type belongs to one release of tower-http and the application may use another.
fn is_tower_http_timeout(error: &(dyn Error + 'static)) -> bool {
    error.to_string() == "data was not received within the designated timeout"
}
