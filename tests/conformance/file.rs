//! Layer → embedded registry in a file.

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

use tempfile::TempDir;

use super::*;

#[expect(clippy::unused_async, reason = "another one is")]
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
