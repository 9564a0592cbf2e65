//! The registry in a file.

use tempfile::TempDir;

use super::*;

conformance_suite!();

#[expect(clippy::unused_async, reason = "Authlete's is asynchronous")]
async fn registry() -> Server {
    let directory = TempDir::new().unwrap();
    let backend = Registry::open(
        CONFIGURATION_ENDPOINT,
        directory.path().join("clients.redb"),
    );
    let mut registry = Server::new(backend.unwrap());
    registry.directory = Some(directory);
    registry
}
