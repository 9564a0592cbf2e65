//! Connections that a NAT dropped silently: the default HTTP client notices and replaces them.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_rustls::TlsAcceptor;
use tower_dcr::authlete::{
    AuthleteBackend, AuthleteClient, AuthleteEmulator, Credentials, RetryPolicy,
};
use tower_dcr::{Action, DcrEndpoint};

use super::peer::{Peer, SERVICE, TOKEN};
use super::support::*;
use super::{registration, tls};

/// The interval is 10 s and the time-out 5 s. Two seconds are for slow machines.
const NOTICED_AFTER: Duration = Duration::from_secs(17);

/// Passes bytes on in both directions, until it is told to drop them. Connections that are made
/// later work again.
#[derive(Clone, Default)]
struct Proxy {
    connections: Arc<AtomicUsize>,
    /// The number of connections that are silent.
    silent: Arc<AtomicUsize>,
}

impl Proxy {
    async fn start(&self, target: SocketAddr) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = self.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(target).await.unwrap();
                let number = proxy.connections.fetch_add(1, Ordering::SeqCst);
                let (client_read, client_write) = client.into_split();
                let (server_read, server_write) = server.into_split();
                proxy.pass(number, client_read, server_write);
                proxy.pass(number, server_read, client_write);
            }
        });
        port
    }

    fn pass(
        &self,
        number: usize,
        mut from: impl AsyncReadExt + Send + Unpin + 'static,
        mut to: impl AsyncWriteExt + Send + Unpin + 'static,
    ) {
        let silent = Arc::clone(&self.silent);
        tokio::spawn(async move {
            let mut buffer = vec![0; 16 * 1024];
            let mut is_open = true;
            while is_open {
                let read = from.read(&mut buffer).await.unwrap_or(0);
                let is_silent = || number < silent.load(Ordering::SeqCst);
                if read == 0 && is_silent() {
                    // A NAT passes on no end of a connection that it forgot.
                    std::future::pending::<()>().await;
                }
                is_open = read > 0;
                if !is_silent() {
                    let sent = to.write_all(&buffer[..read]).await;
                    is_open &= sent.is_ok();
                }
            }
            let _ = to.shutdown().await;
        });
    }

    /// Drops all bytes of the connections that exist now, without closing them.
    fn silence(&self) {
        let connections = self.connections.load(Ordering::SeqCst);
        self.silent.store(connections, Ordering::SeqCst);
    }
}

/// Serves the emulator over TLS and HTTP/2, behind a proxy. Returns the port of the proxy.
async fn serve(acceptor: TlsAcceptor, proxy: &Proxy) -> u16 {
    let emulator = AuthleteEmulator::new(
        RecordingBackend::default(),
        Credentials::new(SERVICE, TOKEN).unwrap(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, emulator) = (acceptor.clone(), emulator.clone());
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), TowerToHyperService::new(emulator))
                    .await;
            });
        }
    });
    proxy.start(address).await
}

/// Returns the default HTTP client. It makes one attempt.
fn client_of(port: u16) -> AuthleteClient {
    AuthleteClient::builder()
        .base_url(format!("https://localhost:{port}"))
        .credentials(Credentials::new(SERVICE, TOKEN).unwrap())
        .attempt_timeout(Duration::from_secs(5))
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

/// The connection is silent while it is unused.
async fn replaces_idle_connection(acceptor: TlsAcceptor) {
    let proxy = Proxy::default();
    let client = client_of(serve(acceptor, &proxy).await);
    let created = client.call(&registration()).await.unwrap();
    assert_eq!(created.action(), Action::Created);
    proxy.silence();
    sleep(NOTICED_AFTER).await;
    let created = client.call(&registration()).await.unwrap();
    assert_eq!(created.action(), Action::Created);
    assert_eq!(proxy.connections.load(Ordering::SeqCst), 2);
}

/// The connection is silent while requests are sent on it, so that it is never unused.
async fn replaces_busy_connection(acceptor: TlsAcceptor) {
    let proxy = Proxy::default();
    let client = client_of(serve(acceptor, &proxy).await);
    client.call(&registration()).await.unwrap();
    proxy.silence();
    let silent_since = Instant::now();
    let is_over = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn({
        let (client, is_over) = (client.clone(), Arc::clone(&is_over));
        async move {
            while !is_over.load(Ordering::SeqCst) {
                let call = client.clone();
                tokio::spawn(async move { call.call(&registration()).await });
                sleep(Duration::from_millis(500)).await;
            }
        }
    });
    let error = client.call(&registration()).await.unwrap_err();
    assert!(error.is_timeout() && error.is_outcome_unknown());
    sleep_until(silent_since + NOTICED_AFTER).await;
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    assert_eq!(
        send(&endpoint, registration_request(CLIENT)).await.status,
        201
    );
    assert_eq!(proxy.connections.load(Ordering::SeqCst), 2);
    is_over.store(true, Ordering::SeqCst);
    traffic.await.unwrap();
}

const CERTIFICATE: &str = "TOWER_DCR_TEST_CERTIFICATE";
const KEY: &str = "TOWER_DCR_TEST_KEY";

/// Runs in a process whose platform trusts the certificate. Elsewhere it does nothing.
#[tokio::test]
async fn in_a_process_that_trusts_the_certificate() {
    let (Ok(certificate), Ok(key)) = (std::env::var(CERTIFICATE), std::env::var(KEY)) else {
        return;
    };
    let certificate = std::fs::read(certificate).unwrap();
    let acceptor = tls::acceptor(certificate.into(), std::fs::read(key).unwrap());
    tokio::join!(
        replaces_idle_connection(acceptor.clone()),
        replaces_busy_connection(acceptor),
    );
    println!("both connections were replaced");
}

/// The default client is tested as it is: HTTP/2 by ALPN, with its own intervals. It trusts the
/// platform's certificates, which are those of `SSL_CERT_FILE` on Linux.
#[test]
fn silent_connection_is_replaced_after_the_keep_alive_time() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(file("cert.pem"), cert.pem()).unwrap();
    std::fs::write(file("cert.der"), cert.der()).unwrap();
    std::fs::write(file("key.der"), signing_key.serialize_der()).unwrap();
    let test = "keep_alive::in_a_process_that_trusts_the_certificate";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("SSL_CERT_FILE", file("cert.pem"))
        .env_remove("SSL_CERT_DIR")
        .env(CERTIFICATE, file("cert.der"))
        .env(KEY, file("key.der"))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stdout.contains("both connections were replaced"),
        "{stdout}{stderr}"
    );
}

/// A connection of HTTP/1.1 has only TCP keep-alive. The kernel shows the timer of a socket in
/// `/proc/net/tcp`: 2 is keep-alive, and the hundredths of a second until the first probe follow.
#[tokio::test]
async fn tcp_keep_alive_is_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Peer::start()
        .await
        .builder()
        .base_url(format!("http://127.0.0.1:{port}"))
        .attempt_timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let call = tokio::spawn(async move { client.call(&registration()).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    super::peer::read_request(&mut stream).await.unwrap();
    let client_port = stream.peer_addr().unwrap().port();

    // The timer of the request's retransmission ends when the kernel has its acknowledgement.
    let mut timer = String::new();
    for _ in 0..100 {
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let local = format!(":{client_port:04X} ");
        timer = sockets
            .lines()
            .find(|line| line.contains(&format!("{local}0100007F:{port:04X} ")))
            .and_then(|line| line.split_whitespace().nth(5))
            .unwrap()
            .to_owned();
        if timer.starts_with("02:") {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let (kind, hundredths) = timer.split_once(':').unwrap();
    assert_eq!(kind, "02", "{timer}");
    let hundredths = u32::from_str_radix(hundredths, 16).unwrap();
    assert!((500..=1_000).contains(&hundredths), "{hundredths}");
    call.abort();
}
