use super::proposal::Proposal;
use super::rejection::Rejection;
use super::software_statement::check_software_statement;

/// A ready-made policy. It checks or changes members, without waiting for anything.
///
/// Each ready-made policy implements [`Policy`](super::Policy) with [`check_members`].
pub(super) trait MemberPolicy {
    /// The reason of its refusals, for the operator.
    const REASON: &'static str;

    /// Returns whether a software statement is allowed.
    fn allows_software_statement(&self) -> bool;

    /// Checks or changes the members.
    fn apply(&self, proposal: &mut Proposal) -> Result<(), Rejection>;
}

/// Checks the software statement first, then the members. Adds the reason to a refusal.
pub(super) fn check_members<P: MemberPolicy>(
    policy: &P,
    proposal: &mut Proposal,
) -> Result<(), Rejection> {
    check_software_statement(proposal, policy.allows_software_statement())
        .and_then(|()| policy.apply(proposal))
        .map_err(|rejection| rejection.with_reason(P::REASON))
}
