//! TLS: a server without a valid certificate receives nothing.

use std::sync::Arc;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rcgen::CertifiedKey;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower_dcr::DcrEndpoint;
use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, AuthleteEmulator, Credentials};
use tower_dcr::operation::OperationKind;

use super::peer::{Peer, SERVICE, TOKEN};
use super::support::*;

/// Returns an acceptor with this certificate and key. It offers HTTP/2 and HTTP/1.1.
pub(crate) fn acceptor(certificate: CertificateDer<'static>, key: Vec<u8>) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key).unwrap();
    let mut server = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(server))
}

/// Serves the emulator over TLS with a certificate for this name. Returns a client that trusts the
/// certificate.
async fn over_tls(name: &str) -> (AuthleteClient, RecordingBackend) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let acceptor = acceptor(cert.der().clone(), signing_key.serialize_der());

    let recorder = RecordingBackend::default();
    let emulator =
        AuthleteEmulator::new(recorder.clone(), Credentials::new(SERVICE, TOKEN).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, emulator) = (acceptor.clone(), emulator.clone());
            tokio::spawn(async move {
                // A client that refuses the certificate ends the connection here.
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), TowerToHyperService::new(emulator))
                    .await;
            });
        }
    });

    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let trusting = rustls::ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(trusting)
        .https_only()
        .enable_all_versions()
        .build();
    let http_client = legacy::Client::builder(TokioExecutor::new()).build(https);
    let client = Peer::start()
        .await
        .builder()
        .base_url(format!("https://localhost:{port}"))
        .http_client(http_client)
        .build()
        .unwrap();
    (client, recorder)
}

#[tokio::test]
async fn certificate_for_the_host_is_accepted() {
    let (client, recorder) = over_tls("localhost").await;
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    assert_eq!(
        send(&endpoint, registration_request(CLIENT)).await.status,
        201
    );
    assert_eq!(recorder.operations()[0].kind(), OperationKind::Register);
}

#[tokio::test]
async fn certificate_for_another_host_is_refused() {
    let (client, recorder) = over_tls("authlete.example.com").await;
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    let answer = send(&endpoint, registration_request(CLIENT)).await;
    answer.assert_error(503, "temporarily_unavailable");
    assert_eq!(recorder.calls(), 0);
    let outcome = answer.outcome.unwrap();
    assert_eq!(
        outcome.cause().unwrap().to_string(),
        "could not connect to Authlete"
    );
}

/// A connection that is never made is distinguished from a request that may have been processed.
#[tokio::test]
async fn handshake_that_never_ends_has_a_known_outcome() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = Peer::start()
        .await
        .builder()
        .base_url(format!("https://{address}"))
        .build()
        .unwrap();
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    let answer = send(&endpoint, registration_request(CLIENT)).await;
    answer.assert_error(503, "temporarily_unavailable");
    assert!(!answer.json().to_string().contains("unknown"));
    assert_eq!(
        answer.outcome.unwrap().cause().unwrap().to_string(),
        "could not connect to Authlete"
    );
}

/// The default client trusts the platform's roots, which do not have this certificate.
#[tokio::test]
async fn certificate_that_the_platform_does_not_trust_is_refused() {
    let (_, recorder) = over_tls("localhost").await;
    let peer = Peer::start().await;
    let client = peer
        .builder()
        .base_url(format!("https://{}", peer.address))
        .build()
        .unwrap();
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    send(&endpoint, registration_request(CLIENT))
        .await
        .assert_error(503, "temporarily_unavailable");
    assert_eq!(recorder.calls(), 0);
    assert!(peer.seen().is_empty());
}
