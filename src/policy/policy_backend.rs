use std::fmt;

use serde_json::{Map, Value};
use tower_layer::Layer;

use super::policies::Policies;
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;
use crate::BoxError;
use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::Reply;

/// A [`Backend`] with [`Policies`] around it. The tower layer [`Policies`] creates it.
///
/// It is `Clone` if the backend is. It returns the errors of the backend as [`BoxError`].
#[derive(Clone)]
pub struct PolicyBackend<B> {
    policies: Policies,
    backend: B,
}

impl<B> Layer<B> for Policies {
    type Service = PolicyBackend<B>;

    fn layer(&self, backend: B) -> PolicyBackend<B> {
        PolicyBackend {
            policies: self.clone(),
            backend,
        }
    }
}

impl<B> PolicyBackend<B> {
    /// Returns the operation for the backend, after the changes of the policies.
    async fn check(&self, operation: Operation) -> Result<Operation, Rejection> {
        if operation.metadata().is_none() || self.policies.is_empty() {
            return Ok(operation);
        }
        let mut proposal = Proposal::new(operation)?;
        self.policies.check(&mut proposal).await?;
        proposal.into_operation()
    }
}

impl<B: Backend> Backend for PolicyBackend<B> {
    type Error = BoxError;

    async fn execute(&self, operation: Operation) -> Result<Reply, BoxError> {
        match self.check(operation).await {
            Ok(operation) => self.backend.execute(operation).await.map_err(Into::into),
            Err(rejection) => Ok(rejection.into_result()?),
        }
    }

    fn server_metadata(&self) -> Map<String, Value> {
        self.backend.server_metadata()
    }
}

impl<B> fmt::Debug for PolicyBackend<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyBackend")
            .field("policies", &self.policies)
            .finish_non_exhaustive()
    }
}

// Only the registry can make metadata that was not checked.
#[cfg(all(test, feature = "registry"))]
mod tests {
    use super::*;
    use crate::metadata::ClientMetadata;
    use crate::operation::{Register, Update};
    use crate::policy::policy_fn;
    use crate::reply::ErrorCode;
    use crate::token::BearerToken;

    struct NeverCalled;

    impl Backend for NeverCalled {
        type Error = BoxError;

        async fn execute(&self, _: Operation) -> Result<Reply, BoxError> {
            unreachable!("the backend was called")
        }
    }

    /// Metadata that cannot be parsed must not count as metadata without members.
    #[tokio::test]
    async fn unreadable_metadata_returns_500() {
        let policy = policy_fn(|_: &mut Proposal| -> Result<(), Rejection> {
            panic!("the policy was called");
        });
        let backend = Policies::new().with(policy).layer(NeverCalled);
        for text in ["{", "[]", r#"{"scope":}"#, "{} {}", ""] {
            let metadata = || ClientMetadata::unchecked(text.into());
            let token = BearerToken::new("token").unwrap();
            for operation in [
                Register::new(metadata()).into(),
                Update::new("1", token, metadata()).into(),
            ] {
                let reply = backend.execute(operation).await.unwrap();
                assert_eq!(reply.error(), Some(ErrorCode::ServerError), "{text}");
                let cause = reply.cause().unwrap().to_string();
                assert_eq!(cause, "the client metadata cannot be parsed");
            }
        }
    }
}
