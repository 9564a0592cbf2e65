use std::fmt;

/// The kind of an [`Operation`](super::Operation), without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// `POST` on the client registration endpoint (RFC 7591 section 3.1).
    Register,
    /// `GET` on the client configuration endpoint (RFC 7592 section 2.1).
    Read,
    /// `PUT` on the client configuration endpoint (RFC 7592 section 2.2).
    Update,
    /// `DELETE` on the client configuration endpoint (RFC 7592 section 2.3).
    Delete,
}

impl OperationKind {
    /// Returns whether the operation is safe to retry after any failure: `true` for a read, `false`
    /// otherwise. [`Operation::is_repeatable`](super::Operation::is_repeatable) explains it.
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
