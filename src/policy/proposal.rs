use std::error::Error;
use std::fmt;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::members::{self, Members};
use super::rejection::Rejection;
use crate::BoxError;
use crate::metadata::ClientMetadata;
use crate::operation::{Operation, OperationKind};
use crate::reply::ErrorCode;
use crate::util::json_text;

/// The most top-level members that a proposal may have. The longest lists of registered members
/// have about a hundred.
const MAX_MEMBERS: usize = 256;

/// The metadata of a registration or an update, before the backend receives it. A
/// [`Policy`](super::Policy) checks it and may change it.
///
/// - Members that no policy changes keep their text, so numbers keep all digits.
/// - If no policy changes anything, the whole text stays as the client sent it.
/// - Names of members are compared exactly.
///
/// `Debug` shows no metadata.
pub struct Proposal {
    operation: Operation,
    members: Members,
    is_changed: bool,
}

impl Proposal {
    /// Parses the metadata of a registration or an update.
    pub(super) fn new(operation: Operation) -> Result<Self, Rejection> {
        let text = operation.metadata().map_or("{}", ClientMetadata::as_str);
        let members = members::parse(text, MAX_MEMBERS).map_err(Rejection::failure)?;
        let members = members.ok_or_else(|| {
            Rejection::new(
                ErrorCode::InvalidClientMetadata,
                "The metadata has more than 256 members.",
            )
            .with_reason("max_members")
        })?;
        Ok(Self {
            operation,
            members,
            is_changed: false,
        })
    }

    /// Returns the operation with the current metadata. Changed metadata is checked like a request
    /// body.
    pub(super) fn into_operation(self) -> Result<Operation, Rejection> {
        if !self.is_changed {
            return Ok(self.operation);
        }
        let metadata = serialize(&self.members)
            .map_err(|source| Rejection::failure(InvalidChange { source }))?;
        if metadata.as_str().len() > self.operation.body_limit() {
            return Err(Rejection::new(
                ErrorCode::InvalidClientMetadata,
                "The metadata is too long, together with the members that this server adds.",
            )
            .with_reason("body_limit"));
        }
        Ok(match self.operation {
            Operation::Register(register) => register.with_metadata(metadata).into(),
            Operation::Update(update) => update.with_metadata(metadata).into(),
            other => other,
        })
    }

    /// Returns [`Register`](OperationKind::Register) or [`Update`](OperationKind::Update).
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        self.operation.kind()
    }

    /// Returns the operation as the client sent it, with the metadata before any changes. Its
    /// [parts](Operation::parts) have the headers and extensions of the request.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Returns the current value of a member, or `None` if there is no such member.
    ///
    /// A number may lose digits in a [`Value`]. [`get_raw`](Self::get_raw) keeps them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let value = self.members.get(name)?;
        // The text is JSON already, so this cannot fail.
        serde_json::from_str(value.get()).ok()
    }

    /// Returns the current JSON text of a member, or `None` if there is no such member.
    #[must_use]
    pub fn get_raw(&self, name: &str) -> Option<&RawValue> {
        self.members.get(name).map(Box::as_ref)
    }

    /// Returns whether a member is omitted: it is absent, or its value is `null`, `""` or `[]`.
    /// Many clients send such a value for a member that they do not set.
    #[must_use]
    pub fn is_omitted(&self, name: &str) -> bool {
        self.members
            .get(name)
            .is_none_or(|value| json_text::is_omission(value))
    }

    /// Returns the names of all members, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Sets a member. A member of the same name is replaced.
    ///
    /// Names that start with `$serde_json::private::` are reserved. Setting one leads to a 500.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        // All keys of a `Value` are strings, so this cannot fail.
        if let Ok(value) = to_raw_value(&value.into()) {
            self.set_raw(name, value);
        }
    }

    /// Sets a member to a JSON text. A member of the same name is replaced.
    ///
    /// Names that start with `$serde_json::private::` are reserved. Setting one leads to a 500.
    pub fn set_raw(&mut self, name: impl Into<String>, value: Box<RawValue>) {
        self.members.insert(name.into(), value);
        self.is_changed = true;
    }

    /// Removes a member. Returns whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let is_removed = self.members.remove(name).is_some();
        self.is_changed |= is_removed;
        is_removed
    }

    /// Removes all members for whose name `fits` returns `false`.
    pub(super) fn retain_names(&mut self, mut fits: impl FnMut(&str) -> bool) {
        let before = self.members.len();
        self.members.retain(|name, _| fits(name));
        self.is_changed |= self.members.len() < before;
    }

    /// Returns a list of strings. It is empty if the member is omitted, and `None` if the member is
    /// anything else.
    pub(super) fn strings(&self, name: &str) -> Option<Vec<String>> {
        match self.members.get(name) {
            Some(value) if !json_text::is_omission(value) => serde_json::from_str(value.get()).ok(),
            _ => Some(Vec::new()),
        }
    }
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proposal")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

fn serialize(members: &Members) -> Result<ClientMetadata, BoxError> {
    Ok(ClientMetadata::parse(serde_json::to_vec(members)?)?)
}

/// The error of a policy that made the metadata invalid.
#[derive(Debug)]
struct InvalidChange {
    source: BoxError,
}

impl fmt::Display for InvalidChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy made the client metadata invalid")
    }
}

impl Error for InvalidChange {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
