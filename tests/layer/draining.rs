//! Refused bodies are drained only under a time-out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Request;
use tower_dcr::DcrLayer;

use crate::support::{BodyStep, RecordingBackend, ScriptedBody, send};

/// A body of 1 KiB that then hangs.
fn hanging() -> ScriptedBody {
    ScriptedBody::new([BodyStep::Data(vec![b' '; 1024].into()), BodyStep::Hang])
}

#[tokio::test(start_paused = true)]
async fn refused_body_is_drained_for_the_body_timeout() {
    let endpoint = DcrLayer::builder(RecordingBackend::default())
        .body_timeout(Duration::from_secs(7))
        .build_endpoint()
        .unwrap();
    let body = hanging();
    let taken = body.taken();
    let started = tokio::time::Instant::now();
    let response = send(&endpoint, Request::post("/register").body(body).unwrap()).await;
    response.assert_error(415, "invalid_request");
    assert_eq!(started.elapsed(), Duration::from_secs(7));
    assert_eq!(taken.load(Ordering::SeqCst), 1024);
}

#[tokio::test(start_paused = true)]
async fn refused_body_is_not_drained_without_a_body_timeout() {
    let endpoint = DcrLayer::builder(RecordingBackend::default())
        .body_timeout(None)
        .body_limit(100)
        .build_endpoint()
        .unwrap();
    let body = hanging();
    let polls = body.polls();
    let response = send(&endpoint, Request::post("/register").body(body).unwrap()).await;
    response.assert_error(415, "invalid_request");
    assert_eq!(polls.load(Ordering::SeqCst), 0);

    // The body is too large while it arrives.
    let request = Request::post("/register")
        .header("content-type", "application/json")
        .body(hanging())
        .unwrap();
    send(&endpoint, request)
        .await
        .assert_error(413, "invalid_client_metadata");
}
