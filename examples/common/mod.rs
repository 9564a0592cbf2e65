//! Code that the examples share: the address to listen on, CORS, the metadata document, shutdown,
//! and the printed commands.
#![allow(
    dead_code,
    reason = "each example compiles its own copy, and uses only a part of it"
)]

use std::env;
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::cors::{Any, CorsLayer};

pub(crate) mod backend;

/// An error of `main`. Rust prints it with `Debug`, so its `Debug` is the `Display` of the error
/// and of its sources.
pub(crate) struct Failure(Box<dyn Error>);

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// Writes the log to stdout. An error while writing, such as a full disk, is ignored.
pub(crate) fn log() {
    tracing_subscriber::fmt().log_internal_errors(false).init();
}

/// Binds the address in `LISTEN`, or `127.0.0.1:3000`. Also returns the public base URL: that in
/// `DCR_BASE_URL`, or the URL of the address.
pub(crate) async fn listen() -> io::Result<(TcpListener, String)> {
    let (listener, url) = bind("127.0.0.1:3000").await?;
    let base_url = env::var("DCR_BASE_URL").unwrap_or(url);
    Ok((listener, base_url.trim_end_matches('/').to_owned()))
}

/// Binds the address in `LISTEN`, or this default. Also returns its URL.
pub(crate) async fn bind(default: &str) -> io::Result<(TcpListener, String)> {
    let address = env::var("LISTEN").unwrap_or_else(|_| default.to_owned());
    let listener = TcpListener::bind(&address).await?;
    // For port 0 the system has chosen a port.
    let address = match address.strip_suffix(":0") {
        Some(_) => listener.local_addr()?.to_string(),
        None => address,
    };
    Ok((listener, format!("http://{address}")))
}

/// Lets clients that run in a browser register from any origin. Registration uses no cookies, so
/// credentials are not allowed.
pub(crate) fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        // The headers are listed, because `*` does not cover `Authorization`.
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("mcp-protocol-version"),
        ])
        .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER])
}

/// Returns the application's own part of its metadata document (RFC 8414). The authorization
/// endpoint and the token endpoint are those of your application.
pub(crate) fn authorization_server_metadata(base_url: &str) -> Value {
    json!({
        "issuer": base_url,
        "authorization_endpoint": format!("{base_url}/authorize"),
        "token_endpoint": format!("{base_url}/token"),
        "response_types_supported": ["code"],
        // Some MCP clients register without this member, and then give up.
        "code_challenge_methods_supported": ["S256"],
        // For `client_secret_jwt` and `private_key_jwt`, which the registry supports by default.
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "HS256"],
    })
}

/// Waits for ctrl-c, or for the SIGTERM of a service manager.
pub(crate) async fn stop() {
    let asked = async {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::select! {
                pressed = tokio::signal::ctrl_c() => pressed,
                _ = terminate.recv() => Ok(()),
            }
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await
    };
    // On a platform without signals the server runs until it is killed.
    if io::Result::is_err(&asked.await) {
        std::future::pending::<()>().await;
    }
}

/// The time that requests in progress have to finish after the signal to stop.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for the signal to stop, and then for [`PATIENCE`].
pub(crate) async fn stop_and_patience() {
    stop().await;
    tokio::time::sleep(PATIENCE).await;
}

/// Prints commands that register, read, update and delete a client, to paste into a shell.
pub(crate) fn print_what_to_try(base_url: &str) {
    println!(
        r#"Registration is at {base_url}/register; stop with ctrl-c. Paste into a shell:

# register a client
CLIENT=$(curl -sS {base_url}/register -H 'Content-Type: application/json' \
  -d '{{"client_name":"My Client","redirect_uris":["http://127.0.0.1:8080/callback"]}}')
echo "$CLIENT"

# the identifier of the client, its URL, and the token for it
member() {{ echo "$CLIENT" | sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }}
ID=$(member client_id)
URI=$(member registration_client_uri)
TOKEN=$(member registration_access_token)

# read, update and delete it
curl -sSi -w '\n' "$URI" -H "Authorization: Bearer $TOKEN"
curl -sSi -w '\n' -X PUT "$URI" -H "Authorization: Bearer $TOKEN" \
  -H 'Content-Type: application/json' -d "{{\"client_id\":\"$ID\",
    \"client_name\":\"My New Client\",\"redirect_uris\":[\"http://127.0.0.1:8080/callback\"]}}"
curl -sSi -w '\n' -X DELETE "$URI" -H "Authorization: Bearer $TOKEN"
"#
    );
}
