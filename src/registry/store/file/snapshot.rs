//! An open database, and what a read sees of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Database, ReadTransaction, ReadableDatabase};

use crate::registry::store::error::StoreError;

/// An open database. It is closed when nobody uses it any more.
pub(super) struct Open {
    pub(super) database: Database,
    /// Whether long reads must end, because they keep the file open.
    is_closing: AtomicBool,
}

impl Open {
    pub(super) fn new(database: Database) -> Arc<Self> {
        Arc::new(Self {
            database,
            is_closing: AtomicBool::new(false),
        })
    }

    pub(super) fn close_soon(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let transaction = self.database.begin_read().map_err(StoreError::new)?;
        Ok(Snapshot {
            transaction,
            open: self,
        })
    }
}

/// The clients as a commit left them.
pub(super) struct Snapshot<'o> {
    pub(super) transaction: ReadTransaction,
    open: &'o Open,
}

impl Snapshot<'_> {
    /// Fails if the file is about to be closed. Long reads call it now and then: the file cannot be
    /// reopened while somebody reads it.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.open.is_closing.load(Ordering::Relaxed) {
            return Err(StoreError::new("the registry's file was closed meanwhile"));
        }
        Ok(())
    }
}
