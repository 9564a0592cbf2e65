//! What all clones of a handle share, and how a client changes itself.

use std::sync::Arc;

use super::credentials::TokenDigest;
use super::error::RegistryError;
use super::record::Record;
use super::settings::Settings;
use super::shared::Shared;
use super::store::error::StoreError;
use super::store::tenant_store::TenantStore;
use super::store::transaction::Transaction;
use super::tenant_name::TenantName;
use super::token_check::{Presented, recognize, wrong_token};
use crate::reply::Reply;

pub(super) struct Inner {
    pub(super) tenant: TenantName,
    pub(super) settings: Arc<Settings>,
    pub(super) shared: Arc<Shared>,
}

impl Inner {
    /// Returns the clients of the tenant.
    pub(super) fn store(&self) -> TenantStore<'_> {
        TenantStore::new(&self.shared.store, &self.tenant)
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
        let reply = self.store().write(move |transaction| {
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
