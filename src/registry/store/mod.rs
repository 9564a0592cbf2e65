//! Where clients are kept. It knows no rule; whoever changes a client decides inside a transaction.

#[cfg(feature = "registry-file")]
pub(super) mod file;
mod memory;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "registry-file")]
pub(super) use self::file::File;
pub(super) use self::memory::Memory;
use super::record::{ClientOrder, Position, Record};
use crate::backend::Unavailable;

/// A client with its `client_id`.
pub(super) type Entry = (Arc<str>, Arc<Record>);

/// All clients, by `client_id`.
pub(super) enum Store {
    Memory(Memory),
    #[cfg(feature = "registry-file")]
    File(File),
}

#[cfg_attr(
    not(feature = "registry-file"),
    expect(clippy::unused_async, reason = "a store in a file waits for the disk")
)]
impl Store {
    /// The client, as it stands now, once all that it shows is kept.
    pub(super) async fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.get(client_id)),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.get(client_id).await,
        }
    }

    /// The clients after this position, in an order, at most so many.
    pub(super) async fn list(
        &self,
        order: ClientOrder,
        after: Option<Position<'_>>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.list(order, after, limit)),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.list(order, after, limit).await,
        }
    }

    /// Lets `decide` look at the clients and change them, with nothing in between. What it gives is given once the
    /// changes are kept; where they cannot be, none of them is.
    pub(super) async fn write<T, D>(&self, decide: D) -> Result<T, Fault>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        match self {
            Self::Memory(memory) => memory.write(decide),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.write(decide).await,
        }
    }

    /// The same, for a thread that may block.
    pub(super) fn write_blocking<T, D>(&self, decide: D) -> Result<T, Fault>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        match self {
            Self::Memory(memory) => memory.write(decide),
            #[cfg(feature = "registry-file")]
            Self::File(file) => file.write_blocking(decide),
        }
    }
}

#[cfg(feature = "registry-file")]
impl Store {
    /// Writes all clients into a new file.
    pub(super) async fn back_up(
        &self,
        path: &std::path::Path,
    ) -> Result<Result<(), file::FileFault>, Fault> {
        match self {
            Self::Memory(memory) => {
                let clients = memory.list(ClientOrder::Age, None, usize::MAX);
                file::write_new(path, clients).await
            }
            Self::File(file) => file.back_up(path).await,
        }
    }
}

/// The clients, as a transaction sees them.
trait Tables {
    fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, Fault>;

    fn count(&self) -> Result<u64, Fault>;

    /// The first client in an order.
    fn first(&self, order: ClientOrder) -> Result<Option<Entry>, Fault>;

    /// Adds a client, or puts it in the place of the one that was there.
    fn put(&mut self, client_id: &str, client: Record) -> Result<(), Fault>;

    /// Gives whether there was one.
    fn remove(&mut self, client_id: &str) -> Result<bool, Fault>;
}

/// What can be done to the clients with nothing in between, and what is to be told of it.
pub(super) struct Transaction<'t> {
    tables: &'t mut dyn Tables,
    changes: &'t mut Vec<(ClientChange, String)>,
}

impl Transaction<'_> {
    pub(super) fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, Fault> {
        self.tables.get(client_id)
    }

    pub(super) fn count(&self) -> Result<u64, Fault> {
        self.tables.count()
    }

    /// The oldest client that was never looked up.
    pub(super) fn oldest_unused(&self) -> Result<Option<Entry>, Fault> {
        let first = self.tables.first(ClientOrder::LastUse)?;
        Ok(first.filter(|(_, client)| client.last_used == 0))
    }

    /// Keeps a client, without a word to anybody.
    pub(super) fn put(&mut self, client_id: &str, client: Record) -> Result<(), Fault> {
        self.tables.put(client_id, client)
    }

    /// Keeps a client that is new, or whose metadata is.
    pub(super) fn put_as(
        &mut self,
        change: ClientChange,
        client_id: &str,
        client: Record,
    ) -> Result<(), Fault> {
        self.tables.put(client_id, client)?;
        self.changes.push((change, client_id.to_owned()));
        Ok(())
    }

    /// Forgets a client, and gives whether there was one.
    pub(super) fn remove_as(
        &mut self,
        change: ClientChange,
        client_id: &str,
    ) -> Result<bool, Fault> {
        let removed = self.tables.remove(client_id)?;
        if removed {
            self.changes.push((change, client_id.to_owned()));
        }
        Ok(removed)
    }
}

/// What became of a client, as [`RegistryBuilder::on_change`](super::RegistryBuilder::on_change) is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientChange {
    /// It registered.
    Created,
    /// It replaced its metadata.
    Updated,
    /// It deleted itself, or the server deleted it.
    Deleted,
    /// The registry removed it, because nobody ever looked it up: in
    /// [time](super::RegistryBuilder::remove_never_used_after), or before another client needed
    /// [room](super::RegistryBuilder::max_clients).
    Expired,
}

/// Who is told what became of a client.
pub(super) type Observer = Arc<dyn Fn(ClientChange, &str) + Send + Sync>;

/// Tells what was kept. A panic of the observer is the observer's: the clients are safe already.
fn tell(observer: Option<&Observer>, changes: Vec<(ClientChange, String)>) {
    let Some(observer) = observer else { return };
    for (change, client_id) in changes {
        let told = std::panic::AssertUnwindSafe(|| observer(change, &client_id));
        // The panic hook has reported it.
        let _ = std::panic::catch_unwind(told);
    }
}

/// The clients cannot be reached, or not be kept. All that waited for the same commit share one.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    source: Arc<dyn Error + Send + Sync>,
    /// Whether the changes may have been kept all the same.
    outcome_unknown: bool,
    retry_after: Option<Duration>,
}

#[cfg(feature = "registry-file")]
impl Fault {
    fn new(source: impl Into<crate::BoxError>) -> Self {
        Self {
            source: Arc::from(source.into()),
            outcome_unknown: false,
            retry_after: None,
        }
    }

    fn retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    /// For whoever runs the server.
    #[cfg_attr(
        not(feature = "tracing"),
        expect(clippy::unused_self, reason = "there is no log to write it to")
    )]
    fn log(&self, message: &'static str) {
        // A subscriber that panics, because it can write no more than we can, must not end the thread that asks it to.
        #[cfg(feature = "tracing")]
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tracing::error!(cause = %crate::util::error_chain::Chain(&*self.source), "{message}");
        }));
        #[cfg(not(feature = "tracing"))]
        let _ = message;
    }

    fn outcome_unknown(self) -> Self {
        Self {
            outcome_unknown: true,
            ..self
        }
    }
}

impl From<Fault> for Unavailable {
    fn from(fault: Fault) -> Self {
        let unavailable = if fault.outcome_unknown {
            Self::outcome_unknown()
        } else {
            Self::new()
        };
        let unavailable = match fault.retry_after {
            Some(wait) => unavailable.with_retry_after(wait),
            None => unavailable,
        };
        unavailable.with_source(fault.source)
    }
}
