//! A registered client, and how long what it holds is good for.

use super::credentials::{TokenDigest, same_secret};

/// A registered client. All times are in seconds since 1970.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) issued_at: u64,
    /// When the rest of the server last looked it up, to the hour; 0 where it never did.
    pub(super) last_used: u64,
    /// `None` where the client cannot manage itself.
    pub(super) token: Option<TokenDigest>,
    /// The token before this one, and until when it is still valid.
    pub(super) previous_token: Option<(TokenDigest, u64)>,
    pub(super) secret: Option<Secret>,
    /// The secret before this one.
    pub(super) previous_secret: Option<Secret>,
    /// A JSON object.
    pub(super) metadata: Box<str>,
}

/// A client secret, as it was issued: a read gives it again (RFC 7592 section 3), and `client_secret_jwt` computes with it.
#[derive(Clone)]
pub(super) struct Secret {
    pub(super) value: String,
    /// 0: it does not expire.
    pub(super) expires_at: u64,
}

impl Secret {
    fn is_valid(&self, now: u64) -> bool {
        self.expires_at == 0 || now < self.expires_at
    }
}

/// Which of a client's registration access tokens was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    Current,
    Previous,
}

/// Which token of the client this is, if any. The work is the same whether there is a client, and which token it is.
pub(super) fn recognise(
    client: Option<&Record>,
    presented: &TokenDigest,
    now: u64,
) -> Option<Presented> {
    let current = client.and_then(|client| client.token.as_ref());
    let previous = client.and_then(|client| client.previous_token.as_ref());
    let valid = previous.filter(|(_, until)| now < *until);
    let is = |expected: Option<&TokenDigest>| {
        expected.unwrap_or(&TokenDigest::NOBODY).matches(presented)
    };
    let (is_current, is_previous) = (is(current), is(valid.map(|(digest, _)| digest)));
    if is_current {
        Some(Presented::Current)
    } else {
        is_previous.then_some(Presented::Previous)
    }
}

/// How long a secret is good for.
#[derive(Clone, Copy, Debug)]
pub(super) struct SecretLifetime {
    pub(super) seconds: u64,
    /// For how long the old one stays valid beside a new one.
    pub(super) grace: u64,
}

/// The last second of the year 9999: many a reader of times goes no further.
pub(super) const END_OF_TIME: u64 = 253_402_300_799;

/// When a secret that is issued now expires.
pub(super) fn expiry(lifetime: Option<SecretLifetime>, now: u64) -> u64 {
    lifetime.map_or(0, |lifetime| {
        now.saturating_add(lifetime.seconds).min(END_OF_TIME)
    })
}

impl Record {
    /// Whether a read or an update gives the client a new secret: in the last tenth of the life of its own, or after. One
    /// that expires does so also where those that are issued now do not.
    pub(super) fn secret_is_due(&self, lifetime: Option<SecretLifetime>, now: u64) -> bool {
        let early = lifetime.map_or(0, |lifetime| lifetime.seconds / 10);
        let is_due = |at: u64| at != 0 && now >= at.saturating_sub(early);
        self.secret
            .as_ref()
            .is_some_and(|secret| is_due(secret.expires_at))
    }

    /// Gives the client a new secret. The old one stays valid for the grace period, unless its life was over.
    pub(super) fn renew_secret(
        &mut self,
        value: String,
        lifetime: Option<SecretLifetime>,
        now: u64,
    ) {
        let new = Secret {
            value,
            expires_at: expiry(lifetime, now),
        };
        let old = self.secret.replace(new).filter(|old| old.is_valid(now));
        let grace = lifetime.map_or(0, |lifetime| lifetime.grace);
        self.previous_secret = old.filter(|_| grace > 0).map(|old| Secret {
            expires_at: now.saturating_add(grace),
            ..old
        });
    }

    /// Whether this is the first use of a new token: the client has it, and needs the one before no more.
    pub(super) fn is_first_use(&self, presented: Presented) -> bool {
        presented == Presented::Current && self.previous_token.is_some()
    }

    /// Whether this is a secret of the client's that is valid now. In constant time for each of them.
    pub(super) fn has_secret(&self, secret: &str, now: u64) -> bool {
        [&self.secret, &self.previous_secret]
            .into_iter()
            .flatten()
            .filter(|have| have.is_valid(now))
            .fold(false, |found, have| {
                same_secret(&have.value, secret) | found
            })
    }

    /// Where the client stands in an order.
    pub(super) fn position<'c>(&self, order: ClientOrder, client_id: &'c str) -> Position<'c> {
        match order {
            ClientOrder::Age => (self.issued_at, 0, client_id),
            ClientOrder::LastUse => (self.last_used, self.issued_at, client_id),
        }
    }
}

/// Where a client stands in an order: two times, and what tells clients of the same times apart.
pub(super) type Position<'c> = (u64, u64, &'c str);

/// The order in which [`Registry::list`](super::Registry::list) lists clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientOrder {
    /// The longest registered first; those of the same second by their identifiers.
    Age,
    /// Those that were never looked up first, by their age; then those whose last look-up is the longest ago.
    LastUse,
}

impl ClientOrder {
    /// What a cursor begins with.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::LastUse => "used",
        }
    }
}
