//! The registry in memory.

use super::*;

conformance_suite!();

fn backend() -> Registry {
    Registry::in_memory(CONFIGURATION_ENDPOINT).unwrap()
}

#[expect(clippy::unused_async, reason = "Authlete's is asynchronous")]
async fn registry() -> Server {
    Server::new(backend())
}

#[tokio::test]
async fn clones_share_clients_and_registries_do_not() {
    let backend = backend();
    let (one, other) = (Server::new(backend.clone()), Server::new(backend));
    let client = one.client(&with(json!({}))).await;
    let read = || configuration_request("GET", &client.path(), client.token(), "");
    assert_eq!(other.send(read()).await.status, 200);
    assert_eq!(registry().await.send(read()).await.status, 401);
}
