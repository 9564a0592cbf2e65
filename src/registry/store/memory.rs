//! Clients in memory. They are gone when the process ends.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use super::error::StoreError;
use super::transaction::{Entry, Tables, Transaction};
use crate::registry::client_order::{ClientOrder, Position, position};
use crate::registry::observer::ChangeSender;
use crate::registry::record::Record;

pub(in crate::registry) struct Memory {
    indexed: RwLock<Indexed>,
    changes: ChangeSender,
}

#[derive(Default)]
struct Indexed {
    clients: HashMap<Arc<str>, Arc<Record>>,
    age_order: BTreeSet<Place>,
    use_order: BTreeSet<Place>,
}

/// An owned [`Position`].
type Place = (u64, u64, Arc<str>);

impl Memory {
    pub(in crate::registry) fn new(changes: ChangeSender) -> Self {
        Self {
            indexed: RwLock::default(),
            changes,
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
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut indexed = self.indexed.write().unwrap_or_else(PoisonError::into_inner);
        let mut changes = Vec::new();
        let decided = decide(&mut Transaction::new(&mut *indexed, &mut changes));
        // Queued under the lock, so that the queue has the order of the changes.
        self.changes.send(changes);
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
    let (one, two, _) = position(order, client_id, client);
    (one, two, Arc::clone(client_id))
}

/// None of these methods fails.
impl Tables for Indexed {
    fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.clients.get(client_id).cloned())
    }

    fn count(&self) -> Result<u64, StoreError> {
        Ok(self.clients.len() as u64)
    }

    fn first(&self, order: ClientOrder) -> Result<Option<Entry>, StoreError> {
        let first = self.in_order(order).first();
        Ok(first
            .and_then(|(_, _, id)| self.clients.get_key_value(id))
            .map(|(id, client)| (Arc::clone(id), Arc::clone(client))))
    }

    fn put(&mut self, client_id: &str, client: Record) -> Result<(), StoreError> {
        self.remove(client_id)?;
        let (client_id, client) = (Arc::from(client_id), Arc::new(client));
        self.age_order
            .insert(place(ClientOrder::Age, &client_id, &client));
        self.use_order
            .insert(place(ClientOrder::LastUse, &client_id, &client));
        self.clients.insert(client_id, client);
        Ok(())
    }

    fn remove(&mut self, client_id: &str) -> Result<bool, StoreError> {
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
