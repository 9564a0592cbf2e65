//! A server on a real socket, and a client that sends raw bytes.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::Service;
use tower_dcr::BoxError;

use super::TestResponse;

/// Serves HTTP/1.1 and HTTP/2 on a free port, until the runtime of the test ends. Returns the
/// address.
pub async fn serve<S, ResBody>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    ResBody: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                // A client that disconnects is not an error of the server.
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

/// A connection of a client that writes HTTP/1.1 by itself.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects to a server.
    pub async fn open(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            received: Vec::new(),
        }
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Closes the sending half of the connection.
    pub async fn finish_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads the next response. Returns `None` if the connection ends without one.
    pub async fn receive(&mut self) -> Option<TestResponse> {
        let response =
            tokio::time::timeout(Duration::from_secs(20), self.receive_unbounded()).await;
        response.expect("the response arrives within 20 s")
    }

    /// Returns whether the server sends nothing for 200 ms.
    pub async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(200), self.fill())
            .await
            .is_err()
    }

    async fn receive_unbounded(&mut self) -> Option<TestResponse> {
        let end_of_head = loop {
            match self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                Some(at) => break at,
                None if self.fill().await => {}
                None => return None,
            }
        };
        let head: Vec<u8> = self.received.drain(..end_of_head + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let status = StatusCode::from_bytes(status.as_bytes()).unwrap();
        let headers: HeaderMap = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    HeaderValue::from_str(value.trim()).unwrap(),
                )
            })
            .collect();
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        while self.received.len() < length {
            assert!(self.fill().await, "the connection ended within a body");
        }
        let body: Vec<u8> = self.received.drain(..length).collect();
        Some(TestResponse {
            status,
            headers,
            body: body.into(),
            outcome: None,
        })
    }

    /// Reads more bytes. Returns `false` if the connection has ended.
    async fn fill(&mut self) -> bool {
        self.stream.read_buf(&mut self.received).await.unwrap_or(0) > 0
    }
}

/// Sends bytes on a new connection, and returns the first response.
pub async fn send_bytes(address: SocketAddr, bytes: impl AsRef<[u8]>) -> TestResponse {
    let mut connection = Connection::open(address).await;
    connection.send(bytes).await;
    connection.receive().await.expect("the server responds")
}
