//! Clients in memory. They are gone when the process ends.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use super::error::StoreError;
#[cfg(feature = "registry-file")]
use super::transaction::TenantEntry;
use super::transaction::{Entry, Tables, Transaction};
use crate::registry::client_order::{ClientOrder, Position, position};
use crate::registry::observer::ChangeSender;
use crate::registry::record::Record;
use crate::registry::tenant_name::TenantName;

pub(in crate::registry) struct Memory {
    /// The tenants that have clients.
    tenants: RwLock<HashMap<TenantName, Indexed>>,
    changes: ChangeSender,
}

/// The clients of a tenant.
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
            tenants: RwLock::default(),
            changes,
        }
    }

    pub(super) fn get(&self, tenant: &TenantName, client_id: &str) -> Option<Arc<Record>> {
        self.read(|tenants| tenants.get(tenant)?.clients.get(client_id).cloned())
    }

    pub(super) fn list(
        &self,
        tenant: &TenantName,
        order: ClientOrder,
        after: Option<Position<'_>>,
        limit: usize,
    ) -> Vec<Entry> {
        let start = after.map_or(Bound::Unbounded, |(one, two, client_id)| {
            Bound::Excluded((one, two, Arc::from(client_id)))
        });
        self.read(|tenants| {
            let Some(indexed) = tenants.get(tenant) else {
                return Vec::new();
            };
            let places = indexed.in_order(order).range((start, Bound::Unbounded));
            let entries = places.filter_map(|place| indexed.entry(place));
            entries.take(limit).collect()
        })
    }

    pub(super) fn tenants(&self) -> Vec<TenantName> {
        self.read(|tenants| tenants.keys().cloned().collect())
    }

    /// Returns all clients of all tenants at one time.
    #[cfg(feature = "registry-file")]
    pub(super) fn all(&self) -> Vec<TenantEntry> {
        self.read(|tenants| {
            let entries = tenants.iter().flat_map(|(tenant, indexed)| {
                let entries = indexed.clients.iter();
                entries.map(|(id, client)| (tenant.clone(), (Arc::clone(id), Arc::clone(client))))
            });
            entries.collect()
        })
    }

    pub(super) fn write<T>(
        &self,
        tenant: &TenantName,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let indexed = tenants.entry(tenant.clone()).or_default();
        let mut changes = Vec::new();
        let decided = decide(&mut Transaction::new(tenant, indexed, &mut changes));
        if indexed.clients.is_empty() {
            tenants.remove(tenant);
        }
        // Queued under the lock, so that the queue has the order of the changes.
        self.changes.send(changes);
        decided
    }

    fn read<T>(&self, look: impl FnOnce(&HashMap<TenantName, Indexed>) -> T) -> T {
        look(&self.tenants.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Indexed {
    fn in_order(&self, order: ClientOrder) -> &BTreeSet<Place> {
        match order {
            ClientOrder::Age => &self.age_order,
            ClientOrder::LastUse => &self.use_order,
        }
    }

    fn entry(&self, (_, _, client_id): &Place) -> Option<Entry> {
        let (client_id, client) = self.clients.get_key_value(client_id)?;
        Some((Arc::clone(client_id), Arc::clone(client)))
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
        Ok(first.and_then(|place| self.entry(place)))
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
