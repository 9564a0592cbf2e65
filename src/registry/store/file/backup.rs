//! Writes all clients to another file while the registry runs.

use std::path::Path;
use std::sync::Arc;

use super::blocking::run_blocking;
use super::connection::Connection;
use super::error::BackupError;
use super::new_file;
use super::tables;
use crate::registry::store::transaction::TenantEntry;

/// Copies all clients of a file, as the last commit left them.
pub(super) async fn copy(connection: Arc<Connection>, path: &Path) -> Result<(), BackupError> {
    let path = path.to_owned();
    let written = run_blocking(move || {
        connection.read(|snapshot| {
            // An error of the source must not look like an error of the target.
            let mut source_error = None;
            let clients = tables::all(snapshot)?
                .inspect(|client| source_error = client.as_ref().err().cloned());
            let written = new_file::write_new(&path, clients);
            source_error.map_or(Ok(written), Err)
        })
    });
    written
        .await
        .flatten()
        .map_err(BackupError::Source)?
        .map_err(BackupError::Target)
}

/// Writes these clients.
pub(in crate::registry::store) async fn write_new(
    path: &Path,
    clients: Vec<TenantEntry>,
) -> Result<(), BackupError> {
    let path = path.to_owned();
    run_blocking(move || new_file::write_new(&path, clients.into_iter().map(Ok)))
        .await
        .map_err(BackupError::Source)?
        .map_err(BackupError::Target)
}
