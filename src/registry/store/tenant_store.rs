//! The part of the store that belongs to one tenant.

use std::sync::Arc;

use super::Store;
use super::error::StoreError;
use super::transaction::{Entry, Transaction};
use crate::registry::client_order::{ClientOrder, Position};
use crate::registry::record::Record;
use crate::registry::tenant_name::TenantName;

/// The clients of one tenant.
#[derive(Clone, Copy)]
pub(in crate::registry) struct TenantStore<'s> {
    store: &'s Store,
    tenant: &'s TenantName,
}

impl<'s> TenantStore<'s> {
    /// The tenant need not be in the store.
    pub(in crate::registry) fn new(store: &'s Store, tenant: &'s TenantName) -> Self {
        Self { store, tenant }
    }
}

#[cfg_attr(
    not(feature = "registry-file"),
    expect(clippy::unused_async, reason = "a store in a file waits for the disk")
)]
impl TenantStore<'_> {
    /// Returns the client as the last commit left it.
    pub(in crate::registry) async fn get(
        self,
        client_id: &str,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        match self.store {
            Store::Memory(memory) => Ok(memory.get(self.tenant, client_id)),
            #[cfg(feature = "registry-file")]
            Store::File(file) => file.get(self.tenant, client_id).await,
        }
    }

    /// Returns at most `limit` clients after this position, in an order.
    pub(in crate::registry) async fn list(
        self,
        order: ClientOrder,
        after: Option<Position<'_>>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        match self.store {
            Store::Memory(memory) => Ok(memory.list(self.tenant, order, after, limit)),
            #[cfg(feature = "registry-file")]
            Store::File(file) => file.list(self.tenant, order, after, limit).await,
        }
    }

    /// Runs `decide` atomically, and returns its value after the commit. If the commit fails, none
    /// of its changes is stored.
    pub(in crate::registry) async fn write<T, D>(self, decide: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match self.store {
            Store::Memory(memory) => memory.write(self.tenant, decide),
            #[cfg(feature = "registry-file")]
            Store::File(file) => file.write(self.tenant, decide).await,
        }
    }

    /// Does the same as [`write`](Self::write), on a thread that may block.
    pub(in crate::registry) fn write_blocking<T, D>(self, decide: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match self.store {
            Store::Memory(memory) => memory.write(self.tenant, decide),
            #[cfg(feature = "registry-file")]
            Store::File(file) => file.write_blocking(self.tenant, decide),
        }
    }
}
