use std::future::Future;
use std::pin::Pin;

use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;

pub(super) type CheckFuture<'p> = Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send + 'p>>;

/// [`Policy`] as a trait that allows trait objects.
pub(super) trait ErasedPolicy: Send + Sync {
    fn check_boxed<'p>(&'p self, proposal: &'p mut Proposal) -> CheckFuture<'p>;
}

impl<P: Policy> ErasedPolicy for P {
    fn check_boxed<'p>(&'p self, proposal: &'p mut Proposal) -> CheckFuture<'p> {
        Box::pin(self.check(proposal))
    }
}
