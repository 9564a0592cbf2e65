//! A registered client as it is stored.

use super::credentials::{TokenDigest, same_secret};

/// A registered client. All times are in seconds since 1970.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) issued_at: u64,
    /// The last use that was recorded, or 0 if there was none.
    pub(super) last_used: u64,
    /// `None` if the client cannot manage itself.
    pub(super) token: Option<TokenDigest>,
    /// The token before this one, and the time until which it is valid.
    pub(super) previous_token: Option<(TokenDigest, u64)>,
    pub(super) secret: Option<Secret>,
    /// The secret before this one.
    pub(super) previous_secret: Option<Secret>,
    /// A JSON object.
    pub(super) metadata: Box<str>,
}

/// A client secret, as it was issued. A read returns it (RFC 7592 section 3), and
/// `client_secret_jwt` needs it as a key.
#[derive(Clone)]
pub(super) struct Secret {
    pub(super) value: String,
    /// In seconds since 1970. 0 means that it does not expire.
    pub(super) expires_at: u64,
}

impl Secret {
    pub(super) fn is_valid(&self, now: u64) -> bool {
        self.expires_at == 0 || now < self.expires_at
    }
}

impl Record {
    /// Returns whether the client has this secret, and the secret is valid now. Each comparison
    /// takes constant time.
    pub(super) fn has_secret(&self, secret: &str, now: u64) -> bool {
        [&self.secret, &self.previous_secret]
            .into_iter()
            .flatten()
            .filter(|have| have.is_valid(now))
            .fold(false, |found, have| {
                same_secret(&have.value, secret) | found
            })
    }
}
