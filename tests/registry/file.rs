//! Clients in a file.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use tower_dcr::registry::{ClientOrder, RegistryError};

use super::*;

fn file() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clients.redb");
    (directory, path)
}

fn open(path: &Path) -> Result<Registry, RegistryError> {
    Registry::open(CONFIGURATION_ENDPOINT, path)
}

/// A file with clients in it, and the clients.
async fn filled(path: &Path, count: usize) -> Vec<Value> {
    let backend = open(path).unwrap();
    let mut clients = Vec::new();
    for n in 0..count {
        let mut metadata = metadata();
        metadata["client_name"] = json!(format!("client {n}"));
        clients.push(client(&backend, &metadata).await);
    }
    clients
}

#[track_caller]
fn unusable(path: &Path, expected: &str) -> RegistryError {
    let error = open(path).unwrap_err();
    let said = error.to_string();
    assert!(said.contains(expected), "{said}");
    assert!(said.contains(&format!("\"{}\"", path.display())), "{said}");
    error
}

#[tokio::test]
async fn clients_are_there_after_a_restart() {
    let (_directory, path) = file();
    let clients = filled(&path, 3).await;
    let changed = {
        let backend = open(&path).unwrap();
        for client in &clients {
            assert_eq!(read(&backend, client).await.json(), *client);
        }
        backend
            .look_up(text(&clients[2]["client_id"]))
            .await
            .unwrap();
        backend
            .delete(text(&clients[0]["client_id"]))
            .await
            .unwrap();
        let mut changed = metadata();
        changed["client_name"] = json!("changed");
        update(&backend, &clients[1], &changed).await.json()
    };
    let backend = open(&path).unwrap();
    assert_eq!(read(&backend, &clients[0]).await.status, 401);
    assert_eq!(read(&backend, &clients[1]).await.json(), changed);
    let by_use = backend.list(ClientOrder::LastUse, None, 9).await.unwrap();
    let by_use: Vec<_> = by_use
        .iter()
        .map(|client| client.last_used().is_some())
        .collect();
    assert_eq!(by_use, [false, true]);
}

/// All that a client has is in the file.
#[tokio::test]
async fn tokens_and_secrets_that_are_about_to_end() {
    let time = Time::new();
    let (_directory, path) = file();
    let builder = builder()
        .clock(time.clock())
        .rotate_registration_access_token()
        .secret_lifetime(Duration::from_secs(10 * DAY), Duration::from_secs(2 * DAY));
    let (first, second) = {
        let backend = builder.clone().open(&path).unwrap();
        let first = client(&backend, &metadata()).await;
        time.pass(9 * DAY);
        let second = update(&backend, &first, &metadata()).await.json();
        (first, second)
    };
    assert_ne!(first["client_secret"], second["client_secret"]);
    let backend = builder.open(&path).unwrap();
    let id = text(&first["client_id"]);
    let valid = async |client: &Value| {
        let found = backend.look_up(id).await.unwrap().unwrap();
        found.has_client_secret(text(&client["client_secret"]))
    };
    assert!(valid(&first).await && valid(&second).await);
    assert_eq!(read(&backend, &first).await.status, 200);
    assert_eq!(read(&backend, &second).await.json(), second);
    assert_eq!(read(&backend, &first).await.status, 401);
    time.pass(2 * DAY);
    assert!(!valid(&first).await && valid(&second).await);
}

#[tokio::test]
async fn a_file_is_opened_once() {
    let (_directory, path) = file();
    let backend = open(&path).unwrap();
    let error = unusable(&path, "is open already");
    assert!(matches!(error, RegistryError::Locked { .. }));
    // The one that has it is not disturbed.
    client(&backend, &metadata()).await;
    drop(backend);
    open(&path).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;

    let (directory, path) = file();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let backend = open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    let copy = directory.path().join("backup.redb");
    backend.back_up(&copy).await.unwrap();
    assert_eq!(mode(&copy), 0o600);
    let empty = directory.path().join("empty.redb");
    fs::write(&empty, "").unwrap();
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o644)).unwrap();
    open(&empty).unwrap();
    assert_eq!(mode(&empty), 0o600);
    // A file with clients in it has the mode that somebody gave it.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    drop(backend);
    open(&path).unwrap();
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn files_that_are_something_else() {
    let (directory, path) = file();
    fs::write(
        &path,
        "This is a text, and quite a long one. ".repeat(1_000),
    )
    .unwrap();
    unusable(&path, "is no registry");
    let before = fs::read(&path).unwrap();
    assert!(before.starts_with(b"This is a text"));

    let other = directory.path().join("other.redb");
    let table: redb::TableDefinition<'_, u64, u64> = redb::TableDefinition::new("other");
    let database = redb::Database::create(&other).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(1, 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    unusable(&other, "is no registry");

    // A directory, and a file where there is no directory.
    unusable(directory.path(), "cannot be read and written");
    let nowhere = directory.path().join("no/such/directory.redb");
    let error = unusable(&nowhere, "cannot be read and written");
    assert!(error.source().unwrap().to_string().contains("No such file"));
}

#[tokio::test]
async fn a_file_of_a_newer_format() {
    let (_directory, path) = file();
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
    unusable(
        &path,
        "has format 2, of a newer version of tower-dcr; this one knows formats up to 1",
    );
    set(0);
    unusable(&path, "is no registry");
    // It was left as it is.
    set(1);
    let backend = open(&path).unwrap();
    assert_eq!(read(&backend, &clients[0]).await.json(), clients[0]);
}

/// A file that somebody made beforehand, and those of others beside it.
#[tokio::test]
async fn an_empty_file_and_its_neighbours() {
    let (directory, path) = file();
    fs::write(&path, "").unwrap();
    let neighbours = ["clients.redb.new", "backup.redb.new", ".clients.redb"];
    for name in neighbours {
        fs::write(directory.path().join(name), "somebody's").unwrap();
    }
    let backend = open(&path).unwrap();
    client(&backend, &metadata()).await;
    backend
        .back_up(directory.path().join("backup.redb"))
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

/// Of several backups to one path, one is made, and it is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_that_meet() {
    for (backend, _directory) in both(&builder()) {
        let (directory, _) = file();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..500 {
            let backend = backend.clone();
            tasks.spawn(async move { client(&backend, &metadata()).await });
        }
        tasks.join_all().await;
        for round in 0..5 {
            let path = directory.path().join(format!("{round}.redb"));
            let (one, other) = tokio::join!(backend.back_up(&path), backend.back_up(&path));
            let error = one.and(other).unwrap_err();
            assert!(error.to_string().contains("exists already"), "{error}");
            let restored = open(&path).unwrap();
            assert_eq!(
                restored
                    .list(ClientOrder::Age, None, 999)
                    .await
                    .unwrap()
                    .len(),
                500
            );
        }
    }
}

/// Who gives up a backup can close the file, and open it again.
#[tokio::test]
async fn a_backup_that_was_given_up() {
    let (directory, path) = file();
    let backend = open(&path).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..2_000 {
        let backend = backend.clone();
        tasks.spawn(async move { client(&backend, &metadata()).await });
    }
    tasks.join_all().await;
    drop(backend);
    for round in 0..10 {
        let backend = open(&path).unwrap();
        let to = directory.path().join("backup.redb");
        let time = Duration::from_millis(round);
        let _ = tokio::time::timeout(time, backend.back_up(&to)).await;
        let _ = fs::remove_file(to);
    }
}

/// A client that is looked up while it is deleted does not come back.
#[tokio::test]
async fn a_look_up_and_a_deletion() {
    for (backend, _directory) in both(&builder()) {
        for _ in 0..50 {
            let client = client(&backend, &metadata()).await;
            let id = text(&client["client_id"]);
            let (deleted, _) = tokio::join!(backend.delete(id), backend.look_up(id));
            assert!(deleted.unwrap());
            assert!(backend.get(id).await.unwrap().is_none());
        }
    }
}

/// A client that is looked up while it changes itself keeps what it changed.
#[tokio::test]
async fn a_look_up_and_an_update() {
    for (backend, _directory) in both(&builder()) {
        for _ in 0..50 {
            let first = client(&backend, &metadata()).await;
            let id = text(&first["client_id"]);
            let mut changed = metadata();
            changed["client_name"] = json!("changed");
            let (updated, used) =
                tokio::join!(update(&backend, &first, &changed), backend.look_up(id));
            assert_eq!(updated.status, 200);
            assert!(used.unwrap().is_some());
            assert_eq!(
                read(&backend, &first).await.json()["client_name"],
                "changed"
            );
        }
    }
}

/// Damage anywhere is found when the file is opened, or harms nothing.
#[tokio::test]
async fn a_file_that_is_damaged() {
    let (_directory, path) = file();
    let clients = filled(&path, 40).await;
    let whole = fs::read(&path).unwrap();
    let mut dice = Dice::loaded();
    let mut roll = |sides| dice.roll(sides);
    let (mut found, mut harmless) = (0, 0);
    for round in 0..150 {
        let mut damaged = whole.clone();
        match round % 3 {
            0 => damaged[roll(whole.len())] ^= 1 << roll(8),
            1 => {
                let page = roll(whole.len() / 4_096) * 4_096;
                damaged[page..page + 4_096].fill(0);
            }
            _ => damaged.truncate(roll(whole.len()).max(1)),
        }
        fs::write(&path, damaged).unwrap();
        match open(&path) {
            Err(error) => {
                assert!(matches!(error, RegistryError::Unusable { .. }), "{error}");
                found += 1;
            }
            Ok(backend) => {
                for client in &clients {
                    assert_eq!(read(&backend, client).await.json(), *client);
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

#[tokio::test]
async fn a_backup_while_it_runs() {
    for (backend, _directory) in both(&builder()) {
        let (directory, _) = file();
        let mut clients = Vec::new();
        for _ in 0..20 {
            clients.push(client(&backend, &metadata()).await);
        }
        backend
            .look_up(text(&clients[3]["client_id"]))
            .await
            .unwrap();
        let path = directory.path().join("backup.redb");
        let metadata = metadata();
        let (backed_up, later) = tokio::join!(backend.back_up(&path), client(&backend, &metadata));
        backed_up.unwrap();
        assert_eq!(read(&backend, &later).await.status, 200);
        // No backup is written over.
        let error = backend.back_up(&path).await.unwrap_err();
        assert!(matches!(error, RegistryError::Unusable { .. }));
        assert!(error.to_string().contains("exists already"), "{error}");
        // Nor is anything left beside it.
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

        let restored = open(&path).unwrap();
        for client in &clients {
            assert_eq!(read(&restored, client).await.json(), *client);
        }
        let used = restored.list(ClientOrder::LastUse, None, 99).await.unwrap();
        assert_eq!(
            used.last().unwrap().client_id(),
            text(&clients[3]["client_id"])
        );
    }
}

/// The callers of a closed runtime, and of no runtime at all.
#[test]
fn without_a_runtime() {
    use tower_dcr::operation::Register;
    use tower_dcr::{Action, Backend, ClientMetadata};

    let (_directory, path) = file();
    let backend = open(&path).unwrap();
    let mut register = Box::pin(async {
        let metadata = ClientMetadata::parse(metadata().to_string()).unwrap();
        let reply = backend
            .execute(Register::new(metadata).into())
            .await
            .unwrap();
        assert_eq!(reply.action(), Action::Created);
        backend.list(ClientOrder::Age, None, 9).await.unwrap().len()
    });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let count = loop {
        match register.as_mut().poll(&mut context) {
            std::task::Poll::Ready(count) => break count,
            std::task::Poll::Pending => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    assert_eq!(count, 1);
}
