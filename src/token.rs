//! Bearer tokens (RFC 6750).

use std::fmt;

use crate::util::debug_text::debug_text;

/// A bearer token: a registration access token (RFC 7592 section 2), an initial access token (RFC
/// 7591 section 3), or the access token of an Authlete service.
///
/// Its text is a `b64token` (RFC 6750 section 2.1): one or more of `A-Z a-z 0-9 - . _ ~ + /`, then
/// any number of `=`.
///
/// `Debug` does not show the token. There is no `PartialEq`, because a comparison must not reveal
/// by its duration how much of a token is right. Compare tokens in constant time, or compare their
/// hashes.
///
/// ```
/// use tower_dcr::BearerToken;
///
/// let token = BearerToken::new("reg-23410913-abewfq.123483")?;
/// assert_eq!(token.as_str(), "reg-23410913-abewfq.123483");
/// assert_eq!(format!("{token:?}"), "BearerToken(..)");
/// # Ok::<(), tower_dcr::token::InvalidBearerToken>(())
/// ```
#[derive(Clone)]
pub struct BearerToken(Box<str>);

impl BearerToken {
    /// Creates a token from its text, without the scheme `Bearer`.
    ///
    /// # Errors
    ///
    /// [`InvalidBearerToken`] if the text is not a `b64token`.
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidBearerToken> {
        let token = token.into();
        let body = token.trim_end_matches('=');
        let is_valid = !body.is_empty()
            && body.bytes().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
            });
        if is_valid {
            Ok(Self(token.into_boxed_str()))
        } else {
            Err(InvalidBearerToken(()))
        }
    }

    /// Returns the text of the token. Keep it out of logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

/// The error of [`BearerToken::new`]: the text is not a `b64token`. The error does not contain the
/// text.
#[derive(Clone)]
pub struct InvalidBearerToken(());

impl fmt::Debug for InvalidBearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_text(f, "InvalidBearerToken", self)
    }
}

impl fmt::Display for InvalidBearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a bearer token: use only A-Z a-z 0-9 -._~+/ and then = (RFC 6750 section 2.1)",
        )
    }
}

impl std::error::Error for InvalidBearerToken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_b64tokens_are_accepted() {
        for good in ["a", "A9-._~+/", "abc=", "abc=="] {
            assert!(BearerToken::new(good).is_ok(), "{good}");
        }
        for bad in ["", "=", "==", "a=b", "a b", " a", "a,b", "a\"", "é", "a\n"] {
            assert!(BearerToken::new(bad).is_err(), "{bad:?}");
        }
    }
}
