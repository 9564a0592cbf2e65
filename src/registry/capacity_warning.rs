//! The warning that the registry is filling up.

use std::sync::atomic::{AtomicBool, Ordering};

/// Logs a warning if four fifths of the clients are there. It logs once, and again only if there
/// was room in between.
pub(super) struct CapacityWarning {
    max_clients: u64,
    is_logged: AtomicBool,
}

impl CapacityWarning {
    pub(super) fn new(max_clients: u64) -> Self {
        Self {
            max_clients,
            is_logged: AtomicBool::new(false),
        }
    }

    /// Takes the current number of clients. It calls the application's log, so no lock may be held.
    pub(super) fn update(&self, count: u64) {
        let is_filling = count.saturating_mul(5) >= self.max_clients.saturating_mul(4);
        let was_filling = self.is_logged.swap(is_filling, Ordering::Relaxed);
        if is_filling && !was_filling {
            #[cfg(feature = "tracing")]
            tracing::warn!(
                count,
                max_clients = self.max_clients,
                "the client registry is filling up"
            );
        }
    }
}
