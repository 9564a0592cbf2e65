use std::fmt;

/// The kind of a [`Reply`](super::Reply). It decides the HTTP status.
///
/// Most names come from the member `action` in the responses of Authlete's Web API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Answers a register with 201.
    Created,
    /// Answers a read with 200.
    Ok,
    /// Answers an update with 200.
    Updated,
    /// Answers a delete with 204.
    Deleted,
    /// Answers any operation with 400.
    BadRequest,
    /// Answers any operation with 401.
    Unauthorized,
    /// Answers any operation with 403 (RFC 7592 section 2.1). Authlete does not use it.
    Forbidden,
    /// Answers any operation with 429. Authlete does not use it.
    TooManyRequests,
    /// Answers any operation with 500.
    InternalServerError,
}

impl Action {
    /// Returns the name in snake case, such as `"bad_request"`, for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Ok => "ok",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TooManyRequests => "too_many_requests",
            Self::InternalServerError => "internal_server_error",
        }
    }

    /// Returns whether the action reports that the operation happened.
    pub(crate) fn is_success(self) -> bool {
        matches!(
            self,
            Self::Created | Self::Ok | Self::Updated | Self::Deleted
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
