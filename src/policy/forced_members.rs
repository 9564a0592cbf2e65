use std::fmt;

use serde_json::Value;

use super::member_policy::{MemberPolicy, check_members};
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;

/// Sets members of every client, whatever the client asks for. RFC 7591 section 2 allows a server
/// to do so. The client sees the result in the response.
///
/// ```
/// use serde_json::json;
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{ForcedMembers, Policies};
/// use tower_dcr::{Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let policies = Policies::new().with(ForcedMembers::new([
///     ("token_endpoint_auth_method", json!("none")),
///     ("logo_uri", json!(null)),
/// ]));
/// let backend = policies.layer(backend_fn(|operation| async move {
///     let metadata = operation.metadata().unwrap();
///     assert_eq!(metadata.as_str(), r#"{"token_endpoint_auth_method":"none"}"#);
///     Ok::<_, BoxError>(Reply::created("{}"))
/// }));
///
/// let metadata = ClientMetadata::parse(r#"{"logo_uri":"https://bank.example/logo"}"#)?;
/// backend.execute(Register::new(metadata).into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ForcedMembers {
    members: Vec<(String, Value)>,
    allow_software_statement: bool,
}

impl ForcedMembers {
    /// Creates a policy that sets these members, by name. `null` removes the member.
    ///
    /// The client's members with the same name and a language tag, such as `client_name#fr`, are
    /// removed too (RFC 7591 section 2.2). The names in this list may have language tags.
    pub fn new<N: Into<String>, V: Into<Value>>(members: impl IntoIterator<Item = (N, V)>) -> Self {
        let members = members.into_iter();
        Self {
            members: members
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            allow_software_statement: false,
        }
    }

    /// Accepts [software statements](super#software-statements). The default is `false`.
    #[must_use]
    pub fn allow_software_statement(mut self, yes: bool) -> Self {
        self.allow_software_statement = yes;
        self
    }
}

impl Policy for ForcedMembers {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        check_members(self, proposal)
    }
}

impl MemberPolicy for ForcedMembers {
    const REASON: &'static str = "forced_members";

    fn allows_software_statement(&self) -> bool {
        self.allow_software_statement
    }

    fn apply(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let is_forced = |member: &str| {
            self.members.iter().any(|(name, _)| {
                let rest = member.strip_prefix(name.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
            })
        };
        proposal.retain_names(|member| !is_forced(member));
        for (name, value) in &self.members {
            if !value.is_null() {
                proposal.set(name, value.clone());
            }
        }
        Ok(())
    }
}

// The values may be secret.
impl fmt::Debug for ForcedMembers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.members.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}
