//! Clients in a file. A change is on disk before the caller learns of it.

mod backup;
mod blocking;
mod connection;
mod database;
pub(in crate::registry) mod error;
mod format;
mod new_file;
mod snapshot;
mod tables;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

pub(super) use self::backup::write_new;
use self::blocking::run_blocking;
use self::connection::Connection;
use self::error::{BackupError, FileError};
use self::snapshot::Snapshot;
use self::writer::Writer;
use super::error::StoreError;
use super::transaction::{Entry, Transaction};
use crate::registry::client_order::{ClientOrder, Position};
use crate::registry::observer::ChangeSender;
use crate::registry::record::Record;
use crate::registry::tenant_name::TenantName;

/// Reads see the last commit and do not wait for the next one. One thread makes all changes.
pub(in crate::registry) struct File {
    connection: Arc<Connection>,
    writer: Writer,
}

impl File {
    /// Opens the file, or creates it. Blocks.
    pub(in crate::registry) fn open(path: &Path, changes: ChangeSender) -> Result<Self, FileError> {
        let path = path.to_owned();
        new_file::create_if_missing(&path)?;
        Self::with_opener(move || database::open(&path), changes)
    }

    fn with_opener(
        opener: impl Fn() -> Result<redb::Database, FileError> + Send + Sync + 'static,
        changes: ChangeSender,
    ) -> Result<Self, FileError> {
        let connection = Arc::new(Connection::new(Box::new(opener))?);
        let writer = Writer::start(Arc::clone(&connection), changes).map_err(FileError::Thread)?;
        Ok(Self { connection, writer })
    }

    pub(super) async fn get(
        &self,
        tenant: &TenantName,
        client_id: &str,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let (tenant, client_id) = (tenant.clone(), client_id.to_owned());
        self.read(move |snapshot| tables::get(snapshot, &tenant, &client_id))
            .await
    }

    pub(super) async fn list(
        &self,
        tenant: &TenantName,
        order: ClientOrder,
        after: Option<Position<'_>>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let tenant = tenant.clone();
        let after = after.map(|(one, two, client_id)| (one, two, client_id.to_owned()));
        self.read(move |snapshot| {
            let after = after
                .as_ref()
                .map(|(one, two, client_id)| (*one, *two, client_id.as_str()));
            tables::list(snapshot, &tenant, order, after, limit)
        })
        .await
    }

    pub(super) async fn write<T, D>(&self, tenant: &TenantName, decide: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        writer::outcome(self.writer.submit(tenant, decide)?.await)
    }

    pub(super) fn write_blocking<T, D>(
        &self,
        tenant: &TenantName,
        decide: D,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        writer::outcome(self.writer.submit(tenant, decide)?.blocking_recv())
    }

    /// Returns the tenants that have tables. Blocks.
    pub(super) fn tenants(&self) -> Result<Vec<TenantName>, StoreError> {
        self.connection.read(tables::tenants)
    }

    /// Writes all clients, as the last commit left them, to a new file.
    pub(super) async fn backup(&self, path: &Path) -> Result<(), BackupError> {
        backup::copy(Arc::clone(&self.connection), path).await
    }

    async fn read<T: Send + 'static>(
        &self,
        look_up: impl Fn(&Snapshot<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        run_blocking(move || connection.read(look_up)).await?
    }
}

impl Drop for File {
    /// Lets long reads end, so that the file is closed soon.
    fn drop(&mut self) {
        self.connection.close_soon();
    }
}
