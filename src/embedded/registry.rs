//! The four operations.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::value::RawValue;

use super::EmbeddedError;
use super::credentials::{TokenDigest, new_client_id, new_secret, same_secret};
use super::object::Object;
use super::rules::{self, Refusal, Rules};
use super::store::{Change, Client, Store};
use super::uri::ConfigurationEndpoint;
use crate::metadata::Members;
use crate::{BearerToken, ClientMetadata, ErrorCode, Reply};

pub(super) struct Registry {
    endpoint: ConfigurationEndpoint,
    rules: Rules,
    store: Store,
}

impl Registry {
    pub(super) fn new(endpoint: ConfigurationEndpoint, rules: Rules) -> Self {
        Self {
            endpoint,
            rules,
            store: Store::default(),
        }
    }

    pub(super) fn register(&self, asked: &ClientMetadata) -> Result<Reply, EmbeddedError> {
        let accepted = match self.rules.accept(&asked.members()) {
            Ok(accepted) => accepted,
            Err(refusal) => return Ok(refusal.into_reply()),
        };
        let client_id = new_client_id()?;
        let token = new_secret()?;
        let client = Client {
            issued_at: now(),
            token: TokenDigest::of(&token),
            secret: accepted.needs_secret.then(new_secret).transpose()?,
            metadata: accepted.metadata,
        };
        let information = self.information(&client_id, &client, &token);
        self.store.insert(client_id, client);
        Ok(Reply::created(information))
    }

    pub(super) fn read(&self, client_id: &str, token: &BearerToken) -> Reply {
        self.as_client(client_id, token, |client| {
            let information = self.information(client_id, client, token.as_str());
            (Change::Keep, Reply::ok(information))
        })
    }

    pub(super) fn update(
        &self,
        client_id: &str,
        token: &BearerToken,
        asked: &ClientMetadata,
    ) -> Result<Reply, EmbeddedError> {
        // Before the client is looked up, and whoever asks, so that the time this takes tells nothing. Also a secret
        // that is perhaps not needed: under the store's lock nothing may fail.
        let mut asked = asked.members();
        let issued = Issued::take(&mut asked);
        let accepted = self.rules.accept(&asked);
        let new_secret = new_secret()?;
        Ok(self.as_client(client_id, token, |client| {
            let judged = issued
                .judge(client_id, client, token, &self.endpoint)
                .and(accepted);
            let accepted = match judged {
                Ok(accepted) => accepted,
                Err(refusal) => return (Change::Keep, refusal.into_reply()),
            };
            let client = Client {
                issued_at: client.issued_at,
                token: client.token.clone(),
                secret: accepted
                    .needs_secret
                    .then(|| client.secret.clone().unwrap_or(new_secret)),
                metadata: accepted.metadata,
            };
            let information = self.information(client_id, &client, token.as_str());
            (Change::Replace(client), Reply::updated(information))
        }))
    }

    pub(super) fn delete(&self, client_id: &str, token: &BearerToken) -> Reply {
        self.as_client(client_id, token, |_| (Change::Remove, Reply::deleted()))
    }

    /// Lets the client whose token this is do something. A client that does not exist, a wrong token and the token of
    /// another client get one answer, after the same work: a look-up, a hash and a comparison.
    fn as_client(
        &self,
        client_id: &str,
        token: &BearerToken,
        act: impl FnOnce(&Client) -> (Change, Reply),
    ) -> Reply {
        let presented = TokenDigest::of(token.as_str());
        self.store.change(client_id, |client| {
            let expected = client.map_or(&TokenDigest::NOBODY, |client| &client.token);
            match (expected.matches(&presented), client) {
                (true, Some(client)) => act(client),
                _ => (
                    Change::Keep,
                    Reply::refuse(
                        ErrorCode::InvalidToken,
                        "The token is not valid for this client.",
                    ),
                ),
            }
        })
    }

    /// The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3). The token is the one that the
    /// client holds: the registry itself has only its hash.
    fn information(&self, client_id: &str, client: &Client, token: &str) -> String {
        let mut information = Object::of(&client.metadata);
        information.add("client_id", client_id);
        information.add("client_id_issued_at", client.issued_at);
        information.add("registration_access_token", token);
        information.add(
            "registration_client_uri",
            self.endpoint.of_client(client_id),
        );
        if let Some(secret) = &client.secret {
            information.add("client_secret", secret);
            // 0: it does not expire. Required beside a secret.
            information.add("client_secret_expires_at", 0);
        }
        information.into_text()
    }
}

impl Refusal {
    fn into_reply(self) -> Reply {
        Reply::refuse(self.error, &self.description)
    }
}

/// The members of an update that the client does not choose, as far as it sent them.
struct Issued<'t> {
    client_id: Option<&'t RawValue>,
    client_secret: Option<&'t RawValue>,
    client_id_issued_at: Option<&'t RawValue>,
    client_secret_expires_at: Option<&'t RawValue>,
    registration_access_token: Option<&'t RawValue>,
    registration_client_uri: Option<&'t RawValue>,
}

impl<'t> Issued<'t> {
    /// Out of the metadata, omissions left behind.
    fn take(asked: &mut Members<'t>) -> Self {
        let mut take = |name| {
            asked
                .remove(name)
                .filter(|value| !rules::is_omission(value))
        };
        Self {
            client_id: take("client_id"),
            client_secret: take("client_secret"),
            client_id_issued_at: take("client_id_issued_at"),
            client_secret_expires_at: take("client_secret_expires_at"),
            registration_access_token: take("registration_access_token"),
            registration_client_uri: take("registration_client_uri"),
        }
    }

    /// RFC 7592 section 2.2: the `client_id` must be there and the client's, a secret must be the client's, and the four
    /// others must not be there. Clients send back what they got all the same, so those are taken where they are what
    /// they were: nothing is changed by them.
    fn judge(
        &self,
        client_id: &str,
        client: &Client,
        token: &BearerToken,
        endpoint: &ConfigurationEndpoint,
    ) -> Result<(), Refusal> {
        if !self
            .client_id
            .is_some_and(|given| is_text(given, client_id))
        {
            return Err(Refusal::metadata(
                "client_id must be there, and be this client's.",
            ));
        }
        let secret_fits = |given| {
            let secret = client.secret.as_deref();
            secret.is_some_and(|secret| is_text(given, secret))
        };
        if !self.client_secret.is_none_or(secret_fits) {
            return Err(Refusal::metadata(
                "client_secret cannot be chosen; leave it out.",
            ));
        }
        let has_secret = client.secret.is_some();
        let uri = endpoint.of_client(client_id);
        let unchanged = [
            (
                "client_id_issued_at",
                self.client_id_issued_at
                    .is_none_or(|given| is_number(given, client.issued_at)),
            ),
            (
                "client_secret_expires_at",
                self.client_secret_expires_at
                    .is_none_or(|given| has_secret && is_number(given, 0)),
            ),
            (
                "registration_access_token",
                self.registration_access_token
                    .is_none_or(|given| is_text(given, token.as_str())),
            ),
            (
                "registration_client_uri",
                self.registration_client_uri
                    .is_none_or(|given| is_text(given, &uri)),
            ),
        ];
        match unchanged.iter().find(|(_, fits)| !fits) {
            Some((name, _)) => Err(Refusal::metadata(format!(
                "{name} cannot be changed; leave it out."
            ))),
            None => Ok(()),
        }
    }
}

/// Whether a value is this string; in constant time, since it may be a secret.
fn is_text(value: &RawValue, expected: &str) -> bool {
    serde_json::from_str(value.get()).is_ok_and(|text: String| same_secret(&text, expected))
}

fn is_number(value: &RawValue, expected: u64) -> bool {
    serde_json::from_str(value.get()).is_ok_and(|number: u64| number == expected)
}

/// In seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}
