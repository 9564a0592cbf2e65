//! The tables of the file, in format 1. Each tenant has tables of its own. They are created with
//! its first client.

use std::borrow::Cow;
use std::collections::{HashMap, hash_map};
use std::ops::Bound;
use std::sync::Arc;

use redb::{
    Key, ReadOnlyTable, ReadableTable, ReadableTableMetadata, Table, TableDefinition, TableError,
    TableHandle, Value, WriteTransaction,
};

use super::snapshot::Snapshot;
use crate::registry::client_order::{ClientOrder, Position, position};
use crate::registry::credentials::TokenDigest;
use crate::registry::record::{Record, Secret};
use crate::registry::store::error::StoreError;
use crate::registry::store::transaction::{Entry, Tables, TenantEntry};
use crate::registry::tenant_name::TenantName;

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

type Clients<'n> = TableDefinition<'n, &'static str, Row<'static>>;
type Order<'n> = TableDefinition<'n, Position<'static>, ()>;

const CLIENTS: &str = "clients";
const BY_AGE: &str = "by_age";
const BY_LAST_USE: &str = "by_last_use";

/// Stands between the name of a table and the name of a tenant. The name of a tenant cannot contain
/// it.
const SEPARATOR: char = '/';

/// Returns the name of a tenant's table.
fn name(table: &'static str, tenant: &TenantName) -> Cow<'static, str> {
    match tenant.as_deref() {
        Some(tenant) => format!("{table}{SEPARATOR}{tenant}").into(),
        None => table.into(),
    }
}

/// Returns the tenant whose clients are in this table, or `None` if it is another table.
fn tenant_of(table: &str) -> Option<TenantName> {
    match table.strip_prefix(CLIENTS)?.strip_prefix(SEPARATOR) {
        Some(tenant) => TenantName::new(tenant).ok(),
        None => (table == CLIENTS).then_some(TenantName::NONE),
    }
}

fn in_order(order: ClientOrder) -> &'static str {
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

/// Creates the tables in an empty file, and fills them with these clients. The tables of the tenant
/// without a name always exist.
pub(super) fn fill(
    transaction: &WriteTransaction,
    clients: impl Iterator<Item = Result<TenantEntry, StoreError>>,
) -> Result<(), StoreError> {
    let mut tables = OpenTables::new(transaction);
    tables.of(&TenantName::NONE)?;
    for entry in clients {
        let (tenant, (client_id, client)) = entry?;
        let tables = tables.of(&tenant)?;
        tables.put(&client_id, Arc::unwrap_or_clone(client))?;
    }
    Ok(())
}

/// The tables in a write transaction. They are opened when they are needed.
pub(super) struct OpenTables<'t> {
    transaction: &'t WriteTransaction,
    of_tenants: HashMap<TenantName, FileTables<'t>>,
}

impl<'t> OpenTables<'t> {
    pub(super) fn new(transaction: &'t WriteTransaction) -> Self {
        Self {
            transaction,
            of_tenants: HashMap::new(),
        }
    }

    /// Returns the tables of a tenant, and creates them if they do not exist.
    pub(super) fn of(&mut self, tenant: &TenantName) -> Result<&mut FileTables<'t>, StoreError> {
        match self.of_tenants.entry(tenant.clone()) {
            hash_map::Entry::Occupied(open) => Ok(open.into_mut()),
            hash_map::Entry::Vacant(closed) => {
                Ok(closed.insert(FileTables::open(self.transaction, tenant)?))
            }
        }
    }

    /// Returns whether there is something to commit.
    pub(super) fn is_changed(&self) -> bool {
        self.of_tenants.values().any(|tables| tables.is_changed)
    }
}

/// The tables of a tenant in a write transaction.
pub(super) struct FileTables<'t> {
    clients: Table<'t, &'static str, Row<'static>>,
    by_age: Table<'t, Position<'static>, ()>,
    by_last_use: Table<'t, Position<'static>, ()>,
    is_changed: bool,
}

impl<'t> FileTables<'t> {
    fn open(transaction: &'t WriteTransaction, tenant: &TenantName) -> Result<Self, StoreError> {
        let order = |table: &'static str| {
            let opened = transaction.open_table(Order::new(&name(table, tenant)));
            opened.map_err(StoreError::new)
        };
        Ok(Self {
            clients: transaction
                .open_table(Clients::new(&name(CLIENTS, tenant)))
                .map_err(StoreError::new)?,
            by_age: order(BY_AGE)?,
            by_last_use: order(BY_LAST_USE)?,
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
    tenant: &TenantName,
    client_id: &str,
) -> Result<Option<Arc<Record>>, StoreError> {
    let Some(clients) = open(snapshot, Clients::new(&name(CLIENTS, tenant)))? else {
        return Ok(None);
    };
    let found = clients.get(client_id).map_err(StoreError::new)?;
    Ok(found.map(|found| client(found.value())))
}

/// Returns the clients after this position as the last commit left them.
pub(super) fn list(
    snapshot: &Snapshot<'_>,
    tenant: &TenantName,
    order: ClientOrder,
    after: Option<Position<'_>>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let clients = open(snapshot, Clients::new(&name(CLIENTS, tenant)))?;
    let places = open(snapshot, Order::new(&name(in_order(order), tenant)))?;
    let (Some(clients), Some(places)) = (clients, places) else {
        return Ok(Vec::new());
    };
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

/// Returns the tenants that have tables.
pub(super) fn tenants(snapshot: &Snapshot<'_>) -> Result<Vec<TenantName>, StoreError> {
    let tables = snapshot.transaction.list_tables();
    let tables = tables.map_err(StoreError::new)?;
    Ok(tables.filter_map(|table| tenant_of(table.name())).collect())
}

/// Returns all clients of all tenants as the last commit left them, one after the other.
pub(super) fn all(
    snapshot: &Snapshot<'_>,
) -> Result<impl Iterator<Item = Result<TenantEntry, StoreError>>, StoreError> {
    let mut tables = Vec::new();
    for tenant in tenants(snapshot)? {
        if let Some(clients) = open(snapshot, Clients::new(&name(CLIENTS, &tenant)))? {
            tables.push((tenant, clients.range::<&str>(..).map_err(StoreError::new)?));
        }
    }
    Ok(tables.into_iter().flat_map(move |(tenant, entries)| {
        entries.map(move |entry| {
            snapshot.check()?;
            let (client_id, row) = entry.map_err(StoreError::new)?;
            let entry = (client_id.value().into(), client(row.value()));
            Ok((tenant.clone(), entry))
        })
    }))
}

/// Opens a table. It does not exist before the first client of its tenant.
fn open<K: Key + 'static, V: Value + 'static>(
    snapshot: &Snapshot<'_>,
    table: TableDefinition<'_, K, V>,
) -> Result<Option<ReadOnlyTable<K, V>>, StoreError> {
    match snapshot.transaction.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        opened => opened.map(Some).map_err(StoreError::new),
    }
}
