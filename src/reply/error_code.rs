use std::fmt;
use std::str::FromStr;

use super::action::Action;

/// The `error` of an error response.
///
/// ```
/// use tower_dcr::ErrorCode;
///
/// let code: ErrorCode = "invalid_redirect_uri".parse()?;
/// assert_eq!(code, ErrorCode::InvalidRedirectUri);
/// assert_eq!(code.as_str(), "invalid_redirect_uri");
/// # Ok::<(), tower_dcr::reply::UnknownErrorCode>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `invalid_redirect_uri` (RFC 7591 section 3.2.2). [`Reply::refuse`](super::Reply::refuse)
    /// turns it into 400.
    InvalidRedirectUri,
    /// `invalid_client_metadata` (RFC 7591 section 3.2.2). `Reply::refuse` turns it into 400.
    InvalidClientMetadata,
    /// `invalid_software_statement` (RFC 7591 section 3.2.2). `Reply::refuse` turns it into 400.
    InvalidSoftwareStatement,
    /// `unapproved_software_statement` (RFC 7591 section 3.2.2). `Reply::refuse` turns it into 400.
    UnapprovedSoftwareStatement,
    /// `invalid_request` (RFC 6750 section 3.1). `Reply::refuse` turns it into 400.
    InvalidRequest,
    /// `invalid_token` (RFC 6750 section 3.1). `Reply::refuse` turns it into 401.
    InvalidToken,
    /// `insufficient_scope` (RFC 6750 section 3.1). `Reply::refuse` turns it into 403.
    InsufficientScope,
    /// `access_denied` (RFC 6749 section 4.1.2.1). `Reply::refuse` turns it into 403.
    AccessDenied,
    /// `server_error` (RFC 6749 section 4.1.2.1). `Reply::refuse` turns it into 500.
    ServerError,
    /// `temporarily_unavailable` (RFC 6749 section 4.1.2.1). The status depends on what is
    /// returned:
    ///
    /// | value | status |
    /// |---|---|
    /// | [`Reply::refuse`](super::Reply::refuse) | 500 |
    /// | [`Reply::too_many_requests`](super::Reply::too_many_requests) or [`Rejection::too_many_requests`](crate::policy::Rejection::too_many_requests) | 429 |
    /// | [`Unavailable`](crate::backend::Unavailable) as the backend's error, or [`Rejection::temporarily_unavailable`](crate::policy::Rejection::temporarily_unavailable) | 503 |
    TemporarilyUnavailable,
}

impl ErrorCode {
    const ALL: [Self; 10] = [
        Self::InvalidRedirectUri,
        Self::InvalidClientMetadata,
        Self::InvalidSoftwareStatement,
        Self::UnapprovedSoftwareStatement,
        Self::InvalidRequest,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::AccessDenied,
        Self::ServerError,
        Self::TemporarilyUnavailable,
    ];

    /// Returns the code as it is sent, such as `"invalid_redirect_uri"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// Returns the action of the reply that `Reply::refuse` creates.
    pub(crate) fn action(self) -> Action {
        match self {
            Self::InvalidRedirectUri
            | Self::InvalidClientMetadata
            | Self::InvalidSoftwareStatement
            | Self::UnapprovedSoftwareStatement
            | Self::InvalidRequest => Action::BadRequest,
            Self::InvalidToken => Action::Unauthorized,
            Self::InsufficientScope | Self::AccessDenied => Action::Forbidden,
            Self::ServerError | Self::TemporarilyUnavailable => Action::InternalServerError,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(code: &str) -> Result<Self, UnknownErrorCode> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == code)
            .ok_or(UnknownErrorCode(()))
    }
}

/// The error of [`ErrorCode::from_str`]: the text is not the [`as_str`](ErrorCode::as_str) of a
/// variant of [`ErrorCode`].
///
/// It does not contain the text.
#[derive(Clone, Debug)]
pub struct UnknownErrorCode(());

impl fmt::Display for UnknownErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown error code; the known ones are the variants of ErrorCode")
    }
}

impl std::error::Error for UnknownErrorCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_parsed_from_its_text() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse::<ErrorCode>().unwrap(), code);
        }
        assert!("INVALID_TOKEN".parse::<ErrorCode>().is_err());
    }
}
