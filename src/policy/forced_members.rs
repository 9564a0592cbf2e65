use std::future::{self, Future};

use serde_json::Value;

use super::{Judge, Proposal};
use crate::Reply;

/// Members that every client has, whatever it asked for: put there, or in the place of what was there. RFC 7591 section 2
/// lets a server do so, and the answer tells the client.
///
/// ```
/// use serde_json::json;
/// use tower_dcr::policy::{ForcedMembers, PolicyLayer};
///
/// let policy = PolicyLayer::new(ForcedMembers::new([
///     ("token_endpoint_auth_method", json!("none")),
///     ("grant_types", json!(["authorization_code", "refresh_token"])),
/// ]));
/// # let _ = policy;
/// ```
#[derive(Clone)]
pub struct ForcedMembers {
    members: Vec<(String, Value)>,
    software_statement: bool,
}

impl ForcedMembers {
    /// These, by name, a language tag being part of it. `null` takes a member away.
    pub fn new<N: Into<String>, V: Into<Value>>(members: impl IntoIterator<Item = (N, V)>) -> Self {
        let members = members.into_iter();
        Self {
            members: members
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            software_statement: false,
        }
    }

    /// Lets a `software_statement` pass, see [the module](super). Off by default.
    #[must_use]
    pub fn allow_software_statement(mut self) -> Self {
        self.software_statement = true;
        self
    }

    fn force(&self, proposal: &mut Proposal) -> Result<(), Reply> {
        proposal.judge_software_statement(self.software_statement)?;
        for (name, value) in &self.members {
            if value.is_null() {
                proposal.remove(name);
            } else {
                proposal.set(name, value.clone());
            }
        }
        Ok(())
    }
}

impl Judge for ForcedMembers {
    fn judge(
        &self,
        mut proposal: Proposal,
    ) -> impl Future<Output = Result<Proposal, Reply>> + Send {
        let forced = self.force(&mut proposal);
        future::ready(forced.map(|()| proposal))
    }
}

impl std::fmt::Debug for ForcedMembers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.members.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}
