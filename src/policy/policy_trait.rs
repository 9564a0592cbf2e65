use std::future::Future;
use std::sync::Arc;

use super::proposal::Proposal;
use super::rejection::Rejection;

/// Decides about a [`Proposal`]: the metadata of a registration or an update. A policy accepts the
/// proposal, changes it, or refuses it.
///
/// These are policies:
///
/// - The ready-made ones in [this module](crate::policy).
/// - A closure in [`policy_fn`](super::policy_fn()).
/// - A type of your own, with `async fn check`.
/// - An [`Arc`] of a policy.
/// - [`Policies`](super::Policies), a stack inside a stack.
///
/// A policy runs when it is part of [`Policies`](super::Policies) around a backend.
///
/// # Idempotence
///
/// Policies must be idempotent. An update sends back the metadata that the client received (RFC
/// 7592 section 2.2), so a policy sees its own changes again. For example, a policy that adds a
/// prefix to a name must not add the prefix a second time.
///
/// # Cancellation
///
/// The future is dropped if the client disconnects, or if the backend time-out of the
/// [builder](crate::DcrBuilder) elapses. The backend is then not called. If
/// `CompleteOnDisconnectLayer` is outside the policies, the policies and the backend run to their
/// end instead.
///
/// # Example
///
/// ```
/// use std::collections::HashSet;
///
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{Policies, Policy, Proposal, Rejection};
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, ErrorCode, Reply, backend_fn};
///
/// /// Accepts only software that is on a list.
/// struct ApprovedSoftware {
///     ids: tokio::sync::RwLock<HashSet<String>>,
/// }
///
/// impl Policy for ApprovedSoftware {
///     async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
///         let id = proposal.get("software_id");
///         let approved = self.ids.read().await;
///         match id.as_ref().and_then(|id| id.as_str()) {
///             Some(id) if approved.contains(id) => Ok(()),
///             _ => Err(Rejection::new(ErrorCode::AccessDenied, "The software is not approved.")
///                 .with_reason("approved_software")),
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let ids = HashSet::from(["editor".to_owned()]).into();
/// let backend = Policies::new().with(ApprovedSoftware { ids }).layer(backend);
///
/// let approved = ClientMetadata::parse(r#"{"software_id":"editor"}"#)?;
/// let reply = backend.execute(Register::new(approved).into()).await?;
/// assert_eq!(reply.action(), Action::Created);
///
/// let unknown = ClientMetadata::parse(r#"{"software_id":"other"}"#)?;
/// let reply = backend.execute(Register::new(unknown).into()).await?;
/// assert_eq!(reply.action(), Action::Forbidden);
/// assert_eq!(reply.reason(), Some("approved_software"));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a policy",
    label = "this cannot check a `Proposal`",
    note = "for a closure: wrap it, `policy_fn(|proposal: &mut Proposal| {{ .. }})`",
    note = "for a type of your own: `impl Policy` for it, with `async fn check(&self, proposal: \
            &mut Proposal) -> Result<(), Rejection>`"
)]
pub trait Policy: Send + Sync + 'static {
    /// Checks a proposal. `Ok(())` accepts it, with all changes that the policy made.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] refuses the proposal. Later policies and the backend are not called.
    fn check(&self, proposal: &mut Proposal) -> impl Future<Output = Result<(), Rejection>> + Send;
}

impl<P: Policy> Policy for Arc<P> {
    fn check(&self, proposal: &mut Proposal) -> impl Future<Output = Result<(), Rejection>> + Send {
        P::check(self, proposal)
    }
}
