//! What all tenants of a registry share.

use std::io;
use std::sync::Arc;

use super::capacity_warning::CapacityWarning;
use super::observer::ChangeFeed;
use super::settings::Settings;
use super::store::Store;
use super::sweeper::Sweeper;

/// The fields are dropped in this order: the sweeper uses the store, and the store feeds the
/// observer.
pub(super) struct Shared {
    pub(super) capacity_warning: CapacityWarning,
    _sweeper: Option<Sweeper>,
    pub(super) store: Arc<Store>,
    _change_feed: ChangeFeed,
}

impl Shared {
    pub(super) fn new(
        settings: &Settings,
        store: Store,
        change_feed: ChangeFeed,
    ) -> io::Result<Self> {
        let store = Arc::new(store);
        let sweeper = settings
            .unused_lifetime
            .map(|lifetime| {
                Sweeper::start(lifetime, settings.time_source.clone(), Arc::clone(&store))
            })
            .transpose()?;
        Ok(Self {
            capacity_warning: CapacityWarning::new(settings.max_clients),
            _sweeper: sweeper,
            store,
            _change_feed: change_feed,
        })
    }
}
