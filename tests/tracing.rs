//! What is told through `tracing`. In a binary of its own, one test after the other: whether a place in the code is listened
//! to is settled for the whole process, and another thread that comes by at the wrong moment settles that nobody does.

#[path = "support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use serde_json::Value;
use tower::{Layer, service_fn};
use tower_dcr::registry::{ClientOrder, Registry};
use tower_dcr::{BoxError, DcrEndpoint, DcrLayer, ErrorCode, Operation, Reply, backend_fn};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::TraceLayer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use support::*;

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn answered(
    answer: impl Fn(&Operation) -> Result<Reply, BoxError> + Send + Sync + 'static,
    request: Request<http_body_util::Full<bytes::Bytes>>,
) {
    let backend = backend_fn(move |operation: Operation| {
        let answer = answer(&operation);
        async { answer }
    });
    ask(&DcrEndpoint::new(backend), request).await;
}

async fn client(backend: &Registry) -> Value {
    let answer = ask(&DcrEndpoint::new(backend.clone()), register(CLIENT)).await;
    assert_eq!(answer.status, 201);
    answer.json()
}

/// Spans with their fields, as they are when they are over.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<(Id, String)>>>);

struct Fields<'f>(&'f mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write as _;
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let metadata = attributes.metadata();
        let mut text = format!("{} {}", metadata.level(), metadata.name());
        attributes.record(&mut Fields(&mut text));
        self.0.lock().unwrap().push((id.clone(), text));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        let (_, text) = spans.iter_mut().rev().find(|(span, _)| span == id).unwrap();
        values.record(&mut Fields(text));
    }
}

#[tokio::test]
async fn a_span_for_each_operation() {
    let _alone = ALONE.lock().await;
    let spans = Spans::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
    let created = |_: &Operation| {
        // What a backend logs is inside.
        assert_eq!(
            tracing::Span::current().metadata().unwrap().name(),
            "client_registration"
        );
        Ok(Reply::created(r#"{"client_id":"sentinel"}"#).with_reason("A1_b-2.c"))
    };
    answered(created, register(CLIENT)).await;
    let refused = |_: &Operation| Ok(Reply::refuse(ErrorCode::InvalidToken, "x"));
    answered(
        refused,
        configure("DELETE", "/register/sentinel", "sentinel", ""),
    )
    .await;
    answered(refused, configure("GET", "/register/%zz", "sentinel", "")).await;
    answered(
        |_| Err("x".into()),
        configure("PUT", "/register/sentinel", "t", "{}"),
    )
    .await;
    answered(refused, configure("OPTIONS", "/register", "t", "")).await;
    // A code that a client may have written.
    for code in ["sentinel said", "sentinel\n", "s\u{e9}", &"s".repeat(65)] {
        let code = code.to_owned();
        answered(
            move |_| Ok(Reply::deleted().with_reason(code.clone())),
            configure("DELETE", "/register/1", "t", ""),
        )
        .await;
    }
    let texts: Vec<_> = spans
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|(_, text)| text.clone())
        .collect();
    assert_eq!(
        texts,
        [
            r#"INFO client_registration operation="register" status=201 action="created" reason="A1_b-2.c""#,
            r#"INFO client_registration operation="delete" status=401 action="unauthorized" error="invalid_token""#,
            r#"INFO client_registration operation="read" status=401 error="invalid_token""#,
            r#"INFO client_registration operation="update" status=500 error="server_error""#,
            r#"INFO client_registration operation="delete" status=204 action="deleted""#,
            r#"INFO client_registration operation="delete" status=204 action="deleted""#,
            r#"INFO client_registration operation="delete" status=204 action="deleted""#,
            r#"INFO client_registration operation="delete" status=204 action="deleted""#,
        ]
    );
}

/// What an endpoint layer does not let through, or does not wait for.
#[tokio::test(start_paused = true)]
async fn a_span_for_what_an_endpoint_layer_fails_with() {
    let _alone = ALONE.lock().await;
    let spans = Spans::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
    let slow = backend_fn(|_: Operation| async {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        Ok::<_, std::convert::Infallible>(Reply::created("{}"))
    });
    let layer = DcrLayer::new(slow).endpoint_layer(tower::timeout::TimeoutLayer::new(
        std::time::Duration::from_secs(1),
    ));
    let inner = service_fn(|_: Request<_>| async {
        Ok::<_, std::convert::Infallible>(Response::new(axum::body::Body::empty()))
    });
    let unavailable = r#"INFO client_registration operation="register" status=503 error="temporarily_unavailable""#;
    for answer in [
        ask(&layer.layer(inner), register(CLIENT)).await,
        ask(&layer.handle_errors().layer(inner), register(CLIENT)).await,
    ] {
        answer.assert_error(503, "temporarily_unavailable");
    }
    let texts: Vec<_> = spans.0.lock().unwrap().drain(..).collect();
    let given_up = r#"INFO client_registration operation="register""#;
    let texts: Vec<_> = texts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, [given_up, unavailable, given_up, unavailable]);
}

/// A layer of a subscriber that counts warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicU64>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Warnings {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == tracing::Level::WARN {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn a_warning_when_the_registry_is_filling_up() {
    let _alone = ALONE.lock().await;
    let warnings = Warnings::default();
    let subscriber = tracing_subscriber::registry().with(warnings.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    // The one in a file warns on a thread of its own, where this subscriber is not.
    let backend = Registry::builder("https://as.example.com/register")
        .max_clients(10)
        .build()
        .unwrap();
    let count = || warnings.0.load(Ordering::SeqCst);
    for _ in 0..7 {
        client(&backend).await;
    }
    assert_eq!(count(), 0);
    let eighth = client(&backend).await;
    assert_eq!(count(), 1);
    // Once is enough, until there was room in between.
    client(&backend).await;
    assert_eq!(count(), 1);
    for id in [&eighth, &client(&backend).await] {
        backend
            .delete(id["client_id"].as_str().unwrap())
            .await
            .unwrap();
    }
    let order = ClientOrder::Age;
    for old in backend.list(order, None, 2).await.unwrap().clients {
        backend.delete(old.client_id()).await.unwrap();
    }
    client(&backend).await;
    assert_eq!(count(), 1);
    client(&backend).await;
    assert_eq!(count(), 2);
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn trace<B>(request: &Request<B>) -> tracing::Span {
    tracing::info_span!("request", headers = ?request.headers())
}

/// What a trace shows of a request's headers.
#[tokio::test]
async fn a_token_is_not_in_a_trace() {
    let _alone = ALONE.lock().await;
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let layer = DcrLayer::new(Recorder::default())
        .endpoint_layer(TraceLayer::new_for_http().make_span_with(trace as fn(&Request<_>) -> _))
        .endpoint_layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]));
    let answer = ask(
        &layer.layer(service_fn(|_: Request<_>| async {
            Ok::<_, std::convert::Infallible>(Response::new(axum::body::Body::empty()))
        })),
        configure("GET", "/register/1", "sentinel", ""),
    )
    .await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("finished processing request"), "{text}");
    assert!(text.contains("\"authorization\": Sensitive"), "{text}");
    assert!(!text.contains("sentinel"), "{text}");
}
