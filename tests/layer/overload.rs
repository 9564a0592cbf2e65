//! Shed load, and 429.

use std::time::Duration;

use tower::ServiceBuilder;
use tower::load_shed::error::Overloaded;
use tower_dcr::backend::{BackendService, Unavailable};
use tower_dcr::{Action, BoxError, DcrEndpoint, Operation, Reply, backend_fn};

use crate::support::{
    CLIENT, RecordingBackend, WrappedError, configuration_request, registration_request, send,
};

#[tokio::test]
async fn overloaded_as_the_error_itself_proves_that_nothing_happened() {
    let shed = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(0)
        .service(BackendService::new(RecordingBackend::default()));
    let response = send(&DcrEndpoint::new(shed), registration_request(CLIENT)).await;
    response.assert_error(503, "temporarily_unavailable");
    assert!(
        !response.json()["error_description"]
            .as_str()
            .unwrap()
            .contains("unknown")
    );
}

/// A backend stores a client, and then calls another service through a load limit of its own.
#[tokio::test]
async fn overloaded_among_the_sources_is_an_unknown_outcome() {
    let backend = backend_fn(|_: Operation| async {
        Err::<Reply, _>(WrappedError(Overloaded::new().into()))
    });
    let response = send(&DcrEndpoint::new(backend), registration_request(CLIENT)).await;
    response.assert_error(503, "temporarily_unavailable");
    assert!(
        response.json()["error_description"]
            .as_str()
            .unwrap()
            .contains("unknown")
    );

    let outer = BoxError::from(Overloaded::new());
    assert!(!Unavailable::find_in(&*outer).unwrap().is_outcome_unknown());
    let inner = BoxError::from(WrappedError(Overloaded::new().into()));
    assert!(Unavailable::find_in(&*inner).unwrap().is_outcome_unknown());
    let inner = std::io::Error::other(Overloaded::new());
    assert!(Unavailable::find_in(&inner).unwrap().is_outcome_unknown());
}

#[tokio::test]
async fn too_many_requests_is_answered_429_with_retry_after() {
    for (wait, seconds) in [
        (Duration::ZERO, "0"),
        (Duration::from_millis(1), "1"),
        (Duration::from_millis(1_500), "2"),
        (Duration::from_secs(60), "60"),
        (Duration::MAX, "3600"),
    ] {
        let backend = backend_fn(move |_: Operation| async move {
            Ok::<_, BoxError>(Reply::too_many_requests(wait).with_reason("quota"))
        });
        let endpoint = DcrEndpoint::new(backend);
        for request in [
            registration_request(CLIENT),
            configuration_request("GET", "/register/1", "t", ""),
            configuration_request("PUT", "/register/1", "t", "{}"),
            configuration_request("DELETE", "/register/1", "t", ""),
        ] {
            let response = send(&endpoint, request).await;
            response.assert_error(429, "temporarily_unavailable");
            assert_eq!(response.header("retry-after"), Some(seconds));
            let outcome = response.outcome.unwrap();
            assert_eq!(outcome.action(), Some(Action::TooManyRequests));
            assert_eq!(outcome.reason(), Some("quota"));
        }
    }
}
