//! Deletes a client that asks for it (RFC 7592 section 2.3).

use super::client_change::ClientChangeKind;
use super::credentials::TokenDigest;
use super::error::RegistryError;
use super::inner::Inner;
use crate::reply::Reply;
use crate::token::BearerToken;

impl Inner {
    pub(super) async fn delete(
        &self,
        client_id: &str,
        token: &BearerToken,
    ) -> Result<Reply, RegistryError> {
        let presented = TokenDigest::of(token.as_str());
        let now = self.settings.time_source.now();
        self.change_as_client(
            client_id,
            &presented,
            now,
            |_, transaction, client_id, _, _| {
                transaction.remove_as(ClientChangeKind::Deleted, client_id)?;
                Ok(Reply::deleted())
            },
        )
        .await
    }
}
