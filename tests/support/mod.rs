//! What the tests share: requests, answers and what every answer must have, bodies and backends that misbehave.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary has its own copy, and uses a part of it"
)]

pub mod compile;
pub mod dice;
#[cfg(unix)]
pub mod example;
pub mod known_client;
pub mod report;
pub mod wire;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower::{Service, ServiceExt};
use tower_dcr::{Backend, BoxError, Operation, Outcome, Reply};

pub const CLIENT: &str = r#"{"redirect_uris":["https://client.example.org/cb"]}"#;

/// A response, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub outcome: Option<Outcome>,
}

impl Answer {
    pub async fn of<B>(response: Response<B>) -> Self
    where
        B: Body,
        B::Error: std::fmt::Debug,
    {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            outcome: parts.extensions.get().cloned(),
            body: body.collect().await.expect("the body ends well").to_bytes(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The `error` of an error response.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().expect("an error").to_owned()
    }

    /// An answer to a `HEAD`: all that a `GET` would get but the body.
    #[track_caller]
    pub fn assert_head_of_error(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status);
        assert!(self.body.is_empty(), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(
            self.header("content-length")
                .unwrap()
                .parse::<usize>()
                .unwrap()
                > 0
        );
    }

    /// What section 3 of the contract asks of every answer.
    #[track_caller]
    pub fn assert_well_formed(&self) {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("pragma"), Some("no-cache"), "{self:?}");
        if self.status == StatusCode::NO_CONTENT {
            assert!(self.body.is_empty());
            assert_eq!(self.header("content-type"), None);
            assert_eq!(self.header("content-length"), None);
            return;
        }
        assert_eq!(self.header("content-type"), Some("application/json"));
        let length = self.body.len().to_string();
        assert_eq!(self.header("content-length"), Some(&*length));
        assert!(self.json().is_object());
        assert_eq!(
            self.headers.contains_key("www-authenticate")
                && self.status == StatusCode::UNAUTHORIZED,
            self.status == StatusCode::UNAUTHORIZED,
            "a 401 has a challenge"
        );
    }

    /// One of our own errors.
    #[track_caller]
    pub fn assert_error(&self, status: u16, error: &str) {
        assert_eq!(
            (self.status.as_u16(), &*self.error()),
            (status, error),
            "{self:?}"
        );
        self.assert_well_formed();
        let body = self.json();
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        let description = body["error_description"].as_str().unwrap();
        assert!(!description.is_empty() && description.len() <= 200);
        assert!(
            description
                .bytes()
                .all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)),
            "{description}"
        );
    }
}

/// Calls a service as a server would, and reads the response to its end.
pub async fn ask<S, ReqBody, ResBody>(service: &S, request: Request<ReqBody>) -> Answer
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: std::fmt::Debug,
    ResBody: Body,
    ResBody::Error: std::fmt::Debug,
{
    Answer::of(service.clone().oneshot(request).await.unwrap()).await
}

/// A registration that has nothing wrong.
pub fn register(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("/register")
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

/// A request of a client on its configuration endpoint.
pub fn configure(
    method: &str,
    path: &str,
    token: &str,
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

/// A backend that does what it is asked, and keeps what it was asked.
#[derive(Clone, Default)]
pub struct Recorder {
    operations: Arc<Mutex<Vec<Operation>>>,
}

impl Recorder {
    pub fn operations(&self) -> Vec<Operation> {
        self.operations.lock().unwrap().clone()
    }

    pub fn calls(&self) -> usize {
        self.operations.lock().unwrap().len()
    }
}

impl Backend for Recorder {
    type Error = Infallible;

    async fn execute(&self, operation: Operation) -> Result<Reply, Infallible> {
        let reply = match &operation {
            Operation::Register(_) => Reply::created("{\"client_id\":\"1\"}"),
            Operation::Read(_) => Reply::ok("{\"client_id\":\"1\"}"),
            Operation::Update(_) => Reply::updated("{\"client_id\":\"1\"}"),
            Operation::Delete(_) => Reply::deleted(),
        };
        self.operations.lock().unwrap().push(operation);
        Ok(reply)
    }
}

/// What a [`Script`] does next.
pub enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    Fail(BoxError),
    /// Nothing more, ever.
    Hang,
}

/// A body that does as it is told, and counts what was taken of it.
pub struct Script {
    steps: VecDeque<Step>,
    hint: SizeHint,
    taken: Arc<AtomicUsize>,
    polls: Arc<AtomicUsize>,
}

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            hint: SizeHint::default(),
            taken: Arc::default(),
            polls: Arc::default(),
        }
    }

    pub fn with_hint(mut self, lower: u64) -> Self {
        self.hint.set_lower(lower);
        self
    }

    /// The bytes taken so far.
    pub fn taken(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.taken)
    }

    /// How often it was polled so far.
    pub fn polls(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.polls)
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        match self.steps.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Data(data)) => {
                self.taken.fetch_add(data.len(), Ordering::SeqCst);
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(Step::Fail(error)) => Poll::Ready(Some(Err(error))),
            Some(Step::Hang) => {
                self.steps.push_front(Step::Hang);
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// An error with an error behind it.
#[derive(Debug)]
pub struct Wrapped(pub BoxError);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Passes on to an inner service, and panics where it is called without having been ready: readiness is an instance's,
/// and a clone has none.
pub struct Strict<S> {
    inner: S,
    ready: bool,
}

impl<S> Strict<S> {
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            ready: false,
        }
    }
}

impl<S: Clone> Clone for Strict<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl<S: Service<R>, R> Service<R> for Strict<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let ready = self.inner.poll_ready(cx);
        self.ready = matches!(ready, Poll::Ready(Ok(())));
        ready
    }

    fn call(&mut self, request: R) -> S::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without having been ready"
        );
        self.inner.call(request)
    }
}
