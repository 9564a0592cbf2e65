//! The four operations as a client sees them, through the layer: one suite, three backends.
//!
//! `embedded.rs`, `file.rs` and `authlete.rs` name the backend, and each holds the whole suite.

#![allow(clippy::duplicate_mod, reason = "one suite, three backends")]

#[path = "../support/mod.rs"]
mod support;

mod authlete;
mod file;
mod memory;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower_dcr::backend::SharedBackend;
use tower_dcr::registry::Registry;
use tower_dcr::{Backend, DcrEndpoint};

use support::*;

/// The public URL of the configuration endpoint, in all tests.
const CONFIGURATION_ENDPOINT: &str = "https://as.example.com/register";

/// A registry behind the layer.
struct Server {
    endpoint: DcrEndpoint<SharedBackend>,
    /// Where it is kept, dropped after it.
    directory: Option<TempDir>,
}

impl Server {
    fn new(backend: impl Backend) -> Self {
        Self {
            endpoint: DcrEndpoint::new(SharedBackend::new(backend)),
            directory: None,
        }
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Answer {
        let answer = ask(&self.endpoint, request).await;
        answer.assert_well_formed();
        answer
    }

    async fn register(&self, metadata: &Value) -> Answer {
        self.ask(register(metadata.to_string())).await
    }

    /// A client that was registered with this metadata.
    async fn client(&self, metadata: &Value) -> Client<'_> {
        let answer = self.register(metadata).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Client {
            registry: self,
            information: answer.json(),
        }
    }
}

/// A client, as it was registered.
struct Client<'r> {
    registry: &'r Server,
    information: Value,
}

impl Client<'_> {
    fn id(&self) -> &str {
        self.information["client_id"].as_str().unwrap()
    }

    fn token(&self) -> &str {
        self.information["registration_access_token"]
            .as_str()
            .unwrap()
    }

    fn path(&self) -> String {
        format!("/register/{}", self.id())
    }

    async fn read(&self) -> Answer {
        self.registry
            .ask(configure("GET", &self.path(), self.token(), ""))
            .await
    }

    async fn delete(&self) -> Answer {
        self.registry
            .ask(configure("DELETE", &self.path(), self.token(), ""))
            .await
    }

    /// An update to exactly this, whatever it holds.
    async fn put(&self, body: &Value) -> Answer {
        self.registry
            .ask(configure(
                "PUT",
                &self.path(),
                self.token(),
                body.to_string(),
            ))
            .await
    }

    /// An update to this metadata, the `client_id` added.
    async fn update(&self, metadata: &Value) -> Answer {
        let mut body = metadata.clone();
        body["client_id"] = json!(self.id());
        self.put(&body).await
    }
}

/// Metadata with nothing wrong, and these members besides.
fn with(members: Value) -> Value {
    let mut metadata = json!({"redirect_uris": ["https://client.example.org/cb"]});
    let Value::Object(members) = members else {
        panic!("not an object");
    };
    metadata.as_object_mut().unwrap().extend(members);
    metadata
}
