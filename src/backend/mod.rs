//! Backends: they decide about clients.

mod func;
mod selector;
mod service;
mod shared;
mod source;
mod unavailable;

use std::future::Future;
use std::sync::Arc;

use serde_json::{Map, Value};
use tower::ServiceExt;
use tower_service::Service;

pub use self::func::{BackendFn, backend_fn};
pub use self::selector::BackendSelector;
pub use self::service::BackendService;
pub use self::shared::SharedBackend;
pub(crate) use self::source::{BackendSource, Chosen};
pub use self::unavailable::Unavailable;
use crate::BoxError;
use crate::operation::Operation;
use crate::reply::Reply;

/// Decides about clients: it receives an [`Operation`] and returns a [`Reply`].
///
/// These are backends:
///
/// - A type of your own, with `async fn execute`.
/// - A closure in [`backend_fn`].
/// - Every tower service that is `Service<Operation, Response = Reply> + Clone + Send + Sync +
///   'static`, such as [`BoxCloneSyncService`](tower::util::BoxCloneSyncService), or a
///   [`BackendService`] with tower's layers around it. The service is cloned for each operation,
///   and called once the clone is ready.
/// - An [`Arc`] of a backend.
/// - [`SharedBackend`], a backend whose type is erased.
///
/// # Errors
///
/// A backend that cannot answer returns an error. The client receives:
///
/// | error | status | `error` |
/// |---|---|---|
/// | [`Unavailable`], or tower's `Overloaded` | 503 | `temporarily_unavailable` |
/// | tower's `Elapsed` or `Closed`, with feature `tokio` | 503 | `temporarily_unavailable` |
/// | any other | 500 | `server_error` |
///
/// The error may be at any depth in the [sources](std::error::Error::source). If a register, update
/// or delete may have happened, the response says that the outcome is unknown. The client learns
/// nothing else about the error.
///
/// The log and the [`Outcome`](crate::Outcome) receive the text of the error and its sources. Keep
/// tokens, secrets and metadata out of it.
///
/// # Cancellation
///
/// The future is dropped if the client disconnects, or if the backend time-out elapses. Work that
/// was already started may still complete. If the client disconnects, there is no
/// [`Outcome`](crate::Outcome). After a time-out, the 503 has one.
///
/// With feature `tokio`, `CompleteOnDisconnectLayer` keeps the operation running, by default for at
/// most one minute. Its callback `on_outcome` receives the outcome.
///
/// # Example
///
/// ```
/// use std::io;
///
/// use tower_dcr::operation::Register;
/// use tower_dcr::{Action, Backend, ClientMetadata, ErrorCode, Operation, Reply};
///
/// /// Refuses every registration.
/// struct Closed;
///
/// impl Backend for Closed {
///     type Error = io::Error;
///
///     async fn execute(&self, operation: Operation) -> Result<Reply, io::Error> {
///         Ok(match operation {
///             Operation::Register(_) => {
///                 Reply::refuse(ErrorCode::AccessDenied, "Registration is closed.")
///             }
///             // There are no clients, so no token belongs to a client.
///             _ => Reply::refuse(ErrorCode::InvalidToken, "The token is not valid."),
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let register = Register::new(ClientMetadata::parse("{}")?);
/// let reply = Closed.execute(register.into()).await?;
/// assert_eq!(reply.action(), Action::Forbidden);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a registration backend",
    label = "this cannot answer an `Operation`",
    note = "for a closure: wrap it, `backend_fn(|operation| async move {{ .. }})`",
    note = "for a type of your own: `impl Backend` for it, with `async fn execute(&self, \
            operation: Operation) -> Result<Reply, Self::Error>`",
    note = "for tower's layers around a backend: make the innermost service \
            `BackendService::new(backend)`",
    note = "for tower's `Retry`: its policy must accept the service's error; \
            `.map_err(Into::<BoxError>::into)` inside `Retry` makes it a `BoxError`",
    note = "for a `Box<dyn Backend>`: use `SharedBackend::new(backend)` instead",
    note = "for a tower service: it must be `Service<Operation, Response = Reply> + Clone + Send + \
            Sync + 'static`, with a `Send` future and an error that is `Into<BoxError>`; tower's \
            `RateLimit` is not `Clone`, so put a `Buffer` around it"
)]
pub trait Backend: Send + Sync + 'static {
    /// The error of a backend that cannot answer.
    type Error: Into<BoxError> + Send + 'static;

    /// Answers one operation.
    ///
    /// # Errors
    ///
    /// An error if the backend cannot answer. [The trait](Self#errors) documents what the client
    /// then receives.
    fn execute(
        &self,
        operation: Operation,
    ) -> impl Future<Output = Result<Reply, Self::Error>> + Send;

    /// Returns the members of the server's metadata document (RFC 8414 section 2) that this backend
    /// decides, such as `grant_types_supported`. By default, there are no members.
    ///
    /// Include `registration_endpoint` if the backend issues every `registration_client_uri` below
    /// one fixed URL. Such a backend has one fixed URL, so a single instance cannot serve several
    /// tenants. The builder therefore refuses it if a path has a named segment, such as
    /// `/t/{tenant}/register`. Use [`select_backend`](crate::DcrLayer::select_backend) with one
    /// such backend per tenant.
    ///
    /// [`DcrLayer::server_metadata`](crate::DcrLayer::server_metadata) adds the members to a
    /// document. tower's layers do not pass them on. For a backend inside tower's layers, use
    /// [`DcrBuilder::server_metadata_of`](crate::DcrBuilder::server_metadata_of).
    fn server_metadata(&self) -> Map<String, Value> {
        Map::new()
    }
}

// Without this attribute, the error for a closure without `backend_fn` would ask for a `Service`.
#[diagnostic::do_not_recommend]
impl<S> Backend for S
where
    S: Service<Operation, Response = Reply> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError> + Send + 'static,
    S::Future: Send,
{
    type Error = S::Error;

    async fn execute(&self, operation: Operation) -> Result<Reply, S::Error> {
        // Readiness belongs to one clone (tower's `Service::poll_ready`), so each call has its own.
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

    fn server_metadata(&self) -> Map<String, Value> {
        B::server_metadata(self)
    }
}
