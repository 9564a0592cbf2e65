use std::error::Error;
use std::fmt;

/// The error of [`Client::resolve_redirect`](super::Client::resolve_redirect): the authorization
/// endpoint must not send the user anywhere. It shows the error to the user itself (RFC 6749
/// section 4.1.2.1).
///
/// It contains no URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedirectError(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Missing,
    NotRegistered,
}

impl RedirectError {
    pub(super) const MISSING: Self = Self(Kind::Missing);
    pub(super) const NOT_REGISTERED: Self = Self(Kind::NotRegistered);

    /// Returns whether the request has no `redirect_uri`, but needs one. It may be absent only if
    /// the client registered exactly one (RFC 6749 section 3.1.2.3).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.0 == Kind::Missing
    }

    /// Returns whether the `redirect_uri` of the request is not one of the client's.
    #[must_use]
    pub fn is_not_registered(&self) -> bool {
        self.0 == Kind::NotRegistered
    }
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Missing => {
                "the request has no redirect_uri, and the client did not register exactly one"
            }
            Kind::NotRegistered => "the redirect_uri is not registered for the client",
        })
    }
}

impl Error for RedirectError {}
