//! The order of the checks. A request with two problems gets the response to the first one alone,
//! for every pair of problems that one request can have.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tower_dcr::{BoxError, DcrLayer, Operation, Reply, backend_fn};

use super::support::*;

/// An update. It is valid until a problem is added.
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
    backend: fn() -> Behaviour,
}

/// The behaviour of the backend.
enum Behaviour {
    Succeeds,
    Hangs,
    Fails,
}

/// A problem: how to add it to a draft, and the response to it alone.
struct Problem {
    name: &'static str,
    add: fn(&mut Draft),
    status: u16,
    error: &'static str,
    /// Whether it is found before the first read of the body.
    is_before_body: bool,
}

const PROBLEMS: [Problem; 14] = [
    Problem {
        name: "1 OPTIONS",
        add: |draft| draft.method = "OPTIONS",
        status: 204,
        error: "",
        is_before_body: true,
    },
    Problem {
        name: "2 method",
        add: |draft| draft.method = "PATCH",
        status: 405,
        error: "invalid_request",
        is_before_body: true,
    },
    Problem {
        name: "3 token in the query",
        add: |draft| draft.query = "?access_token=a",
        status: 400,
        error: "invalid_request",
        is_before_body: true,
    },
    Problem {
        name: "4 no token",
        add: |draft| draft.authorization = None,
        status: 401,
        error: "invalid_token",
        is_before_body: true,
    },
    Problem {
        name: "5 no client",
        add: |draft| draft.segment = "%zz",
        status: 401,
        error: "invalid_token",
        is_before_body: true,
    },
    Problem {
        name: "6 media type",
        add: |draft| draft.content_type = Some("text/html"),
        status: 415,
        error: "invalid_request",
        is_before_body: true,
    },
    Problem {
        name: "7 content encoding",
        add: |draft| draft.content_encoding = Some("gzip"),
        status: 415,
        error: "invalid_request",
        is_before_body: true,
    },
    Problem {
        name: "8 declared length",
        add: |draft| draft.content_length = Some("65537"),
        status: 413,
        error: "invalid_client_metadata",
        is_before_body: true,
    },
    Problem {
        name: "9 too large",
        add: |draft| draft.end = Some(|| BodyStep::Data(Bytes::from_static(&[b' '; 65_537]))),
        status: 413,
        error: "invalid_client_metadata",
        is_before_body: false,
    },
    Problem {
        name: "9 too slow",
        add: |draft| draft.end = Some(|| BodyStep::Hang),
        status: 408,
        error: "invalid_request",
        is_before_body: false,
    },
    Problem {
        name: "9 broken",
        add: |draft| draft.end = Some(|| BodyStep::Fail("reset".into())),
        status: 400,
        error: "invalid_request",
        is_before_body: false,
    },
    Problem {
        name: "10 not JSON",
        add: |draft| draft.text = "[]",
        status: 400,
        error: "invalid_client_metadata",
        is_before_body: false,
    },
    Problem {
        name: "11 no response",
        add: |draft| draft.backend = || Behaviour::Hangs,
        status: 503,
        error: "temporarily_unavailable",
        is_before_body: false,
    },
    Problem {
        name: "12 failing",
        add: |draft| draft.backend = || Behaviour::Fails,
        status: 500,
        error: "server_error",
        is_before_body: false,
    },
];

/// Problems that exclude each other, because they set the same field.
const EXCLUSIVE: [&[&str]; 3] = [
    &["1 OPTIONS", "2 method"],
    &["9 too large", "9 too slow", "9 broken"],
    &["11 no response", "12 failing"],
];

async fn response_to(problems: &[&Problem]) -> TestResponse {
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
        backend: || Behaviour::Succeeds,
    };
    for problem in problems {
        (problem.add)(&mut draft);
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
                Behaviour::Succeeds => Ok(Reply::updated("{}")),
                Behaviour::Hangs => std::future::pending().await,
                Behaviour::Fails => Err(BoxError::from("failed")),
            }
        }
    }))
    .backend_timeout(Duration::from_secs(3))
    .build_endpoint()
    .unwrap();
    let response = send(&endpoint, request.body(body).unwrap()).await;
    if problems.iter().any(|problem| problem.is_before_body) {
        assert_eq!(polls.load(Ordering::SeqCst), 0, "the body was polled");
    }
    response
}

#[track_caller]
fn assert_is_response_to(response: &TestResponse, problem: &Problem, beside: &str) {
    println!("{} beside {beside}", problem.name);
    if problem.error.is_empty() {
        assert_eq!(response.status.as_u16(), problem.status);
        response.assert_well_formed();
    } else {
        response.assert_error(problem.status, problem.error);
    }
}

#[tokio::test(start_paused = true)]
async fn each_problem_alone_has_its_response() {
    let good = response_to(&[]).await;
    assert_eq!(good.status.as_u16(), 200);
    for problem in &PROBLEMS {
        assert_is_response_to(&response_to(&[problem]).await, problem, "nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn each_pair_of_problems_gets_the_response_to_the_first() {
    let mut pairs = 0;
    for (at, first) in PROBLEMS.iter().enumerate() {
        for second in &PROBLEMS[at + 1..] {
            let exclusive = EXCLUSIVE
                .iter()
                .any(|names| names.contains(&first.name) && names.contains(&second.name));
            if !exclusive {
                assert_is_response_to(&response_to(&[first, second]).await, first, second.name);
                pairs += 1;
            }
        }
    }
    assert_eq!(pairs, 14 * 13 / 2 - 5);
}
