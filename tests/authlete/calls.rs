//! The client without the layer: what it sends, and what it returns.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tower_dcr::Action;
use tower_dcr::authlete::AuthleteClient;
use tower_dcr::operation::{Delete, Read, Register, Update};

use super::peer::{Behaviour, Peer, TOKEN, response};
use super::{metadata, registration, token};

#[tokio::test]
async fn each_call_returns_the_whole_response() {
    let peer = Peer::start().await;
    let client = peer.builder().build().unwrap();
    let register = Register::new(metadata("{ \"client_name\": \"My Dynamic Client\" }"));
    let created = client.register(register).await.unwrap();
    assert_eq!(created.action(), Action::Created);
    assert_eq!(created.result_code(), Some("A202001"));
    assert!(created.result_message().unwrap().starts_with("[A202001] "));
    let raw: Value = serde_json::from_str(created.client().unwrap().get()).unwrap();
    assert_eq!(raw["clientName"], "My Dynamic Client");
    assert_eq!(raw["tokenAuthMethod"], "CLIENT_SECRET_BASIC");
    let information: Value = serde_json::from_str(created.response_content().unwrap()).unwrap();
    let id = information["client_id"].as_str().unwrap();
    let rat = || token(information["registration_access_token"].as_str().unwrap());

    let read = client.read(Read::new(id, rat())).await.unwrap();
    assert_eq!(
        (read.action(), read.result_code()),
        (Action::Ok, Some("A217001"))
    );
    let update = Update::new(id, rat(), metadata(&json!({"client_id": id}).to_string()));
    let updated = client.update(update).await.unwrap();
    assert_eq!(
        (updated.action(), updated.result_code()),
        (Action::Updated, Some("A213001"))
    );
    let deleted = client.delete(Delete::new(id, rat())).await.unwrap();
    assert_eq!(
        (deleted.action(), deleted.result_code()),
        (Action::Deleted, Some("A216001"))
    );
    assert!(deleted.response_content().is_none() && deleted.client().is_none());
    let gone = client.call(&Read::new(id, rat()).into()).await.unwrap();
    assert_eq!(gone.action(), Action::Unauthorized);
    assert_eq!(
        format!("{gone:?}"),
        "AuthleteResponse { action: Unauthorized, result_code: Some(\"E000401\"), .. }"
    );
}

#[tokio::test]
async fn api_error_has_status_code_and_message_and_shows_no_message_in_debug() {
    let peer = Peer::start().await;
    let client = peer.builder().build().unwrap();
    let body = json!({"resultCode": "A001215", "resultMessage": "[A001215] The client is locked."});
    peer.behave(Behaviour::ProcessThenSend(response(403, &body.to_string())));
    let error = client.call(&registration()).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 403);
    assert_eq!(error.result_code(), Some("A001215"));
    assert_eq!(
        error.result_message(),
        Some("[A001215] The client is locked.")
    );
    assert_eq!(error.to_string(), "Authlete responded 403 (A001215)");
    assert!(!format!("{error:?}").contains("locked"));

    // Codes appear in logs, so a text that does not look like a code is dropped.
    for code in [
        "",
        "A1\nERROR forged",
        "SENTINEL ".repeat(10).as_str(),
        "\u{1b}[2J",
    ] {
        let body = json!({"resultCode": code});
        peer.behave(Behaviour::ProcessThenSend(response(403, &body.to_string())));
        let error = client.call(&registration()).await.unwrap_err();
        assert_eq!(error.to_string(), "Authlete responded 403");
        assert_eq!(error.result_code(), None);
    }
}

#[tokio::test]
async fn client_member_may_be_missing_or_null() {
    let peer = Peer::start().await;
    let client = peer.builder().build().unwrap();
    for (more, is_there) in [
        ("", false),
        (r#","client":null"#, false),
        (r#","client":{}"#, true),
    ] {
        let body = format!(r#"{{"action":"OK"{more}}}"#);
        peer.behave(Behaviour::ProcessThenSend(response(200, &body)));
        let response = client.call(&registration()).await.unwrap();
        assert_eq!(response.client().is_some(), is_there, "{body}");
    }
}

#[tokio::test]
async fn response_is_read_up_to_its_limit() {
    let peer = Peer::start().await;
    let body = json!({"action": "CREATED", "responseContent": "{}"}).to_string();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for bytes in [response(200, &body), chunked.into_bytes()] {
        peer.behave(Behaviour::ProcessThenSend(bytes));
        let large_enough = peer.builder().response_limit(body.len()).build().unwrap();
        assert_eq!(
            large_enough.call(&registration()).await.unwrap().action(),
            Action::Created
        );
        let limit = body.len() - 1;
        let too_small = peer.builder().response_limit(limit).build().unwrap();
        let error = too_small.call(&registration()).await.unwrap_err();
        assert!(error.is_response_too_large() && error.is_invalid_response());
    }
}

#[tokio::test]
async fn headers_user_agent_and_base_path_are_sent() {
    let peer = Peer::start().await;
    let client = peer
        .builder()
        .base_url(format!("http://{}/proxy/to/authlete/", peer.address))
        .header(
            HeaderName::from_static("x-trace"),
            HeaderValue::from_static("1"),
        )
        .user_agent(HeaderValue::from_static("mine/1"))
        .build()
        .unwrap();
    // The emulator does not know the path.
    client.call(&registration()).await.unwrap_err();
    let seen = peer.seen().remove(0);
    let target = "/proxy/to/authlete/api/715948317/client/registration";
    assert!(
        seen.head
            .starts_with(&format!("POST {target} HTTP/1.1\r\n"))
    );
    assert!(seen.head.contains("\r\nx-trace: 1\r\n"));
    assert!(seen.head.contains("\r\nuser-agent: mine/1\r\n"));
    assert_eq!(seen.head.matches("authorization:").count(), 1);
    assert!(
        seen.head
            .contains(&format!("authorization: Bearer {TOKEN}"))
    );

    peer.behave(Behaviour::Emulate);
    let default: AuthleteClient = peer.builder().build().unwrap();
    default.call(&registration()).await.unwrap();
    assert!(
        peer.seen()[0]
            .head
            .contains(concat!("user-agent: tower-dcr/", env!("CARGO_PKG_VERSION")))
    );
}
