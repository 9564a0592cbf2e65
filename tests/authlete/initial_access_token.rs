//! The initial access token of a registration, from the client to Authlete.

use tower_dcr::authlete::AuthleteBackend;
use tower_dcr::initial_access::TokenList;
use tower_dcr::operation::Register;
use tower_dcr::{DcrEndpoint, DcrLayer};

use super::peer::{Behaviour, Peer};
use super::support::*;
use super::{metadata, token};

const WITH_TOKEN: &str = r#"{"json":"{}","token":"initial"}"#;
const WITHOUT_TOKEN: &str = r#"{"json":"{}"}"#;

#[tokio::test]
async fn initial_access_token_is_sent_only_on_demand() {
    let peer = Peer::start().await;
    for (yes, body) in [(false, WITHOUT_TOKEN), (true, WITH_TOKEN)] {
        peer.behave(Behaviour::Emulate);
        let client = peer
            .builder()
            .send_initial_access_token(yes)
            .build()
            .unwrap();
        let register = Register::new(metadata("{}")).with_initial_access_token(token("initial"));
        client.register(register).await.unwrap();
        assert_eq!(peer.seen()[0].body, body);
    }
    peer.behave(Behaviour::Emulate);
    let register = Register::new(metadata("{}")).with_initial_access_token(token("initial"));
    let default = peer.builder().build().unwrap();
    default.register(register).await.unwrap();
    assert_eq!(peer.seen()[0].body, WITHOUT_TOKEN);
}

/// The layer removes a token that it verified, unless it is told to forward it.
#[tokio::test]
async fn verified_token_is_sent_only_if_the_layer_forwards_it() {
    let peer = Peer::start().await;
    let client = peer
        .builder()
        .send_initial_access_token(true)
        .build()
        .unwrap();
    let guarded = |forward: bool| {
        DcrLayer::builder(AuthleteBackend::new(client.clone()))
            .require_initial_access_token(TokenList::new(["initial"]).unwrap())
            .forward_initial_access_token(forward)
            .build_endpoint()
            .unwrap()
    };
    let open = DcrEndpoint::new(AuthleteBackend::new(client.clone()));
    for (endpoint, body) in [
        (guarded(false), WITHOUT_TOKEN),
        (guarded(true), WITH_TOKEN),
        (open, WITH_TOKEN),
    ] {
        peer.behave(Behaviour::Emulate);
        let mut request = registration_request("{}");
        let authorization = "Bearer initial".parse().unwrap();
        request.headers_mut().insert("authorization", authorization);
        assert_eq!(send(&endpoint, request).await.status, 201);
        assert_eq!(peer.seen()[0].body, body);
    }
}
