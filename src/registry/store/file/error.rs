//! The errors of the file.

use std::io;

use redb::{DatabaseError, StorageError, TableError};

use crate::BoxError;
use crate::registry::store::error::StoreError;

/// The reason why a file cannot be opened or created.
#[derive(Debug)]
pub(in crate::registry) enum FileError {
    Locked,
    Exists,
    NewerFormat {
        found: u64,
        known: u64,
    },
    NotARegistry,
    Corrupt(BoxError),
    /// The system does not let the server read or write the file.
    Inaccessible(BoxError),
    /// The file is good, but the system did not start the thread that writes it.
    Thread(io::Error),
}

/// The error of a backup.
#[derive(Debug)]
pub(in crate::registry) enum BackupError {
    /// The clients cannot be read.
    Source(StoreError),
    /// The new file cannot be written.
    Target(FileError),
}

impl FileError {
    /// Returns what is wrong. It continues a sentence that starts with the file.
    pub(in crate::registry) fn problem(&self) -> String {
        match self {
            Self::Locked => "is open already, in this process or in another one".to_owned(),
            Self::Exists => "exists already: write the backup to a new file".to_owned(),
            Self::NewerFormat { found, known } => format!(
                "has format {found}, of a newer version of tower-dcr: use that version, because \
                 this one knows formats up to {known}"
            ),
            Self::NotARegistry => {
                "is no registry of tower-dcr: write the path of a registry, or of a new file"
                    .to_owned()
            }
            Self::Corrupt(_) => "is damaged: restore it from a backup".to_owned(),
            Self::Inaccessible(_) => "cannot be read and written: write the path of a file in a \
                                      directory that exists and that the server may write"
                .to_owned(),
            Self::Thread(_) => "cannot be written, because there is no thread for it".to_owned(),
        }
    }

    pub(in crate::registry) fn into_source(self) -> Option<BoxError> {
        match self {
            Self::Locked | Self::Exists | Self::NewerFormat { .. } | Self::NotARegistry => None,
            Self::Corrupt(source) | Self::Inaccessible(source) => Some(source),
            Self::Thread(source) => Some(source.into()),
        }
    }

    /// Converts the error of a file that could not be reopened into the error of a request.
    pub(super) fn into_store_error(self) -> StoreError {
        let problem = format!("the registry's file {}", self.problem());
        StoreError::new(match self.into_source() {
            Some(source) => source,
            None => problem.into(),
        })
    }
}

impl From<DatabaseError> for FileError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                Self::Locked
            }
            // No version of this crate wrote such a file.
            DatabaseError::UpgradeRequired(_) => Self::NotARegistry,
            DatabaseError::Storage(error) => error.into(),
            error => Self::Inaccessible(error.into()),
        }
    }
}

impl From<StorageError> for FileError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corrupted(_) => Self::Corrupt(error.into()),
            // The file does not start like a database.
            StorageError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::NotARegistry
            }
            // The file is shorter than its header says.
            StorageError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Corrupt(error.into())
            }
            error => Self::Inaccessible(error.into()),
        }
    }
}

impl From<redb::TransactionError> for FileError {
    fn from(error: redb::TransactionError) -> Self {
        match error {
            redb::TransactionError::Storage(error) => error.into(),
            error => Self::Inaccessible(error.into()),
        }
    }
}

impl From<redb::CommitError> for FileError {
    fn from(error: redb::CommitError) -> Self {
        match error {
            redb::CommitError::Storage(error) => error.into(),
            error => Self::Inaccessible(error.into()),
        }
    }
}

impl From<TableError> for FileError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            // The table has another type.
            _ => Self::NotARegistry,
        }
    }
}

impl From<StoreError> for FileError {
    fn from(error: StoreError) -> Self {
        Self::Inaccessible(error.into_source().into())
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Inaccessible(error.into())
    }
}
