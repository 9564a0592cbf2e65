//! The power is cut at random moments, again and again.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::disk::Disk;
use super::helpers::registry_on;
use super::known_client::{Clients, KnownClient, State, run_until_cut_off};
use super::random::Random;
use super::report::report;
use crate::registry::{Client, ClientOrder, Registry};

const CALLERS: usize = 8;

/// What is left of the writes since the last sync.
#[derive(Clone, Copy, PartialEq)]
enum Unsynced {
    Lost,
    /// Each of them is there with a probability of one half.
    HalfLost,
}

#[derive(Clone, Copy)]
struct Figures {
    cuts: usize,
    acknowledged: usize,
    lost: usize,
}

/// Cuts the power in each round, each time after another number of the disk's steps.
async fn cut_power(rounds: usize, ignores_syncs: bool, unsynced: Unsynced) -> Figures {
    let mut figures = Figures {
        cuts: 0,
        acknowledged: 0,
        lost: 0,
    };
    let mut random = Random::with_seed(0x5eed + unsynced as u64 * 2);
    for round in 0..rounds {
        let disk = Disk::default();
        disk.state().ignores_syncs = ignores_syncs;
        let clients = Clients::default();
        // In the second run, the file exists already.
        for run in 0..2 {
            let registry = registry_on(&disk);
            disk.cut_power_after(round % 97 + random.below(40));
            let mut tasks = JoinSet::new();
            for caller in 0..CALLERS {
                let random = Random::with_seed(((round * 2 + run) * CALLERS + caller) as u64 * 2);
                let task = run_until_cut_off(registry.clone(), random, Arc::clone(&clients));
                tasks.spawn(task);
            }
            figures.acknowledged += tasks.join_all().await.into_iter().sum::<usize>();
            figures.cuts += 1;
            drop(registry);
            disk.restart(&mut || unsynced == Unsynced::HalfLost && random.below(2) == 0);
            let registry = registry_on(&disk);
            let mut known: Vec<_> = clients.lock().unwrap().values().cloned().collect();
            for client in &mut known {
                if client.is_lost(&registry).await {
                    figures.lost += 1;
                    // Without syncs each round takes long, so a loss there ends nothing.
                    assert!(ignores_syncs, "lost in round {round}: {client:?}");
                }
            }
            assert_consistent(&registry, &known, ignores_syncs).await;
            for client in known {
                clients.lock().unwrap().insert(client.id.clone(), client);
            }
        }
    }
    figures
}

/// Asserts that both orders contain the same clients, and all that are known.
async fn assert_consistent(registry: &Registry, known: &[KnownClient], ignores_syncs: bool) {
    let mut lists = Vec::new();
    for order in [ClientOrder::Age, ClientOrder::LastUse] {
        let page = registry.list(order, None, usize::MAX).await.unwrap();
        let ids = page.clients.iter().map(Client::client_id);
        let mut ids: Vec<_> = ids.map(str::to_owned).collect();
        ids.sort_unstable();
        lists.push(ids);
    }
    assert_eq!(lists[0], lists[1]);
    if !ignores_syncs {
        let mut existing = known
            .iter()
            .filter(|client| client.acknowledged != State::Deleted);
        assert!(existing.all(|client| lists[0].contains(&client.id)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_lose_no_acknowledged_change() {
    for unsynced in [Unsynced::Lost, Unsynced::HalfLost] {
        let figures = cut_power(100, false, unsynced).await;
        report(&format!(
            "power cuts: {} cuts, {} acknowledged changes, {} lost (expected: 0)",
            figures.cuts, figures.acknowledged, figures.lost
        ));
        assert!(figures.acknowledged > 1_000);
        assert_eq!(figures.lost, 0);
    }
}

/// The control of the test above: it would see a sync that is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_sync_is_detected() {
    let figures = cut_power(15, true, Unsynced::Lost).await;
    report(&format!(
        "power cuts, control, on a disk that does not sync: {} cuts, {} acknowledged changes, {} \
         lost, as it must be (expected: more than 0)",
        figures.cuts, figures.acknowledged, figures.lost
    ));
    assert!(figures.acknowledged > 100);
    assert!(figures.lost > 0);
}
