//! What a transaction can do.

use std::sync::Arc;

use super::error::StoreError;
use crate::registry::client_change::{ClientChange, ClientChangeKind};
use crate::registry::client_order::ClientOrder;
use crate::registry::record::Record;
use crate::registry::tenant_name::TenantName;

/// A client with its `client_id`.
pub(in crate::registry) type Entry = (Arc<str>, Arc<Record>);

/// A client with its tenant.
#[cfg(feature = "registry-file")]
pub(super) type TenantEntry = (TenantName, Entry);

/// The clients of a tenant as a transaction sees them.
pub(super) trait Tables {
    fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, StoreError>;

    fn count(&self) -> Result<u64, StoreError>;

    /// Returns the first client in an order.
    fn first(&self, order: ClientOrder) -> Result<Option<Entry>, StoreError>;

    /// Adds a client, or replaces it.
    fn put(&mut self, client_id: &str, client: Record) -> Result<(), StoreError>;

    /// Removes a client, and returns whether there was one.
    fn remove(&mut self, client_id: &str) -> Result<bool, StoreError>;
}

/// Atomic changes of the clients of a tenant. It collects what to tell the observer.
pub(in crate::registry) struct Transaction<'t> {
    tenant: &'t TenantName,
    tables: &'t mut dyn Tables,
    changes: &'t mut Vec<ClientChange>,
}

impl<'t> Transaction<'t> {
    pub(super) fn new(
        tenant: &'t TenantName,
        tables: &'t mut dyn Tables,
        changes: &'t mut Vec<ClientChange>,
    ) -> Self {
        Self {
            tenant,
            tables,
            changes,
        }
    }
}

impl Transaction<'_> {
    pub(in crate::registry) fn get(
        &self,
        client_id: &str,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        self.tables.get(client_id)
    }

    pub(in crate::registry) fn count(&self) -> Result<u64, StoreError> {
        self.tables.count()
    }

    /// Returns the oldest client that was never used.
    pub(in crate::registry) fn oldest_unused(&self) -> Result<Option<Entry>, StoreError> {
        let first = self.tables.first(ClientOrder::LastUse)?;
        Ok(first.filter(|(_, client)| client.last_used == 0))
    }

    /// Stores a client. The observer is not told.
    pub(in crate::registry) fn put(
        &mut self,
        client_id: &str,
        client: Record,
    ) -> Result<(), StoreError> {
        self.tables.put(client_id, client)
    }

    /// Stores a client, and tells the observer.
    pub(in crate::registry) fn put_as(
        &mut self,
        kind: ClientChangeKind,
        client_id: &str,
        client: Record,
    ) -> Result<(), StoreError> {
        self.tables.put(client_id, client)?;
        self.tell(kind, client_id);
        Ok(())
    }

    /// Removes a client, tells the observer, and returns whether there was one.
    pub(in crate::registry) fn remove_as(
        &mut self,
        kind: ClientChangeKind,
        client_id: &str,
    ) -> Result<bool, StoreError> {
        let removed = self.tables.remove(client_id)?;
        if removed {
            self.tell(kind, client_id);
        }
        Ok(removed)
    }

    fn tell(&mut self, kind: ClientChangeKind, client_id: &str) {
        self.changes.push(ClientChange {
            kind,
            tenant: self.tenant.clone(),
            client_id: client_id.to_owned(),
        });
    }
}
