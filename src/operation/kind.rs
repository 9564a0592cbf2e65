use std::fmt;

/// Which of the four operations an [`Operation`](super::Operation) is, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// [`Operation::Register`](super::Operation::Register)
    Register,
    /// [`Operation::Read`](super::Operation::Read)
    Read,
    /// [`Operation::Update`](super::Operation::Update)
    Update,
    /// [`Operation::Delete`](super::Operation::Delete)
    Delete,
}

impl OperationKind {
    /// Returns whether the operation is safe to retry after any failure. See
    /// [`Operation::is_repeatable`](super::Operation::is_repeatable).
    #[must_use]
    pub fn is_repeatable(self) -> bool {
        self == Self::Read
    }

    /// Returns `"register"`, `"read"`, `"update"` or `"delete"`, for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
