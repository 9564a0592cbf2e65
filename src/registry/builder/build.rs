//! Builds the registry from its settings, its store and its observer.

use std::sync::Arc;

use super::RegistryBuilder;
use crate::registry::Registry;
use crate::registry::config_error::RegistryConfigError;
use crate::registry::inner::Inner;
use crate::registry::observer::{ChangeFeed, ChangeSender};
use crate::registry::shared::Shared;
use crate::registry::store::Store;
#[cfg(feature = "registry-file")]
use crate::registry::store::file::File;
use crate::registry::store::memory::Memory;
use crate::registry::tenant_name::TenantName;

impl RegistryBuilder {
    /// Builds the registry. It blocks while it reads the whole [file](Self::file), if there is one.
    ///
    /// # Errors
    ///
    /// [`RegistryConfigError`] names the wrong setting, the file that cannot be opened, or the
    /// thread that did not start, and says what to do.
    pub fn build(self) -> Result<Registry, RegistryConfigError> {
        #[cfg(feature = "registry-file")]
        if let Some(path) = self.path.clone() {
            return self.build_with(|changes| {
                let file = File::open(&path, changes);
                file.map(Store::File)
                    .map_err(|error| RegistryConfigError::file(&path, error))
            });
        }
        self.build_with(|changes| Ok(Store::Memory(Memory::new(changes))))
    }

    /// Builds the registry with this store, after the settings were checked.
    pub(in crate::registry) fn build_with(
        self,
        open: impl FnOnce(ChangeSender) -> Result<Store, RegistryConfigError>,
    ) -> Result<Registry, RegistryConfigError> {
        let observer = self.observer.clone();
        let settings = self.check()?;
        let change_feed = ChangeFeed::start(observer).map_err(RegistryConfigError::thread)?;
        let store = open(change_feed.sender())?;
        let shared =
            Shared::new(&settings, store, change_feed).map_err(RegistryConfigError::thread)?;
        Ok(Registry {
            inner: Arc::new(Inner {
                tenant: TenantName::NONE,
                settings: Arc::new(settings),
                shared: Arc::new(shared),
            }),
        })
    }
}
