//! Typed values instead of text: `Reply::created_json` and its siblings,
//! `ClientMetadata::deserialize`, and `ErrorCode` from a string.

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::error::Error;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use tower_dcr::metadata::DeserializeError;
use tower_dcr::reply::SerializeError;
use tower_dcr::{
    Action, BoxError, ClientMetadata, DcrEndpoint, ErrorCode, Operation, Reply, backend_fn,
};

use support::*;

#[derive(Serialize)]
struct Information {
    client_id: String,
    client_name: Option<String>,
}

/// An error of `serde_json` would quote it.
struct Unserializable;

impl Serialize for Unserializable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("sentinel"))
    }
}

/// Calls the three constructors with one value.
fn replies<T: Serialize + ?Sized>(content: &T) -> [Result<Reply, SerializeError>; 3] {
    [
        Reply::created_json(content),
        Reply::ok_json(content),
        Reply::updated_json(content),
    ]
}

#[tokio::test]
async fn serialized_replies_have_the_action_and_the_content() {
    let information = Information {
        client_id: "a\"\u{30af}".to_owned(),
        client_name: None,
    };
    let text = "{\"client_id\":\"a\\\"\u{30af}\",\"client_name\":null}";
    let actions = [Action::Created, Action::Ok, Action::Updated];
    for (reply, action) in replies(&information).into_iter().zip(actions) {
        let reply = reply.unwrap();
        assert_eq!(reply.action(), action);
        assert_eq!(reply.content().unwrap(), text);
        assert!(reply.error().is_none() && reply.reason().is_none());
    }

    let requests = [
        (registration_request(CLIENT), 201),
        (
            configuration_request("GET", "/register/1", "token", ""),
            200,
        ),
        (
            configuration_request("PUT", "/register/1", "token", CLIENT),
            200,
        ),
    ];
    let backend = backend_fn(async |operation: Operation| {
        let content = json!({ "client_id": operation.client_id().unwrap_or("new") });
        Ok::<_, BoxError>(match operation {
            Operation::Register(_) => Reply::created_json(&content)?,
            Operation::Read(_) => Reply::ok_json(&content)?,
            _ => Reply::updated_json(&content)?,
        })
    });
    for (request, status) in requests {
        let response = send(&DcrEndpoint::new(backend), request).await;
        assert_eq!(response.status, status);
        response.assert_well_formed();
        let client_id = if status == 201 { "new" } else { "1" };
        assert_eq!(response.json(), json!({ "client_id": client_id }));
        assert_eq!(response.outcome.unwrap().client_id(), Some(client_id));
    }
}

#[test]
fn maps_are_serialized() {
    for reply in replies(&BTreeMap::from([("client_id", "1")])) {
        assert_eq!(reply.unwrap().content().unwrap(), "{\"client_id\":\"1\"}");
    }
}

#[test]
fn values_that_are_not_json_objects_are_refused() {
    fn assert_refused<T: Serialize + ?Sized>(content: &T) {
        for reply in replies(content) {
            let error = reply.unwrap_err();
            assert!(error.source().is_none());
            let text = format!("{error} {error:?} {error:#?}");
            assert!(!text.contains("sentinel"), "{text}");
            // It says what to write instead.
            assert!(error.to_string().contains("serialize a struct"), "{error}");
        }
    }
    assert_refused("sentinel");
    assert_refused("{\"client_id\":\"sentinel\"}");
    assert_refused(&["sentinel"]);
    assert_refused(&None::<Information>);
    assert_refused(&7);
    assert_refused(&Value::Null);
    assert_refused(&Unserializable);
    assert_refused(&BTreeMap::from([((1, 2), "sentinel")]));
}

#[derive(Debug, Deserialize)]
struct Metadata {
    redirect_uris: Vec<String>,
    client_name: Option<String>,
    #[serde(default)]
    default_max_age: u8,
}

fn deserialize(text: &str) -> Result<Metadata, DeserializeError> {
    ClientMetadata::parse(text).unwrap().deserialize()
}

#[test]
fn metadata_is_deserialized_into_a_type() {
    let text = r#"{"redirect_uris":["https://a.example/cb"],"default_max_age":7,"unknown":{}}"#;
    let metadata = deserialize(text).unwrap();
    assert_eq!(metadata.redirect_uris, ["https://a.example/cb"]);
    assert_eq!(metadata.client_name, None);
    assert_eq!(metadata.default_max_age, 7);

    let escaped = r#"{"redirect_uris":[],"client_name":"\u30af"}"#;
    let metadata = deserialize(escaped).unwrap();
    assert_eq!(metadata.client_name.as_deref(), Some("\u{30af}"));

    let map: BTreeMap<String, Value> = ClientMetadata::parse(text).unwrap().deserialize().unwrap();
    assert_eq!(map.len(), 3);
}

/// An error of `serde_json` quotes the value, or the name of the member.
#[test]
fn deserialize_error_says_where_and_quotes_nothing() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[expect(dead_code, reason = "only its type matters")]
        redirect_uris: Vec<String>,
    }

    for (text, line, column) in [
        (r#"{"redirect_uris":"sentinel"}"#, 1, 27),
        (
            "{\n \"redirect_uris\":[],\n \"client_name\":[\"sentinel\"]}",
            3,
            15,
        ),
        (r#"{"redirect_uris":[],"default_max_age":31337}"#, 1, 43),
        (r#"{"redirect_uris":[{"sentinel":1}]}"#, 1, 18),
        (r#"{"sentinel":1}"#, 1, 14),
    ] {
        let error = deserialize(text).unwrap_err();
        assert!(error.source().is_none());
        let said = format!("{error} {error:?} {error:#?}");
        assert!(
            !said.contains("sentinel") && !said.contains("31337"),
            "{said}"
        );
        let position = format!("line {line}, column {column} ");
        assert!(error.to_string().contains(&position), "{error}");
        assert!(error.to_string().contains("Metadata"), "{error}");
    }
    let metadata = ClientMetadata::parse(r#"{"redirect_uris":[],"sentinel":1}"#).unwrap();
    let error = metadata.deserialize::<Strict>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("sentinel"));
}

#[test]
fn error_codes_are_parsed_from_their_exact_text() {
    for code in [
        ErrorCode::InvalidRedirectUri,
        ErrorCode::InvalidClientMetadata,
        ErrorCode::InvalidSoftwareStatement,
        ErrorCode::UnapprovedSoftwareStatement,
        ErrorCode::InvalidRequest,
        ErrorCode::InvalidToken,
        ErrorCode::InsufficientScope,
        ErrorCode::AccessDenied,
        ErrorCode::ServerError,
        ErrorCode::TemporarilyUnavailable,
    ] {
        assert_eq!(code.as_str().parse::<ErrorCode>().unwrap(), code);
        assert_eq!(code.to_string().parse::<ErrorCode>().unwrap(), code);
        for wrong in [
            code.as_str().to_uppercase(),
            format!(" {code}"),
            format!("{code}\n"),
            code.as_str().replacen('_', "-", 1),
        ] {
            assert!(wrong.parse::<ErrorCode>().is_err(), "{wrong:?}");
        }
    }
    for unknown in ["", "sentinel", "invalid_scope"] {
        let error = unknown.parse::<ErrorCode>().unwrap_err();
        assert!(error.source().is_none());
        assert!(!format!("{error} {error:?}").contains("sentinel"));
    }
}
