//! The examples, run as processes: they print their address, serve registration, and stop on
//! ctrl-c.
#![cfg(unix)]

#[path = "support/mod.rs"]
mod support;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use support::example_process::Example;
use support::socket::send_bytes;
use support::*;

fn request(line: &str, token: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example\r\n\
         Authorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Registers, reads, updates and deletes a client, with CORS.
async fn assert_serves_registration(example: &Example) {
    let address = example.address;
    assert!(
        example
            .output
            .contains(&format!("http://{address}/register"))
    );

    let registered = send_bytes(address, request("POST /register", "initial", CLIENT)).await;
    assert_eq!(registered.status, 201);
    registered.assert_well_formed();
    let client = registered.json();
    let issued = |name: &str| client[name].as_str().unwrap().to_owned();
    let (id, token) = (issued("client_id"), issued("registration_access_token"));
    assert_eq!(
        issued("registration_client_uri"),
        format!("http://{address}/register/{id}")
    );

    let path = format!("/register/{id}");
    let read = send_bytes(address, request(&format!("GET {path}"), &token, "")).await;
    assert_eq!((read.status.as_u16(), read.json()), (200, client.clone()));
    let updated = send_bytes(
        address,
        request(&format!("PUT {path}"), &token, &client.to_string()),
    )
    .await;
    assert_eq!(
        (updated.status.as_u16(), updated.json()),
        (200, client.clone())
    );
    let wrong = send_bytes(address, request(&format!("DELETE {path}"), "wrong", "")).await;
    wrong.assert_error(401, "invalid_token");
    let deleted = send_bytes(address, request(&format!("DELETE {path}"), &token, "")).await;
    assert_eq!(deleted.status, 204);

    // The CORS headers are on success and on errors.
    for response in [registered, read, updated, wrong, deleted] {
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        let exposed = response.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("www-authenticate") && exposed.contains("retry-after"));
        assert_eq!(response.header("access-control-allow-credentials"), None);
    }
    let preflight = "OPTIONS /register HTTP/1.1\r\nHost: localhost\r\n\
                     Origin: https://app.example\r\n\
                     Access-Control-Request-Method: POST\r\n\
                     Access-Control-Request-Headers: \
                     authorization,content-type,mcp-protocol-version\r\n\r\n";
    let preflight = send_bytes(address, preflight).await;
    assert_eq!(preflight.status, 200);
    let allowed = preflight.header("access-control-allow-headers").unwrap();
    assert_eq!(allowed, "authorization,content-type,mcp-protocol-version");
}

#[tokio::test]
async fn axum_serves_registration_and_the_metadata_document() {
    let example = Example::start("axum");
    assert_serves_registration(&example).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(send_bytes(example.address, get("/")).await.status, 200);
    let metadata = send_bytes(
        example.address,
        get("/.well-known/oauth-authorization-server"),
    )
    .await;
    assert_metadata(&metadata.json(), &example);
    assert!(example.interrupt());
}

/// Checks the metadata document of an example with the registry.
fn assert_metadata(metadata: &Value, example: &Example) {
    let endpoint = format!("http://{}/register", example.address);
    assert_eq!(metadata["registration_endpoint"], endpoint);
    // Without it, some MCP clients register, and then give up.
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array();
    assert!(methods.unwrap().iter().any(|method| method == "none"));
}

#[tokio::test]
async fn production_limits_registrations_and_counts_requests() {
    let example = Example::start("production");
    assert_serves_registration(&example).await;
    // The preflight did not count, so four more registrations pass.
    for status in [201, 201, 201, 201, 429] {
        let response = send_bytes(
            example.address,
            request("POST /register", "initial", CLIENT),
        )
        .await;
        assert_eq!(response.status, status);
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert_eq!(response.header("retry-after").is_some(), status == 429);
    }
    let document =
        "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let document = send_bytes(example.address, document).await;
    assert_metadata(&document.json(), &example);
    let metrics = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let metrics = send_bytes(example.address, metrics).await.body;
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    for line in [
        r#"dcr_requests_total{operation="register",status="201",error="none"} 5"#,
        r#"dcr_requests_total{operation="delete",status="401",error="invalid_token"} 1"#,
        r#"dcr_seconds_count{operation="read"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert!(example.interrupt());
}

/// The recommended limits and policies work together.
#[tokio::test]
async fn production_refuses_abuse_and_logs_no_token() {
    let example = Example::start_with("production", &[("NO_COLOR", "1")]);
    let address = example.address;
    let post = |metadata: Value| request("POST /register", "sentinel", &metadata.to_string());

    let uris: Vec<_> = (0..11).map(|n| format!("https://a.example/{n}")).collect();
    let many = send_bytes(address, post(json!({"redirect_uris": uris}))).await;
    many.assert_error(400, "invalid_redirect_uri");
    let logo = "https://bank.example/logo";
    for (redirect_uris, keeps) in [
        (json!(["https://bank.example/cb"]), true),
        (
            json!(["https://bank.example/cb", "https://evil.example/cb"]),
            false,
        ),
    ] {
        let metadata = json!({"redirect_uris": redirect_uris, "logo_uri": logo});
        let client = send_bytes(address, post(metadata)).await.json();
        assert_eq!(client.get("logo_uri"), keeps.then_some(&json!(logo)));
    }
    let large = send_bytes(address, post(json!({"x": "y".repeat(33 * 1024)}))).await;
    large.assert_error(413, "invalid_client_metadata");

    // The limit counts requests of any kind. It refills while they are sent, so the count varies.
    let read = || request("GET /register/1", "sentinel", "");
    let mut statuses = Vec::new();
    while statuses.len() < 200 && statuses.last() != Some(&429) {
        let response = send_bytes(address, read()).await;
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        statuses.push(response.status.as_u16());
    }
    assert_eq!(statuses.pop(), Some(429));
    assert!(statuses.len() >= 20 && statuses.iter().all(|status| *status == 401));

    let document =
        "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let document = send_bytes(example.address, document).await;
    assert_metadata(&document.json(), &example);
    let metrics = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let metrics = send_bytes(address, metrics).await.body;
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    let refused =
        r#"dcr_requests_total{operation="register",status="400",error="invalid_redirect_uri"} 1"#;
    assert!(metrics.contains(refused), "{metrics}");
    // The log has a trace of each request, and no token.
    let log = example.terminate();
    assert!(log.contains("finished processing request"), "{log}");
    assert!(log.contains("status=429"), "{log}");
    assert!(!(log + &metrics).contains("sentinel"));
}

#[tokio::test]
async fn axum_with_a_database_keeps_clients_across_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("clients.redb");
    let environment = [("DCR_DATABASE", path.to_str().unwrap())];
    let example = Example::start_with("axum", &environment);
    assert_serves_registration(&example).await;
    let registered = send_bytes(
        example.address,
        request("POST /register", "initial", CLIENT),
    )
    .await;
    let client = registered.json();
    assert!(example.interrupt());

    let example = Example::start_with("axum", &environment);
    let path = format!("/register/{}", client["client_id"].as_str().unwrap());
    let token = client["registration_access_token"].as_str().unwrap();
    let read = send_bytes(example.address, request(&format!("GET {path}"), token, "")).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.json()["client_secret"], client["client_secret"]);
    assert!(example.interrupt());
}

#[tokio::test]
async fn axum_with_authlete_serves_registration() {
    // The emulator must know the server's address before the server starts.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let base_url = format!("http://{port}");
    let emulator = Example::start_with("authlete_emulator", &[("DCR_BASE_URL", &base_url)]);
    let environment = [
        ("AUTHLETE_BASE_URL", format!("http://{}", emulator.address)),
        ("AUTHLETE_SERVICE_APIKEY", "1".to_owned()),
        ("AUTHLETE_SERVICE_ACCESSTOKEN", "emulated".to_owned()),
        ("LISTEN", port.to_string()),
    ];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let example = Example::start_with("axum", &environment);
    assert!(example.output.contains("Authlete"));
    assert_serves_registration(&example).await;
    assert!(example.interrupt());
    assert!(emulator.interrupt());
}

#[tokio::test]
async fn hyper_serves_registration_and_the_application() {
    let example = Example::start("hyper");
    assert_serves_registration(&example).await;
    let page = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(
        send_bytes(example.address, page).await.body,
        "You asked for /page.\n"
    );
    assert!(example.interrupt());
}

#[tokio::test]
async fn tonic_serves_registration_and_grpc_on_one_connection() {
    let example = Example::start("tonic");
    assert_serves_registration(&example).await;

    // The gRPC service and registration share one HTTP/2 connection.
    let stream = TokioIo::new(TcpStream::connect(example.address).await.unwrap());
    let (mut sender, connection) =
        ::hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let check = Request::post("http://localhost/grpc.health.v1.Health/Check")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from_static(&[0; 5])))
        .unwrap();
    let health = sender
        .send_request(check)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(health.trailers().unwrap()["grpc-status"], "0");
    // The message says SERVING (1 in field 1).
    assert_eq!(health.to_bytes(), [0, 0, 0, 0, 2, 8, 1].as_slice());

    let mut registration = registration_request(CLIENT);
    *registration.uri_mut() = "http://localhost/register".parse().unwrap();
    let response = sender.send_request(registration).await.unwrap();
    assert_eq!(response.status(), 201);
    drop((sender, response));
    // End the connection first, or the server would wait for it when it stops.
    connection.abort();
    assert!(connection.await.is_err());
    assert!(example.interrupt());
}
