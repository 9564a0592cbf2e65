//! Keeps blocking work away from the threads of the async runtime.

use tokio::runtime::Handle;

use crate::registry::store::error::StoreError;

/// Runs blocking work on tokio's threads for such work. Outside of a runtime it runs here, because
/// no other task waits for this thread.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.map_err(StoreError::new),
        Err(_) => Ok(work()),
    }
}
