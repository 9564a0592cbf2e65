//! Registries on the disks of the tests, and their clients.

use std::path::Path;

use serde_json::{Value, json};

use super::disk::Disk;
use super::known_client::{FragileRegistry, KnownClient, State};
use super::watched_file::{Watch, WatchedFile};
use crate::backend::{Backend as _, Unavailable};
use crate::metadata::ClientMetadata;
use crate::operation::{Delete, Read, Register, Update};
use crate::registry::store::Store;
use crate::registry::store::file::error::FileError;
use crate::registry::store::file::{File, database, new_file};
use crate::registry::{Registry, RegistryBuilder, RegistryConfigError, RegistryError};
use crate::reply::Action;
use crate::token::BearerToken;

pub(super) fn open_disk(disk: &Disk) -> Result<redb::Database, FileError> {
    database::with_backend(disk.clone())
}

pub(super) fn builder() -> RegistryBuilder {
    Registry::builder("https://as.example.com/register")
}

/// Builds a registry in a file that is opened like this.
pub(super) fn build(
    builder: RegistryBuilder,
    opener: impl Fn() -> Result<redb::Database, FileError> + Send + Sync + 'static,
) -> Registry {
    let registry = builder.build_with(|changes| {
        let file = File::with_opener(opener, changes);
        file.map(Store::File)
            .map_err(|error| RegistryConfigError::file(Path::new("a disk"), error))
    });
    registry.unwrap()
}

pub(super) fn registry_on(disk: &Disk) -> Registry {
    let disk = disk.clone();
    build(builder(), move || open_disk(&disk))
}

/// Creates a file, and returns how to open it under a watch.
pub(super) fn watched_opener(
    watch: &Watch,
    path: &Path,
) -> impl Fn() -> Result<redb::Database, FileError> + Send + Sync + 'static {
    new_file::write_new(path, std::iter::empty()).unwrap();
    let (watch, path) = (watch.clone(), path.to_owned());
    move || database::with_backend(WatchedFile::open(&path, watch.clone())?)
}

pub(super) fn metadata(name: &str) -> Value {
    json!({"client_name": name, "redirect_uris": ["https://client.example.org/cb"]})
}

pub(super) fn parse(metadata: &Value) -> ClientMetadata {
    ClientMetadata::parse(metadata.to_string()).unwrap()
}

fn token(client: &KnownClient) -> BearerToken {
    BearerToken::new(&*client.token).unwrap()
}

pub(super) async fn register(
    registry: &Registry,
    name: &str,
) -> Result<KnownClient, RegistryError> {
    let register = Register::new(parse(&metadata(name)));
    let reply = registry.execute(register.into()).await?;
    assert_eq!(reply.action(), Action::Created);
    let information: Value = serde_json::from_slice(reply.content().unwrap()).unwrap();
    Ok(KnownClient::new(
        information["client_id"].as_str().unwrap(),
        information["registration_access_token"].as_str().unwrap(),
        name,
    ))
}

pub(super) fn read(client: &KnownClient) -> Read {
    Read::new(&client.id, token(client))
}

impl FragileRegistry for Registry {
    async fn register(&self, name: &str) -> Option<KnownClient> {
        register(self, name).await.ok()
    }

    async fn apply(&self, client: &KnownClient, to: &State) -> Option<()> {
        let (operation, expected) = match to {
            State::Named(name) => {
                let mut metadata = metadata(name);
                metadata["client_id"] = json!(client.id);
                let update = Update::new(&client.id, token(client), parse(&metadata));
                (update.into(), Action::Updated)
            }
            State::Deleted => {
                let delete = Delete::new(&client.id, token(client));
                (delete.into(), Action::Deleted)
            }
        };
        let reply = self.execute(operation).await.ok()?;
        assert_eq!(reply.action(), expected);
        Some(())
    }

    async fn find(&self, client: &KnownClient) -> State {
        let reply = self.execute(read(client).into()).await.unwrap();
        if reply.action() == Action::Unauthorized {
            return State::Deleted;
        }
        let information: Value = serde_json::from_slice(reply.content().unwrap()).unwrap();
        State::Named(information["client_name"].as_str().unwrap().to_owned())
    }
}

/// Returns what an error of the storage says about the outcome.
pub(super) fn unavailable(error: &RegistryError) -> Unavailable {
    assert!(error.is_storage(), "{error}");
    Unavailable::find_in(error).unwrap()
}

/// Registers clients until the disk is full, and returns them.
pub(super) async fn fill(registry: &Registry, disk: &Disk) -> Vec<KnownClient> {
    let mut clients = vec![register(registry, "before").await.unwrap()];
    disk.state().is_full = true;
    loop {
        match register(registry, &"x".repeat(3_000)).await {
            Ok(client) => clients.push(client),
            Err(error) => {
                assert!(error.is_storage(), "{error}");
                return clients;
            }
        }
    }
}

/// Registers a client, and tries again until the disk accepts it.
pub(super) async fn register_with_retry(registry: &Registry, name: &str) -> KnownClient {
    let mut tries = 0;
    loop {
        match register(registry, name).await {
            Ok(client) => return client,
            Err(error) => assert!(tries < 100, "{error}"),
        }
        tries += 1;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
