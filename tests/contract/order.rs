//! First match wins: every pair of faults that one request can have is answered as the first of the two alone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tower_dcr::{BoxError, DcrLayer, Operation, Reply, backend_fn};

use super::support::*;

/// An update with nothing wrong, as far as no fault was put in.
struct Draft {
    method: &'static str,
    segment: &'static str,
    query: &'static str,
    authorization: Option<&'static str>,
    content_type: Option<&'static str>,
    content_encoding: Option<&'static str>,
    content_length: Option<&'static str>,
    text: &'static str,
    end: Option<fn() -> BodyStep>,
    backend: fn() -> Answering,
}

/// What the backend does.
enum Answering {
    Well,
    Never,
    Failing,
}

/// How a fault gets into the draft, and what it is answered alone.
struct Fault {
    name: &'static str,
    put: fn(&mut Draft),
    status: u16,
    error: &'static str,
    /// Before the first read of the body.
    unread: bool,
}

const FAULTS: [Fault; 14] = [
    Fault {
        name: "1 OPTIONS",
        put: |draft| draft.method = "OPTIONS",
        status: 204,
        error: "",
        unread: true,
    },
    Fault {
        name: "2 method",
        put: |draft| draft.method = "PATCH",
        status: 405,
        error: "invalid_request",
        unread: true,
    },
    Fault {
        name: "3 token in the query",
        put: |draft| draft.query = "?access_token=a",
        status: 400,
        error: "invalid_request",
        unread: true,
    },
    Fault {
        name: "4 no token",
        put: |draft| draft.authorization = None,
        status: 401,
        error: "invalid_token",
        unread: true,
    },
    Fault {
        name: "5 no client",
        put: |draft| draft.segment = "%zz",
        status: 401,
        error: "invalid_token",
        unread: true,
    },
    Fault {
        name: "6 media type",
        put: |draft| draft.content_type = Some("text/html"),
        status: 415,
        error: "invalid_request",
        unread: true,
    },
    Fault {
        name: "7 content encoding",
        put: |draft| draft.content_encoding = Some("gzip"),
        status: 415,
        error: "invalid_request",
        unread: true,
    },
    Fault {
        name: "8 declared length",
        put: |draft| draft.content_length = Some("65537"),
        status: 413,
        error: "invalid_client_metadata",
        unread: true,
    },
    Fault {
        name: "9 too large",
        put: |draft| draft.end = Some(|| BodyStep::Data(Bytes::from_static(&[b' '; 65_537]))),
        status: 413,
        error: "invalid_client_metadata",
        unread: false,
    },
    Fault {
        name: "9 too slow",
        put: |draft| draft.end = Some(|| BodyStep::Hang),
        status: 408,
        error: "invalid_request",
        unread: false,
    },
    Fault {
        name: "9 broken",
        put: |draft| draft.end = Some(|| BodyStep::Fail("reset".into())),
        status: 400,
        error: "invalid_request",
        unread: false,
    },
    Fault {
        name: "10 not JSON",
        put: |draft| draft.text = "[]",
        status: 400,
        error: "invalid_client_metadata",
        unread: false,
    },
    Fault {
        name: "11 no answer",
        put: |draft| draft.backend = || Answering::Never,
        status: 503,
        error: "temporarily_unavailable",
        unread: false,
    },
    Fault {
        name: "12 failing",
        put: |draft| draft.backend = || Answering::Failing,
        status: 500,
        error: "server_error",
        unread: false,
    },
];

/// Those that set the same thing exclude each other.
const EXCLUSIVE: [&[&str]; 3] = [
    &["1 OPTIONS", "2 method"],
    &["9 too large", "9 too slow", "9 broken"],
    &["11 no answer", "12 failing"],
];

async fn answer(faults: &[&Fault]) -> Answer {
    let mut draft = Draft {
        method: "PUT",
        segment: "1",
        query: "",
        authorization: Some("Bearer token"),
        content_type: Some("application/json"),
        content_encoding: None,
        content_length: None,
        text: "{\"client_id\":\"1\"}",
        end: None,
        backend: || Answering::Well,
    };
    for fault in faults {
        (fault.put)(&mut draft);
    }
    let steps = [BodyStep::Data(Bytes::from_static(draft.text.as_bytes()))];
    let body = ScriptedBody::new(steps.into_iter().chain(draft.end.map(|end| end())));
    let polls = body.polls();

    let mut request = Request::builder()
        .method(draft.method)
        .uri(format!("/register/{}{}", draft.segment, draft.query))
        .header("expect", "100-continue");
    for (name, value) in [
        ("authorization", draft.authorization),
        ("content-type", draft.content_type),
        ("content-encoding", draft.content_encoding),
        ("content-length", draft.content_length),
    ] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let backend = Arc::new(draft.backend);
    let endpoint = DcrLayer::builder(backend_fn(move |_: Operation| {
        let backend = backend();
        async move {
            match backend {
                Answering::Well => Ok(Reply::updated("{}")),
                Answering::Never => std::future::pending().await,
                Answering::Failing => Err(BoxError::from("failed")),
            }
        }
    }))
    .backend_timeout(Duration::from_secs(3))
    .build_endpoint()
    .unwrap();
    let answer = ask(&endpoint, request.body(body).unwrap()).await;
    if faults.iter().any(|fault| fault.unread) {
        assert_eq!(polls.load(Ordering::SeqCst), 0, "the body was polled");
    }
    answer
}

#[track_caller]
fn assert_is(answer: &Answer, fault: &Fault, beside: &str) {
    println!("{} beside {beside}", fault.name);
    if fault.error.is_empty() {
        assert_eq!(answer.status.as_u16(), fault.status);
        answer.assert_well_formed();
    } else {
        answer.assert_error(fault.status, fault.error);
    }
}

#[tokio::test(start_paused = true)]
async fn each_fault_alone() {
    let good = answer(&[]).await;
    assert_eq!(good.status.as_u16(), 200);
    for fault in &FAULTS {
        assert_is(&answer(&[fault]).await, fault, "nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn each_pair_of_faults() {
    let mut pairs = 0;
    for (at, first) in FAULTS.iter().enumerate() {
        for second in &FAULTS[at + 1..] {
            let exclusive = EXCLUSIVE
                .iter()
                .any(|names| names.contains(&first.name) && names.contains(&second.name));
            if !exclusive {
                assert_is(&answer(&[first, second]).await, first, second.name);
                pairs += 1;
            }
        }
    }
    assert_eq!(pairs, 14 * 13 / 2 - 5);
}
