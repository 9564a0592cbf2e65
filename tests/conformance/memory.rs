//! Layer → embedded registry.

#[path = "both.rs"]
mod both;
#[path = "grants.rs"]
mod grants;
#[path = "keys.rs"]
mod keys;
#[path = "lifecycle.rs"]
mod lifecycle;
#[path = "metadata.rs"]
mod metadata;
#[path = "redirect_uris.rs"]
mod redirect_uris;
#[path = "unauthorized.rs"]
mod unauthorized;
#[path = "updates.rs"]
mod updates;
#[path = "urls.rs"]
mod urls;

use super::*;

fn backend() -> Registry {
    Registry::in_memory(CONFIGURATION_ENDPOINT).unwrap()
}

#[expect(clippy::unused_async, reason = "the other one is")]
async fn registry() -> Server {
    Server::new(backend())
}

#[tokio::test]
async fn clones_are_one_registry_and_registries_are_apart() {
    let backend = backend();
    let (one, other) = (Server::new(backend.clone()), Server::new(backend));
    let client = one.client(&with(json!({}))).await;
    let read = || configure("GET", &client.path(), client.token(), "");
    assert_eq!(other.ask(read()).await.status, 200);
    assert_eq!(registry().await.ask(read()).await.status, 401);
}
