//! Clients in memory: gone when the process ends.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use super::{ClientOrder, Entry, Fault, Observer, Position, Record, Tables, Transaction, tell};

pub(in crate::registry) struct Memory {
    indexed: RwLock<Indexed>,
    observer: Option<Observer>,
}

#[derive(Default)]
struct Indexed {
    clients: HashMap<Arc<str>, Arc<Record>>,
    age_order: BTreeSet<Place>,
    use_order: BTreeSet<Place>,
}

/// A [`Position`] that is kept.
type Place = (u64, u64, Arc<str>);

impl Memory {
    pub(in crate::registry) fn new(observer: Option<Observer>) -> Self {
        Self {
            indexed: RwLock::default(),
            observer,
        }
    }

    pub(super) fn get(&self, client_id: &str) -> Option<Arc<Record>> {
        self.read(|indexed| indexed.clients.get(client_id).cloned())
    }

    pub(super) fn list(
        &self,
        order: ClientOrder,
        after: Option<Position<'_>>,
        limit: usize,
    ) -> Vec<Entry> {
        let start = after.map_or(Bound::Unbounded, |(one, two, client_id)| {
            Bound::Excluded((one, two, Arc::from(client_id)))
        });
        self.read(|indexed| {
            let entries = indexed.in_order(order).range((start, Bound::Unbounded));
            entries
                .filter_map(|(_, _, id)| indexed.clients.get_key_value(id))
                .map(|(id, client)| (Arc::clone(id), Arc::clone(client)))
                .take(limit)
                .collect()
        })
    }

    pub(super) fn write<T>(
        &self,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut indexed = self.indexed.write().unwrap_or_else(PoisonError::into_inner);
        let mut changes = Vec::new();
        let decided = decide(&mut Transaction {
            tables: &mut *indexed,
            changes: &mut changes,
        });
        // Under the lock: what is told is in the order in which it happened.
        tell(self.observer.as_ref(), changes);
        decided
    }

    fn read<T>(&self, look: impl FnOnce(&Indexed) -> T) -> T {
        look(&self.indexed.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Indexed {
    fn in_order(&self, order: ClientOrder) -> &BTreeSet<Place> {
        match order {
            ClientOrder::Age => &self.age_order,
            ClientOrder::LastUse => &self.use_order,
        }
    }
}

fn place(order: ClientOrder, client_id: &Arc<str>, client: &Record) -> Place {
    let (one, two, _) = client.position(order, client_id);
    (one, two, Arc::clone(client_id))
}

/// None of these fails.
impl Tables for Indexed {
    fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, Fault> {
        Ok(self.clients.get(client_id).cloned())
    }

    fn count(&self) -> Result<u64, Fault> {
        Ok(self.clients.len() as u64)
    }

    fn first(&self, order: ClientOrder) -> Result<Option<Entry>, Fault> {
        let first = self.in_order(order).first();
        Ok(first
            .and_then(|(_, _, id)| self.clients.get_key_value(id))
            .map(|(id, client)| (Arc::clone(id), Arc::clone(client))))
    }

    fn put(&mut self, client_id: &str, client: Record) -> Result<(), Fault> {
        self.remove(client_id)?;
        let (client_id, client) = (Arc::from(client_id), Arc::new(client));
        self.age_order
            .insert(place(ClientOrder::Age, &client_id, &client));
        self.use_order
            .insert(place(ClientOrder::LastUse, &client_id, &client));
        self.clients.insert(client_id, client);
        Ok(())
    }

    fn remove(&mut self, client_id: &str) -> Result<bool, Fault> {
        let Some((client_id, client)) = self.clients.remove_entry(client_id) else {
            return Ok(false);
        };
        self.age_order
            .remove(&place(ClientOrder::Age, &client_id, &client));
        self.use_order
            .remove(&place(ClientOrder::LastUse, &client_id, &client));
        Ok(true)
    }
}
