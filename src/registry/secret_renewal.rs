//! When a client secret expires, and when the client gets a new one.

use super::record::{Record, Secret};
use super::time_source::END_OF_TIME;

/// How long secrets are valid.
#[derive(Clone, Copy, Debug)]
pub(super) struct SecretLifetime {
    /// The lifetime in seconds, or `None` if secrets do not expire.
    pub(super) seconds: Option<u64>,
    /// How long the old secret stays valid beside a new one, in seconds.
    pub(super) grace_period: u64,
}

impl SecretLifetime {
    /// Returns when a secret that is issued now expires, in seconds since 1970. 0 means never.
    pub(super) fn expires_at(self, now: u64) -> u64 {
        self.seconds
            .map_or(0, |seconds| now.saturating_add(seconds).min(END_OF_TIME))
    }
}

impl Record {
    /// Returns whether a read or an update gives the client a new secret. It does in the last tenth
    /// of the secret's lifetime, and after its end. A secret that was issued with an end is renewed
    /// even if new ones have none.
    pub(super) fn is_secret_due(&self, lifetime: SecretLifetime, now: u64) -> bool {
        let tenth = lifetime.seconds.map_or(0, |seconds| seconds / 10);
        let is_due = |at: u64| at != 0 && now >= at.saturating_sub(tenth);
        self.secret
            .as_ref()
            .is_some_and(|secret| is_due(secret.expires_at))
    }

    /// Gives the client a new secret. The old one stays valid for the grace period, unless it
    /// has expired.
    pub(super) fn renew_secret(&mut self, value: String, lifetime: SecretLifetime, now: u64) {
        let new = Secret {
            value,
            expires_at: lifetime.expires_at(now),
        };
        let old = self.secret.replace(new).filter(|old| old.is_valid(now));
        let grace_period = lifetime.grace_period;
        self.previous_secret = old.filter(|_| grace_period > 0).map(|old| Secret {
            expires_at: now.saturating_add(grace_period),
            ..old
        });
    }
}
