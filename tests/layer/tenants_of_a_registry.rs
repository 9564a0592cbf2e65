//! Two tenants of one registry, behind one layer.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use tempfile::TempDir;
use tower_dcr::operation::PathParams;
use tower_dcr::registry::{ClientOrder, Registry, RegistryBuilder};
use tower_dcr::{DcrEndpoint, DcrLayer};

use crate::support::{CLIENT, TestResponse, configuration_request, send};

const HOST: &str = "https://as.example.com";

/// Serves the tenants `blue` and `green`, and returns their registries.
fn serve(registry: &Registry) -> (DcrEndpoint<Registry>, [Registry; 2]) {
    let tenants = ["blue", "green"].map(|name| {
        let url = format!("{HOST}/t/{name}/register");
        registry.tenant(name, url).unwrap()
    });
    let [blue, green] = tenants.clone();
    let known = Arc::new(HashMap::from([("blue", blue), ("green", green)]));
    let endpoint = DcrLayer::select_backend(move |parts: &Parts| {
        let name = PathParams::of(parts);
        let tenant = name.get("tenant").and_then(|name| known.get(name).cloned());
        async move { Ok::<_, Infallible>(tenant) }
    })
    .registration_path("/t/{tenant}/register")
    .build_endpoint()
    .unwrap();
    (endpoint, tenants)
}

/// Builds the registry in memory and in a file. The file exists as long as the directory.
fn in_both_homes(builder: &RegistryBuilder) -> [(Registry, Option<TempDir>); 2] {
    let directory = TempDir::new().unwrap();
    let file = builder.clone().file(directory.path().join("clients.redb"));
    [
        (builder.clone().build().unwrap(), None),
        (file.build().unwrap(), Some(directory)),
    ]
}

fn builder() -> RegistryBuilder {
    Registry::builder(format!("{HOST}/register"))
}

async fn register(endpoint: &DcrEndpoint<Registry>, tenant: &str) -> TestResponse {
    let request = Request::post(format!("/t/{tenant}/register"))
        .header("content-type", "application/json")
        .body(Full::<Bytes>::from(CLIENT))
        .unwrap();
    send(endpoint, request).await
}

/// Sends each operation of a client to a tenant, and returns the responses.
async fn manage(
    endpoint: &DcrEndpoint<Registry>,
    tenant: &str,
    client_id: &str,
    token: &str,
) -> Vec<(StatusCode, HeaderMap, Bytes)> {
    let mut metadata: Value = serde_json::from_str(CLIENT).unwrap();
    metadata["client_id"] = client_id.into();
    let path = format!("/t/{tenant}/register/{client_id}");
    let mut responses = Vec::new();
    for method in ["GET", "PUT", "DELETE"] {
        let request = configuration_request(method, &path, token, metadata.to_string());
        let response = send(endpoint, request).await;
        responses.push((response.status, response.headers, response.body));
    }
    responses
}

fn text<'v>(client: &'v Value, member: &str) -> &'v str {
    client[member].as_str().unwrap()
}

/// Follows the `registration_client_uri` of a client.
async fn read(endpoint: &DcrEndpoint<Registry>, client: &Value) -> TestResponse {
    let path = text(client, "registration_client_uri")
        .strip_prefix(HOST)
        .unwrap();
    let token = text(client, "registration_access_token");
    send(endpoint, configuration_request("GET", path, token, "")).await
}

#[tokio::test]
async fn client_uri_leads_to_the_tenant() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let (endpoint, tenants) = serve(&registry);
        for (name, tenant) in ["blue", "green"].into_iter().zip(&tenants) {
            let client = register(&endpoint, name).await.json();
            let uri = text(&client, "registration_client_uri");
            assert!(uri.starts_with(&format!("{HOST}/t/{name}/register/")));
            assert_eq!(read(&endpoint, &client).await.json(), client);
            let page = tenant.list(ClientOrder::Age, None, 9).await.unwrap();
            let [listed] = &page.clients[..] else {
                panic!("{page:?}");
            };
            assert_eq!(listed.client_id(), text(&client, "client_id"));
        }
    }
}

/// A client of another tenant, a token of another tenant, an unknown client and an unknown tenant
/// get one response.
#[tokio::test]
async fn client_and_token_of_another_tenant_are_unknown() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let (endpoint, _) = serve(&registry);
        let blue = register(&endpoint, "blue").await.json();
        let green = register(&endpoint, "green").await.json();
        for (own, other, other_name) in [(&blue, &green, "green"), (&green, &blue, "blue")] {
            let token = text(own, "registration_access_token");
            let unknown = manage(&endpoint, other_name, "nobody", token).await;
            for (status, _, body) in &unknown {
                assert_eq!(*status, 401, "{body:?}");
            }
            for (tenant, client) in [(other_name, own), (other_name, other), ("red", own)] {
                let client_id = text(client, "client_id");
                let responses = manage(&endpoint, tenant, client_id, token).await;
                assert_eq!(responses, unknown, "{tenant}");
            }
        }
        for client in [&blue, &green] {
            assert_eq!(read(&endpoint, client).await.json(), *client);
        }
    }
}

#[tokio::test]
async fn full_tenant_does_not_affect_the_other() {
    for (registry, _directory) in in_both_homes(&builder().max_clients(2)) {
        let (endpoint, _) = serve(&registry);
        let green = register(&endpoint, "green").await.json();
        for status in [201, 201, 503, 503] {
            assert_eq!(register(&endpoint, "blue").await.status, status);
        }
        assert_eq!(register(&endpoint, "green").await.status, 201);
        assert_eq!(read(&endpoint, &green).await.json(), green);
    }
}
