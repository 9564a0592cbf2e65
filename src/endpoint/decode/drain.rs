//! Reading the rest of a refused body.
//!
//! A client that still sends when the connection closes may see a reset instead of the response.

use std::pin::Pin;

use bytes::Buf;
use http::Method;
use http::request::Parts;
use http_body::Body;
use http_body_util::BodyExt;

use super::expect_continue;
use crate::endpoint::respond::Refusal;
use crate::endpoint::route::Route;
use crate::endpoint::settings::Settings;

/// The most that is read of a refused body, in bytes.
const MAX_DRAIN: usize = 1024 * 1024;

/// Drains the body of a request that was refused before its body was read.
///
/// Without a body time-out nothing is drained, because the client could delay the response forever.
pub(in crate::endpoint) async fn drain_refused<B: Body>(
    settings: &Settings,
    route: Option<&Route>,
    parts: &Parts,
    refusal: Refusal,
    body: Pin<&mut B>,
) {
    let has_no_body = matches!(parts.method, Method::GET | Method::DELETE | Method::OPTIONS);
    // A caller without a valid initial access token must not be able to make the server read.
    let is_guarded = settings.verifier.is_some() && route.is_some_and(Route::is_registration);
    let may_read = !is_guarded || refusal.is_after_credentials();
    if settings.body_timeout.is_running()
        && refusal.is_before_body()
        && may_read
        && !has_no_body
        && !expect_continue::is_expected(&parts.headers)
    {
        // If the client is too slow, it gets the response anyway.
        let _ = settings.body_timeout.run(drain(body)).await;
    }
}

/// Reads and drops the rest of a body, up to [`MAX_DRAIN`].
pub(super) async fn drain<B: Body>(mut body: Pin<&mut B>) {
    let mut left = MAX_DRAIN;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Buf::remaining);
        left = left.saturating_sub(size);
        if left == 0 {
            break;
        }
    }
}
