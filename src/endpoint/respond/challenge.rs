use std::fmt;

use http::header::HeaderValue;

use crate::reply::ErrorCode;
use crate::util::debug_text::debug_text;

/// The challenges of a realm: the values of `WWW-Authenticate` (RFC 6750 section 3).
///
/// The default realm is `client registration`.
///
/// ```
/// use tower_dcr::endpoint::Challenges;
///
/// assert!(Challenges::new("clients of example.com").is_ok());
///
/// let error = Challenges::new("\"quoted\"").unwrap_err();
/// assert!(error.to_string().contains("client registration")); // It says what to write instead.
/// ```
#[derive(Clone, Debug)]
pub struct Challenges {
    /// For a request without a token. It names no error (section 3.1).
    pub(super) bare: HeaderValue,
    pub(super) invalid_request: HeaderValue,
    pub(super) invalid_token: HeaderValue,
    pub(super) insufficient_scope: HeaderValue,
}

impl Challenges {
    /// Creates the challenges of this realm.
    ///
    /// # Errors
    ///
    /// [`InvalidRealm`] if the realm is empty, or contains `"`, `\` or anything but printable ASCII
    /// (RFC 6750 section 3).
    pub fn new(realm: &str) -> Result<Self, InvalidRealm> {
        let fits = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        if realm.is_empty() || !realm.bytes().all(fits) {
            return Err(InvalidRealm(()));
        }
        let challenge = |error: Option<ErrorCode>| {
            let challenge = match error {
                Some(error) => format!("Bearer realm=\"{realm}\", error=\"{error}\""),
                None => format!("Bearer realm=\"{realm}\""),
            };
            HeaderValue::try_from(challenge).map_err(|_| InvalidRealm(()))
        };
        Ok(Self {
            bare: challenge(None)?,
            invalid_request: challenge(Some(ErrorCode::InvalidRequest))?,
            invalid_token: challenge(Some(ErrorCode::InvalidToken))?,
            insufficient_scope: challenge(Some(ErrorCode::InsufficientScope))?,
        })
    }
}

impl Default for Challenges {
    fn default() -> Self {
        macro_rules! challenge {
            ($($error:literal)?) => {
                HeaderValue::from_static(concat!(
                    "Bearer realm=\"client registration\"",
                    $(", error=\"", $error, "\"",)?
                ))
            };
        }
        Self {
            bare: challenge!(),
            invalid_request: challenge!("invalid_request"),
            invalid_token: challenge!("invalid_token"),
            insufficient_scope: challenge!("insufficient_scope"),
        }
    }
}

/// The error of [`Challenges::new`]: the realm is empty, or contains `"`, `\` or anything but
/// printable ASCII (RFC 6750 section 3).
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidRealm(());

impl fmt::Debug for InvalidRealm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_text(f, "InvalidRealm", self)
    }
}

impl fmt::Display for InvalidRealm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the realm must be one or more printable ASCII characters other than '\"' and '\\': \
             write something like \"client registration\"",
        )
    }
}

impl std::error::Error for InvalidRealm {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_realm_is_client_registration() {
        let default = Challenges::default();
        let built = Challenges::new("client registration").unwrap();
        assert_eq!(default.bare, built.bare);
        assert_eq!(default.invalid_request, built.invalid_request);
        assert_eq!(default.invalid_token, built.invalid_token);
        assert_eq!(default.insufficient_scope, built.insufficient_scope);
    }
}
