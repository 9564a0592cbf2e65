//! Where clients are kept. It knows no rule; whoever changes a client decides under its lock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::credentials::TokenDigest;

/// A registered client.
pub(super) struct Client {
    /// In seconds since 1970.
    pub(super) issued_at: u64,
    pub(super) token: TokenDigest,
    /// As it was issued: a read gives it again (RFC 7592 section 3), and `client_secret_jwt` computes with it.
    pub(super) secret: Option<String>,
    /// A JSON object.
    pub(super) metadata: Box<str>,
}

/// All clients, by `client_id`.
#[derive(Default)]
pub(super) struct Store {
    clients: Mutex<HashMap<String, Client>>,
}

/// What becomes of a client.
pub(super) enum Change {
    Keep,
    Replace(Client),
    Remove,
}

impl Store {
    /// Adds a client.
    pub(super) fn insert(&self, client_id: String, client: Client) {
        self.lock().insert(client_id, client);
    }

    /// Shows the client, if there is one, to `decide`, and does with it what that says, with nothing in between.
    pub(super) fn change<T>(
        &self,
        client_id: &str,
        decide: impl FnOnce(Option<&Client>) -> (Change, T),
    ) -> T {
        let mut clients = self.lock();
        let (change, answer) = decide(clients.get(client_id));
        match change {
            Change::Keep => {}
            Change::Replace(client) => {
                clients.insert(client_id.to_owned(), client);
            }
            Change::Remove => {
                clients.remove(client_id);
            }
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Client>> {
        // No change is ever half done: each is one call on the map.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
