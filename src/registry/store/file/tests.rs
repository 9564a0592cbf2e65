//! The file on a disk that fails, counts, and loses its power: redb over a storage of our own.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use redb::{BackendError, ReadableTable as _, StorageBackend};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::*;
use crate::backend::Backend;
use crate::metadata::ClientMetadata;
use crate::operation::{Delete, Read, Register, Update};
use crate::registry::operations::Inner;
use crate::registry::store::Store;
use crate::registry::{Registry, RegistryBuilder, RegistryError};
use crate::reply::Action;
use crate::token::BearerToken;

/// A disk, which stays when the machine goes. Clones are one disk.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Platters>>);

#[derive(Debug, Default)]
struct Platters {
    bytes: Vec<u8>,
    /// What the bytes were before each write since the last sync, the latest last.
    unsynced: Vec<Undo>,
    /// Writes and syncs that are still carried out; then the power is gone.
    power: Option<usize>,
    /// A disk that says it synced, and did not.
    lies: bool,
    /// There is room where something was written before, and nowhere else.
    is_full: bool,
    /// The blocks that were written before.
    blocks: HashSet<usize>,
    syncs: usize,
}

#[derive(Debug)]
enum Undo {
    Write(usize, Vec<u8>),
    Length(Vec<u8>, usize),
}

const BLOCK: usize = 4_096;

impl Disk {
    fn platters(&self) -> std::sync::MutexGuard<'_, Platters> {
        self.0.lock().unwrap()
    }

    /// Takes the power away after so many writes and syncs more.
    fn cut_after(&self, steps: usize) {
        self.platters().power = Some(steps);
    }

    /// What is found when the power is back: no write since the last sync, or each of them with a probability of one half.
    fn restart(&self, keeps: &mut dyn FnMut() -> bool) {
        let mut platters = self.platters();
        let latest = platters.bytes.clone();
        while let Some(undo) = platters.unsynced.pop() {
            match undo {
                Undo::Write(offset, before) => {
                    let end = offset + before.len();
                    if keeps() && end <= latest.len() {
                        continue;
                    }
                    platters.bytes[offset..end].copy_from_slice(&before);
                }
                Undo::Length(tail, length) => {
                    platters.bytes.truncate(length);
                    platters.bytes.extend(tail);
                }
            }
        }
        platters.power = None;
    }

    fn open(&self) -> Result<redb::Database, FileFault> {
        database::with_backend(self.clone())
    }
}

impl Platters {
    fn step(&mut self) -> io::Result<()> {
        match &mut self.power {
            None => Ok(()),
            Some(0) => Err(io::Error::other("no power")),
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.platters().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platters = self.platters();
        if platters.power == Some(0) {
            return Err(io::Error::other("no power"));
        }
        let offset = usize::try_from(offset).unwrap();
        let found = platters.bytes.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platters = self.platters();
        platters.step()?;
        let len = usize::try_from(len).unwrap();
        let before = platters.bytes.len();
        let tail = platters.bytes.get(len..).unwrap_or_default().to_vec();
        platters.unsynced.push(Undo::Length(tail, before.min(len)));
        platters.bytes.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platters = self.platters();
        platters.step()?;
        platters.syncs += 1;
        if !platters.lies {
            platters.unsynced.clear();
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platters = self.platters();
        platters.step()?;
        let offset = usize::try_from(offset).unwrap();
        let place = offset..offset + data.len();
        for block in offset / BLOCK..place.end.div_ceil(BLOCK) {
            if platters.is_full && !platters.blocks.contains(&block) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            platters.blocks.insert(block);
        }
        let before = platters.bytes[place.clone()].to_vec();
        platters.unsynced.push(Undo::Write(offset, before));
        platters.bytes[place].copy_from_slice(data);
        Ok(())
    }
}

fn backend(
    opener: impl Fn() -> Result<redb::Database, FileFault> + Send + Sync + 'static,
    observer: Option<Observer>,
) -> Registry {
    let builder: RegistryBuilder = Registry::builder("https://as.example.com/register");
    let file = File::with_opener(opener, observer).unwrap();
    let registry = Inner::new(builder.settings().unwrap(), Store::File(file)).unwrap();
    Registry {
        registry: Arc::new(registry),
    }
}

fn on(disk: &Disk) -> Registry {
    let disk = disk.clone();
    backend(move || disk.open(), None)
}

fn metadata(name: &str) -> Value {
    json!({"client_name": name, "redirect_uris": ["https://client.example.org/cb"]})
}

fn parse(metadata: &Value) -> ClientMetadata {
    ClientMetadata::parse(metadata.to_string()).unwrap()
}

/// A client, as its developer knows it.
#[derive(Clone, Debug)]
#[expect(
    clippy::option_option,
    reason = "nothing, a deletion or a name was asked for"
)]
struct Known {
    client_id: String,
    token: BearerToken,
    /// The last name that was acknowledged; `None` once the client is deleted.
    name: Option<String>,
    /// A name, or the deletion, that was asked for and not acknowledged.
    asked: Option<Option<String>>,
}

impl Known {
    fn may_be(&self, found: Option<&str>) -> bool {
        self.name.as_deref() == found
            || self
                .asked
                .as_ref()
                .is_some_and(|asked| asked.as_deref() == found)
    }
}

async fn register(backend: &Registry, name: &str) -> Result<Known, RegistryError> {
    let reply = backend
        .execute(Register::new(parse(&metadata(name))).into())
        .await?;
    assert_eq!(reply.action(), Action::Created);
    let information: Value = serde_json::from_slice(reply.content().unwrap()).unwrap();
    let token = information["registration_access_token"].as_str().unwrap();
    Ok(Known {
        client_id: information["client_id"].as_str().unwrap().to_owned(),
        token: BearerToken::new(token).unwrap(),
        name: Some(name.to_owned()),
        asked: None,
    })
}

async fn update(backend: &Registry, known: &mut Known, name: &str) -> Result<(), RegistryError> {
    known.asked = Some(Some(name.to_owned()));
    let mut asked = metadata(name);
    asked["client_id"] = json!(known.client_id);
    let update = Update::new(&known.client_id, known.token.clone(), parse(&asked));
    let reply = backend.execute(update.into()).await?;
    assert_eq!(reply.action(), Action::Updated);
    known.name = known.asked.take().unwrap();
    Ok(())
}

async fn delete(backend: &Registry, known: &mut Known) -> Result<(), RegistryError> {
    known.asked = Some(None);
    let delete = Delete::new(&known.client_id, known.token.clone());
    let reply = backend.execute(delete.into()).await?;
    assert_eq!(reply.action(), Action::Deleted);
    known.name = known.asked.take().unwrap();
    Ok(())
}

/// What a read says the client's name is; `None` where there is no client.
async fn name_of(backend: &Registry, known: &Known) -> Option<String> {
    let read = Read::new(&known.client_id, known.token.clone());
    let reply = backend.execute(read.into()).await.unwrap();
    if reply.action() == Action::Unauthorized {
        return None;
    }
    let information: Value = serde_json::from_slice(reply.content().unwrap()).unwrap();
    Some(information["client_name"].as_str().unwrap().to_owned())
}

/// Past the test harness, which keeps what is printed to itself: these are figures to look at.
fn say(figures: &str) {
    writeln!(io::stderr(), "{figures}").unwrap();
}

/// A small generator, so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// What one client after the other does until the power is gone. Gives what is known of them, and the number of
/// operations that were acknowledged.
async fn live(backend: Registry, seed: u64) -> (Vec<Known>, usize) {
    let mut dice = Dice(seed);
    let (mut all, mut acknowledged) = (Vec::new(), 0);
    'power: loop {
        // A registration that is not acknowledged gives nobody a token: there is nothing to ask for afterwards.
        let Ok(mut known) = register(&backend, "new").await else {
            break;
        };
        acknowledged += 1;
        for turn in 0..dice.roll(3) {
            let name = format!("turn {turn}");
            if update(&backend, &mut known, &name).await.is_err() {
                all.push(known);
                break 'power;
            }
            acknowledged += 1;
        }
        if dice.roll(3) == 0 {
            let deleted = delete(&backend, &mut known).await;
            all.push(known);
            if deleted.is_err() {
                break;
            }
            acknowledged += 1;
        } else {
            all.push(known);
        }
    }
    (all, acknowledged)
}

/// Cuts the power again and again, each time after another number of the disk's steps. Gives the operations that were
/// acknowledged, and how many of them were lost.
async fn cut_power(rounds: usize, lies: bool, keeps_some: bool) -> (usize, usize) {
    let (mut operations, mut losses) = (0, 0);
    let mut dice = Dice(0x5eed + u64::from(keeps_some));
    for round in 0..rounds {
        let disk = Disk::default();
        disk.platters().lies = lies;
        let mut everybody: HashMap<String, Known> = HashMap::new();
        // The second time, the file is not new.
        for life in 0..2 {
            let backend = on(&disk);
            disk.cut_after(round % 97 + dice.roll(40));
            let mut tasks = JoinSet::new();
            for task in 0..8 {
                let seed = (round * 64 + life * 16 + task + 1) as u64;
                tasks.spawn(live(backend.clone(), seed));
            }
            for (all, acknowledged) in tasks.join_all().await {
                operations += acknowledged;
                everybody.extend(
                    all.into_iter()
                        .map(|known| (known.client_id.clone(), known)),
                );
            }
            drop(backend);
            disk.restart(&mut || keeps_some && dice.roll(2) == 0);
            let backend = on(&disk);
            for known in everybody.values_mut() {
                let found = name_of(&backend, known).await;
                if !known.may_be(found.as_deref()) {
                    losses += 1;
                    // At once: on a disk that does not sync, each life takes long.
                    assert!(lies, "lost, in round {round}");
                }
                // From here on it is what it is.
                known.name = found;
                known.asked = None;
            }
            assert_whole(&backend, &everybody, lies).await;
        }
    }
    say(&format!(
        "power cuts: {}, acknowledged operations: {operations}, lost: {losses}{}",
        rounds * 2,
        if lies {
            ", on a disk that does not sync"
        } else {
            ""
        }
    ));
    (operations, losses)
}

/// Both orders hold the same clients, and all that are known.
async fn assert_whole(backend: &Registry, everybody: &HashMap<String, Known>, lies: bool) {
    let mut lists = Vec::new();
    for order in [ClientOrder::Age, ClientOrder::LastUse] {
        let listed = backend.list(order, None, usize::MAX).await.unwrap();
        let mut ids: Vec<_> = listed
            .iter()
            .map(|client| client.client_id().to_owned())
            .collect();
        ids.sort_unstable();
        lists.push(ids);
    }
    assert_eq!(lists[0], lists[1]);
    if !lies {
        let alive = everybody.values().filter(|known| known.name.is_some());
        assert!(
            alive
                .into_iter()
                .all(|known| lists[0].contains(&known.client_id))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_power_is() {
    for keeps_some in [false, true] {
        let (operations, losses) = cut_power(100, false, keeps_some).await;
        assert!(operations > 1_000);
        assert_eq!(losses, 0);
    }
}

/// The test above sees it where the sync is taken out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_sync_it_would_be() {
    let (operations, losses) = cut_power(10, true, false).await;
    assert!(operations > 100);
    assert!(losses > 0);
}

/// What is seen of a file, and done to it.
#[derive(Clone, Debug, Default)]
struct Watch {
    syncs: Arc<AtomicUsize>,
    fails: Arc<AtomicBool>,
}

impl Watch {
    /// Makes a file, and opens it.
    fn opener(
        &self,
        path: &Path,
    ) -> impl Fn() -> Result<redb::Database, FileFault> + Send + Sync + 'static {
        database::write_new(path, std::iter::empty()).unwrap();
        let (watch, path) = (self.clone(), path.to_owned());
        move || {
            let file = std::fs::File::options()
                .read(true)
                .write(true)
                .open(&path)?;
            database::with_backend(Watched {
                file: redb::backends::FileBackend::new(file)?,
                watch: watch.clone(),
            })
        }
    }
}

/// A file that counts its syncs, and of which a write fails when it shall. Unlike a [`Disk`], it is locked.
#[derive(Debug)]
struct Watched {
    file: redb::backends::FileBackend,
    watch: Watch,
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.watch.syncs.fetch_add(1, Ordering::SeqCst);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.watch.fails.swap(false, Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_registrations_share_commits() {
    const CALLERS: usize = 64;
    const EACH: usize = 25;

    let directory = tempfile::tempdir().unwrap();
    let watch = Watch::default();
    let opener = watch.opener(&directory.path().join("clients.redb"));
    let backend = backend(opener, None);
    let before = watch.syncs.load(Ordering::SeqCst);
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let backend = backend.clone();
        tasks.spawn(async move {
            for _ in 0..EACH {
                register(&backend, "one of many").await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let syncs = watch.syncs.load(Ordering::SeqCst) - before;
    let registrations = CALLERS * EACH;
    say(&format!(
        "{registrations} registrations by {CALLERS} callers: {syncs} syncs"
    ));
    assert!(syncs * 10 <= registrations, "{syncs} syncs");
}

/// What is refused changes nothing, and is not worth a commit.
#[tokio::test]
async fn what_changes_nothing_is_not_written() {
    let disk = Disk::default();
    let backend = on(&disk);
    let known = register(&backend, "a").await.unwrap();
    let syncs = disk.platters().syncs;
    let wrong = BearerToken::new("wrong").unwrap();
    let read = Read::new(&known.client_id, known.token.clone());
    backend.execute(read.into()).await.unwrap();
    for client_id in [known.client_id.as_str(), "nobody"] {
        let delete = Delete::new(client_id, wrong.clone());
        let update = Update::new(client_id, wrong.clone(), parse(&metadata("b")));
        for operation in [delete.into(), update.into()] {
            let reply = backend.execute(operation).await.unwrap();
            assert_eq!(reply.action(), Action::Unauthorized);
        }
    }
    assert_eq!(disk.platters().syncs, syncs);
}

/// Registers until the disk is full.
async fn fill(backend: &Registry, disk: &Disk) -> Vec<Known> {
    let mut all = vec![register(backend, "before").await.unwrap()];
    disk.platters().is_full = true;
    loop {
        match register(backend, &"x".repeat(3_000)).await {
            Ok(known) => all.push(known),
            Err(RegistryError::Storage { .. }) => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Nothing is acknowledged that is not kept; what was kept can be read all the time, while clients try to register; once
/// there is room, the registry goes on.
#[tokio::test]
async fn a_full_disk() {
    let disk = Disk::default();
    let backend = on(&disk);
    let mut all = fill(&backend, &disk).await;
    let mut left_in_peace = 0;
    for _ in 0..30 {
        let error = register(&backend, "without room").await.unwrap_err();
        let RegistryError::Storage { source } = error else {
            panic!("{error}");
        };
        // The disk is left in peace, and the client is told for how long, unless it was its turn to be tried.
        left_in_peace += usize::from(source.retry_after().is_some());
        for known in &all {
            assert_eq!(name_of(&backend, known).await, known.name);
            let client = backend.look_up(&known.client_id).await.unwrap();
            assert!(client.is_some());
        }
    }
    assert!(left_in_peace > 0);
    // As a client sees it.
    let request = http::Request::post("/register")
        .header("content-type", "application/json")
        .body(metadata("without room").to_string());
    let endpoint = crate::DcrEndpoint::new(backend.clone());
    let answer = endpoint.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 503);
    let mut known = all.remove(0);
    assert!(update(&backend, &mut known, "without room").await.is_err());

    disk.platters().is_full = false;
    let mut pauses = 0;
    let after = loop {
        match register(&backend, "after").await {
            Ok(after) => break after,
            Err(error) => assert!(pauses < 100, "{error}"),
        }
        pauses += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(name_of(&backend, &after).await.as_deref(), Some("after"));
    let found = name_of(&backend, &known).await;
    assert!(known.may_be(found.as_deref()), "{found:?}");
    update(&backend, &mut known, "again").await.unwrap();
}

#[tokio::test]
async fn nobody_is_told_of_what_was_not_kept() {
    let disk = Disk::default();
    let told = Arc::new(AtomicUsize::new(0));
    let (opened, count) = (disk.clone(), Arc::clone(&told));
    let observer: Observer = Arc::new(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let backend = backend(move || opened.open(), Some(observer));
    let all = fill(&backend, &disk).await;
    assert_eq!(told.load(Ordering::SeqCst), all.len());
}

/// The client of a server whose disk is full can still be looked up.
#[tokio::test]
async fn a_use_that_cannot_be_written_down() {
    let disk = Disk::default();
    let backend = on(&disk);
    let all = fill(&backend, &disk).await;
    for known in all {
        let client = backend.look_up(&known.client_id).await.unwrap().unwrap();
        assert_eq!(client.last_used(), None);
    }
}

/// A commit that failed may have been kept, and its client is told so.
#[tokio::test]
async fn an_outcome_that_nobody_knows() {
    let disk = Disk::default();
    let backend = on(&disk);
    register(&backend, "before").await.unwrap();
    // The writes are carried out, and the power goes before the sync.
    let steps = steps_of_a_registration().await;
    disk.cut_after(steps - 1);
    let Err(RegistryError::Storage { source }) = register(&backend, "lost?").await else {
        panic!("acknowledged without power");
    };
    assert!(source.is_outcome_unknown());
    // Now nothing can happen any more, and the client is told that too.
    let Err(RegistryError::Storage { source }) = register(&backend, "never").await else {
        panic!("acknowledged without power");
    };
    assert!(!source.is_outcome_unknown());
}

async fn steps_of_a_registration() -> usize {
    let disk = Disk::default();
    let backend = on(&disk);
    register(&backend, "before").await.unwrap();
    disk.cut_after(1_000_000);
    register(&backend, "counted").await.unwrap();
    1_000_000 - disk.platters().power.unwrap()
}

/// What blocks does so where no other request waits for it.
#[tokio::test]
async fn reads_are_made_off_the_async_threads() {
    let here = std::thread::current().id();
    let there = off_the_async_threads(|| std::thread::current().id()).await;
    assert_ne!(there.unwrap(), here);
}

/// Who reads for long, for a backup say, ends where the file is lost, so that it can be opened anew, and the others read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_read_does_not_keep_a_lost_file() {
    let directory = tempfile::tempdir().unwrap();
    let watch = Watch::default();
    let opener = watch.opener(&directory.path().join("clients.redb"));
    let file = File::with_opener(opener, None).unwrap();
    let connection = Arc::clone(&file.connection);
    let (reading, is_reading) = std::sync::mpsc::channel();
    // It reads one client after the other, and no end is in sight.
    let long = std::thread::spawn(move || {
        connection.read(|snapshot| {
            reading.send(()).unwrap();
            loop {
                snapshot.check()?;
                std::thread::sleep(Duration::from_millis(1));
            }
        })
    });
    is_reading.recv().unwrap();
    watch.fails.store(true, Ordering::SeqCst);
    let client = Record {
        issued_at: 1,
        last_used: 0,
        token: None,
        previous_token: None,
        secret: None,
        previous_secret: None,
        metadata: "{}".into(),
    };
    let lost = file
        .write(move |transaction| transaction.put("1", client))
        .await;
    assert!(lost.is_err());
    assert!(file.get("1").await.unwrap().is_none());
    // It has begun again, and ends with the last handle.
    is_reading.recv().unwrap();
    drop(file);
    let ended: Result<(), Fault> = long.join().unwrap();
    assert!(ended.is_err());
}

/// An older file is brought up to date where it is opened, once; what is half done is not done.
#[tokio::test]
async fn files_of_older_formats() {
    const NEW: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("new");
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    fn second(transaction: &redb::WriteTransaction) -> Result<(), FileFault> {
        RUNS.fetch_add(1, Ordering::SeqCst);
        transaction.open_table(NEW)?.insert("second", 1)?;
        Ok(())
    }
    fn third(transaction: &redb::WriteTransaction) -> Result<(), FileFault> {
        let second = transaction
            .open_table(NEW)?
            .get("second")?
            .map(|found| found.value());
        transaction
            .open_table(NEW)?
            .insert("third", second.unwrap() + 1)?;
        Ok(())
    }
    fn broken(_: &redb::WriteTransaction) -> Result<(), FileFault> {
        Err(FileFault::Unusable("broken".into()))
    }

    let disk = Disk::default();
    let known = register(&on(&disk), "old").await.unwrap();
    assert!(database::with_migrations(disk.clone(), &[second, broken]).is_err());
    // It is of format 1 still.
    assert_eq!(name_of(&on(&disk), &known).await.as_deref(), Some("old"));
    RUNS.store(0, Ordering::SeqCst);
    for migrations in [
        &[second as database::Migration] as &[_],
        &[second, third],
        &[second, third],
    ] {
        let opened = disk.clone();
        let migrations = migrations.to_vec();
        let migrated = backend(
            move || database::with_migrations(opened.clone(), &migrations),
            None,
        );
        assert_eq!(name_of(&migrated, &known).await.as_deref(), Some("old"));
    }
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
    let database = database::with_migrations(disk.clone(), &[second, third]).unwrap();
    let transaction = redb::ReadableDatabase::begin_read(&database).unwrap();
    let third = transaction.open_table(NEW).unwrap().get("third").unwrap();
    assert_eq!(third.unwrap().value(), 2);
    drop((transaction, database));
    let newer = database::with_backend(disk).unwrap_err();
    assert!(matches!(newer, FileFault::NewerFormat { found: 3 }));
}

/// A new file is of the newest format, and needs to be brought to none.
#[test]
fn a_new_file_of_a_newer_format() {
    fn never(_: &redb::WriteTransaction) -> Result<(), FileFault> {
        Err(FileFault::Unusable("a new file was migrated".into()))
    }

    let disk = Disk::default();
    for _ in 0..2 {
        database::with_migrations(disk.clone(), &[never]).unwrap();
    }
}

/// A client that reads itself when the disk is full gets what it has, also where it would get a new secret.
#[tokio::test]
async fn a_secret_that_cannot_be_renewed() {
    let (disk, time) = (Disk::default(), Arc::new(AtomicU64::new(1_700_000_000)));
    let (opened, now) = (disk.clone(), Arc::clone(&time));
    let builder = Registry::builder("https://as.example.com/register")
        .clock(move || UNIX_EPOCH + Duration::from_secs(now.load(Ordering::SeqCst)))
        .secret_lifetime(Duration::from_secs(1_000), Duration::ZERO);
    let file = File::with_opener(move || opened.open(), None).unwrap();
    let registry = Inner::new(builder.settings().unwrap(), Store::File(file)).unwrap();
    let backend = Registry {
        registry: Arc::new(registry),
    };
    let all = fill(&backend, &disk).await;
    time.fetch_add(950, Ordering::SeqCst);
    for known in &all {
        assert_eq!(name_of(&backend, known).await, known.name);
    }
}

/// A subscriber that cannot write its log, because the disk is full for it, too, and panics.
struct Panicking;

impl tracing::Subscriber for Panicking {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        assert!(
            *event.metadata().level() != tracing::Level::ERROR,
            "no room for the log"
        );
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// What is told of a fault may not end the thread that writes.
#[test]
fn a_log_that_panics() {
    let fault = Fault::new("the disk is full");
    tracing::subscriber::with_default(Panicking, || fault.log("the registry's file failed"));
}

/// A file that is lost while the server runs is not replaced by a new one: its clients would take it that they are not
/// registered any more.
#[tokio::test]
async fn a_file_that_is_lost() {
    for lose in [
        |path: &Path| std::fs::remove_file(path).unwrap(),
        |path: &Path| std::fs::write(path, "").unwrap(),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("clients.redb");
        let watch = Watch::default();
        let (at_first, lost) = (watch.opener(&path), path.clone());
        let is_first = AtomicBool::new(true);
        let open = move || {
            if is_first.swap(false, Ordering::SeqCst) {
                at_first()
            } else {
                database::open(&lost)
            }
        };
        let backend = backend(open, None);
        let known = register(&backend, "a").await.unwrap();
        watch.fails.store(true, Ordering::SeqCst);
        lose(&path);
        assert!(register(&backend, "b").await.is_err());
        let read = Read::new(&known.client_id, known.token.clone());
        let Err(RegistryError::Storage { .. }) = backend.execute(read.into()).await else {
            panic!("a client of a file that is lost");
        };
        assert_eq!(std::fs::metadata(&path).map_or(0, |file| file.len()), 0);
    }
}

/// Whose fault it is that a backup fails: the registry's own file could not be read.
#[tokio::test]
async fn a_backup_of_a_file_that_cannot_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let (disk, path) = (Disk::default(), directory.path().join("backup.redb"));
    register(&on(&disk), "a").await.unwrap();
    let file = File::with_opener(move || disk.open(), None).unwrap();
    file.connection.close_soon();
    assert!(file.back_up(&path).await.is_err());
    // What was written of it is of no use.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// Whatever happens to it, the thread that writes goes on.
#[tokio::test]
async fn the_writer_survives_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let watch = Watch::default();
    let open = watch.opener(&directory.path().join("clients.redb"));
    let times = AtomicUsize::new(0);
    let panicking = move || {
        assert!(times.fetch_add(1, Ordering::SeqCst) != 1, "the second time");
        open()
    };
    let backend = backend(panicking, None);
    watch.fails.store(true, Ordering::SeqCst);
    assert!(register(&backend, "lost").await.is_err());
    // The disk is left in peace for a second; then the file is opened, or not.
    let mut pauses = 0;
    while register(&backend, "after").await.is_err() {
        pauses += 1;
        assert!(pauses < 100);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
