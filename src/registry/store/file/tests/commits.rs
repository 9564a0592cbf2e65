//! How often the disk is written.

use std::sync::atomic::Ordering;

use tokio::task::JoinSet;

use super::disk::Disk;
use super::helpers::{
    build, builder, metadata, parse, read, register, registry_on, watched_opener,
};
use super::report::report;
use super::watched_file::Watch;
use crate::backend::Backend as _;
use crate::operation::{Delete, Update};
use crate::reply::Action;
use crate::token::BearerToken;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_registrations_share_commits() {
    const CALLERS: usize = 64;
    const EACH: usize = 25;

    let directory = tempfile::tempdir().unwrap();
    let watch = Watch::default();
    let opener = watched_opener(&watch, &directory.path().join("clients.redb"));
    let registry = build(builder(), opener);
    let before = watch.syncs.load(Ordering::SeqCst);
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let registry = registry.clone();
        tasks.spawn(async move {
            for _ in 0..EACH {
                register(&registry, "one of many").await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let syncs = watch.syncs.load(Ordering::SeqCst) - before;
    let registrations = CALLERS * EACH;
    report(&format!(
        "shared commits: {registrations} registrations by {CALLERS} callers took {syncs} syncs \
         (expected: at most {})",
        registrations / 10
    ));
    assert!(syncs * 10 <= registrations, "{syncs} syncs");
}

#[tokio::test]
async fn reads_and_refused_requests_write_nothing() {
    let disk = Disk::default();
    let registry = registry_on(&disk);
    let client = register(&registry, "a").await.unwrap();
    let syncs = disk.state().syncs;
    let wrong = BearerToken::new("wrong").unwrap();
    registry.execute(read(&client).into()).await.unwrap();
    for client_id in [client.id.as_str(), "nobody"] {
        let delete = Delete::new(client_id, wrong.clone());
        let update = Update::new(client_id, wrong.clone(), parse(&metadata("b")));
        for operation in [delete.into(), update.into()] {
            let reply = registry.execute(operation).await.unwrap();
            assert_eq!(reply.action(), Action::Unauthorized);
        }
    }
    assert_eq!(disk.state().syncs, syncs);
}
