use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::Backend;
use crate::operation::Operation;
use crate::reply::Reply;

/// A tower service that calls a [`Backend`]. Use it to put tower's layers around a backend. The
/// result is a backend again.
///
/// The service is always ready and cheap to clone.
///
/// ```
/// use std::time::Duration;
///
/// use tower::ServiceBuilder;
/// use tower_dcr::backend::BackendService;
/// use tower_dcr::operation::Register;
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let bounded = ServiceBuilder::new()
///     .load_shed()
///     .concurrency_limit(64)
///     .timeout(Duration::from_secs(5))
///     .service(BackendService::new(backend));
///
/// let register = Register::new(ClientMetadata::parse("{}")?);
/// let reply = bounded.execute(register.into()).await?;
/// assert_eq!(reply.action(), Action::Created);
/// # Ok(())
/// # }
/// ```
pub struct BackendService<B> {
    backend: Arc<B>,
}

impl<B: Backend> BackendService<B> {
    /// Creates a service from a backend.
    pub fn new(backend: B) -> Self {
        Self {
            backend: Arc::new(backend),
        }
    }
}

impl<B> Clone for BackendService<B> {
    fn clone(&self) -> Self {
        Self {
            backend: Arc::clone(&self.backend),
        }
    }
}

impl<B> fmt::Debug for BackendService<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendService").finish_non_exhaustive()
    }
}

impl<B: Backend> Service<Operation> for BackendService<B> {
    type Response = Reply;
    type Error = B::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, B::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), B::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: Operation) -> Self::Future {
        let backend = Arc::clone(&self.backend);
        Box::pin(async move { backend.execute(operation).await })
    }
}
