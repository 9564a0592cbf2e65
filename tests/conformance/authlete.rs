//! The registry behind Authlete's wire: layer, TCP, emulator, registry.

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

use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, AuthleteEmulator, Credentials};

use super::*;

async fn registry() -> Server {
    let registry = Registry::in_memory(CONFIGURATION_ENDPOINT).unwrap();
    let credentials = Credentials::new("715948317", "the-access-token-of-the-service").unwrap();
    let emulator = AuthleteEmulator::new(registry, credentials.clone());
    let address = wire::serve(emulator).await;
    let client = AuthleteClient::builder()
        .base_url(format!("http://{address}"))
        .credentials(credentials)
        .build()
        .unwrap();
    Server::new(AuthleteBackend::new(client))
}
