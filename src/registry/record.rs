//! A registered client as it is stored.

use super::credentials::{TokenDigest, same_secret};

/// What a presented secret is compared with, if there is none. It is as long as a secret.
const NO_SECRET: &str = "-------------------------------------------";

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
    /// Returns the secrets that are valid now, the current one first.
    pub(super) fn valid_secrets(&self, now: u64) -> impl Iterator<Item = &str> {
        [&self.secret, &self.previous_secret]
            .into_iter()
            .flatten()
            .filter(move |secret| secret.is_valid(now))
            .map(|secret| &*secret.value)
    }

    /// Returns whether the client has this secret, and the secret is valid now. It makes two
    /// comparisons in constant time, however many secrets there are.
    pub(super) fn has_secret(&self, secret: &str, now: u64) -> bool {
        [&self.secret, &self.previous_secret]
            .into_iter()
            .fold(false, |found, have| {
                let valid = have.as_ref().filter(|have| have.is_valid(now));
                let value = valid.map_or(NO_SECRET, |have| &have.value);
                found | (same_secret(value, secret) & valid.is_some())
            })
    }
}
