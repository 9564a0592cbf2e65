//! What all handles of a registry share, and how a client changes itself.

use std::sync::Arc;

use super::capacity_warning::CapacityWarning;
use super::credentials::TokenDigest;
use super::error::RegistryError;
use super::observer::ChangeFeed;
use super::record::Record;
use super::settings::Settings;
use super::store::Store;
use super::store::error::StoreError;
use super::store::transaction::Transaction;
use super::sweeper::Sweeper;
use super::token_check::{Presented, recognize, wrong_token};
use crate::reply::Reply;

/// The fields are dropped in this order: the sweeper uses the store, and the store feeds the
/// observer.
pub(super) struct Inner {
    pub(super) settings: Arc<Settings>,
    pub(super) capacity_warning: CapacityWarning,
    _sweeper: Option<Sweeper>,
    pub(super) store: Arc<Store>,
    _change_feed: ChangeFeed,
}

impl Inner {
    pub(super) fn new(
        settings: Settings,
        store: Store,
        change_feed: ChangeFeed,
    ) -> std::io::Result<Self> {
        let (settings, store) = (Arc::new(settings), Arc::new(store));
        let sweeper = settings
            .unused_lifetime
            .map(|lifetime| {
                Sweeper::start(lifetime, settings.time_source.clone(), Arc::clone(&store))
            })
            .transpose()?;
        Ok(Self {
            capacity_warning: CapacityWarning::new(settings.max_clients),
            settings,
            _sweeper: sweeper,
            store,
            _change_feed: change_feed,
        })
    }

    /// Lets the client change itself, if the token is one of its tokens. A client that does not
    /// exist, a wrong token and the token of another client get one reply, after the same
    /// comparisons.
    ///
    /// The first use of a new token ends the token before it, whatever happens to the request.
    pub(super) async fn change_as_client(
        &self,
        client_id: &str,
        presented: &TokenDigest,
        now: u64,
        change: impl FnOnce(
            &Settings,
            &mut Transaction<'_>,
            &str,
            Presented,
            Record,
        ) -> Result<Reply, StoreError>
        + Send
        + 'static,
    ) -> Result<Reply, RegistryError> {
        let settings = Arc::clone(&self.settings);
        let (client_id, presented) = (client_id.to_owned(), presented.clone());
        let reply = self.store.write(move |transaction| {
            let client = transaction.get(&client_id)?;
            let token = recognize(client.as_deref(), &presented, now);
            let (Some(token), Some(client)) = (token, client) else {
                return Ok(wrong_token());
            };
            let mut client = Arc::unwrap_or_clone(client);
            if client.is_first_use(token) {
                client.previous_token = None;
                transaction.put(&client_id, client.clone())?;
            }
            change(&settings, transaction, &client_id, token, client)
        });
        Ok(reply.await?)
    }
}
