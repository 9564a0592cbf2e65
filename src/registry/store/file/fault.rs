//! Why a file cannot be opened.

use std::io;

use redb::{DatabaseError, StorageError, TableError};

use super::Fault;
use super::database::FORMAT;
use crate::BoxError;

/// Why a file cannot be opened.
#[derive(Debug)]
pub(in crate::registry) enum FileFault {
    Locked,
    Exists,
    NewerFormat {
        found: u64,
    },
    NotARegistry,
    Corrupt(BoxError),
    Unusable(BoxError),
    /// The file is what it should be, but there is no thread to change it.
    Thread(BoxError),
}

impl FileFault {
    /// What follows "the file …".
    pub(in crate::registry) fn description(&self) -> String {
        match self {
            Self::Locked => "is open already, in this process or another".to_owned(),
            Self::Exists => "exists already; a backup goes into a file of its own".to_owned(),
            Self::NewerFormat { found } => format!(
                "has format {found}, of a newer version of tower-dcr; this one knows formats up to {FORMAT}"
            ),
            Self::NotARegistry => "is no registry of tower-dcr".to_owned(),
            Self::Corrupt(_) => "is damaged; restore it from a backup".to_owned(),
            Self::Unusable(_) => "cannot be read and written".to_owned(),
            Self::Thread(_) => "cannot be written: there is no thread for it".to_owned(),
        }
    }

    pub(in crate::registry) fn into_source(self) -> Option<BoxError> {
        match self {
            Self::Locked | Self::Exists | Self::NewerFormat { .. } | Self::NotARegistry => None,
            Self::Corrupt(source) | Self::Unusable(source) | Self::Thread(source) => Some(source),
        }
    }

    /// As what stops a request, where the file was lost while the server runs.
    pub(super) fn into_fault(self) -> Fault {
        let description = format!("the registry's file {}", self.description());
        Fault::new(match self.into_source() {
            Some(source) => source,
            None => description.into(),
        })
    }
}

impl From<DatabaseError> for FileFault {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                Self::Locked
            }
            // None of ours was ever written in those.
            DatabaseError::UpgradeRequired(_) => Self::NotARegistry,
            DatabaseError::Storage(error) => error.into(),
            error => Self::Unusable(error.into()),
        }
    }
}

impl From<StorageError> for FileFault {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corrupted(_) => Self::Corrupt(error.into()),
            // What the file begins with is not what a database begins with.
            StorageError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::NotARegistry
            }
            // It is shorter than it says.
            StorageError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Corrupt(error.into())
            }
            error => Self::Unusable(error.into()),
        }
    }
}

impl From<redb::TransactionError> for FileFault {
    fn from(error: redb::TransactionError) -> Self {
        match error {
            redb::TransactionError::Storage(error) => error.into(),
            error => Self::Unusable(error.into()),
        }
    }
}

impl From<redb::CommitError> for FileFault {
    fn from(error: redb::CommitError) -> Self {
        match error {
            redb::CommitError::Storage(error) => error.into(),
            error => Self::Unusable(error.into()),
        }
    }
}

impl From<TableError> for FileFault {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            // It is there, and holds something else.
            _ => Self::NotARegistry,
        }
    }
}

impl From<Fault> for FileFault {
    fn from(fault: Fault) -> Self {
        Self::Unusable(fault.source.into())
    }
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        Self::Unusable(error.into())
    }
}
