//! The tables of the file, in its format 1.

use std::ops::Bound;
use std::sync::Arc;

use redb::{ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction};

use super::connection::Snapshot;
use super::{ClientOrder, Entry, Fault, Position, Record, Tables};
use crate::registry::credentials::TokenDigest;
use crate::registry::record::Secret;

/// A client: issued at, last used, token, previous token and until when it is valid, secret and when it expires, previous
/// secret and when it expires, metadata.
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

/// Makes the tables of an empty file, with these clients.
pub(super) fn fill(
    transaction: &WriteTransaction,
    clients: impl Iterator<Item = Result<Entry, Fault>>,
) -> Result<(), Fault> {
    let mut tables = FileTables::open(transaction)?;
    for entry in clients {
        let (client_id, client) = entry?;
        tables.put(&client_id, Arc::unwrap_or_clone(client))?;
    }
    Ok(())
}

/// The tables, in a transaction that writes.
pub(super) struct FileTables<'t> {
    clients: Table<'t, &'static str, Row<'static>>,
    by_age: Table<'t, Position<'static>, ()>,
    by_last_use: Table<'t, Position<'static>, ()>,
    pub(super) changed: bool,
}

impl<'t> FileTables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            clients: transaction.open_table(CLIENTS).map_err(Fault::new)?,
            by_age: transaction.open_table(BY_AGE).map_err(Fault::new)?,
            by_last_use: transaction.open_table(BY_LAST_USE).map_err(Fault::new)?,
            changed: false,
        })
    }
}

impl Tables for FileTables<'_> {
    fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, Fault> {
        let found = self.clients.get(client_id).map_err(Fault::new)?;
        Ok(found.map(|found| client(found.value())))
    }

    fn count(&self) -> Result<u64, Fault> {
        self.clients.len().map_err(Fault::new)
    }

    fn first(&self, order: ClientOrder) -> Result<Option<Entry>, Fault> {
        let first = match order {
            ClientOrder::Age => self.by_age.first(),
            ClientOrder::LastUse => self.by_last_use.first(),
        };
        let Some((position, _)) = first.map_err(Fault::new)? else {
            return Ok(None);
        };
        let (_, _, client_id) = position.value();
        Ok(self
            .get(client_id)?
            .map(|client| (client_id.into(), client)))
    }

    fn put(&mut self, client_id: &str, client: Record) -> Result<(), Fault> {
        self.remove(client_id)?;
        self.changed = true;
        self.by_age
            .insert(client.position(ClientOrder::Age, client_id), ())
            .map_err(Fault::new)?;
        self.by_last_use
            .insert(client.position(ClientOrder::LastUse, client_id), ())
            .map_err(Fault::new)?;
        self.clients
            .insert(client_id, row(&client))
            .map_err(Fault::new)?;
        Ok(())
    }

    fn remove(&mut self, client_id: &str) -> Result<bool, Fault> {
        let removed = self.clients.remove(client_id).map_err(Fault::new)?;
        let Some(client) = removed.map(|removed| client(removed.value())) else {
            return Ok(false);
        };
        self.changed = true;
        self.by_age
            .remove(client.position(ClientOrder::Age, client_id))
            .map_err(Fault::new)?;
        self.by_last_use
            .remove(client.position(ClientOrder::LastUse, client_id))
            .map_err(Fault::new)?;
        Ok(true)
    }
}

/// The client, as the last commit left it.
pub(super) fn get(snapshot: &Snapshot<'_>, client_id: &str) -> Result<Option<Arc<Record>>, Fault> {
    let clients = snapshot
        .transaction
        .open_table(CLIENTS)
        .map_err(Fault::new)?;
    let found = clients.get(client_id).map_err(Fault::new)?;
    Ok(found.map(|found| client(found.value())))
}

/// The clients after this position, as the last commit left them.
pub(super) fn list(
    snapshot: &Snapshot<'_>,
    order: ClientOrder,
    after: Option<Position<'_>>,
    limit: usize,
) -> Result<Vec<Entry>, Fault> {
    let transaction = &snapshot.transaction;
    let clients = transaction.open_table(CLIENTS).map_err(Fault::new)?;
    let positions = transaction
        .open_table(in_order(order))
        .map_err(Fault::new)?;
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let positions = positions
        .range::<Position<'_>>((start, Bound::Unbounded))
        .map_err(Fault::new)?;
    let mut found = Vec::new();
    for position in positions.take(limit) {
        snapshot.check()?;
        let (position, _) = position.map_err(Fault::new)?;
        let (_, _, client_id) = position.value();
        if let Some(row) = clients.get(client_id).map_err(Fault::new)? {
            found.push((client_id.into(), client(row.value())));
        }
    }
    Ok(found)
}

/// All clients, as the last commit left them, one after the other.
pub(super) fn all(
    snapshot: &Snapshot<'_>,
) -> Result<impl Iterator<Item = Result<Entry, Fault>>, Fault> {
    let clients = snapshot
        .transaction
        .open_table(CLIENTS)
        .map_err(Fault::new)?;
    let entries = clients.range::<&str>(..).map_err(Fault::new)?;
    Ok(entries.map(|entry| {
        snapshot.check()?;
        let (client_id, row) = entry.map_err(Fault::new)?;
        Ok((client_id.value().into(), client(row.value())))
    }))
}
