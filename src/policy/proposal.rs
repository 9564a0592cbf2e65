use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::BoxError;
use crate::metadata::ClientMetadata;
use crate::operation::{Operation, OperationKind};
use crate::reply::{ErrorCode, Reply};
use crate::util::json;

/// What a client proposes to be: a registration or an update, before the backend gets it. A policy looks at it, and may
/// change its metadata.
///
/// Members that are not changed go on as the client wrote them, numbers to their last digit; where none is changed, so
/// does the whole text. `Debug` shows no metadata.
pub struct Proposal {
    operation: Operation,
    members: BTreeMap<String, Box<RawValue>>,
    is_changed: bool,
}

impl Proposal {
    /// Of a registration or an update; another operation is given back.
    pub(super) fn of(operation: Operation) -> Result<Self, Operation> {
        let Some(metadata) = operation.metadata() else {
            return Err(operation);
        };
        let members = metadata.members();
        let members = members
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        Ok(Self {
            operation,
            members,
            is_changed: false,
        })
    }

    /// The operation, with the metadata as it is now, or a refusal where that is too long now.
    ///
    /// # Errors
    ///
    /// Where the metadata is no metadata any more.
    pub(super) fn into_operation(self) -> Result<Result<Operation, Reply>, BoxError> {
        if !self.is_changed {
            return Ok(Ok(self.operation));
        }
        let metadata = ClientMetadata::parse(serde_json::to_vec(&self.members)?)?;
        if metadata.as_str().len() > self.operation.body_limit() {
            return Ok(Err(Reply::refuse(
                ErrorCode::InvalidClientMetadata,
                "The metadata is too long, with what this server adds to it.",
            )));
        }
        Ok(Ok(match self.operation {
            Operation::Register(register) => register.with_metadata(metadata).into(),
            Operation::Update(update) => update.with_metadata(metadata).into(),
            other => other,
        }))
    }

    /// [`Register`](OperationKind::Register) or [`Update`](OperationKind::Update).
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        self.operation.kind()
    }

    /// The operation as it was asked: who asks, and from where. Its metadata is without the changes of this policy.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// A member, as it is now; `None` where there is none. A number may lose digits in the copy that this gives:
    /// [`get_raw`](Self::get_raw) has them all.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let value = self.members.get(name)?;
        // It was JSON before.
        serde_json::from_str(value.get()).ok()
    }

    /// A member, as it was written; `None` where there is none.
    #[must_use]
    pub fn get_raw(&self, name: &str) -> Option<&RawValue> {
        self.members.get(name).map(Box::as_ref)
    }

    /// Whether a member is not there, or says nothing: `null`, `""` and `[]` are what clients send where they mean nothing.
    #[must_use]
    pub fn is_omitted(&self, name: &str) -> bool {
        self.members
            .get(name)
            .is_none_or(|value| json::is_omission(value))
    }

    /// The names of all members, in the order of the alphabet.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Puts a member there, in the place of the one that was there.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        // A value has no keys but strings, so it is always JSON.
        if let Ok(value) = to_raw_value(&value.into()) {
            self.set_raw(name, value);
        }
    }

    /// Puts a member there as it is written, in the place of the one that was there.
    pub fn set_raw(&mut self, name: impl Into<String>, value: Box<RawValue>) {
        self.members.insert(name.into(), value);
        self.is_changed = true;
    }

    /// Takes a member away, and gives whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let is_there = self.members.remove(name).is_some();
        self.is_changed |= is_there;
        is_there
    }

    /// The same, and what has its name and a language tag (RFC 7591 section 2.2).
    pub(super) fn remove_with_language_tags(&mut self, name: &str) {
        let before = self.members.len();
        self.members.retain(|member, _| {
            let rest = member.strip_prefix(name);
            !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
        });
        self.is_changed |= self.members.len() < before;
    }

    /// A list of strings, `[]` where it is omitted; `None` where it is anything else.
    pub(super) fn strings(&self, name: &str) -> Option<Vec<String>> {
        match self.members.get(name) {
            Some(value) if !json::is_omission(value) => serde_json::from_str(value.get()).ok(),
            _ => Some(Vec::new()),
        }
    }

    /// Refuses a software statement (RFC 7591 section 2.3), where it is not allowed.
    pub(super) fn judge_software_statement(&self, is_allowed: bool) -> Result<(), Reply> {
        if is_allowed || self.is_omitted("software_statement") {
            return Ok(());
        }
        Err(Reply::refuse(
            ErrorCode::UnapprovedSoftwareStatement,
            "Software statements are not accepted here.",
        ))
    }
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proposal")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
