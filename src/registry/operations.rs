//! The four operations.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::RegistryError;
use super::configuration_endpoint::ConfigurationEndpoint;
use super::credentials::{TokenDigest, new_client_id, new_secret};
use super::issued::Issued;
use super::object::Object;
use super::record::{Presented, Record, Secret, SecretLifetime, expiry, recognise};
use super::rules::{Refusal, Rules};
use super::store::{ClientChange, Fault, Store, Transaction};
use super::sweeper::Sweeper;
use crate::backend::Unavailable;
use crate::metadata::ClientMetadata;
use crate::reply::{ErrorCode, Reply};
use crate::token::BearerToken;

/// For how long a client that is new does not have to make room, in seconds: it had no time yet to be looked up.
const PROTECTED: u64 = 10 * 60;

/// How many clients make room for one at most, where the bound was lowered.
const MAX_EVICTIONS: usize = 64;

/// For how long the token before a new one stays valid at most, in seconds.
const ROTATION: u64 = 24 * 60 * 60;

/// What the builder sets.
pub(super) struct Settings {
    pub(super) endpoint: ConfigurationEndpoint,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    pub(super) max_clients: u64,
    /// Whether clients are given a token and a URI to manage themselves with.
    pub(super) management: bool,
    pub(super) rotation: bool,
    pub(super) secret_lifetime: Option<SecretLifetime>,
    /// In seconds.
    pub(super) unused_lifetime: Option<u64>,
}

/// What time it is.
#[derive(Clone)]
pub(super) struct Clock(pub(super) Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// In seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        (self.0)()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
    }
}

pub(super) struct Inner {
    pub(super) settings: Arc<Settings>,
    /// Dropped before the store, which it uses.
    _sweeper: Option<Sweeper>,
    pub(super) store: Arc<Store>,
    /// Whether it was said that the registry is filling up.
    warned: Arc<AtomicBool>,
}

impl Inner {
    pub(super) fn new(settings: Settings, store: Store) -> Result<Self, RegistryError> {
        let (settings, store) = (Arc::new(settings), Arc::new(store));
        let sweeper = settings
            .unused_lifetime
            .map(|lifetime| Sweeper::start(lifetime, settings.clock.clone(), Arc::clone(&store)))
            .transpose()?;
        Ok(Self {
            settings,
            _sweeper: sweeper,
            store,
            warned: Arc::default(),
        })
    }

    pub(super) async fn register(
        &self,
        asked: &ClientMetadata,
        body_limit: usize,
    ) -> Result<Reply, RegistryError> {
        let settings = &self.settings;
        let accepted = match settings.rules.accept(&asked.members()) {
            Ok(accepted) => accepted,
            Err(refusal) => return Ok(refusal.into_reply()),
        };
        let now = settings.clock.now();
        let client_id = new_client_id()?;
        let token = settings.management.then(new_secret).transpose()?;
        let secret = accepted.needs_secret.then(new_secret).transpose()?;
        let client = Record {
            issued_at: now,
            last_used: 0,
            token: token.as_deref().map(TokenDigest::of),
            previous_token: None,
            secret: secret.map(|value| Secret {
                value,
                expires_at: expiry(settings.secret_lifetime, now),
            }),
            previous_secret: None,
            metadata: accepted.metadata,
        };
        let information = settings.information(&client_id, &client, token.as_deref());
        if information.len() > body_limit {
            return Ok(too_long().into_reply());
        }
        let (max_clients, warned) = (settings.max_clients, Arc::clone(&self.warned));
        let kept = self
            .store
            .write(move |transaction| {
                if let Room::NoneFor(wait) = make_room(transaction, max_clients, now)? {
                    warn_when_filling(transaction.count()?, max_clients, &warned);
                    return Ok(Err(wait));
                }
                transaction.put_as(ClientChange::Created, &client_id, client)?;
                warn_when_filling(transaction.count()?, max_clients, &warned);
                Ok(Ok(()))
            })
            .await?;
        let unavailable = match kept {
            Ok(()) => return Ok(Reply::created(information)),
            Err(None) => Unavailable::new(),
            Err(Some(seconds)) => Unavailable::new().with_retry_after(Duration::from_secs(seconds)),
        };
        Err(RegistryError::Full {
            source: unavailable,
        })
    }

    pub(super) async fn read(
        &self,
        client_id: &str,
        token: &BearerToken,
    ) -> Result<Reply, RegistryError> {
        let settings = &self.settings;
        let presented = TokenDigest::of(token.as_str());
        let now = settings.clock.now();
        let client = self.store.get(client_id).await?;
        let who = recognise(client.as_deref(), &presented, now);
        let (Some(who), Some(client)) = (who, client) else {
            return Ok(not_the_client());
        };
        let as_it_is = || {
            let information = settings.information(client_id, &client, Some(token.as_str()));
            Reply::ok(information)
        };
        if !client.is_first_use(who) && !client.secret_is_due(settings.secret_lifetime, now) {
            return Ok(as_it_is());
        }
        let new_secret = new_secret()?;
        let holds = token.clone();
        let changed = self.as_client(
            client_id,
            &presented,
            move |settings, transaction, client_id, _, mut client| {
                // Asked again: it may have been done in the meantime.
                if client.secret_is_due(settings.secret_lifetime, now) {
                    client.renew_secret(new_secret, settings.secret_lifetime, now);
                    transaction.put(client_id, client.clone())?;
                }
                let information = settings.information(client_id, &client, Some(holds.as_str()));
                Ok(Reply::ok(information))
            },
        );
        match changed.await {
            // On a disk that is full, a client still gets what it has.
            Err(RegistryError::Storage { .. }) => Ok(as_it_is()),
            changed => changed,
        }
    }

    pub(super) async fn update(
        &self,
        client_id: &str,
        token: &BearerToken,
        asked: &ClientMetadata,
        body_limit: usize,
    ) -> Result<Reply, RegistryError> {
        // Before the client is looked up, and whoever asks, so that the time this takes tells nothing. Also credentials
        // that are perhaps not needed: in the transaction nothing may fail.
        let mut asked = asked.members();
        let issued = Issued::take(&mut asked);
        let accepted = self.settings.rules.accept(&asked);
        let (new_secret, new_token) = (new_secret()?, new_secret()?);
        let now = self.settings.clock.now();
        let presented = TokenDigest::of(token.as_str());
        let token = token.clone();
        self.as_client(
            client_id,
            &presented,
            move |settings, transaction, client_id, who, mut client| {
                let judged = issued
                    .judge(client_id, &client, token.as_str(), &settings.endpoint)
                    .and(accepted);
                let accepted = match judged {
                    Ok(accepted) => accepted,
                    Err(refusal) => return Ok(refusal.into_reply()),
                };
                client.metadata = accepted.metadata;
                if !accepted.needs_secret {
                    client.secret = None;
                    client.previous_secret = None;
                } else if client.secret.is_none()
                    || client.secret_is_due(settings.secret_lifetime, now)
                {
                    client.renew_secret(new_secret, settings.secret_lifetime, now);
                }
                let mut holds = token.as_str();
                if settings.rotation {
                    let new = TokenDigest::of(&new_token);
                    if let Some(old) = client.token.replace(new)
                    // Where the one before was presented, the current one never came to be used: it is gone.
                    && who == Presented::Current
                    {
                        client.previous_token = Some((old, now.saturating_add(ROTATION)));
                    }
                    holds = &new_token;
                }
                let information = settings.information(client_id, &client, Some(holds));
                if information.len() > body_limit {
                    return Ok(too_long().into_reply());
                }
                transaction.put_as(ClientChange::Updated, client_id, client)?;
                Ok(Reply::updated(information))
            },
        )
        .await
    }

    pub(super) async fn delete(
        &self,
        client_id: &str,
        token: &BearerToken,
    ) -> Result<Reply, RegistryError> {
        let presented = TokenDigest::of(token.as_str());
        self.as_client(client_id, &presented, |_, transaction, client_id, _, _| {
            transaction.remove_as(ClientChange::Deleted, client_id)?;
            Ok(Reply::deleted())
        })
        .await
    }

    /// Lets the client whose token this is do something. A client that does not exist, a wrong token and the token of
    /// another client get one answer, after the same comparisons. The first use of a new token ends the one before it,
    /// whatever becomes of what was asked.
    async fn as_client(
        &self,
        client_id: &str,
        presented: &TokenDigest,
        act: impl FnOnce(
            &Settings,
            &mut Transaction<'_>,
            &str,
            Presented,
            Record,
        ) -> Result<Reply, Fault>
        + Send
        + 'static,
    ) -> Result<Reply, RegistryError> {
        let settings = Arc::clone(&self.settings);
        let (client_id, presented) = (client_id.to_owned(), presented.clone());
        let reply = self.store.write(move |transaction| {
            let client = transaction.get(&client_id)?;
            let who = recognise(client.as_deref(), &presented, settings.clock.now());
            let (Some(who), Some(client)) = (who, client) else {
                return Ok(not_the_client());
            };
            let mut client = Arc::unwrap_or_clone(client);
            if client.is_first_use(who) {
                client.previous_token = None;
                transaction.put(&client_id, client.clone())?;
            }
            act(&settings, transaction, &client_id, who, client)
        });
        Ok(reply.await?)
    }
}

impl Settings {
    /// The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3). The token is the one that the
    /// client holds: the registry itself has only its hash.
    fn information(&self, client_id: &str, client: &Record, token: Option<&str>) -> String {
        let mut information = Object::of(&client.metadata);
        information.add("client_id", client_id);
        information.add("client_id_issued_at", client.issued_at);
        if let Some(token) = token {
            information.add("registration_access_token", token);
            information.add(
                "registration_client_uri",
                self.endpoint.of_client(client_id),
            );
        }
        if let Some(secret) = &client.secret {
            information.add("client_secret", &secret.value);
            // Required beside a secret; 0: it does not expire.
            information.add("client_secret_expires_at", secret.expires_at);
        }
        information.into_text()
    }
}

/// A client may send back what it got (RFC 7592 section 2.2), so that must not be longer than what it may send.
fn too_long() -> Refusal {
    Refusal::metadata("The metadata is too long, with what the server adds to it.")
}

pub(super) fn not_the_client() -> Reply {
    Reply::refuse(
        ErrorCode::InvalidToken,
        "The token is not valid for this client.",
    )
}

impl Refusal {
    fn into_reply(self) -> Reply {
        Reply::refuse(self.error, &self.description)
    }
}

/// Whether there is room for one client more.
enum Room {
    Enough,
    /// None for so many seconds, if it is known how many.
    NoneFor(Option<u64>),
}

/// Makes room for one client more, if there is any to be made.
fn make_room(transaction: &mut Transaction<'_>, max_clients: u64, now: u64) -> Result<Room, Fault> {
    for _ in 0..MAX_EVICTIONS {
        if transaction.count()? < max_clients {
            return Ok(Room::Enough);
        }
        let Some((client_id, client)) = transaction.oldest_unused()? else {
            return Ok(Room::NoneFor(None));
        };
        let protected_until = client.issued_at.saturating_add(PROTECTED);
        if now <= protected_until {
            return Ok(Room::NoneFor(Some(protected_until - now + 1)));
        }
        transaction.remove_as(ClientChange::Expired, &client_id)?;
    }
    if transaction.count()? < max_clients {
        Ok(Room::Enough)
    } else {
        Ok(Room::NoneFor(None))
    }
}

/// Says once that the registry is filling up, and again after there was room in between.
fn warn_when_filling(count: u64, max_clients: u64, warned: &AtomicBool) {
    let filling = count.saturating_mul(5) >= max_clients.saturating_mul(4);
    let was_filling = warned.swap(filling, Ordering::Relaxed);
    if filling && !was_filling {
        #[cfg(feature = "tracing")]
        tracing::warn!(count, max_clients, "the client registry is filling up");
    }
}
