//! Bearer tokens (RFC 6750).

use std::fmt;

/// A bearer token that a client presented: its registration access token (RFC 7592 section 2), or on registration the
/// initial access token (RFC 7591 section 3).
///
/// It holds a `b64token` (RFC 6750 section 2.1): one or more of `A-Z a-z 0-9 - . _ ~ + /`, then any number of `=`. Its
/// `Debug` does not show it, and it has no `PartialEq`: compare tokens in constant time, or compare their hashes.
///
/// ```
/// use tower_dcr::BearerToken;
///
/// let token = BearerToken::new("reg-23410913-abewfq.123483")?;
/// assert_eq!(token.as_str(), "reg-23410913-abewfq.123483");
/// assert_eq!(format!("{token:?}"), "BearerToken(..)");
/// # Ok::<(), tower_dcr::InvalidToken>(())
/// ```
#[derive(Clone)]
pub struct BearerToken(Box<str>);

impl BearerToken {
    /// A token, without the scheme in front of it.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] where the text is not a `b64token`.
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidToken> {
        let token = token.into();
        let body = token.trim_end_matches('=');
        let valid = !body.is_empty()
            && body.bytes().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
            });
        if valid {
            Ok(Self(token.into_boxed_str()))
        } else {
            Err(InvalidToken(()))
        }
    }

    /// The token itself. Keep it out of logs.
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

/// The text given to [`BearerToken::new`] is not a `b64token`. It does not say what the text was.
#[derive(Clone, Debug)]
pub struct InvalidToken(());

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a bearer token: only A-Z a-z 0-9 - . _ ~ + / and then = are allowed (RFC 6750 section 2.1)")
    }
}

impl std::error::Error for InvalidToken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b64token() {
        for good in ["a", "A9-._~+/", "abc=", "abc=="] {
            assert!(BearerToken::new(good).is_ok(), "{good}");
        }
        for bad in ["", "=", "==", "a=b", "a b", " a", "a,b", "a\"", "é", "a\n"] {
            assert!(BearerToken::new(bad).is_err(), "{bad:?}");
        }
    }
}
