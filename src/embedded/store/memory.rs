//! Clients in memory: gone when the process ends.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Client, ClientOrder, Fault, Observer, Position, Tables, Transaction, tell};

pub(in crate::embedded) struct Memory {
    clients: RwLock<Clients>,
    observer: Option<Observer>,
}

#[derive(Default)]
struct Clients {
    by_id: HashMap<Arc<str>, Arc<Client>>,
    by_age: BTreeSet<Entry>,
    by_last_use: BTreeSet<Entry>,
}

/// An owned [`Position`].
type Entry = (u64, u64, Arc<str>);

impl Memory {
    pub(in crate::embedded) fn new(observer: Option<Observer>) -> Self {
        Self {
            clients: RwLock::default(),
            observer,
        }
    }

    pub(super) fn get(&self, client_id: &str) -> Option<Arc<Client>> {
        self.read(|clients| clients.by_id.get(client_id).cloned())
    }

    pub(super) fn list(
        &self,
        order: ClientOrder,
        after: Option<Position<'_>>,
        limit: usize,
    ) -> Vec<(Arc<str>, Arc<Client>)> {
        let start = after.map_or(Bound::Unbounded, |(one, two, client_id)| {
            Bound::Excluded((one, two, Arc::from(client_id)))
        });
        self.read(|clients| {
            let entries = clients.in_order(order).range((start, Bound::Unbounded));
            entries
                .filter_map(|(_, _, id)| clients.by_id.get_key_value(id))
                .map(|(id, client)| (Arc::clone(id), Arc::clone(client)))
                .take(limit)
                .collect()
        })
    }

    pub(super) fn write<T>(
        &self,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        let mut changes = Vec::new();
        let decided = decide(&mut Transaction {
            tables: &mut *clients,
            changes: &mut changes,
        });
        // Under the lock: what is told is in the order in which it happened.
        tell(self.observer.as_ref(), changes);
        decided
    }

    fn read<T>(&self, look: impl FnOnce(&Clients) -> T) -> T {
        look(&self.clients.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clients {
    fn in_order(&self, order: ClientOrder) -> &BTreeSet<Entry> {
        match order {
            ClientOrder::Age => &self.by_age,
            ClientOrder::LastUse => &self.by_last_use,
        }
    }
}

fn entry(order: ClientOrder, client_id: &Arc<str>, client: &Client) -> Entry {
    let (one, two, _) = client.position(order, client_id);
    (one, two, Arc::clone(client_id))
}

/// None of these fails.
impl Tables for Clients {
    fn get(&self, client_id: &str) -> Result<Option<Arc<Client>>, Fault> {
        Ok(self.by_id.get(client_id).cloned())
    }

    fn count(&self) -> Result<u64, Fault> {
        Ok(self.by_id.len() as u64)
    }

    fn first(&self, order: ClientOrder) -> Result<Option<(Arc<str>, Arc<Client>)>, Fault> {
        let first = self.in_order(order).first();
        Ok(first
            .and_then(|(_, _, id)| self.by_id.get_key_value(id))
            .map(|(id, client)| (Arc::clone(id), Arc::clone(client))))
    }

    fn put(&mut self, client_id: &str, client: Client) -> Result<(), Fault> {
        self.remove(client_id)?;
        let (client_id, client) = (Arc::from(client_id), Arc::new(client));
        self.by_age
            .insert(entry(ClientOrder::Age, &client_id, &client));
        self.by_last_use
            .insert(entry(ClientOrder::LastUse, &client_id, &client));
        self.by_id.insert(client_id, client);
        Ok(())
    }

    fn remove(&mut self, client_id: &str) -> Result<bool, Fault> {
        let Some((client_id, client)) = self.by_id.remove_entry(client_id) else {
            return Ok(false);
        };
        self.by_age
            .remove(&entry(ClientOrder::Age, &client_id, &client));
        self.by_last_use
            .remove(&entry(ClientOrder::LastUse, &client_id, &client));
        Ok(true)
    }
}
