use serde_json::Value;

use super::member_policy::{MemberPolicy, check_members};
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;
use crate::reply::ErrorCode;

/// Limits the scopes that a client may register (`scope`, RFC 7591 section 2).
///
/// | `scope` | [`narrow_to`](Self::narrow_to) | [`only`](Self::only) |
/// |---|---|---|
/// | allowed scopes | is kept | is kept |
/// | allowed scopes and others | the others are removed | 400 `invalid_client_metadata` |
/// | no allowed scope | 400 `invalid_client_metadata` | 400 `invalid_client_metadata` |
/// | a scope twice | is kept once | is kept once |
/// | omitted | becomes the [default](Self::with_default) | becomes the default |
///
/// An [omitted](Proposal::is_omitted) scope is set to the default, because authorization servers
/// disagree about its meaning. Scopes are compared exactly, including case (RFC 6749 section 3.3).
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{Policies, Scopes};
/// use tower_dcr::{Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let policies = Policies::new().with(Scopes::narrow_to(["read", "write"]));
/// let backend = policies.layer(backend_fn(|operation| async move {
///     assert_eq!(operation.metadata().unwrap().as_str(), r#"{"scope":"read"}"#);
///     Ok::<_, BoxError>(Reply::created("{}"))
/// }));
///
/// let metadata = ClientMetadata::parse(r#"{"scope":"read admin"}"#)?;
/// backend.execute(Register::new(metadata).into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Scopes {
    allowed: Vec<String>,
    default: Option<String>,
    narrows: bool,
    allow_software_statement: bool,
}

impl Scopes {
    /// Creates a policy that removes every scope but these. If none of a client's scopes is
    /// allowed, the client is refused: without a scope it might receive all scopes.
    ///
    /// A string may contain several scopes, separated by spaces.
    pub fn narrow_to<T: AsRef<str>>(scopes: impl IntoIterator<Item = T>) -> Self {
        let mut allowed = Vec::new();
        for several in scopes {
            allowed.extend(words(several.as_ref()).map(str::to_owned));
        }
        Self {
            allowed,
            default: None,
            narrows: true,
            allow_software_statement: false,
        }
    }

    /// Creates a policy that refuses a client that asks for any scope but these.
    ///
    /// A string may contain several scopes, separated by spaces.
    pub fn only<T: AsRef<str>>(scopes: impl IntoIterator<Item = T>) -> Self {
        Self {
            narrows: false,
            ..Self::narrow_to(scopes)
        }
    }

    /// Sets the scopes of a client that asks for none. Separate several scopes with spaces. It is
    /// checked as if the client had asked for it. The default is all allowed scopes.
    #[must_use]
    pub fn with_default(mut self, scope: impl Into<String>) -> Self {
        self.default = Some(scope.into());
        self
    }

    /// Accepts [software statements](super#software-statements). The default is `false`.
    #[must_use]
    pub fn allow_software_statement(mut self, yes: bool) -> Self {
        self.allow_software_statement = yes;
        self
    }
}

impl Policy for Scopes {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        check_members(self, proposal)
    }
}

impl MemberPolicy for Scopes {
    const REASON: &'static str = "scopes";

    fn allows_software_statement(&self) -> bool {
        self.allow_software_statement
    }

    fn apply(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let refused = |description| {
            Err(Rejection::new(
                ErrorCode::InvalidClientMetadata,
                description,
            ))
        };
        let is_omitted = proposal.is_omitted("scope");
        let scope = if is_omitted {
            let all = || self.allowed.join(" ");
            self.default.clone().unwrap_or_else(all)
        } else if let Some(Value::String(scope)) = proposal.get("scope") {
            scope
        } else {
            return refused("scope must be a string.");
        };
        let mut granted: Vec<&str> = Vec::new();
        let mut is_changed = is_omitted;
        for scope in words(&scope) {
            if !self.allowed.iter().any(|allowed| allowed == scope) {
                if !self.narrows {
                    return refused("A part of the scope may not be registered here.");
                }
                is_changed = true;
            } else if granted.contains(&scope) {
                is_changed = true;
            } else {
                granted.push(scope);
            }
        }
        if granted.is_empty() {
            return refused("No part of the scope may be registered here.");
        }
        if is_changed {
            let granted = granted.join(" ");
            proposal.set("scope", granted);
        }
        Ok(())
    }
}

/// Returns the scopes in a string (RFC 6749 section 3.3).
fn words(scope: &str) -> impl Iterator<Item = &str> {
    scope.split(' ').filter(|scope| !scope.is_empty())
}
