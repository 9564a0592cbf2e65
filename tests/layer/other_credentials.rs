//! Only `Bearer` credentials are taken out of the headers.

use http::header::AUTHORIZATION;
use tower_dcr::operation::Register;
use tower_dcr::{ClientMetadata, DcrEndpoint};

use crate::support::{CLIENT, RecordingBackend, registration_request, send};

#[tokio::test]
async fn credentials_of_other_schemes_reach_the_backend() {
    for (value, kept) in [
        ("Basic dXNlcjpwYXNz", true),
        ("DPoP token", true),
        ("BearerX token", true),
        ("Bearer token", false),
        ("bEaReR   token", false),
    ] {
        let recorder = RecordingBackend::default();
        let mut request = registration_request(CLIENT);
        request
            .headers_mut()
            .insert(AUTHORIZATION, value.parse().unwrap());
        let response = send(&DcrEndpoint::new(recorder.clone()), request).await;
        assert_eq!(response.status, 201);
        let operation = recorder.operations().pop().unwrap();
        let seen = operation.parts().headers.get(AUTHORIZATION);
        assert_eq!(
            seen.map(|seen| seen.to_str().unwrap()),
            kept.then_some(value),
            "{value}"
        );
        assert_eq!(operation.token().is_some(), !kept);
    }
}

#[test]
fn parts_lose_only_their_bearer_credentials() {
    let (mut parts, _) = registration_request(CLIENT).into_parts();
    for value in ["Bearer one", "Basic dXNlcjpwYXNz", "Bearer two"] {
        parts.headers.append(AUTHORIZATION, value.parse().unwrap());
    }
    let operation = Register::new(ClientMetadata::parse("{}").unwrap()).with_parts(parts);
    let seen: Vec<_> = operation
        .parts()
        .headers
        .get_all(AUTHORIZATION)
        .iter()
        .collect();
    assert_eq!(seen, ["Basic dXNlcjpwYXNz"]);
}
