use std::any::type_name;
use std::fmt;
use std::future::Future;

use crate::{Backend, BoxError, Operation, Reply};

/// Makes a [`Backend`] of a closure.
///
/// ```
/// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
///
/// let layer = DcrLayer::new(backend_fn(|operation| async move {
///     println!("asked to {}", operation.kind());
///     Ok::<_, BoxError>(Reply::forbidden())
/// }));
/// # let _ = layer;
/// ```
///
/// An `async fn` works as well, and so does an async closure that captures nothing. What is captured is cloned for each
/// operation:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use tower_dcr::{BoxError, Reply, backend_fn};
///
/// let asked = Arc::new(AtomicU64::new(0));
/// let backend = backend_fn(move |_| {
///     let asked = Arc::clone(&asked);
///     async move {
///         asked.fetch_add(1, Ordering::Relaxed);
///         Ok::<_, BoxError>(Reply::forbidden())
///     }
/// });
/// # let _ = backend;
/// ```
pub fn backend_fn<F, Fut, E>(f: F) -> BackendFn<F>
where
    F: Fn(Operation) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, E>> + Send,
    E: Into<BoxError> + Send + 'static,
{
    BackendFn { f }
}

/// A closure as [`Backend`]; made by [`backend_fn`].
#[derive(Clone, Copy)]
pub struct BackendFn<F> {
    f: F,
}

impl<F> fmt::Debug for BackendFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackendFn").field(&type_name::<F>()).finish()
    }
}

impl<F, Fut, E> Backend for BackendFn<F>
where
    F: Fn(Operation) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, E>> + Send,
    E: Into<BoxError> + Send + 'static,
{
    type Error = E;

    fn execute(&self, operation: Operation) -> impl Future<Output = Result<Reply, E>> + Send {
        (self.f)(operation)
    }
}
