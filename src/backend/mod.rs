//! Who answers: the [`Backend`] trait, and what counts as one.

mod func;
mod service;
mod shared;
mod unavailable;

use std::future::Future;
use std::sync::Arc;

use tower::ServiceExt;
use tower_service::Service;

pub use self::func::{BackendFn, backend_fn};
pub use self::service::BackendService;
pub use self::shared::SharedBackend;
pub use self::unavailable::Unavailable;
use crate::{BoxError, Operation, Reply};

/// Who decides: it gets an [`Operation`] and answers with a [`Reply`].
///
/// These are backends:
///
/// - a type of your own, with `async fn execute`;
/// - a closure, in [`backend_fn`];
/// - every tower service that is `Service<Operation, Response = Reply> + Clone + Send + Sync + 'static`, such as
///   [`BoxCloneSyncService`](tower::util::BoxCloneSyncService), or a backend with tower's layers around it
///   ([`BackendService`]). Its readiness is awaited; each operation is called on a clone;
/// - an [`Arc`] of a backend, and [`SharedBackend`], any backend with its type erased.
///
/// # Errors
///
/// A backend that cannot answer returns an error. The client gets 503 `temporarily_unavailable` where the error or one of
/// its [sources](std::error::Error::source) is [`Unavailable`] or one of tower's `Elapsed`, `Overloaded` and `Closed`, and
/// 500 `server_error` otherwise. To a register, update or delete that may have happened (`Elapsed`, `Closed`, an
/// [`Unavailable::outcome_unknown`], or the layer's own time-out) it says so; the client learns nothing else. The error's text,
/// with its sources, goes to the log and, with the error, into the [`Outcome`](crate::Outcome): keep tokens, secrets and
/// metadata out of it.
///
/// # Cancellation
///
/// The future is dropped where the client goes away or the backend time-out ends. What was begun by then may go on, and happen:
/// nobody is told of it but those who watch where clients are kept.
///
/// # Example
///
/// ```
/// use std::io;
///
/// use tower_dcr::{Backend, ErrorCode, Operation, Reply};
///
/// /// Registers nobody.
/// struct Closed;
///
/// impl Backend for Closed {
///     type Error = io::Error;
///
///     async fn execute(&self, operation: Operation) -> Result<Reply, io::Error> {
///         Ok(match operation {
///             Operation::Register(_) => Reply::refuse(ErrorCode::AccessDenied, "Registration is closed."),
///             // No client, so no token of a client.
///             _ => Reply::refuse(ErrorCode::InvalidToken, "The token is not valid."),
///         })
///     }
/// }
///
/// let layer = tower_dcr::DcrLayer::new(Closed);
/// # let _ = layer;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a registration backend",
    label = "this cannot answer an `Operation`",
    note = "a closure: wrap it, `backend_fn(|operation| async move {{ .. }})`",
    note = "a type of your own: `impl Backend` for it, with `async fn execute(&self, operation: Operation) -> Result<Reply, Self::Error>`",
    note = "tower's layers around a backend: the innermost service is `BackendService::new(backend)`",
    note = "tower's `Retry`: its policy must be for the service's error; `.map_err(Into::<BoxError>::into)` inside of it gives it a `BoxError`",
    note = "a `Box<dyn Backend>`, which cannot be: `SharedBackend::new(backend)`",
    note = "a tower service: it must be `Service<Operation, Response = Reply> + Clone + Send + Sync + 'static` with a `Send` future and an error that is `Into<BoxError>`; tower's `RateLimit` is not `Clone`, put a `Buffer` around it"
)]
pub trait Backend: Send + Sync + 'static {
    /// Why the backend could not answer.
    type Error: Into<BoxError> + Send + 'static;

    /// Answers one operation.
    fn execute(
        &self,
        operation: Operation,
    ) -> impl Future<Output = Result<Reply, Self::Error>> + Send;
}

// Without this the compiler would blame a missing `Service` on what should have been wrapped in `backend_fn`.
#[diagnostic::do_not_recommend]
impl<S> Backend for S
where
    S: Service<Operation, Response = Reply> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError> + Send + 'static,
    S::Future: Send,
{
    type Error = S::Error;

    async fn execute(&self, operation: Operation) -> Result<Reply, S::Error> {
        // What is ready is this clone alone (tower's `Service::poll_ready`), so each operation has its own.
        self.clone().oneshot(operation).await
    }
}

impl<B: Backend> Backend for Arc<B> {
    type Error = B::Error;

    fn execute(
        &self,
        operation: Operation,
    ) -> impl Future<Output = Result<Reply, Self::Error>> + Send {
        B::execute(self, operation)
    }
}
