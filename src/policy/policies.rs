use std::fmt;
use std::sync::Arc;

use super::erased_policy::ErasedPolicy;
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;

/// An ordered stack of policies, and a tower [`Layer`](tower::Layer) over a
/// [`Backend`](crate::Backend). It is cheap to clone.
///
/// - Policies run in the order in which they were added.
/// - Each policy sees the changes of the policies before it.
/// - The first [`Rejection`] decides the response. Later policies and the backend are not called.
/// - All policies run for registrations and for updates. Reads and deletes are not checked.
/// - The metadata is parsed once for all policies, and serialized once if a policy changed it.
/// - An empty stack checks nothing.
///
/// These rules hold for the whole stack:
///
/// | metadata | response | [reason](crate::Outcome::reason) |
/// |---|---|---|
/// | more than 256 top-level members, before any policy runs | 400 `invalid_client_metadata` | `max_members` |
/// | longer than the [body limit](crate::DcrBuilder::body_limit) after the changes | 400 `invalid_client_metadata` | `body_limit` |
/// | not valid [client metadata](crate::ClientMetadata) after the changes | 500 `server_error` | none |
///
/// # Example
///
/// The type does not depend on the policies, so a configuration can decide which ones are added:
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{MaxRedirectUris, Policies, Scopes};
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// struct Config {
///     scopes: Vec<String>,
/// }
///
/// fn policies(config: &Config) -> Policies {
///     let mut policies = Policies::new().with(MaxRedirectUris::new(5));
///     if !config.scopes.is_empty() {
///         policies = policies.with(Scopes::only(&config.scopes));
///     }
///     policies
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let config = Config { scopes: vec!["read".to_owned()] };
/// let backend = policies(&config).layer(backend);
///
/// let metadata = ClientMetadata::parse(r#"{"scope":"admin"}"#)?;
/// let reply = backend.execute(Register::new(metadata).into()).await?;
/// assert_eq!(reply.action(), Action::BadRequest);
/// assert_eq!(reply.reason(), Some("scopes"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Policies {
    policies: Arc<Vec<Arc<dyn ErasedPolicy>>>,
}

impl Policies {
    /// Creates an empty stack.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a policy. It runs after the policies that are already in the stack.
    #[must_use]
    pub fn with(mut self, policy: impl Policy) -> Self {
        Arc::make_mut(&mut self.policies).push(Arc::new(policy));
        self
    }

    /// Returns whether the stack has no policy.
    pub(super) fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }
}

impl Policy for Policies {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        for policy in &*self.policies {
            policy.check_boxed(proposal).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies")
            .field("len", &self.policies.len())
            .finish_non_exhaustive()
    }
}
