//! Where the clients are stored. The store knows no rule: callers decide inside a transaction.

pub(super) mod error;
#[cfg(feature = "registry-file")]
pub(super) mod file;
pub(super) mod memory;
pub(super) mod tenant_store;
pub(super) mod transaction;

use self::error::StoreError;
#[cfg(feature = "registry-file")]
use self::file::File;
#[cfg(feature = "registry-file")]
use self::file::error::BackupError;
use self::memory::Memory;
use super::tenant_name::TenantName;

/// All clients, by tenant and `client_id`.
pub(super) enum Store {
    Memory(Memory),
    #[cfg(feature = "registry-file")]
    File(File),
}

impl Store {
    /// Returns the tenants that have clients. A tenant without clients may be among them. Blocks.
    #[cfg_attr(
        not(feature = "registry-file"),
        expect(clippy::unnecessary_wraps, reason = "a store in a file can fail")
    )]
    pub(super) fn tenants(&self) -> Result<Vec<TenantName>, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.tenants()),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.tenants(),
        }
    }

    /// Writes all clients of all tenants to a new file.
    #[cfg(feature = "registry-file")]
    pub(super) async fn backup(&self, path: &std::path::Path) -> Result<(), BackupError> {
        match self {
            Self::Memory(memory) => file::write_new(path, memory.all()).await,
            Self::File(file) => file.backup(path).await,
        }
    }
}
