//! What a million clients cost: `cargo bench --bench registry`. It takes some minutes, and one to
//! two gigabytes of disk.
//!
//! One run measures a thousand clients and a million, in memory and in a file.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tower_dcr::operation::{Read, Register};
use tower_dcr::registry::Registry;
use tower_dcr::{Backend, BearerToken, ClientMetadata};

const FEW: usize = 1_000;
const MANY: usize = 1_000_000;

/// How many callers fill the file. They share commits, so that it is filled in minutes.
const FILLERS: usize = 512;

/// The metadata that Visual Studio Code registers.
const METADATA: &str = r#"{
    "client_name": "Visual Studio Code",
    "client_uri": "https://code.visualstudio.com",
    "grant_types": [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code"
    ],
    "response_types": ["code"],
    "redirect_uris": [
        "https://insiders.vscode.dev/redirect",
        "https://vscode.dev/redirect",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/"
    ],
    "token_endpoint_auth_method": "none",
    "application_type": "native"
}"#;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A client that can read itself.
struct Client {
    id: String,
    token: BearerToken,
}

async fn register(backend: &Registry) -> Result<Client> {
    let register = Register::new(ClientMetadata::parse(METADATA)?);
    let reply = backend.execute(register.into()).await?;
    let information: Value = serde_json::from_slice(reply.content().ok_or("no content")?)?;
    let member = |name: &str| information[name].as_str().map(str::to_owned);
    Ok(Client {
        id: member("client_id").ok_or("no client_id")?,
        token: BearerToken::new(member("registration_access_token").ok_or("no token")?)?,
    })
}

/// Registers clients by several callers. Returns some of the clients, and the time that it took.
/// They are many enough to read all parts of the registry, and few enough not to matter in its
/// memory.
async fn fill(backend: &Registry, count: usize, callers: usize) -> Result<(Vec<Client>, Duration)> {
    let start = Instant::now();
    let one_in = (count / 10_000).max(10);
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let backend = backend.clone();
        tasks.spawn(async move {
            let mut some = Vec::new();
            for n in (caller..count).step_by(callers) {
                let client = register(&backend).await?;
                if n % one_in == 0 {
                    some.push(client);
                }
            }
            Result::Ok(some)
        });
    }
    let mut all = Vec::new();
    for some in tasks.join_all().await {
        all.extend(some?);
    }
    Ok((all, start.elapsed()))
}

/// Returns the median and the 99th percentile of the time that an operation takes.
async fn latency(
    times: usize,
    mut operation: impl AsyncFnMut(usize) -> Result<()>,
) -> Result<(Duration, Duration)> {
    let mut took = Vec::with_capacity(times);
    for n in 0..times {
        let start = Instant::now();
        operation(n).await?;
        took.push(start.elapsed());
    }
    took.sort_unstable();
    Ok((took[times / 2], took[times * 99 / 100]))
}

async fn read_latency(backend: &Registry, clients: &[Client]) -> Result<(Duration, Duration)> {
    // The clients are read in another order than they were registered.
    latency(10_000, async |n| {
        let client = &clients[n * 7_919 % clients.len()];
        let read = Read::new(&client.id, client.token.clone());
        let reply = backend.execute(read.into()).await?;
        let found = reply.action() == tower_dcr::Action::Ok;
        found.then_some(()).ok_or_else(|| "not found".into())
    })
    .await
}

/// It adds a tenth of the smaller number of clients, so that the number hardly changes.
async fn register_latency(backend: &Registry) -> Result<(Duration, Duration)> {
    latency(FEW / 10, async |_| register(backend).await.map(drop)).await
}

fn builder() -> tower_dcr::registry::RegistryBuilder {
    Registry::builder("https://as.example.com/register").max_clients(2 * MANY)
}

async fn in_file(path: &Path, count: usize) -> Result<()> {
    let backend = builder().file(path).build()?;
    let (clients, filled) = fill(&backend, count, FILLERS).await?;
    drop(backend);
    #[expect(clippy::cast_precision_loss, reason = "figures to be printed")]
    let (bytes, rate) = (
        fs::metadata(path)?.len() as f64 / count as f64,
        count as f64 / filled.as_secs_f64(),
    );
    let start = Instant::now();
    let backend = builder().file(path).build()?;
    let opened = start.elapsed();
    let read = read_latency(&backend, &clients).await?;
    let registered = register_latency(&backend).await?;
    println!("in a file, {count} clients:");
    println!("  filled by {FILLERS} callers: {rate:.0} registrations a second, each on disk");
    println!("  bytes a client: {bytes:.0}");
    println!("  open: {opened:.2?}");
    println!("  read: median {:.1?}, 99 % {:.1?}", read.0, read.1);
    println!(
        "  register, one caller: median {:.1?}, 99 % {:.1?}",
        registered.0, registered.1
    );
    Ok(())
}

/// Runs on one thread, because allocations are counted for a thread.
fn in_memory(count: usize) -> Result<()> {
    let runtime = Builder::new_current_thread().build()?;
    let backend = builder().build()?;
    let (mut filled, mut failed) = (Vec::new(), None);
    let allocated =
        allocation_counter::measure(|| match runtime.block_on(fill(&backend, count, 1)) {
            Ok((clients, _)) => filled = clients,
            Err(error) => failed = Some(error),
        });
    if let Some(error) = failed {
        return Err(error);
    }
    #[expect(clippy::cast_precision_loss, reason = "figures to be printed")]
    let bytes = allocated.bytes_current as f64 / count as f64;
    let (read, registered) = runtime.block_on(async {
        let read = read_latency(&backend, &filled).await?;
        Result::Ok((read, register_latency(&backend).await?))
    })?;
    println!("in memory, {count} clients:");
    println!("  bytes a client: {bytes:.0}");
    println!("  read: median {:.1?}, 99 % {:.1?}", read.0, read.1);
    println!(
        "  register: median {:.1?}, 99 % {:.1?}",
        registered.0, registered.1
    );
    Ok(())
}

fn main() -> Result<()> {
    // `cargo test` runs benches, too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let directory = tempfile::tempdir()?;
    for count in [FEW, MANY] {
        in_memory(count)?;
        let path = directory.path().join(format!("{count}.redb"));
        let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
        runtime.block_on(in_file(&path, count))?;
    }
    Ok(())
}
