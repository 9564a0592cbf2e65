//! Clients in a file: what was answered is on disk.

mod connection;
mod database;
mod fault;
mod tables;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;

use self::connection::{Connection, Snapshot};
pub(in crate::registry) use self::fault::FileFault;
use self::writer::Writer;
use super::{ClientOrder, Entry, Fault, Observer, Position, Record, Tables, Transaction};

/// Reads see what the last commit left, and do not wait for the next one; all changes go through one thread.
pub(in crate::registry) struct File {
    connection: Arc<Connection>,
    writer: Writer,
}

impl File {
    /// Opens the file, or makes it. Blocks.
    pub(in crate::registry) fn open(
        path: &Path,
        observer: Option<Observer>,
    ) -> Result<Self, FileFault> {
        let path = path.to_owned();
        database::make(&path)?;
        Self::with_opener(move || database::open(&path), observer)
    }

    fn with_opener(
        opener: impl Fn() -> Result<redb::Database, FileFault> + Send + Sync + 'static,
        observer: Option<Observer>,
    ) -> Result<Self, FileFault> {
        let connection = Arc::new(Connection::new(Box::new(opener))?);
        let writer = Writer::start(Arc::clone(&connection), observer)?;
        Ok(Self { connection, writer })
    }

    pub(super) async fn get(&self, client_id: &str) -> Result<Option<Arc<Record>>, Fault> {
        let client_id = client_id.to_owned();
        self.read(move |snapshot| tables::get(snapshot, &client_id))
            .await
    }

    pub(super) async fn list(
        &self,
        order: ClientOrder,
        after: Option<Position<'_>>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        let after = after.map(|(one, two, client_id)| (one, two, client_id.to_owned()));
        self.read(move |snapshot| {
            let after = after
                .as_ref()
                .map(|(one, two, client_id)| (*one, *two, client_id.as_str()));
            tables::list(snapshot, order, after, limit)
        })
        .await
    }

    pub(super) async fn write<T, D>(&self, decide: D) -> Result<T, Fault>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        writer::answer(self.writer.submit(decide)?.await)
    }

    pub(super) fn write_blocking<T, D>(&self, decide: D) -> Result<T, Fault>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        writer::answer(self.writer.submit(decide)?.blocking_recv())
    }

    /// Writes all clients, as the last commit left them, into a new file.
    pub(super) async fn back_up(&self, path: &Path) -> Result<Result<(), FileFault>, Fault> {
        let connection = Arc::clone(&self.connection);
        let path = path.to_owned();
        off_the_async_threads(move || {
            connection.read(|from| {
                // Whose fault it is: the file's that is read, or the other one's.
                let mut failed = None;
                let clients =
                    tables::all(from)?.inspect(|client| failed = client.as_ref().err().cloned());
                let written = database::write_new(&path, clients);
                failed.map_or(Ok(written), Err)
            })
        })
        .await?
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl Fn(&Snapshot<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let connection = Arc::clone(&self.connection);
        off_the_async_threads(move || connection.read(look)).await?
    }
}

impl Drop for File {
    /// The file is closed when nobody reads it any more.
    fn drop(&mut self) {
        self.connection.close_soon();
    }
}

/// Writes clients into a new file.
pub(super) async fn write_new(
    path: &Path,
    clients: Vec<Entry>,
) -> Result<Result<(), FileFault>, Fault> {
    let path = path.to_owned();
    off_the_async_threads(move || database::write_new(&path, clients.into_iter().map(Ok))).await
}

/// On the threads that tokio has for what blocks. Outside its runtimes nobody else waits for this thread.
async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.map_err(Fault::new),
        Err(_) => Ok(work()),
    }
}
