//! The settings of the built-in registry, and what the rest of the server does with it. Most tests
//! run in memory and in a file.

#[path = "../support/mod.rs"]
mod support;

mod authenticate;
mod backup;
mod capacity;
mod config_errors;
mod file;
mod iana_metadata;
mod lifecycle_model;
mod limits;
mod management;
mod missing_feature;
mod observer;
mod registration_only;
mod removal;
mod secret_expiry;
mod settings;
mod tenants;
mod token_rotation;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;
use tower_dcr::registry::{ClientOrder, Registry, RegistryBuilder};
use tower_dcr::{DcrEndpoint, DcrLayer};

use support::*;

const CONFIGURATION_ENDPOINT: &str = "https://as.example.com/register";

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A clock that the test moves.
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

/// Builds the same registry in memory and in a file. The file exists as long as the directory.
fn in_both_homes(builder: &RegistryBuilder) -> [(Registry, Option<TempDir>); 2] {
    let directory = TempDir::new().unwrap();
    let file = builder.clone().file(directory.path().join("clients.redb"));
    [
        (builder.clone().build().unwrap(), None),
        (file.build().unwrap(), Some(directory)),
    ]
}

/// Returns the time as a registry shows it.
fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Returns metadata that every registry accepts.
fn metadata() -> Value {
    json!({"redirect_uris": ["https://client.example.org/cb"]})
}

/// Marks a client as used, which must exist.
async fn mark_used(registry: &Registry, client: &Value) {
    let is_there = registry.mark_used(text(&client["client_id"])).await;
    assert!(is_there.unwrap());
}

/// Returns how many clients there are.
async fn count(registry: &Registry) -> usize {
    let page = registry.list(ClientOrder::Age, None, usize::MAX).await;
    page.unwrap().clients.len()
}

/// Returns the endpoint of a registry at `/register`, whatever its URL.
fn endpoint(registry: &Registry) -> DcrEndpoint<Registry> {
    let builder = DcrLayer::builder(registry.clone()).registration_path("/register");
    builder.build_endpoint().unwrap()
}

async fn post(registry: &Registry, metadata: &Value) -> TestResponse {
    let answer = send(
        &endpoint(registry),
        registration_request(metadata.to_string()),
    )
    .await;
    answer.assert_well_formed();
    answer
}

/// Registers a client, and returns the client information.
async fn client(registry: &Registry, metadata: &Value) -> Value {
    let answer = post(registry, metadata).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// Sends a request of this client, with this token.
async fn with_token(
    registry: &Registry,
    method: &str,
    client: &Value,
    token: &Value,
    body: &Value,
) -> TestResponse {
    let request = configuration_request(
        method,
        &format!("/register/{}", text(&client["client_id"])),
        text(token),
        body.to_string(),
    );
    let answer = send(&endpoint(registry), request).await;
    answer.assert_well_formed();
    answer
}

async fn read(registry: &Registry, client: &Value) -> TestResponse {
    let token = &client["registration_access_token"];
    with_token(registry, "GET", client, token, &json!({})).await
}

async fn update(registry: &Registry, client: &Value, metadata: &Value) -> TestResponse {
    let token = &client["registration_access_token"];
    let mut body = metadata.clone();
    body["client_id"] = client["client_id"].clone();
    with_token(registry, "PUT", client, token, &body).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
