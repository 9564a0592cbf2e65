use serde_json::Value;

use super::Proposal;
use super::ready_made::ready_made;
use crate::reply::Reply;

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
    /// These, by name. `null` takes a member away. What a client has of the same member with a language tag (RFC 7591 section
    /// 2.2) is taken away, too; a tag may be part of a name here.
    pub fn new<N: Into<String>, V: Into<Value>>(members: impl IntoIterator<Item = (N, V)>) -> Self {
        let members = members.into_iter();
        Self {
            members: members
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            software_statement: false,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as every ready-made policy")]
    fn settle(&self, proposal: &mut Proposal) -> Result<(), Reply> {
        for (name, _) in &self.members {
            proposal.remove_with_language_tags(name);
        }
        for (name, value) in &self.members {
            if !value.is_null() {
                proposal.set(name, value.clone());
            }
        }
        Ok(())
    }
}

ready_made!(ForcedMembers);

impl std::fmt::Debug for ForcedMembers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.members.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}
