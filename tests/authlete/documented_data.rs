//! The data of Authlete's documentation: we send these requests, and these responses reach the
//! client unchanged.

use serde_json::Value;
use tower_dcr::DcrEndpoint;
use tower_dcr::authlete::AuthleteBackend;

use super::peer::{Behaviour, Peer, response};
use super::support::*;

macro_rules! data {
    ($name:literal) => {
        (
            include_str!(concat!("../data/authlete/", $name, ".request.json")),
            include_str!(concat!("../data/authlete/", $name, ".response.json")),
        )
    };
}

#[tokio::test]
async fn documented_responses_reach_the_client_unchanged() {
    let peer = Peer::start().await;
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(peer.builder().build().unwrap()));
    for (method, call, status, (request, answer)) in [
        ("POST", "", 201, data!("register")),
        ("GET", "/get", 200, data!("get")),
        ("PUT", "/update", 200, data!("update")),
        ("DELETE", "/delete", 204, data!("delete")),
    ] {
        peer.behave(Behaviour::ProcessThenSend(response(200, answer)));
        let request: Value = serde_json::from_str(request).unwrap();
        let answer: Value = serde_json::from_str(answer).unwrap();
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let path = match text("clientId") {
            "" => "/register".to_owned(),
            id => format!("/register/{id}"),
        };
        let mut asked =
            configuration_request(method, &path, text("token"), text("json").to_owned());
        if method == "POST" {
            asked.headers_mut().remove("authorization");
        }

        let got = send(&endpoint, asked).await;
        assert_eq!(got.status.as_u16(), status, "{method}");
        got.assert_well_formed();
        assert_eq!(
            got.body,
            answer["responseContent"].as_str().unwrap_or_default()
        );
        assert_eq!(got.outcome.unwrap().reason(), answer["resultCode"].as_str());

        let seen = peer.seen().remove(0);
        assert!(seen.head.starts_with(&format!(
            "POST /api/715948317/client/registration{call} HTTP/1.1\r\n"
        )));
        assert!(
            seen.head
                .contains("\r\nauthorization: Bearer service-token-SENTINEL\r\n")
        );
        assert!(seen.head.contains("\r\ncontent-type: application/json\r\n"));
        assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), request);
    }
}

/// The emulator accepts clients without redirect URIs, and Authlete's members in the metadata.
#[tokio::test]
async fn emulator_accepts_the_documented_requests() {
    let peer = Peer::start().await;
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build_http();
    let call = async |call: &str, body: &Value| {
        let request = http::Request::post(format!(
            "http://{}/api/715948317/client/registration{call}",
            peer.address
        ))
        .header("authorization", "Bearer service-token-SENTINEL")
        .header("content-type", "application/json")
        .body(http_body_util::Full::<bytes::Bytes>::from(body.to_string()))
        .unwrap();
        let answer = TestResponse::read(client.request(request).await.unwrap()).await;
        assert_eq!(answer.status, 200);
        answer.json()
    };
    let parse = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let created = call("", &parse(data!("register").0)).await;
    let information = parse(created["responseContent"].as_str().unwrap());

    // Puts this client into a documented request.
    let for_this_client = |request: &str| {
        let documented: Value = parse(data!("register").1);
        let documented: Value = parse(documented["responseContent"].as_str().unwrap());
        let mut text = request.to_owned();
        for name in [
            "client_id",
            "registration_access_token",
            "client_secret",
            "registration_client_uri",
        ] {
            text = text.replace(
                documented[name].as_str().unwrap(),
                information[name].as_str().unwrap(),
            );
        }
        // The base of the URI differs too. It contains the client ID.
        text = text.replace(
            "https://my-service.example.com/dcr/register",
            "https://as.example.com/register",
        );
        parse(&text)
    };
    for (path, request, answer) in [
        ("/get", data!("get").0, data!("get").1),
        ("/update", data!("update").0, data!("update").1),
        ("/delete", data!("delete").0, data!("delete").1),
    ] {
        let got = call(path, &for_this_client(request)).await;
        let documented = parse(answer);
        for name in ["resultCode", "action"] {
            assert_eq!(got[name], documented[name], "{path}: {got}");
        }
    }
}
