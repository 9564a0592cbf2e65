//! The tables of the file, in format 1.

use std::ops::Bound;
use std::sync::Arc;

use redb::{ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction};

use super::snapshot::Snapshot;
use crate::registry::client_order::{ClientOrder, Position, position};
use crate::registry::credentials::TokenDigest;
use crate::registry::record::{Record, Secret};
use crate::registry::store::error::StoreError;
use crate::registry::store::transaction::{Entry, Tables};

/// A client:
///
/// 1. when it registered
/// 2. its last use
/// 3. the token
/// 4. the previous token, and until when it is valid
/// 5. the secret, and when it expires
/// 6. the previous secret, and when it expires
/// 7. the metadata
type Row<'r> = (
    u64,
    u64,
    Option<[u8; 32]>,
    Option<([u8; 32], u64)>,
    Option<(&'r str, u64)>,
    Option<(&'r str, u64)>,
    &'r str,
);

type Order = TableDefinition<'static, Position<'static>, ()>;

const CLIENTS: TableDefinition<'static, &str, Row<'static>> = TableDefinition::new("clients");
const BY_AGE: Order = TableDefinition::new("by_age");
const BY_LAST_USE: Order = TableDefinition::new("by_last_use");

fn in_order(order: ClientOrder) -> Order {
    match order {
        ClientOrder::Age => BY_AGE,
        ClientOrder::LastUse => BY_LAST_USE,
    }
}

fn row(client: &Record) -> Row<'_> {
    fn of(secret: Option<&Secret>) -> Option<(&str, u64)> {
        secret.map(|secret| (secret.value.as_str(), secret.expires_at))
    }
    (
        client.issued_at,
        client.last_used,
        client.token.as_ref().map(TokenDigest::to_bytes),
        client
            .previous_token
            .as_ref()
            .map(|(token, until)| (token.to_bytes(), *until)),
        of(client.secret.as_ref()),
        of(client.previous_secret.as_ref()),
        &client.metadata,
    )
}

fn client(
    (issued_at, last_used, token, previous_token, secret, previous_secret, metadata): Row<'_>,
) -> Arc<Record> {
    let secret_of = |secret: Option<(&str, u64)>| {
        secret.map(|(value, expires_at)| Secret {
            value: value.to_owned(),
            expires_at,
        })
    };
    Arc::new(Record {
        issued_at,
        last_used,
        token: token.map(TokenDigest::from_bytes),
        previous_token: previous_token
            .map(|(token, until)| (TokenDigest::from_bytes(token), until)),
        secret: secret_of(secret),
        previous_secret: secret_of(previous_secret),
        metadata: metadata.into(),
    })
}

/// Creates the tables in an empty file, and fills them with these clients.
pub(super) fn fill(
    transaction: &WriteTransaction,
    clients: impl Iterator<Item = Result<Entry, StoreError>>,
) -> Result<(), StoreError> {
    let mut tables = FileTables::open(transaction)?;
    for entry in clients {
        let (client_id, client) = entry?;
        tables.put(&client_id, Arc::unwrap_or_clone(client))?;
    }
    Ok(())
}

/// The tables in a write transaction.
pub(super) struct FileTables<'t> {
    clients: Table<'t, &'static str, Row<'static>>,
    by_age: Table<'t, Position<'static>, ()>,
    by_last_use: Table<'t, Position<'static>, ()>,
    /// Whether there is something to commit.
    pub(super) is_changed: bool,
}

impl<'t> FileTables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            clients: transaction.open_table(CLIENTS).map_err(StoreError::new)?,
            by_age: transaction.open_table(BY_AGE).map_err(StoreError::new)?,
            by_last_use: transaction
                .open_table(BY_LAST_USE)
                .map_err(StoreError::new)?,
            is_changed: false,
        })
    }
}

impl Tables for FileTables<'_> {
    fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, StoreError> {
        let found = self.clients.get(client_id).map_err(StoreError::new)?;
        Ok(found.map(|found| client(found.value())))
    }

    fn count(&self) -> Result<u64, StoreError> {
        self.clients.len().map_err(StoreError::new)
    }

    fn first(&self, order: ClientOrder) -> Result<Option<Entry>, StoreError> {
        let first = match order {
            ClientOrder::Age => self.by_age.first(),
            ClientOrder::LastUse => self.by_last_use.first(),
        };
        let Some((place, _)) = first.map_err(StoreError::new)? else {
            return Ok(None);
        };
        let (_, _, client_id) = place.value();
        Ok(self
            .get(client_id)?
            .map(|client| (client_id.into(), client)))
    }

    fn put(&mut self, client_id: &str, client: Record) -> Result<(), StoreError> {
        self.remove(client_id)?;
        self.is_changed = true;
        self.by_age
            .insert(position(ClientOrder::Age, client_id, &client), ())
            .map_err(StoreError::new)?;
        self.by_last_use
            .insert(position(ClientOrder::LastUse, client_id, &client), ())
            .map_err(StoreError::new)?;
        self.clients
            .insert(client_id, row(&client))
            .map_err(StoreError::new)?;
        Ok(())
    }

    fn remove(&mut self, client_id: &str) -> Result<bool, StoreError> {
        let removed = self.clients.remove(client_id).map_err(StoreError::new)?;
        let Some(client) = removed.map(|removed| client(removed.value())) else {
            return Ok(false);
        };
        self.is_changed = true;
        self.by_age
            .remove(position(ClientOrder::Age, client_id, &client))
            .map_err(StoreError::new)?;
        self.by_last_use
            .remove(position(ClientOrder::LastUse, client_id, &client))
            .map_err(StoreError::new)?;
        Ok(true)
    }
}

/// Returns the client as the last commit left it.
pub(super) fn get(
    snapshot: &Snapshot<'_>,
    client_id: &str,
) -> Result<Option<Arc<Record>>, StoreError> {
    let clients = snapshot
        .transaction
        .open_table(CLIENTS)
        .map_err(StoreError::new)?;
    let found = clients.get(client_id).map_err(StoreError::new)?;
    Ok(found.map(|found| client(found.value())))
}

/// Returns the clients after this position as the last commit left them.
pub(super) fn list(
    snapshot: &Snapshot<'_>,
    order: ClientOrder,
    after: Option<Position<'_>>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let transaction = &snapshot.transaction;
    let clients = transaction.open_table(CLIENTS).map_err(StoreError::new)?;
    let places = transaction
        .open_table(in_order(order))
        .map_err(StoreError::new)?;
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let places = places
        .range::<Position<'_>>((start, Bound::Unbounded))
        .map_err(StoreError::new)?;
    let mut found = Vec::new();
    for place in places.take(limit) {
        snapshot.check()?;
        let (place, _) = place.map_err(StoreError::new)?;
        let (_, _, client_id) = place.value();
        if let Some(row) = clients.get(client_id).map_err(StoreError::new)? {
            found.push((client_id.into(), client(row.value())));
        }
    }
    Ok(found)
}

/// Returns all clients as the last commit left them, one after the other.
pub(super) fn all(
    snapshot: &Snapshot<'_>,
) -> Result<impl Iterator<Item = Result<Entry, StoreError>>, StoreError> {
    let clients = snapshot
        .transaction
        .open_table(CLIENTS)
        .map_err(StoreError::new)?;
    let entries = clients.range::<&str>(..).map_err(StoreError::new)?;
    Ok(entries.map(|entry| {
        snapshot.check()?;
        let (client_id, row) = entry.map_err(StoreError::new)?;
        Ok((client_id.value().into(), client(row.value())))
    }))
}
