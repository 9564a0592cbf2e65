use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Backend;
use crate::BoxError;
use crate::operation::Operation;
use crate::reply::Reply;

/// A [`Backend`] whose type is erased. Use it if the backend is chosen at run time. It is cheap to
/// clone.
///
/// ```
/// use tower_dcr::backend::SharedBackend;
/// use tower_dcr::operation::Register;
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, ErrorCode, Reply, backend_fn};
///
/// fn choose(is_open: bool) -> SharedBackend {
///     if is_open {
///         SharedBackend::new(backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) }))
///     } else {
///         SharedBackend::new(backend_fn(|_| async {
///             Ok::<_, BoxError>(Reply::refuse(ErrorCode::AccessDenied, "Registration is closed."))
///         }))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let register = Register::new(ClientMetadata::parse("{}")?);
/// let reply = choose(false).execute(register.into()).await?;
/// assert_eq!(reply.action(), Action::Forbidden);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedBackend(Arc<dyn ErasedBackend>);

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

    fn server_metadata(&self) -> Map<String, Value> {
        self.0.metadata()
    }
}

/// [`Backend`] as a trait that allows trait objects.
trait ErasedBackend: Send + Sync {
    fn execute_boxed(
        &self,
        operation: Operation,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send + '_>>;

    fn metadata(&self) -> Map<String, Value>;
}

impl<B: Backend> ErasedBackend for B {
    fn execute_boxed(
        &self,
        operation: Operation,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send + '_>> {
        Box::pin(async move { self.execute(operation).await.map_err(Into::into) })
    }

    fn metadata(&self) -> Map<String, Value> {
        self.server_metadata()
    }
}
