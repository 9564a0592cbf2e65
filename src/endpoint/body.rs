//! Step 9 of the contract: the body as it arrives, and what is read of one that is refused.

use std::error::Error;
use std::io;
use std::pin::Pin;

use bytes::{Buf, BufMut};
use http::Method;
use http::header::EXPECT;
use http::request::Parts;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError};

use super::refusal::Refusal;
use crate::BoxError;
use crate::clock::Clock;
use crate::outcome::sources;

/// How much of a refused body is read. A client that is still sending when its connection is closed may see it reset,
/// and never the answer.
const DRAINED: usize = 1024 * 1024;

/// The whole body. Of one that is too large the rest is read, too, in the same time.
pub(super) async fn read<B>(
    mut body: Pin<&mut B>,
    limit: usize,
    clock: Clock,
) -> Result<Vec<u8>, Refusal>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut late = Refusal::BodyTimeout;
    let reading = async {
        let text = collect(body.as_mut(), limit).await;
        if let Err(Refusal::TooLarge) = text {
            late = Refusal::TooLarge;
            drain(body).await;
        }
        text
    };
    clock.run(reading).await.unwrap_or(Err(late))
}

/// The frames are copied as they come: kept, each would hold on to the buffer it was read into, and a client that sends
/// byte by byte could make that far more than the limit.
async fn collect<B>(mut body: Pin<&mut B>, limit: usize) -> Result<Vec<u8>, Refusal>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| of_body_error(&*error.into()))?;
        // Trailers say nothing about a client.
        if let Ok(data) = frame.into_data() {
            if data.remaining() > limit - text.len() {
                return Err(Refusal::TooLarge);
            }
            text.put(data);
        }
    }
    Ok(text)
}

/// Reads what is left of a body that was refused unread.
///
/// Not with `Expect: 100-continue`, where reading would ask the client for what is refused, and not with a method that
/// has no body.
pub(super) async fn drain_unread<B: Body>(parts: &Parts, body: Pin<&mut B>, clock: Clock) {
    let bodiless = matches!(parts.method, Method::GET | Method::DELETE | Method::OPTIONS);
    let waits = parts
        .headers
        .get_all(EXPECT)
        .iter()
        .any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if !bodiless && !waits {
        // A client too slow to be drained in time is answered all the same.
        let _ = clock.run(drain(body)).await;
    }
}

async fn drain<B: Body>(mut body: Pin<&mut B>) {
    let mut left = DRAINED;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Buf::remaining);
        left = left.saturating_sub(size);
        if left == 0 {
            break;
        }
    }
}

/// What went wrong while the body arrived. Layers outside may bound it too, and their errors count as our own.
fn of_body_error(error: &(dyn Error + 'static)) -> Refusal {
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

/// Whether this is the `TimeoutError` of tower-http's `TimeoutBody`. It is known by its words: the type would be that of
/// one release of tower-http, and the application may use another.
fn is_tower_http_timeout(error: &(dyn Error + 'static)) -> bool {
    error.to_string() == "data was not received within the designated timeout"
}
