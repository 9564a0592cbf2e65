//! The registry behind Authlete's wire: layer, TCP, emulator, registry.

use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, AuthleteEmulator, Credentials};

use super::*;

conformance_suite!();

async fn registry() -> Server {
    let registry = Registry::in_memory(CONFIGURATION_ENDPOINT).unwrap();
    let credentials = Credentials::new("715948317", "the-access-token-of-the-service").unwrap();
    let emulator = AuthleteEmulator::new(registry, credentials.clone());
    let address = socket::serve(emulator).await;
    let client = AuthleteClient::builder()
        .base_url(format!("http://{address}"))
        .credentials(credentials)
        .build()
        .unwrap();
    Server::new(AuthleteBackend::new(client))
}
