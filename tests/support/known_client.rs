//! Clients whose acknowledged state is known, for tests that cut off a registry at random moments.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::random::Random;

/// The state of a client.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It exists, and has this `client_name`.
    Named(String),
    Deleted,
}

/// A client, as its developer knows it.
#[derive(Clone, Debug)]
pub struct KnownClient {
    pub id: String,
    pub token: String,
    pub acknowledged: State,
    /// The change that was requested and not acknowledged. It may have happened.
    pub requested: Option<State>,
}

/// A registry that may be cut off at any time. `None` means that it was cut off.
pub trait FragileRegistry: Clone + Send + Sync + 'static {
    fn register(&self, name: &str) -> impl Future<Output = Option<KnownClient>> + Send;

    fn apply(&self, client: &KnownClient, to: &State) -> impl Future<Output = Option<()>> + Send;

    fn find(&self, client: &KnownClient) -> impl Future<Output = State> + Send;
}

impl KnownClient {
    pub fn new(id: &str, token: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            token: token.to_owned(),
            acknowledged: State::Named(name.to_owned()),
            requested: None,
        }
    }

    /// Requests a change.
    pub async fn change(&mut self, registry: &impl FragileRegistry, to: State) -> Option<()> {
        self.requested = Some(to.clone());
        registry.apply(self, &to).await?;
        (self.acknowledged, self.requested) = (to, None);
        Some(())
    }

    /// Returns whether the client may be in this state.
    pub fn may_be(&self, found: &State) -> bool {
        *found == self.acknowledged || Some(found) == self.requested.as_ref()
    }

    /// Compares the client with the registry, and returns whether an acknowledged change was lost.
    /// Takes over the state that was found.
    pub async fn is_lost(&mut self, registry: &impl FragileRegistry) -> bool {
        let found = registry.find(self).await;
        let is_lost = !self.may_be(&found);
        (self.acknowledged, self.requested) = (found, None);
        is_lost
    }
}

/// The clients by their identifiers.
pub type Clients = Arc<Mutex<HashMap<String, KnownClient>>>;

/// Registers, updates and deletes clients until the registry is cut off. Returns how many
/// operations were acknowledged.
pub async fn run_until_cut_off(
    registry: impl FragileRegistry,
    mut random: Random,
    clients: Clients,
) -> usize {
    let mut acknowledged = 0;
    // A registration that is not acknowledged returns no token, so it cannot be checked later.
    while let Some(mut client) = registry.register("new").await {
        acknowledged += 1;
        let mut changes: Vec<_> = (0..random.below(3))
            .map(|turn| State::Named(format!("turn {turn}")))
            .collect();
        if random.below(3) > 0 {
            changes.push(State::Deleted);
        }
        for change in changes {
            if client.change(&registry, change).await.is_none() {
                break;
            }
            acknowledged += 1;
        }
        let mut clients = clients.lock().unwrap();
        clients.insert(client.id.clone(), client);
    }
    acknowledged
}
