//! Registries in a file.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use tower_dcr::registry::RegistryConfigError;

use super::support::random::Random;
use super::*;

pub(super) fn new_path() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clients.redb");
    (directory, path)
}

pub(super) fn open(path: &Path) -> Result<Registry, RegistryConfigError> {
    Registry::open(CONFIGURATION_ENDPOINT, path)
}

/// Creates a file with so many clients, and returns the clients.
async fn filled(path: &Path, count: usize) -> Vec<Value> {
    let registry = open(path).unwrap();
    let mut clients = Vec::new();
    for n in 0..count {
        let mut metadata = metadata();
        metadata["client_name"] = json!(format!("client {n}"));
        clients.push(client(&registry, &metadata).await);
    }
    clients
}

/// Asserts that the file cannot be opened, and that the error says why.
#[track_caller]
fn assert_unusable(path: &Path, expected: &str) -> RegistryConfigError {
    let error = open(path).unwrap_err();
    let message = error.to_string();
    assert!(message.contains(expected), "{message}");
    assert!(
        message.contains(&format!("\"{}\"", path.display())),
        "{message}"
    );
    error
}

#[tokio::test]
async fn clients_and_changes_survive_a_restart() {
    let (_directory, path) = new_path();
    let clients = filled(&path, 3).await;
    let changed = {
        let registry = open(&path).unwrap();
        for client in &clients {
            assert_eq!(read(&registry, client).await.json(), *client);
        }
        mark_used(&registry, &clients[2]).await;
        registry
            .delete(text(&clients[0]["client_id"]))
            .await
            .unwrap();
        let mut changed = metadata();
        changed["client_name"] = json!("changed");
        update(&registry, &clients[1], &changed).await.json()
    };
    let registry = open(&path).unwrap();
    assert_eq!(read(&registry, &clients[0]).await.status, 401);
    assert_eq!(read(&registry, &clients[1]).await.json(), changed);
    let by_use = registry.list(ClientOrder::LastUse, None, 9).await.unwrap();
    let by_use: Vec<_> = by_use
        .clients
        .iter()
        .map(|client| client.last_used().is_some())
        .collect();
    assert_eq!(by_use, [false, true]);
}

#[tokio::test]
async fn previous_tokens_and_secrets_survive_a_restart() {
    let time = Time::new();
    let (_directory, path) = new_path();
    let builder = builder()
        .clock(time.clock())
        .rotate_registration_access_token(true)
        .secret_lifetime(Duration::from_secs(10 * DAY))
        .secret_grace_period(Duration::from_secs(2 * DAY))
        .file(&path);
    let (first, second) = {
        let registry = builder.clone().build().unwrap();
        let first = client(&registry, &metadata()).await;
        time.pass(9 * DAY);
        let second = update(&registry, &first, &metadata()).await.json();
        (first, second)
    };
    assert_ne!(first["client_secret"], second["client_secret"]);
    let registry = builder.build().unwrap();
    let id = text(&first["client_id"]);
    let valid = async |client: &Value| {
        let found = registry.client(id).await.unwrap().unwrap();
        found.has_client_secret(text(&client["client_secret"]))
    };
    assert!(valid(&first).await && valid(&second).await);
    assert_eq!(read(&registry, &first).await.status, 200);
    assert_eq!(read(&registry, &second).await.json(), second);
    assert_eq!(read(&registry, &first).await.status, 401);
    time.pass(2 * DAY);
    assert!(!valid(&first).await && valid(&second).await);
}

#[tokio::test]
async fn file_is_opened_by_one_registry() {
    let (_directory, path) = new_path();
    let registry = open(&path).unwrap();
    let error = assert_unusable(&path, "is open already");
    assert!(matches!(error, RegistryConfigError::Locked { .. }));
    // The first registry goes on.
    client(&registry, &metadata()).await;
    drop(registry);
    open(&path).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn file_is_created_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let (directory, path) = new_path();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let registry = open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    let copy = directory.path().join("backup.redb");
    registry.backup(&copy).await.unwrap();
    assert_eq!(mode(&copy), 0o600);
    let empty = directory.path().join("empty.redb");
    fs::write(&empty, "").unwrap();
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o644)).unwrap();
    open(&empty).unwrap();
    assert_eq!(mode(&empty), 0o600);
    // The mode of a file with clients is not changed.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    drop(registry);
    open(&path).unwrap();
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let (directory, path) = new_path();
    fs::write(
        &path,
        "This is a text, and quite a long one. ".repeat(1_000),
    )
    .unwrap();
    assert_unusable(&path, "is no registry");
    let before = fs::read(&path).unwrap();
    assert!(before.starts_with(b"This is a text"));

    let other = directory.path().join("other.redb");
    let table: redb::TableDefinition<'_, u64, u64> = redb::TableDefinition::new("other");
    let database = redb::Database::create(&other).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(1, 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert_unusable(&other, "is no registry");

    // A directory, and a file in a directory that does not exist.
    assert_unusable(directory.path(), "cannot be read and written");
    let nowhere = directory.path().join("no/such/directory.redb");
    let error = assert_unusable(&nowhere, "cannot be read and written");
    assert!(error.source().unwrap().to_string().contains("No such file"));
}

#[tokio::test]
async fn newer_format_is_refused_and_left_alone() {
    let (_directory, path) = new_path();
    let clients = filled(&path, 1).await;
    let table: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("tower_dcr");
    let set = |format: u64| {
        let database = redb::Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction
            .open_table(table)
            .unwrap()
            .insert("format", format)
            .unwrap();
        transaction.commit().unwrap();
    };
    set(2);
    assert_unusable(
        &path,
        "has format 2, of a newer version of tower-dcr: use that version, because this one knows \
         formats up to 1",
    );
    set(0);
    assert_unusable(&path, "is no registry");
    // The content is as it was.
    set(1);
    let registry = open(&path).unwrap();
    assert_eq!(read(&registry, &clients[0]).await.json(), clients[0]);
}

#[tokio::test]
async fn empty_file_becomes_a_registry_and_other_files_stay() {
    let (directory, path) = new_path();
    fs::write(&path, "").unwrap();
    let neighbours = ["clients.redb.new", "backup.redb.new", ".clients.redb"];
    for name in neighbours {
        fs::write(directory.path().join(name), "somebody's").unwrap();
    }
    let registry = open(&path).unwrap();
    client(&registry, &metadata()).await;
    registry
        .backup(directory.path().join("backup.redb"))
        .await
        .unwrap();
    for name in neighbours {
        assert_eq!(
            fs::read(directory.path().join(name)).unwrap(),
            b"somebody's"
        );
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 5);
}

#[tokio::test]
async fn damage_is_found_when_the_file_is_opened_or_harmless() {
    let (_directory, path) = new_path();
    let clients = filled(&path, 40).await;
    let whole = fs::read(&path).unwrap();
    let mut random = Random::with_seed(0x5eed);
    let mut below = |sides| random.below(sides);
    let (mut found, mut harmless) = (0, 0);
    for round in 0..150 {
        let mut damaged = whole.clone();
        match round % 3 {
            0 => damaged[below(whole.len())] ^= 1 << below(8),
            1 => {
                let page = below(whole.len() / 4_096) * 4_096;
                damaged[page..page + 4_096].fill(0);
            }
            _ => damaged.truncate(below(whole.len()).max(1)),
        }
        fs::write(&path, damaged).unwrap();
        match open(&path) {
            Err(error) => {
                assert!(
                    matches!(error, RegistryConfigError::UnusableFile { .. }),
                    "{error}"
                );
                found += 1;
            }
            Ok(registry) => {
                for client in &clients {
                    assert_eq!(read(&registry, client).await.json(), *client);
                }
                harmless += 1;
            }
        }
    }
    assert!(
        found > 30 && harmless > 10,
        "{found} found, {harmless} harmless"
    );
}

#[test]
fn registry_works_without_an_async_runtime() {
    use tower_dcr::operation::Register;
    use tower_dcr::{Action, Backend, ClientMetadata};

    let (_directory, path) = new_path();
    let registry = open(&path).unwrap();
    let mut register = Box::pin(async {
        let metadata = ClientMetadata::parse(metadata().to_string()).unwrap();
        let reply = registry
            .execute(Register::new(metadata).into())
            .await
            .unwrap();
        assert_eq!(reply.action(), Action::Created);
        count(&registry).await
    });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let clients = loop {
        match register.as_mut().poll(&mut context) {
            std::task::Poll::Ready(clients) => break clients,
            std::task::Poll::Pending => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    assert_eq!(clients, 1);
}
