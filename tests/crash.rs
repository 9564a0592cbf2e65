//! The main example, with its clients in a file, is killed again and again while clients register, update and delete
//! themselves over HTTP. What it acknowledged stands.
#![cfg(unix)]

#[path = "support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use support::example::{Example, start_and_kill};
use support::{Dice, configure, register};

const KILLS: usize = 250;
const CALLERS: usize = 8;

/// What is asked of a client: to have this name, or to be gone.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Named(String),
    Gone,
}

/// A client, as its developer knows it.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    token: String,
    acknowledged: State,
    /// What was asked for, and not acknowledged.
    asked: Option<State>,
}

/// A server that may be gone at any time.
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

    /// The whole answer, or nothing.
    async fn ask(&self, mut request: http::Request<Full<Bytes>>) -> Option<(StatusCode, Bytes)> {
        let uri = format!("http://{}{}", self.address, request.uri());
        *request.uri_mut() = uri.parse().unwrap();
        let (parts, body) = self.client.request(request).await.ok()?.into_parts();
        Some((parts.status, body.collect().await.ok()?.to_bytes()))
    }

    async fn register(&self) -> Option<Known> {
        let (status, body) = self.ask(register(metadata("new").to_string())).await?;
        assert_eq!(status, 201);
        let information: Value = serde_json::from_slice(&body).unwrap();
        Some(Known {
            id: information["client_id"].as_str().unwrap().to_owned(),
            token: information["registration_access_token"]
                .as_str()
                .unwrap()
                .to_owned(),
            acknowledged: State::Named("new".to_owned()),
            asked: None,
        })
    }

    async fn change(&self, known: &mut Known, to: State) -> Option<()> {
        known.asked = Some(to.clone());
        let path = format!("/register/{}", known.id);
        let (request, expected) = match &to {
            State::Named(name) => {
                let mut metadata = metadata(name);
                metadata["client_id"] = json!(known.id);
                (
                    configure("PUT", &path, &known.token, metadata.to_string()),
                    200,
                )
            }
            State::Gone => (configure("DELETE", &path, &known.token, ""), 204),
        };
        let (status, _) = self.ask(request).await?;
        assert_eq!(status, expected);
        (known.acknowledged, known.asked) = (to, None);
        Some(())
    }

    async fn find(&self, known: &Known) -> State {
        let path = format!("/register/{}", known.id);
        let (status, body) = self
            .ask(configure("GET", &path, &known.token, ""))
            .await
            .unwrap();
        if status == StatusCode::UNAUTHORIZED {
            return State::Gone;
        }
        assert_eq!(status, 200);
        let information: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(information["client_id"], known.id);
        State::Named(information["client_name"].as_str().unwrap().to_owned())
    }
}

fn metadata(name: &str) -> Value {
    json!({"client_name": name, "redirect_uris": ["https://client.example.org/cb"]})
}

/// Registers, updates and deletes until the server is gone. Gives how often that was acknowledged.
async fn live(
    server: Server,
    mut dice: Dice,
    everybody: Arc<Mutex<HashMap<String, Known>>>,
) -> usize {
    let mut acknowledged = 0;
    let keep = |known: &Known| {
        let mut everybody = everybody.lock().unwrap();
        everybody.insert(known.id.clone(), known.clone());
    };
    while let Some(mut known) = server.register().await {
        acknowledged += 1;
        for turn in 0..dice.roll(3) {
            let changed = server
                .change(&mut known, State::Named(format!("turn {turn}")))
                .await;
            keep(&known);
            if changed.is_none() {
                return acknowledged;
            }
            acknowledged += 1;
        }
        if dice.roll(4) < 3 {
            let deleted = server.change(&mut known, State::Gone).await;
            keep(&known);
            if deleted.is_none() {
                return acknowledged;
            }
            acknowledged += 1;
        }
        keep(&known);
    }
    acknowledged
}

/// The file is whole, or it is not there.
#[test]
fn a_server_that_is_killed_while_it_makes_its_file_starts_again() {
    for round in 0..60 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("clients.redb");
        let environment = [("DCR_DATABASE", path.to_str().unwrap())];
        start_and_kill("axum", &environment, Duration::from_micros(300 * round));
        Example::start_with("axum", &environment).kill();
    }
}

/// Asks for clients, and gives how many of them are not what was acknowledged, nor what was asked for since. From here on
/// they are what they are.
async fn verify(server: &Server, clients: &mut Vec<Known>) -> usize {
    let mut losses = 0;
    for known in &mut *clients {
        let found = server.find(known).await;
        if found != known.acknowledged && Some(&found) != known.asked.as_ref() {
            losses += 1;
        }
        (known.acknowledged, known.asked) = (found, None);
    }
    losses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("clients.redb");
    let environment = [("DCR_DATABASE", path.to_str().unwrap())];
    let (mut under_load, mut operations, mut losses) = (0, 0, 0);
    let mut dice = Dice::new();
    // Those that the last life of the server changed, and those before.
    let (mut fresh, mut settled) = (Vec::new(), Vec::new());
    for kill in 0..=KILLS {
        let moment = Duration::from_micros(dice.roll(60_000) as u64);
        if kill % 7 == 6 {
            // In the middle of whatever it does at the start.
            start_and_kill("axum", &environment, moment / 3);
            continue;
        }
        let example = Example::start_with("axum", &environment);
        let server = Server::at(example.address);
        losses += verify(&server, &mut fresh).await;
        settled.append(&mut fresh);
        if kill % 50 == 0 {
            losses += verify(&server, &mut settled).await;
        }
        if kill == KILLS {
            break;
        }
        let everybody: Arc<Mutex<HashMap<String, Known>>> = Arc::default();
        let mut tasks = JoinSet::new();
        for _ in 0..CALLERS {
            tasks.spawn(live(server.clone(), Dice::new(), Arc::clone(&everybody)));
        }
        tokio::time::sleep(moment).await;
        example.kill();
        under_load += 1;
        operations += tasks.join_all().await.into_iter().sum::<usize>();
        fresh = std::mem::take(&mut *everybody.lock().unwrap())
            .into_values()
            .collect();
    }
    // Past the test harness, which keeps what is printed to itself.
    writeln!(
        std::io::stderr(),
        "kills: {KILLS}, {under_load} of them under load, acknowledged operations: {operations}, lost: {losses}"
    )
    .unwrap();
    assert!(under_load > 200);
    // It lived in between.
    assert!(operations > KILLS * 2);
    assert_eq!(losses, 0);
}
