//! An Authlete on a real socket that can be told to misbehave.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;
use tower_dcr::authlete::{
    AuthleteBuilder, AuthleteClient, AuthleteEmulator, Credentials, RetryPolicy,
};
use tower_dcr::operation::OperationKind;
use tower_dcr::registry::Registry;
use tower_dcr::{Backend, Operation, backend_fn};

pub(crate) const TOKEN: &str = "service-token-SENTINEL";
pub(crate) const SERVICE: &str = "715948317";

/// What the peer does with a request.
#[derive(Clone, Debug, Default)]
pub(crate) enum Behaviour {
    /// The emulator responds.
    #[default]
    Emulate,
    /// The emulator processes the request. These bytes are sent instead of its response, and the
    /// connection ends.
    ProcessThenSend(Vec<u8>),
    /// Nothing is processed. These bytes are sent, and the connection ends.
    SendOnly(Vec<u8>),
    /// The emulator processes the request, these bytes are sent, and the connection is reset.
    ProcessThenReset(Vec<u8>),
    /// The emulator processes the request, these bytes are sent, and the connection hangs.
    ProcessThenHang(Vec<u8>),
    /// The emulator processes the request, and its response is sent one byte at a time.
    Drip,
}

/// A request as the peer received it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    behaviour: Behaviour,
    seen: Vec<Seen>,
    processed: Vec<OperationKind>,
}

/// A server on a socket, and the requests that it received.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Peer {
    pub(crate) async fn start() -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn start_on(listener: TcpListener) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let registry = Registry::builder("https://as.example.com/register")
            .require_redirect_uris(false)
            .build()
            .unwrap();
        let count = Arc::clone(&state);
        let counted = backend_fn(move |operation: Operation| {
            count.lock().unwrap().processed.push(operation.kind());
            let registry = registry.clone();
            async move { registry.execute(operation).await }
        });
        let emulator = AuthleteEmulator::new(counted, Credentials::new(SERVICE, TOKEN).unwrap());
        let peer = Self {
            address: listener.local_addr().unwrap(),
            state,
        };
        let accepting = peer.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (peer, emulator) = (accepting.clone(), emulator.clone());
                tokio::spawn(async move { peer.serve(stream, emulator).await });
            }
        });
        peer
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        let mut state = self.state.lock().unwrap();
        state.behaviour = behaviour;
        state.seen.clear();
        state.processed.clear();
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Returns what the emulator's registry processed.
    pub(crate) fn processed(&self) -> Vec<OperationKind> {
        self.state.lock().unwrap().processed.clone()
    }

    /// Returns the settings to call the peer with. Their times are short.
    pub(crate) fn builder(&self) -> AuthleteBuilder {
        AuthleteClient::builder()
            .base_url(format!("http://{}", self.address))
            .credentials(Credentials::new(SERVICE, TOKEN).unwrap())
            .attempt_timeout(Duration::from_millis(400))
            .timeout(Duration::from_secs(5))
            .retry(
                RetryPolicy::default()
                    .min_wait(Duration::from_millis(1))
                    .max_wait(Duration::from_millis(5)),
            )
    }

    /// Serves one request on a connection.
    async fn serve<B: Backend>(
        self,
        mut stream: TcpStream,
        emulator: AuthleteEmulator<B>,
    ) -> Option<()> {
        let (head, body) = read_request(&mut stream).await?;
        let behaviour = {
            let mut state = self.state.lock().unwrap();
            state.seen.push(Seen {
                head: head.clone(),
                body: String::from_utf8(body.clone()).unwrap(),
            });
            state.behaviour.clone()
        };
        if let Behaviour::SendOnly(bytes) = behaviour {
            stream.write_all(&bytes).await.ok()?;
            return stream.shutdown().await.ok();
        }
        let mut lines = head.lines();
        let mut line = lines.next()?.split(' ');
        let mut request = Request::builder().method(line.next()?).uri(line.next()?);
        for header in lines {
            let (name, value) = header.split_once(": ")?;
            request = request.header(name, value);
        }
        let emulated = emulator
            .oneshot(request.body(Full::new(Bytes::from(body))).unwrap())
            .await
            .unwrap();
        let status = emulated.status().as_u16();
        let body = emulated.into_body().collect().await.unwrap().to_bytes();
        let response = [
            response_head(status, "application/json", body.len()).as_bytes(),
            &body,
        ]
        .concat();
        match behaviour {
            Behaviour::Emulate | Behaviour::SendOnly(_) => {
                stream.write_all(&response).await.ok()?;
            }
            Behaviour::ProcessThenSend(bytes) => stream.write_all(&bytes).await.ok()?,
            Behaviour::ProcessThenReset(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                // The bytes must arrive before the reset.
                tokio::time::sleep(Duration::from_millis(20)).await;
                #[expect(deprecated, reason = "it does not block if the linger is zero")]
                stream.set_linger(Some(Duration::ZERO)).unwrap();
                return Some(());
            }
            Behaviour::ProcessThenHang(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                std::future::pending::<()>().await;
            }
            Behaviour::Drip => {
                for byte in response {
                    stream.write_all(&[byte]).await.ok()?;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        stream.shutdown().await.ok()
    }
}

/// Returns the head of a response after which the connection ends.
pub(crate) fn response_head(status: u16, content_type: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )
}

/// Returns a response with this body.
pub(crate) fn response(status: u16, body: &str) -> Vec<u8> {
    format!(
        "{}{body}",
        response_head(status, "application/json", body.len())
    )
    .into_bytes()
}

/// Reads a request. Returns `None` if the client went away.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut received = Vec::new();
    loop {
        if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(received[..end].to_vec()).unwrap();
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if received.len() >= end + 4 + length {
                return Some((head, received[end + 4..end + 4 + length].to_vec()));
            }
        }
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    }
}
