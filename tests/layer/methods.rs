//! Operations that are switched off.

use http::Request;
use http_body_util::Full;
use tower_dcr::operation::OperationKind::{self, Delete, Read, Register, Update};
use tower_dcr::{ConfigError, DcrEndpoint, DcrLayer};

use crate::support::{
    CLIENT, RecordingBackend, TestResponse, configuration_request, registration_request, send,
};

fn endpoint(methods: &[OperationKind]) -> DcrEndpoint<RecordingBackend> {
    let builder = DcrLayer::builder(RecordingBackend::default()).methods(methods.iter().copied());
    builder.build_endpoint().unwrap()
}

async fn request(endpoint: &DcrEndpoint<RecordingBackend>, kind: OperationKind) -> TestResponse {
    let request = match kind {
        Register => registration_request(CLIENT),
        Read => configuration_request("GET", "/register/1", "t", ""),
        Update => configuration_request("PUT", "/register/1", "t", "{}"),
        Delete => configuration_request("DELETE", "/register/1", "t", ""),
    };
    send(endpoint, request).await
}

#[tokio::test]
async fn operations_that_are_off_are_answered_405_with_allow() {
    let all = [Register, Read, Update, Delete];
    let names = ["POST", "GET", "PUT", "DELETE"];
    // Every set of operations, as bits.
    for set in 1..16_usize {
        let on: Vec<_> = (0..4)
            .filter(|bit| set >> bit & 1 == 1)
            .map(|bit| all[bit])
            .collect();
        let endpoint = endpoint(&on);
        for (index, kind) in all.into_iter().enumerate() {
            let response = request(&endpoint, kind).await;
            if on.contains(&kind) {
                assert!(response.status.is_success(), "{on:?} {kind}: {response:?}");
                continue;
            }
            response.assert_error(405, "invalid_request");
            let range = if index == 0 { 0..1 } else { 1..4 };
            let mut allow: Vec<_> = range
                .filter(|&index| on.contains(&all[index]))
                .map(|index| names[index])
                .collect();
            allow.push("OPTIONS");
            assert_eq!(
                response.header("allow"),
                Some(&*allow.join(", ")),
                "{on:?} {kind}"
            );
            assert_eq!(response.outcome.unwrap().operation(), None);
        }
    }
}

#[tokio::test]
async fn options_names_the_methods_that_are_on() {
    let endpoint = endpoint(&[Register, Read]);
    for (path, allow) in [
        ("/register", "POST, OPTIONS"),
        ("/register/1", "GET, OPTIONS"),
    ] {
        let request = Request::options(path)
            .body(Full::<bytes::Bytes>::default())
            .unwrap();
        let response = send(&endpoint, request).await;
        assert_eq!(
            (response.status.as_u16(), response.header("allow")),
            (204, Some(allow))
        );
    }
}

#[test]
fn registration_only_without_registrations_is_a_configuration_error() {
    let builder = DcrLayer::builder(RecordingBackend::default()).methods([Read, Update]);
    let error = builder.registration_only(true).build().unwrap_err();
    assert_eq!(error, ConfigError::NoMethods);
}

#[test]
fn empty_set_is_a_configuration_error() {
    let error = DcrLayer::builder(RecordingBackend::default())
        .methods([])
        .build()
        .unwrap_err();
    assert_eq!(error, ConfigError::NoMethods);
    assert!(
        error
            .to_string()
            .contains(": write at least OperationKind::Register")
    );
}
