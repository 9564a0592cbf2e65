use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Backend, BoxError, Operation, Reply};

/// Any [`Backend`], its type erased; cheap to clone. For a backend that is chosen at run time.
///
/// ```
/// use tower_dcr::{BoxError, DcrLayer, Reply, SharedBackend, backend_fn};
///
/// let closed = std::env::var_os("NO_SUCH_VARIABLE").is_none();
/// let backend = if closed {
///     SharedBackend::new(backend_fn(|_| async { Ok::<_, BoxError>(Reply::forbidden()) }))
/// } else {
///     SharedBackend::new(backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) }))
/// };
/// let layer: DcrLayer<SharedBackend> = DcrLayer::new(backend);
/// # let _ = layer;
/// ```
#[derive(Clone)]
pub struct SharedBackend(Arc<dyn Erased>);

impl SharedBackend {
    /// Erases the type of a backend.
    pub fn new<B: Backend>(backend: B) -> Self {
        Self(Arc::new(backend))
    }
}

impl fmt::Debug for SharedBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBackend").finish_non_exhaustive()
    }
}

impl Backend for SharedBackend {
    type Error = BoxError;

    fn execute(
        &self,
        operation: Operation,
    ) -> impl Future<Output = Result<Reply, BoxError>> + Send {
        self.0.execute_boxed(operation)
    }
}

/// [`Backend`] as it can stand behind a pointer.
trait Erased: Send + Sync {
    fn execute_boxed(
        &self,
        operation: Operation,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send + '_>>;
}

impl<B: Backend> Erased for B {
    fn execute_boxed(
        &self,
        operation: Operation,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send + '_>> {
        Box::pin(async move { self.execute(operation).await.map_err(Into::into) })
    }
}
