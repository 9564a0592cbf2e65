//! Spans, log lines and warnings through `tracing`.
//!
//! The tests have a binary of their own, and run one after the other. `tracing` caches for the
//! whole process whether anybody listens to a callsite. A thread without a subscriber could cache
//! that nobody does.

#[path = "support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task;

use http::header::AUTHORIZATION;
use http::{Request, Response};
use serde_json::Value;
use tower::load_shed::error::Overloaded;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_dcr::backend::BackendService;
use tower_dcr::endpoint::{Challenges, RequestSummary, RespondLayer, respond};
use tower_dcr::operation::Register;
use tower_dcr::policy::{Policies, Proposal, Rejection, policy_fn};
use tower_dcr::registry::{ClientOrder, Registry};
use tower_dcr::{
    BearerToken, BoxError, ClientMetadata, DcrEndpoint, DcrLayer, ErrorCode, Operation, Reply,
    backend_fn,
};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::TraceLayer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use support::*;

/// Held by the test that runs.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Sends a request to a backend that replies like this.
async fn send_to_backend(
    reply: impl Fn(&Operation) -> Result<Reply, BoxError> + Send + Sync + 'static,
    request: Request<http_body_util::Full<bytes::Bytes>>,
) {
    let backend = backend_fn(move |operation: Operation| {
        let reply = reply(&operation);
        async { reply }
    });
    send(&DcrEndpoint::new(backend), request).await;
}

async fn client(backend: &Registry) -> Value {
    let response = send(
        &DcrEndpoint::new(backend.clone()),
        registration_request(CLIENT),
    )
    .await;
    assert_eq!(response.status, 201);
    response.json()
}

/// Records the spans, with the final values of their fields.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<(Id, String)>>>);

struct Fields<'f>(&'f mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write as _;
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Spans {
    /// Returns the spans so far, and forgets them.
    fn take(&self) -> Vec<String> {
        let spans = std::mem::take(&mut *self.0.lock().unwrap());
        spans.into_iter().map(|(_, text)| text).collect()
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
async fn each_operation_has_a_span() {
    let _alone = ALONE.lock().await;
    let spans = Spans::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
    let created = |_: &Operation| {
        // The backend runs inside the span.
        assert_eq!(
            tracing::Span::current().metadata().unwrap().name(),
            "client_registration"
        );
        Ok(Reply::created(r#"{"client_id":"sentinel"}"#).with_reason("A1_b-2.c"))
    };
    send_to_backend(created, registration_request(CLIENT)).await;
    let refused = |_: &Operation| Ok(Reply::refuse(ErrorCode::InvalidToken, "x"));
    send_to_backend(
        refused,
        configuration_request("DELETE", "/register/sentinel", "sentinel", ""),
    )
    .await;
    send_to_backend(
        refused,
        configuration_request("GET", "/register/%zz", "sentinel", ""),
    )
    .await;
    send_to_backend(
        |_| Err("x".into()),
        configuration_request("PUT", "/register/sentinel", "t", "{}"),
    )
    .await;
    send_to_backend(
        refused,
        configuration_request("OPTIONS", "/register", "t", ""),
    )
    .await;
    // A reason that is not one word may contain text of the client.
    for code in ["sentinel said", "sentinel\n", "s\u{e9}", &"s".repeat(65)] {
        let code = code.to_owned();
        send_to_backend(
            move |_| Ok(Reply::deleted().with_reason(code.clone())),
            configuration_request("DELETE", "/register/1", "t", ""),
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
            "INFO client_registration operation=\"register\" status=201 action=\"created\" \
             reason=\"A1_b-2.c\"",
            "INFO client_registration operation=\"delete\" status=401 action=\"unauthorized\" \
             error=\"invalid_token\"",
            r#"INFO client_registration operation="read" status=401 error="invalid_token""#,
            r#"INFO client_registration operation="update" status=500 error="server_error""#,
            r#"INFO client_registration operation="delete" status=204 action="deleted""#,
            r#"INFO client_registration operation="delete" status=204 action="deleted""#,
            r#"INFO client_registration operation="delete" status=204 action="deleted""#,
            r#"INFO client_registration operation="delete" status=204 action="deleted""#,
        ]
    );
}

/// The span of the cancelled operation has no status. The response to the error has its own span.
#[tokio::test(start_paused = true)]
async fn endpoint_layer_error_has_a_span_of_its_own() {
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
    let unavailable = "INFO client_registration operation=\"register\" status=503 \
                       error=\"temporarily_unavailable\"";
    for response in [
        send(&layer.layer(inner), registration_request(CLIENT)).await,
        send(
            &layer.handle_errors().layer(inner),
            registration_request(CLIENT),
        )
        .await,
    ] {
        response.assert_error(503, "temporarily_unavailable");
    }
    let texts: Vec<_> = spans.0.lock().unwrap().drain(..).collect();
    let cancelled = r#"INFO client_registration operation="register""#;
    let texts: Vec<_> = texts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, [cancelled, unavailable, cancelled, unavailable]);
}

/// Counts the events of the level ERROR, with their fields and the name of the span around them.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

impl<S> tracing_subscriber::Layer<S> for Errors
where
    S: tracing::Subscriber + for<'s> tracing_subscriber::registry::LookupSpan<'s>,
{
    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() == tracing::Level::ERROR {
            let span = context
                .event_span(event)
                .map_or("no span", |span| span.name());
            let mut text = span.to_owned();
            event.record(&mut Fields(&mut text));
            self.0.lock().unwrap().push(text);
        }
    }
}

/// Fails to become ready each time.
struct NeverReady;

impl Service<Operation> for NeverReady {
    type Response = Reply;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Reply, BoxError>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        task::Poll::Ready(Err("no connection".into()))
    }

    fn call(&mut self, _: Operation) -> Self::Future {
        unreachable!("it was never ready")
    }
}

fn registration() -> Operation {
    Register::new(ClientMetadata::parse(CLIENT).unwrap()).into()
}

#[tokio::test]
async fn respond_service_has_a_span_and_logs_each_5xx() {
    let _alone = ALONE.lock().await;
    let (spans, errors) = (Spans::default(), Errors::default());
    let subscriber = tracing_subscriber::registry()
        .with(spans.clone())
        .with(errors.clone());
    let _guard = tracing::subscriber::set_default(subscriber);

    let layer = RespondLayer::new();
    let inner = service_fn(|_: Operation| {
        // The call itself is inside the span too.
        let current = || tracing::Span::current().metadata().unwrap().name();
        assert_eq!(current(), "client_registration");
        async move {
            tokio::task::yield_now().await;
            assert_eq!(current(), "client_registration");
            Ok::<_, BoxError>(Reply::created("{}").with_reason("A1"))
        }
    });
    layer.layer(inner).oneshot(registration()).await.unwrap();
    let failing = service_fn(|_: Operation| async { Err::<Reply, _>("no such table") });
    layer.layer(failing).oneshot(registration()).await.unwrap();
    let not_ready = layer.layer(NeverReady).oneshot(registration());
    not_ready.await.unwrap();

    let failed = r#"INFO client_registration operation="register" status=500 error="server_error""#;
    assert_eq!(
        spans.take(),
        [
            "INFO client_registration operation=\"register\" status=201 action=\"created\" \
             reason=\"A1\"",
            failed,
            failed,
        ]
    );
    let logged = |cause: &str| {
        format!(
            "client_registration message=client registration failed operation=\"register\" \
             status=500 cause={cause}"
        )
    };
    let expected = [logged("no such table"), logged("no connection")];
    assert_eq!(*errors.0.lock().unwrap(), expected);
}

/// The function is pure. Its caller reports the outcome.
#[tokio::test]
async fn respond_function_has_no_span_and_logs_nothing() {
    let _alone = ALONE.lock().await;
    let (spans, errors) = (Spans::default(), Errors::default());
    let subscriber = tracing_subscriber::registry()
        .with(spans.clone())
        .with(errors.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let results: [Result<Reply, &str>; 4] = [
        Ok(Reply::created("{}")),
        Ok(Reply::internal_server_error("{}")),
        Ok(Reply::deleted()),
        Err("no such table"),
    ];
    for result in results {
        let summary = RequestSummary::new(&registration());
        let _response = respond(summary, result, &Challenges::default());
    }
    assert_eq!(spans.take(), [] as [&str; 0]);
    assert!(errors.0.lock().unwrap().is_empty());
}

/// Counts the events of the level WARN.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicU64>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Warnings {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == tracing::Level::WARN {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The warning lines, with their fields.
#[derive(Clone, Debug, Default)]
struct WarningLines(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for WarningLines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() <= tracing::Level::WARN {
            let mut text = event.metadata().level().to_string();
            event.record(&mut Fields(&mut text));
            self.0.lock().unwrap().push(text);
        }
    }
}

/// Under overload, a line for each request would add to the load.
#[tokio::test]
async fn shed_load_logs_one_warning_a_second_with_the_count() {
    let _alone = ALONE.lock().await;
    let lines = WarningLines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let backend = BackendService::new(backend_fn(|_| async {
        Ok::<_, BoxError>(Reply::created("{}"))
    }));
    let full = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(0)
        .service(backend);
    let endpoint = DcrEndpoint::new(full);
    for _ in 0..50 {
        send(&endpoint, registration_request(CLIENT))
            .await
            .assert_error(503, "temporarily_unavailable");
    }
    let line = |count| format!("WARN message=client registration shed load count={count}");
    assert_eq!(*lines.0.lock().unwrap(), [line(1)]);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    send(&endpoint, registration_request(CLIENT)).await;
    assert_eq!(*lines.0.lock().unwrap(), [line(1), line(50)]);

    // A verifier and a policy shed load too. Neither logs an error for each request.
    lines.0.lock().unwrap().clear();
    let verifier = |_: BearerToken, _: &http::request::Parts| async {
        Err::<bool, BoxError>(Overloaded::new().into())
    };
    let guarded = DcrLayer::builder(backend_fn(|_| async {
        Ok::<_, BoxError>(Reply::created("{}"))
    }));
    let guarded = guarded
        .require_initial_access_token(verifier)
        .build_endpoint()
        .unwrap();
    let policy = policy_fn(|_: &mut Proposal| {
        Err(Rejection::temporarily_unavailable().with_cause(Overloaded::new()))
    });
    let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    let checked = DcrEndpoint::new(Policies::new().with(policy).layer(backend));
    for _ in 0..20 {
        let mut request = registration_request(CLIENT);
        let bearer = "Bearer token".parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
        send(&guarded, request)
            .await
            .assert_error(503, "temporarily_unavailable");
        send(&checked, registration_request(CLIENT))
            .await
            .assert_error(503, "temporarily_unavailable");
    }
    assert!(lines.0.lock().unwrap().len() <= 1, "{lines:?}");
}

#[tokio::test]
async fn registry_that_fills_up_logs_one_warning() {
    let _alone = ALONE.lock().await;
    let warnings = Warnings::default();
    let subscriber = tracing_subscriber::registry().with(warnings.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    // A registry in a file logs on a thread of its own, which does not have this subscriber.
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
    // There is no second warning before the number of clients falls again.
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

/// Each tenant is warned about once, whatever handle it has.
#[tokio::test]
async fn tenant_that_fills_up_logs_one_warning() {
    let _alone = ALONE.lock().await;
    let warnings = Warnings::default();
    let subscriber = tracing_subscriber::registry().with(warnings.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let registry = Registry::builder("https://as.example.com/register")
        .max_clients(5)
        .build()
        .unwrap();
    for (warned, name) in [(0, "blue"), (1, "green")] {
        for number in 0..5 {
            // One path for all, because there is no selector here.
            let url = "https://as.example.com/register";
            client(&registry.tenant(name, url).unwrap()).await;
            let expected = warned + u64::from(number >= 3);
            assert_eq!(warnings.0.load(Ordering::SeqCst), expected);
        }
    }
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

/// `SetSensitiveRequestHeadersLayer` around the trace hides the token.
#[tokio::test]
async fn trace_of_an_endpoint_layer_shows_no_token() {
    let _alone = ALONE.lock().await;
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let layer = DcrLayer::new(RecordingBackend::default())
        .endpoint_layer(TraceLayer::new_for_http().make_span_with(trace as fn(&Request<_>) -> _))
        .endpoint_layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]));
    let response = send(
        &layer.layer(service_fn(|_: Request<_>| async {
            Ok::<_, std::convert::Infallible>(Response::new(axum::body::Body::empty()))
        })),
        configuration_request("GET", "/register/1", "sentinel", ""),
    )
    .await;
    assert_eq!(response.status, 200);
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("finished processing request"), "{text}");
    assert!(text.contains("\"authorization\": Sensitive"), "{text}");
    assert!(!text.contains("sentinel"), "{text}");
}
