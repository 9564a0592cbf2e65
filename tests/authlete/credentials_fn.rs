//! Credentials that a function returns.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, Credentials};
use tower_dcr::{Action, BoxError, DcrEndpoint, Operation};

use super::peer::{Behaviour, Peer, SERVICE, TOKEN, response};
use super::registration;
use super::support::*;

#[derive(Clone)]
struct Tenant(&'static str);

/// Returns a registration of this tenant. The tenant's name is its service ID.
fn registration_of(tenant: &'static str) -> Operation {
    let mut request = http::Request::new(());
    request.extensions_mut().insert(Tenant(tenant));
    registration().with_parts(request.into_parts().0)
}

/// Returns a client that takes the service ID from the operation, and counts the calls of its
/// function.
fn client_of_tenants(peer: &Peer) -> (AuthleteClient, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let client = peer
        .builder()
        .credentials_fn(move |operation| {
            count.fetch_add(1, Ordering::SeqCst);
            let tenant = operation
                .parts()
                .extensions
                .get::<Tenant>()
                .map(|tenant| tenant.0);
            async move {
                let service = tenant.ok_or_else(|| BoxError::from("no tenant"))?;
                Ok(Credentials::new(service, TOKEN)?)
            }
        })
        .build()
        .unwrap();
    (client, calls)
}

#[tokio::test]
async fn function_sees_the_operation() {
    let peer = Peer::start().await;
    let (client, calls) = client_of_tenants(&peer);
    let response = client.call(&registration_of(SERVICE)).await.unwrap();
    assert_eq!(response.action(), Action::Created);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let error = client.call(&registration_of("2")).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 403);
    assert!(
        peer.seen()[1]
            .head
            .starts_with("POST /api/2/client/registration ")
    );
}

#[tokio::test]
async fn nothing_is_sent_if_the_function_fails_or_returns_an_unsafe_service_id() {
    let peer = Peer::start().await;
    let (client, calls) = client_of_tenants(&peer);
    for bad in [
        registration(),
        registration_of(".."),
        registration_of("1/../2"),
        registration_of(""),
    ] {
        let error = client.call(&bad).await.unwrap_err();
        assert!(error.is_credentials());
        assert!(!error.is_outcome_unknown());
    }
    assert!(peer.seen().is_empty());
    assert_eq!(calls.load(Ordering::SeqCst), 4, "there was a retry");
}

#[tokio::test]
async fn time_out_of_the_function_has_a_known_outcome() {
    let peer = Peer::start().await;
    let hanging = peer
        .builder()
        .attempt_timeout(Duration::from_millis(20))
        .credentials_fn(|_| std::future::pending())
        .build()
        .unwrap();
    let error = hanging.call(&registration()).await.unwrap_err();
    assert!(error.is_timeout());
    assert!(!error.is_outcome_unknown());
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(hanging));
    let answer = send(&endpoint, registration_request(CLIENT)).await;
    answer.assert_error(503, "temporarily_unavailable");
    assert!(!answer.json().to_string().contains("unknown"));
    assert!(peer.seen().is_empty());
}

#[tokio::test]
async fn function_is_called_for_each_attempt() {
    let peer = Peer::start().await;
    let (client, calls) = client_of_tenants(&peer);
    peer.behave(Behaviour::SendOnly(response(429, "{}")));
    client.call(&registration_of(SERVICE)).await.unwrap_err();
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}
