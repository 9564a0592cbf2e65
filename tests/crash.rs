//! The axum example, with its clients in a file, is killed again and again while clients register,
//! update and delete themselves over HTTP. No acknowledged change may be lost.
#![cfg(unix)]

#[path = "support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use support::example_process::{Example, start_and_kill};
use support::known_client::{Clients, FragileRegistry, KnownClient, State, run_until_cut_off};
use support::random::Random;
use support::report::report;
use support::{configuration_request, registration_request};

const KILLS: usize = 250;
const CALLERS: usize = 8;

/// A server that may be killed at any time.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Server {
    fn at(address: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, client }
    }

    /// Returns the complete answer, or `None` if the server was killed before its end.
    async fn send(&self, mut request: http::Request<Full<Bytes>>) -> Option<(StatusCode, Bytes)> {
        let uri = format!("http://{}{}", self.address, request.uri());
        *request.uri_mut() = uri.parse().unwrap();
        let (parts, body) = self.client.request(request).await.ok()?.into_parts();
        Some((parts.status, body.collect().await.ok()?.to_bytes()))
    }
}

impl FragileRegistry for Server {
    async fn register(&self, name: &str) -> Option<KnownClient> {
        let (status, body) = self
            .send(registration_request(metadata(name).to_string()))
            .await?;
        assert_eq!(status, 201);
        let information: Value = serde_json::from_slice(&body).unwrap();
        Some(KnownClient::new(
            information["client_id"].as_str().unwrap(),
            information["registration_access_token"].as_str().unwrap(),
            name,
        ))
    }

    async fn apply(&self, client: &KnownClient, to: &State) -> Option<()> {
        let path = format!("/register/{}", client.id);
        let (request, expected) = match to {
            State::Named(name) => {
                let mut metadata = metadata(name);
                metadata["client_id"] = json!(client.id);
                let body = metadata.to_string();
                (
                    configuration_request("PUT", &path, &client.token, body),
                    200,
                )
            }
            State::Deleted => (
                configuration_request("DELETE", &path, &client.token, ""),
                204,
            ),
        };
        let (status, _) = self.send(request).await?;
        assert_eq!(status, expected);
        Some(())
    }

    async fn find(&self, client: &KnownClient) -> State {
        let path = format!("/register/{}", client.id);
        let request = configuration_request("GET", &path, &client.token, "");
        let (status, body) = self.send(request).await.unwrap();
        if status == StatusCode::UNAUTHORIZED {
            return State::Deleted;
        }
        assert_eq!(status, 200);
        let information: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(information["client_id"], client.id);
        State::Named(information["client_name"].as_str().unwrap().to_owned())
    }
}

fn metadata(name: &str) -> Value {
    json!({"client_name": name, "redirect_uris": ["https://client.example.org/cb"]})
}

/// The file is complete, or it does not exist.
#[test]
fn kill_during_the_creation_of_the_file_leaves_a_usable_path() {
    const KILLS: u64 = 60;

    for round in 0..KILLS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("clients.redb");
        let environment = [("DCR_DATABASE", path.to_str().unwrap())];
        start_and_kill("axum", &environment, Duration::from_micros(300 * round));
        Example::start_with("axum", &environment).kill();
    }
    report(&format!(
        "kills while the file is created: {KILLS}, {KILLS} restarts succeeded (expected: all)"
    ));
}

/// Returns how many clients lost an acknowledged change.
async fn count_losses(server: &Server, clients: &mut [KnownClient]) -> usize {
    let mut losses = 0;
    for client in clients {
        losses += usize::from(client.is_lost(server).await);
    }
    losses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_no_acknowledged_change() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("clients.redb");
    let environment = [("DCR_DATABASE", path.to_str().unwrap())];
    let (mut under_load, mut operations, mut losses) = (0, 0, 0);
    let mut random = Random::with_random_seed();
    // The clients of the last run of the server, and those of the runs before.
    let (mut recent, mut older) = (Vec::new(), Vec::new());
    for kill in 0..=KILLS {
        let moment = Duration::from_micros(random.below(60_000) as u64);
        if kill % 7 == 6 {
            // Some kills hit the server while it starts.
            start_and_kill("axum", &environment, moment / 3);
            continue;
        }
        let example = Example::start_with("axum", &environment);
        let server = Server::at(example.address);
        losses += count_losses(&server, &mut recent).await;
        older.append(&mut recent);
        if kill % 50 == 0 {
            losses += count_losses(&server, &mut older).await;
        }
        if kill == KILLS {
            break;
        }
        let clients = Clients::default();
        let mut tasks = JoinSet::new();
        for _ in 0..CALLERS {
            let task = run_until_cut_off(
                server.clone(),
                Random::with_random_seed(),
                Arc::clone(&clients),
            );
            tasks.spawn(task);
        }
        tokio::time::sleep(moment).await;
        example.kill();
        under_load += 1;
        operations += tasks.join_all().await.into_iter().sum::<usize>();
        recent = clients.lock().unwrap().values().cloned().collect();
    }
    report(&format!(
        "kills: {KILLS}, {under_load} of them under load, {operations} acknowledged changes, \
         {losses} lost (expected: 0)"
    ));
    assert!(under_load > 200);
    assert!(operations > KILLS * 2, "the server hardly worked");
    assert_eq!(losses, 0);
}
