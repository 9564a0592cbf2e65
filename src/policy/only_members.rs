use std::collections::BTreeSet;

use super::member_policy::{MemberPolicy, check_members};
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;
use super::software_statement::SOFTWARE_STATEMENT;
use crate::metadata::ISSUED_MEMBERS;
use crate::operation::OperationKind;
use crate::reply::ErrorCode;

/// Allows only members with these names. Other members are dropped or refused.
///
/// Other policies check members by their exact names, but some JSON parsers ignore case. Go's
/// `encoding/json` reads `"Scope"` and `"\u017fcope"` as `scope`. With such a backend, a client
/// could hide a member from the other policies. This policy prevents that: a name that differs from
/// a listed name only in case is not allowed.
///
/// | member | registration | update |
/// |---|---|---|
/// | a listed name, exactly | passes | passes |
/// | an issued member | passes only if it is listed | passes |
/// | `software_statement` | see [`allow_software_statement`] | the same |
/// | any other, [`drop_others`](Self::drop_others) | is dropped | is dropped |
/// | any other, [`refuse_others`](Self::refuse_others) | 400 `invalid_client_metadata` | the same |
///
/// The issued members are `client_id`, `client_secret`, `client_id_issued_at`,
/// `client_secret_expires_at`, `registration_access_token` and `registration_client_uri`.
///
/// [`allow_software_statement`]: Self::allow_software_statement
///
/// With `refuse_others`:
///
/// - List every member that your backend adds to the response, such as defaults, because updates
///   send them back. The issued members pass by themselves in an update.
/// - An unlisted member with an empty value (`null`, `""`, `[]`) is dropped, not refused.
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{OnlyMembers, Policies};
/// use tower_dcr::{Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let only = OnlyMembers::drop_others(["redirect_uris", "client_name", "scope"]);
/// let backend = Policies::new().with(only).layer(backend_fn(|operation| async move {
///     assert_eq!(operation.metadata().unwrap().as_str(), r#"{"scope":"read"}"#);
///     Ok::<_, BoxError>(Reply::created("{}"))
/// }));
///
/// let metadata = ClientMetadata::parse(r#"{"scope":"read","Scope":"admin"}"#)?;
/// backend.execute(Register::new(metadata).into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OnlyMembers {
    names: BTreeSet<String>,
    drops: bool,
    allow_language_tags: bool,
    allow_software_statement: bool,
}

impl OnlyMembers {
    /// Creates a policy that drops all members but these.
    pub fn drop_others<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
            drops: true,
            allow_language_tags: false,
            allow_software_statement: false,
        }
    }

    /// Creates a policy that refuses a client with any member but these.
    pub fn refuse_others<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self {
            drops: false,
            ..Self::drop_others(names)
        }
    }

    /// Allows each name also with a language tag, such as `client_name#fr` for `client_name` (RFC
    /// 7591 section 2.2). The default is `false`.
    #[must_use]
    pub fn allow_language_tags(mut self, yes: bool) -> Self {
        self.allow_language_tags = yes;
        self
    }

    /// Accepts [software statements](super#software-statements), whether the list names them or
    /// not. The default is `false`.
    #[must_use]
    pub fn allow_software_statement(mut self, yes: bool) -> Self {
        self.allow_software_statement = yes;
        self
    }

    fn allows(&self, name: &str, kind: OperationKind) -> bool {
        if self.names.contains(name) {
            return true;
        }
        // The backend checks their values.
        if kind == OperationKind::Update && ISSUED_MEMBERS.contains(&name) {
            return true;
        }
        // Without the switch, a statement that is not omitted was refused before.
        if self.allow_software_statement && name == SOFTWARE_STATEMENT {
            return true;
        }
        let is_tag = |tag: &str| {
            !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        self.allow_language_tags
            && name
                .split_once('#')
                .is_some_and(|(name, tag)| self.names.contains(name) && is_tag(tag))
    }

    /// Makes the refusal for a member. The client wrote its name, so the description does not quote
    /// it. It may quote a name of the list.
    fn refusal(&self, name: &str) -> Rejection {
        let folded = fold_case(name);
        let description = match self.names.iter().find(|known| fold_case(known) == folded) {
            Some(known) => &format!("The name of the member {known} is in the wrong case."),
            None => "The metadata has a member that may not be registered here.",
        };
        Rejection::new(ErrorCode::InvalidClientMetadata, description)
    }
}

impl Policy for OnlyMembers {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        check_members(self, proposal)
    }
}

impl MemberPolicy for OnlyMembers {
    const REASON: &'static str = "only_members";

    fn allows_software_statement(&self) -> bool {
        self.allow_software_statement
    }

    fn apply(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let kind = proposal.kind();
        if !self.drops {
            let refused = proposal
                .names()
                .find(|name| !self.allows(name, kind) && !proposal.is_omitted(name));
            if let Some(name) = refused {
                return Err(self.refusal(name));
            }
        }
        proposal.retain_names(|name| self.allows(name, kind));
        Ok(())
    }
}

/// Maps names that differ only in case to the same text. Upper case comes first: it makes `S` of
/// U+017F. Lower case makes `k` of U+212A.
fn fold_case(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}
