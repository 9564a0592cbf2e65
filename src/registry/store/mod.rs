//! Where the clients are stored. The store knows no rule: callers decide inside a transaction.

pub(super) mod error;
#[cfg(feature = "registry-file")]
pub(super) mod file;
pub(super) mod memory;
pub(super) mod transaction;

use std::sync::Arc;

use self::error::StoreError;
#[cfg(feature = "registry-file")]
use self::file::File;
#[cfg(feature = "registry-file")]
use self::file::error::BackupError;
use self::memory::Memory;
use self::transaction::{Entry, Transaction};
use super::client_order::{ClientOrder, Position};
use super::record::Record;

/// All clients, by `client_id`.
pub(super) enum Store {
    Memory(Memory),
    #[cfg(feature = "registry-file")]
    File(File),
}

#[cfg_attr(
    not(feature = "registry-file"),
    expect(clippy::unused_async, reason = "a store in a file waits for the disk")
)]
impl Store {
    /// Returns the client as the last commit left it.
    pub(super) async fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.get(client_id)),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.get(client_id).await,
        }
    }

    /// Returns at most `limit` clients after this position, in an order.
    pub(super) async fn list(
        &self,
        order: ClientOrder,
        after: Option<Position<'_>>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.list(order, after, limit)),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.list(order, after, limit).await,
        }
    }

    /// Runs `decide` atomically, and returns its value after the commit. If the commit fails, none
    /// of its changes is stored.
    pub(super) async fn write<T, D>(&self, decide: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match self {
            Self::Memory(memory) => memory.write(decide),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.write(decide).await,
        }
    }

    /// Does the same as [`write`](Self::write), on a thread that may block.
    pub(super) fn write_blocking<T, D>(&self, decide: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match self {
            Self::Memory(memory) => memory.write(decide),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.write_blocking(decide),
        }
    }

    /// Writes all clients to a new file.
    #[cfg(feature = "registry-file")]
    pub(super) async fn backup(&self, path: &std::path::Path) -> Result<(), BackupError> {
        match self {
            Self::Memory(memory) => {
                let clients = memory.list(ClientOrder::Age, None, usize::MAX);
                file::write_new(path, clients).await
            }
            Self::File(file) => file.backup(path).await,
        }
    }
}
