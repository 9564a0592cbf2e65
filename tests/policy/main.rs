//! The policies, through the layer, for registrations and updates alike: what passes, what is
//! changed, what is refused, and the ways around each.

#[path = "../support/mod.rs"]
mod support;

mod duplicate_members;
mod editors;
mod fetched_uris;
mod forced_members;
mod max_redirect_uris;
mod only_members;
mod policy_fn;
mod policy_trait;
mod proposal;
mod redirect_uris;
mod rejection;
mod scopes;
mod self_asserted_uris;
mod software_statement;
mod stack;

use std::convert::Infallible;
use std::future::{Ready, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::Value;
use tower::util::ServiceFn;
use tower::{Layer, service_fn};
use tower_dcr::policy::{Policies, Policy};
use tower_dcr::{Backend, Dcr, DcrEndpoint, DcrLayer};

use support::*;

type App = ServiceFn<fn(Request<Full<Bytes>>) -> Ready<Result<Response<Full<Bytes>>, Infallible>>>;

/// An application with registration.
fn serve<B: Backend>(layer: &DcrLayer<B>) -> Dcr<App, DcrEndpoint<B>> {
    layer.layer(service_fn(|_| {
        ready(Ok(Response::new(Full::from("the application's"))))
    }))
}

/// A stack of one policy.
fn stack(policy: impl Policy) -> Policies {
    Policies::new().with(policy)
}

/// The answer, and the metadata that reached the backend, if any did.
struct Checked {
    answer: TestResponse,
    metadata: Option<String>,
}

/// A registration and an update with this body, under these policies.
async fn check(policies: &Policies, body: &str) -> [Checked; 2] {
    let mut checked = Vec::new();
    for request in [
        registration_request(body.to_owned()),
        configuration_request("PUT", "/register/1", "token", body.to_owned()),
    ] {
        let recorder = RecordingBackend::default();
        let service = serve(&DcrLayer::new(policies.layer(recorder.clone())));
        let answer = send(&service, request).await;
        answer.assert_well_formed();
        let operations = recorder.operations();
        assert!(operations.len() <= 1);
        let metadata = operations
            .first()
            .map(|operation| operation.metadata().unwrap().as_str().to_owned());
        checked.push(Checked { answer, metadata });
    }
    checked.try_into().ok().unwrap()
}

/// The metadata passes byte for byte.
async fn assert_passes(policies: &Policies, metadata: &Value) {
    let body = metadata.to_string();
    for checked in check(policies, &body).await {
        assert!(
            checked.answer.status.is_success(),
            "{metadata}: {:?}",
            checked.answer
        );
        assert_eq!(checked.metadata.as_deref(), Some(&*body));
    }
}

async fn assert_refused(policies: &Policies, metadata: &Value, status: u16, error: &str) {
    for checked in check(policies, &metadata.to_string()).await {
        checked.answer.assert_error(status, error);
        assert_eq!(checked.metadata, None, "{metadata}");
    }
}

/// The metadata is refused with exactly this description.
async fn assert_described(policies: &Policies, metadata: &Value, error: &str, description: &str) {
    for checked in check(policies, &metadata.to_string()).await {
        checked.answer.assert_error(400, error);
        assert_eq!(checked.answer.json()["error_description"], description);
        assert_eq!(checked.metadata, None, "{metadata}");
    }
}

async fn assert_changed(policies: &Policies, metadata: &Value, expected: &Value) {
    for checked in check(policies, &metadata.to_string()).await {
        assert!(
            checked.answer.status.is_success(),
            "{metadata}: {:?}",
            checked.answer
        );
        let metadata: Value = serde_json::from_str(&checked.metadata.unwrap()).unwrap();
        assert_eq!(metadata, *expected);
    }
}

/// The policies leave the metadata alone that they changed before, as an update sends it.
async fn assert_idempotent(policies: &Policies, metadata: &Value) {
    for checked in check(policies, &metadata.to_string()).await {
        let once: Value = serde_json::from_str(&checked.metadata.unwrap()).unwrap();
        assert_passes(policies, &once).await;
    }
}
