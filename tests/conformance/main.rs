//! The four operations as a client sees them, through the layer. Each backend passes the same
//! suite: the registry in memory, in a file, and behind Authlete's protocol.

#![allow(clippy::duplicate_mod, reason = "one suite, three backends")]

#[path = "../support/mod.rs"]
mod support;

/// The modules of the suite. Each backend's module calls it, and defines `registry()`.
macro_rules! conformance_suite {
    () => {
        #[path = "grant_types.rs"]
        mod grant_types;
        #[path = "keys.rs"]
        mod keys;
        #[path = "lifecycle.rs"]
        mod lifecycle;
        #[path = "metadata.rs"]
        mod metadata;
        #[path = "redirect_uris.rs"]
        mod redirect_uris;
        #[path = "register_and_update.rs"]
        mod register_and_update;
        #[path = "unauthorized.rs"]
        mod unauthorized;
        #[path = "updates.rs"]
        mod updates;
        #[path = "urls.rs"]
        mod urls;
    };
}

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

/// The public URL of the configuration endpoint in all tests.
const CONFIGURATION_ENDPOINT: &str = "https://as.example.com/register";

/// A registry behind the layer.
struct Server {
    endpoint: DcrEndpoint<SharedBackend>,
    /// The directory of the registry's file. It is deleted after the registry is closed.
    directory: Option<TempDir>,
}

impl Server {
    fn new(backend: impl Backend) -> Self {
        Self {
            endpoint: DcrEndpoint::new(SharedBackend::new(backend)),
            directory: None,
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> TestResponse {
        let answer = send(&self.endpoint, request).await;
        answer.assert_well_formed();
        answer
    }

    async fn register(&self, metadata: &Value) -> TestResponse {
        self.send(registration_request(metadata.to_string())).await
    }

    /// Registers a client with this metadata.
    async fn client(&self, metadata: &Value) -> Client<'_> {
        let answer = self.register(metadata).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Client {
            registry: self,
            information: answer.json(),
        }
    }
}

/// A client, and what it received when it registered.
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

    async fn read(&self) -> TestResponse {
        self.registry
            .send(configuration_request("GET", &self.path(), self.token(), ""))
            .await
    }

    async fn delete(&self) -> TestResponse {
        self.registry
            .send(configuration_request(
                "DELETE",
                &self.path(),
                self.token(),
                "",
            ))
            .await
    }

    /// Sends an update with exactly this body.
    async fn put(&self, body: &Value) -> TestResponse {
        self.registry
            .send(configuration_request(
                "PUT",
                &self.path(),
                self.token(),
                body.to_string(),
            ))
            .await
    }

    /// Sends an update to this metadata. The `client_id` is added.
    async fn update(&self, metadata: &Value) -> TestResponse {
        let mut body = metadata.clone();
        body["client_id"] = json!(self.id());
        self.put(&body).await
    }
}

/// Returns good metadata with these additional members.
fn with(members: Value) -> Value {
    let mut metadata = json!({"redirect_uris": ["https://client.example.org/cb"]});
    let Value::Object(members) = members else {
        panic!("not an object");
    };
    metadata.as_object_mut().unwrap().extend(members);
    metadata
}
