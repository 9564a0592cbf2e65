//! The warning that a tenant is filling up.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::tenant_name::TenantName;

/// Logs a warning if four fifths of a tenant's clients are there. It logs once, and again only if
/// there was room in between.
pub(super) struct CapacityWarning {
    max_clients: u64,
    /// The tenants that are filling up, and were logged.
    filling: Mutex<HashSet<TenantName>>,
}

impl CapacityWarning {
    pub(super) fn new(max_clients: u64) -> Self {
        Self {
            max_clients,
            filling: Mutex::default(),
        }
    }

    /// Takes the current number of a tenant's clients. It calls the application's log, so no lock
    /// may be held.
    pub(super) fn update(&self, tenant: &TenantName, count: u64) {
        let is_filling = count.saturating_mul(5) >= self.max_clients.saturating_mul(4);
        let mut filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = if is_filling {
            filling.insert(tenant.clone())
        } else {
            filling.remove(tenant);
            false
        };
        drop(filling);
        if is_new {
            #[cfg(feature = "tracing")]
            tracing::warn!(
                tenant = tenant.as_deref(),
                count,
                max_clients = self.max_clients,
                "the client registry is filling up"
            );
        }
    }
}
