//! The version of the file's format, and the migrations between versions.

use std::iter;

use redb::{Database, ReadableDatabase, TableDefinition, TableError, WriteTransaction};

use super::error::FileError;
use super::tables;

/// Brings the tables from one format to the next.
pub(super) type Migration = fn(&WriteTransaction) -> Result<(), FileError>;

/// The migrations, from format 1 on. A change of the tables adds one here, and leaves the others
/// alone.
pub(super) const MIGRATIONS: &[Migration] = &[];

/// The table that contains the format.
const META: TableDefinition<'static, &str, u64> = TableDefinition::new("tower_dcr");
const FORMAT_KEY: &str = "format";

/// Creates the tables of a new file. Migrates an older file, in one transaction. Refuses other
/// files.
pub(super) fn bring_up_to_date(
    database: &Database,
    migrations: &[Migration],
) -> Result<(), FileError> {
    let transaction = database.begin_read()?;
    let format = match transaction.open_table(META) {
        Ok(meta) => meta.get(FORMAT_KEY)?.map(|format| format.value()),
        Err(TableError::TableDoesNotExist(_)) => {
            if transaction.list_tables()?.next().is_some() {
                return Err(FileError::NotARegistry);
            }
            let transaction = database.begin_write()?;
            tables::fill(&transaction, iter::empty())?;
            return commit(transaction, migrations);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(found @ 1..) = format else {
        return Err(FileError::NotARegistry);
    };
    let done = usize::try_from(found - 1).unwrap_or(usize::MAX);
    match migrations.get(done..) {
        None => Err(FileError::NewerFormat {
            found,
            known: version(migrations),
        }),
        Some([]) => Ok(()),
        Some(missing) => {
            let transaction = database.begin_write()?;
            for migrate in missing {
                migrate(&transaction)?;
            }
            commit(transaction, migrations)
        }
    }
}

/// Writes the format into the file, and commits.
pub(super) fn commit(
    transaction: WriteTransaction,
    migrations: &[Migration],
) -> Result<(), FileError> {
    let format = version(migrations);
    transaction.open_table(META)?.insert(FORMAT_KEY, format)?;
    Ok(transaction.commit()?)
}

/// Returns the format of a file after these migrations.
fn version(migrations: &[Migration]) -> u64 {
    1 + migrations.len() as u64
}
