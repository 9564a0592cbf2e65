//! The embedded registry: what can be set, and what the rest of the server does with it. In memory and in a file.

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod changes;
mod expiry;
mod file;
mod management;
mod model;
mod rotation;
mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;
use tower_dcr::DcrEndpoint;
use tower_dcr::registry::{Registry, RegistryBuilder};

use support::*;

const CONFIGURATION_ENDPOINT: &str = "https://as.example.com/register";

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A time that goes on when it is told to.
#[derive(Clone)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_700_000_000)))
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn clock(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let time = self.clone();
        move || UNIX_EPOCH + Duration::from_secs(time.now())
    }
}

fn builder() -> RegistryBuilder {
    Registry::builder(CONFIGURATION_ENDPOINT)
}

/// The same registry in memory and in a file, which is there for as long as the directory is.
fn both(builder: &RegistryBuilder) -> [(Registry, Option<TempDir>); 2] {
    let directory = TempDir::new().unwrap();
    let file = builder.clone().open(directory.path().join("clients.redb"));
    [
        (builder.clone().in_memory().unwrap(), None),
        (file.unwrap(), Some(directory)),
    ]
}

/// Metadata with nothing wrong.
fn metadata() -> Value {
    json!({"redirect_uris": ["https://client.example.org/cb"]})
}

async fn post(backend: &Registry, metadata: &Value) -> Answer {
    let answer = ask(
        &DcrEndpoint::new(backend.clone()),
        register(metadata.to_string()),
    )
    .await;
    answer.assert_well_formed();
    answer
}

/// The client information of a new client.
async fn client(backend: &Registry, metadata: &Value) -> Value {
    let answer = post(backend, metadata).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// A request of this client's, with this token.
async fn with_token(
    backend: &Registry,
    method: &str,
    client: &Value,
    token: &Value,
    body: &Value,
) -> Answer {
    let request = configure(
        method,
        &format!("/register/{}", text(&client["client_id"])),
        text(token),
        body.to_string(),
    );
    let answer = ask(&DcrEndpoint::new(backend.clone()), request).await;
    answer.assert_well_formed();
    answer
}

async fn read(backend: &Registry, client: &Value) -> Answer {
    let token = &client["registration_access_token"];
    with_token(backend, "GET", client, token, &json!({})).await
}

async fn update(backend: &Registry, client: &Value, metadata: &Value) -> Answer {
    let token = &client["registration_access_token"];
    let mut body = metadata.clone();
    body["client_id"] = client["client_id"].clone();
    with_token(backend, "PUT", client, token, &body).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
