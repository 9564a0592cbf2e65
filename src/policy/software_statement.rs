//! The check of `software_statement` in all ready-made policies (RFC 7591 section 2.3).

use super::proposal::Proposal;
use super::rejection::Rejection;
use crate::reply::ErrorCode;

/// The name of the member.
pub(super) const SOFTWARE_STATEMENT: &str = "software_statement";

/// Refuses a software statement, unless it is allowed. Its claims would override the members that a
/// policy checks.
pub(super) fn check_software_statement(
    proposal: &Proposal,
    is_allowed: bool,
) -> Result<(), Rejection> {
    if is_allowed || proposal.is_omitted(SOFTWARE_STATEMENT) {
        return Ok(());
    }
    Err(Rejection::new(
        ErrorCode::UnapprovedSoftwareStatement,
        "Software statements are not accepted here.",
    ))
}
