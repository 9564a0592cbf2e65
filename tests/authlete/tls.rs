//! TLS: a name that is wrong is never spoken to.

use std::sync::Arc;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rcgen::CertifiedKey;
use rustls::crypto::ring::default_provider;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower_dcr::DcrEndpoint;
use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, AuthleteEmulator, Credentials};
use tower_dcr::operation::OperationKind;

use super::peer::{Peer, SERVICE, TOKEN};
use super::support::*;

/// The emulator over TLS, under these names, and a client that trusts it.
async fn over_tls(name: &str) -> (AuthleteClient, Recorder) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut server = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

    let recorder = Recorder::default();
    let emulator =
        AuthleteEmulator::new(recorder.clone(), Credentials::new(SERVICE, TOKEN).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, emulator) = (acceptor.clone(), emulator.clone());
            tokio::spawn(async move {
                // A client that does not like the certificate ends the connection here.
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
async fn the_right_name() {
    let (client, recorder) = over_tls("localhost").await;
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    assert_eq!(ask(&endpoint, register(CLIENT)).await.status, 201);
    assert_eq!(recorder.operations()[0].kind(), OperationKind::Register);
}

#[tokio::test]
async fn a_wrong_name() {
    let (client, recorder) = over_tls("authlete.example.com").await;
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    let answer = ask(&endpoint, register(CLIENT)).await;
    answer.assert_error(503, "temporarily_unavailable");
    assert_eq!(recorder.calls(), 0);
    let cause = answer.outcome.unwrap();
    assert_eq!(
        cause.cause().unwrap().to_string(),
        "could not connect to Authlete"
    );
}

/// A connection that is never made is told from a request that may have been processed.
#[tokio::test]
async fn a_handshake_that_never_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = Peer::start()
        .await
        .builder()
        .base_url(format!("https://{address}"))
        .build()
        .unwrap();
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    let answer = ask(&endpoint, register(CLIENT)).await;
    answer.assert_error(503, "temporarily_unavailable");
    assert!(!answer.json().to_string().contains("unknown"));
    assert_eq!(
        answer.outcome.unwrap().cause().unwrap().to_string(),
        "could not connect to Authlete"
    );
}

/// The default client trusts the platform's roots, which do not know this certificate.
#[tokio::test]
async fn a_certificate_that_nobody_knows() {
    let (_, recorder) = over_tls("localhost").await;
    let peer = Peer::start().await;
    let client = peer
        .builder()
        .base_url(format!("https://{}", peer.address))
        .build()
        .unwrap();
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    ask(&endpoint, register(CLIENT))
        .await
        .assert_error(503, "temporarily_unavailable");
    assert_eq!(recorder.calls(), 0);
    assert!(peer.seen().is_empty());
}
