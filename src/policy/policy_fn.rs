use std::fmt;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use super::erased_policy::ErasedPolicy;
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;

/// Creates a [`Policy`] from a closure. The closure may be `async`.
///
/// Write the type of the argument: `|proposal: &mut Proposal|`.
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{Policies, Proposal, policy_fn};
/// use tower_dcr::{Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// // Clients cannot register a logo.
/// let without_logo = policy_fn(|proposal: &mut Proposal| {
///     proposal.remove("logo_uri");
///     Ok(())
/// });
///
/// let backend = Policies::new().with(without_logo).layer(backend_fn(|operation| async move {
///     assert_eq!(operation.metadata().unwrap().as_str(), "{}");
///     Ok::<_, BoxError>(Reply::created("{}"))
/// }));
/// let metadata = ClientMetadata::parse(r#"{"logo_uri":"https://bank.example/logo"}"#)?;
/// backend.execute(Register::new(metadata).into()).await?;
/// # Ok(())
/// # }
/// ```
///
/// An `async` closure is cloned for each call, so what it captures must be `Clone`. Capture an
/// [`Arc`], for example, and write `async move`:
///
/// ```
/// use std::io;
/// use std::sync::Arc;
///
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{Policies, Proposal, Rejection, policy_fn};
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, ErrorCode, Reply, backend_fn};
///
/// struct ApprovalService;
///
/// impl ApprovalService {
///     async fn approves(&self, software_id: &str) -> io::Result<bool> {
///         # tokio::task::yield_now().await;
///         Ok(software_id == "editor")
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let service = Arc::new(ApprovalService);
/// let approved = policy_fn(async move |proposal: &mut Proposal| {
///     let id = proposal.get("software_id");
///     let id = id.as_ref().and_then(|id| id.as_str()).unwrap_or_default();
///     match service.approves(id).await {
///         Ok(true) => Ok(()),
///         Ok(false) => Err(Rejection::new(ErrorCode::AccessDenied, "Not approved.")),
///         // The client receives 503. The log receives the cause.
///         Err(error) => Err(Rejection::temporarily_unavailable().with_cause(error)),
///     }
/// });
///
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let backend = Policies::new().with(approved).layer(backend);
/// let reply = backend.execute(Register::new(ClientMetadata::parse("{}")?).into()).await?;
/// assert_eq!(reply.action(), Action::Forbidden);
/// # Ok(())
/// # }
/// ```
///
/// See [`PolicyClosure`] for the closures that fit.
pub fn policy_fn<F, Kind>(closure: F) -> PolicyFn
where
    F: PolicyClosure<Kind>,
    Kind: 'static,
{
    PolicyFn {
        closure: Arc::new(TypedClosure {
            closure,
            kind: PhantomData,
        }),
    }
}

/// The [`Policy`] that [`policy_fn`](policy_fn()) creates. It is cheap to clone.
#[derive(Clone)]
pub struct PolicyFn {
    closure: Arc<dyn ErasedPolicy>,
}

impl Policy for PolicyFn {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        self.closure.check_boxed(proposal).await
    }
}

impl fmt::Debug for PolicyFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyFn").finish_non_exhaustive()
    }
}

/// The closures and functions that [`policy_fn`](policy_fn()) accepts. Do not implement it:
/// implement [`Policy`] for a type of your own.
///
/// | kind | form | it must be |
/// |---|---|---|
/// | closure | <code>\|proposal: &mut [Proposal]\| -> Result<(), [Rejection]></code> | `Fn`, `Send`, `Sync`, `'static` |
/// | `async` closure | <code>async move \|proposal: &mut [Proposal]\| -> Result<(), [Rejection]></code> | `Clone`, `Send`, `Sync`, `'static`, with a future that is `Send` |
/// | function | <code>fn(&mut [Proposal]) -> Result<(), [Rejection]></code> | any such function |
/// | `async` function | <code>async fn(&mut [Proposal]) -> Result<(), [Rejection]></code> | with a future that is `Send` |
///
/// The type parameter distinguishes forms that return a result from forms that return a future. The
/// compiler infers it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a closure that `policy_fn` accepts",
    label = "this cannot check a `Proposal`",
    note = "write the type of the argument: `|proposal: &mut Proposal| {{ .. Ok(()) }}`",
    note = "a closure that waits is an `async` closure: `async move |proposal: &mut Proposal| {{ \
            .. Ok(()) }}`",
    note = "both return `Result<(), Rejection>`",
    note = "an `async` closure is cloned for each call, and its future must be `Send`: capture an \
            `Arc`, and hold nothing across an `.await` that is not `Send`"
)]
pub trait PolicyClosure<Kind>: Send + Sync + 'static {
    #[doc(hidden)]
    fn call(&self, proposal: &mut Proposal) -> impl Future<Output = Result<(), Rejection>> + Send;
}

/// Marks a closure that returns its result.
#[derive(Debug)]
pub enum Immediate {}

/// Marks a closure that returns a future.
#[derive(Debug)]
pub enum Waiting {}

#[diagnostic::do_not_recommend]
impl<F> PolicyClosure<Immediate> for F
where
    F: Fn(&mut Proposal) -> Result<(), Rejection> + Send + Sync + 'static,
{
    fn call(&self, proposal: &mut Proposal) -> impl Future<Output = Result<(), Rejection>> + Send {
        ready(self(proposal))
    }
}

// A bound on `AsyncFn` cannot require that the future is `Send`. A bound on `FnOnce` can, and every
// `async` closure is `FnOnce`. It can be called only once, so it is cloned for each call.
#[diagnostic::do_not_recommend]
impl<F> PolicyClosure<Waiting> for F
where
    F: for<'p> CallOnce<'p>,
{
    fn call(&self, proposal: &mut Proposal) -> impl Future<Output = Result<(), Rejection>> + Send {
        self.clone().call_once(proposal)
    }
}

/// A closure that is called once, and whose future may borrow the proposal. A bound cannot name a
/// future that depends on a lifetime, so it is an associated type.
pub trait CallOnce<'p>: Clone + Send + Sync + 'static {
    type Future: Future<Output = Result<(), Rejection>> + Send + 'p;

    fn call_once(self, proposal: &'p mut Proposal) -> Self::Future;
}

#[diagnostic::do_not_recommend]
impl<'p, F, Fut> CallOnce<'p> for F
where
    F: FnOnce(&'p mut Proposal) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Rejection>> + Send + 'p,
{
    type Future = Fut;

    fn call_once(self, proposal: &'p mut Proposal) -> Fut {
        self(proposal)
    }
}

/// A closure whose kind is known.
struct TypedClosure<F, Kind> {
    closure: F,
    kind: PhantomData<fn(Kind)>,
}

impl<F, Kind> Policy for TypedClosure<F, Kind>
where
    F: PolicyClosure<Kind>,
    Kind: 'static,
{
    fn check(&self, proposal: &mut Proposal) -> impl Future<Output = Result<(), Rejection>> + Send {
        self.closure.call(proposal)
    }
}
