use serde_json::Value;

use super::Proposal;
use super::ready_made::ready_made;
use crate::reply::{ErrorCode, Reply};

/// Which scopes a client may register for (RFC 7591 section 2, `scope`). A client that names none is given all of these,
/// or the [default](Self::with_default): what an authorization server makes of a missing `scope` is its own.
///
/// Scopes are compared as they are, case and all (RFC 6749 section 3.3).
#[derive(Clone, Debug)]
pub struct Scopes {
    allowed: Vec<String>,
    default: Option<String>,
    narrows: bool,
    software_statement: bool,
}

impl Scopes {
    /// Takes away every scope but these. A client of which nothing is left is refused: without a scope it might get all.
    ///
    /// Scopes that stand in one string, with spaces in between, are several.
    pub fn narrow_to<T: AsRef<str>>(scopes: impl IntoIterator<Item = T>) -> Self {
        let mut allowed = Vec::new();
        for several in scopes {
            allowed.extend(words(several.as_ref()).map(str::to_owned));
        }
        Self {
            allowed,
            default: None,
            narrows: true,
            software_statement: false,
        }
    }

    /// Refuses a client that names any scope but these.
    pub fn only<T: AsRef<str>>(scopes: impl IntoIterator<Item = T>) -> Self {
        Self {
            narrows: false,
            ..Self::narrow_to(scopes)
        }
    }

    /// What a client that names no scope is given; in the form of the member, with spaces in between. It is judged as if the
    /// client had asked for it.
    #[must_use]
    pub fn with_default(mut self, scope: impl Into<String>) -> Self {
        self.default = Some(scope.into());
        self
    }

    fn settle(&self, proposal: &mut Proposal) -> Result<(), Reply> {
        let refused =
            |description| Err(Reply::refuse(ErrorCode::InvalidClientMetadata, description));
        let is_omitted = proposal.is_omitted("scope");
        let scope = if is_omitted {
            let all = || self.allowed.join(" ");
            self.default.clone().unwrap_or_else(all)
        } else if let Some(Value::String(scope)) = proposal.get("scope") {
            scope
        } else {
            return refused("scope must be a string.");
        };
        let asked: Vec<&str> = words(&scope).collect();
        let granted: Vec<&str> = asked
            .iter()
            .filter(|scope| self.allowed.iter().any(|allowed| allowed == *scope))
            .copied()
            .collect();
        if granted.is_empty() {
            return refused("None of the scopes may be registered for here.");
        }
        let is_narrower = granted.len() < asked.len();
        if is_narrower && !self.narrows {
            return refused("Not all of the scopes may be registered for here.");
        }
        if is_narrower || is_omitted {
            let granted = granted.join(" ");
            proposal.set("scope", granted);
        }
        Ok(())
    }
}

ready_made!(Scopes);

/// The scopes in a string (RFC 6749 section 3.3).
fn words(scope: &str) -> impl Iterator<Item = &str> {
    scope.split(' ').filter(|scope| !scope.is_empty())
}
