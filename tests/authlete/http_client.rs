//! An HTTP client of the application.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;

use super::peer::Peer;
use super::registration;

#[tokio::test]
async fn application_decides_which_errors_prove_that_nothing_was_sent() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let broken = tower::service_fn(move |request: http::Request<Full<Bytes>>| {
        // Middleware that logs requests must not show it.
        assert!(request.headers()["authorization"].is_sensitive());
        count.fetch_add(1, Ordering::SeqCst);
        async { Err::<http::Response<Full<Bytes>>, _>("no route to host") }
    });
    let builder = Peer::start().await.builder().http_client(broken);
    let unknown = builder.clone().build().unwrap();
    let error = unknown.call(&registration()).await.unwrap_err();
    assert!(error.is_interrupted() && error.is_outcome_unknown());
    assert_eq!(calls.load(Ordering::SeqCst), 1);

    let known = builder
        .connect_error_if(|error| error.to_string().contains("no route"))
        .build()
        .unwrap();
    let error = known.call(&registration()).await.unwrap_err();
    assert!(error.is_connect() && !error.is_outcome_unknown());
    assert_eq!(calls.load(Ordering::SeqCst), 1 + 3);
}
