use std::any::type_name;
use std::fmt;
use std::future::Future;

use super::Backend;
use crate::BoxError;
use crate::operation::Operation;
use crate::reply::Reply;

/// Creates a [`Backend`] from a closure that returns a future. An `async fn` works too.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::{BoxError, DcrEndpoint, ErrorCode, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|operation| async move {
///     let text = format!("The operation {} is not allowed.", operation.kind());
///     Ok::<_, BoxError>(Reply::refuse(ErrorCode::AccessDenied, &text))
/// });
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// let response = DcrEndpoint::new(backend).oneshot(request).await?;
/// assert_eq!(response.status(), 403);
/// # Ok(())
/// # }
/// ```
///
/// If the closure captures values, clone them inside it. See the note on
/// [closures](crate#closures).
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use tower_dcr::operation::Register;
/// use tower_dcr::{Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let calls = Arc::new(AtomicU64::new(0));
/// let counter = Arc::clone(&calls);
/// let backend = backend_fn(move |_| {
///     let counter = Arc::clone(&counter);
///     async move {
///         counter.fetch_add(1, Ordering::Relaxed);
///         Ok::<_, BoxError>(Reply::created("{}"))
///     }
/// });
///
/// backend.execute(Register::new(ClientMetadata::parse("{}")?).into()).await?;
/// assert_eq!(calls.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub fn backend_fn<F, Fut, E>(f: F) -> BackendFn<F>
where
    F: Fn(Operation) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, E>> + Send,
    E: Into<BoxError> + Send + 'static,
{
    BackendFn { f }
}

/// The [`Backend`] that [`backend_fn`] creates.
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
