//! A new registration access token with each update (RFC 7592 section 2.2).

use super::credentials::TokenDigest;
use super::record::Record;
use super::token_check::Presented;

/// How long the old token stays valid at most, in seconds.
const OVERLAP: u64 = 24 * 60 * 60;

impl Record {
    /// Replaces the token of a client that presented one of its tokens. At most two are valid at a
    /// time.
    pub(super) fn rotate_token(&mut self, new: TokenDigest, presented: Presented, now: u64) {
        let Some(old) = self.token.replace(new) else {
            return;
        };
        // If the client presented the previous token, it never received the current one. The
        // current one ends, and the previous one keeps its end.
        if presented == Presented::Current {
            self.previous_token = Some((old, now.saturating_add(OVERLAP)));
        }
    }

    /// Returns whether this is the first use of a new token. The client has it, so the token before
    /// it is not needed any more.
    pub(super) fn is_first_use(&self, presented: Presented) -> bool {
        presented == Presented::Current && self.previous_token.is_some()
    }
}
