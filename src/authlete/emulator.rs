//! Authlete's wire protocol in front of any backend.

use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;
use tower_service::Service;

use super::{Credentials, wire};
use crate::BoxError;
use crate::backend::Backend;
use crate::endpoint::{EndpointBody, EndpointFuture};
use crate::metadata::ClientMetadata;
use crate::operation::{Delete, Operation, OperationKind, Read, Register, Update};
use crate::reply::{Action, ErrorCode, Reply};
use crate::token::BearerToken;

/// Longer than any request of a client that the layer lets through, escaped twice.
const BODY_LIMIT: usize = 1024 * 1024;

/// An Authlete to develop and test against, offline and from any language: a tower service that puts a [`Backend`] behind
/// the four calls of Authlete's Web API.
///
/// It answers `POST /api/{serviceId}/client/registration`, and `/get`, `/update` and `/delete` below it, for one service
/// and its access token, with `resultCode`, `resultMessage`, `action`, `responseContent` and a few members of `client`. The
/// codes of success are Authlete's; those that begin with `E` are the emulator's own. A body may have 1 MiB.
///
/// What is registered, and what a client is given, is the backend's to say: the embedded registry's identifiers are no
/// numbers, so that `client` has no `clientId`, and it gives a public client no secret.
///
/// ```
/// use tower_dcr::authlete::{AuthleteEmulator, Credentials};
/// use tower_dcr::registry::Registry;
///
/// let registry = Registry::builder("http://127.0.0.1:3000/register")
///     .require_redirect_uris(false) // as Authlete does
///     .build()?;
/// let authlete = AuthleteEmulator::new(registry, Credentials::new("1", "token")?);
/// # let _ = authlete;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It takes any request body, never fails, is always ready and cheap to clone.
pub struct AuthleteEmulator<B> {
    shared: Arc<Shared<B>>,
}

struct Shared<B> {
    backend: B,
    credentials: Credentials,
    unauthorized_on_client_config: bool,
}

impl<B: Backend> AuthleteEmulator<B> {
    /// An Authlete with one service, whose setting `unauthorizedOnClientConfigSupported` is on.
    pub fn new(backend: B, credentials: Credentials) -> Self {
        Self::with_setting(backend, credentials, true)
    }

    /// The same, with the setting `unauthorizedOnClientConfigSupported` off: then a wrong token is answered with
    /// `BAD_REQUEST`.
    pub fn without_unauthorized(backend: B, credentials: Credentials) -> Self {
        Self::with_setting(backend, credentials, false)
    }

    fn with_setting(
        backend: B,
        credentials: Credentials,
        unauthorized_on_client_config: bool,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                backend,
                credentials,
                unauthorized_on_client_config,
            }),
        }
    }
}

impl<B> Clone for AuthleteEmulator<B> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<B> fmt::Debug for AuthleteEmulator<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthleteEmulator")
            .field("credentials", &self.shared.credentials)
            .finish_non_exhaustive()
    }
}

impl<B, ReqBody> Service<Request<ReqBody>> for AuthleteEmulator<B>
where
    B: Backend,
    ReqBody: Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Into<BoxError>,
{
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = EndpointFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> EndpointFuture {
        let shared = Arc::clone(&self.shared);
        EndpointFuture::new(async move {
            shared
                .answer(request)
                .await
                .unwrap_or_else(ApiError::into_response)
        })
    }
}

impl<B: Backend> Shared<B> {
    async fn answer<ReqBody>(
        &self,
        request: Request<ReqBody>,
    ) -> Result<Response<EndpointBody>, ApiError>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let (service_id, kind) = route(parts.uri.path()).ok_or(ApiError::NOT_FOUND)?;
        if parts.method != Method::POST {
            return Err(ApiError::METHOD);
        }
        self.authorize(service_id, &parts.headers)?;
        let body = Limited::new(pin!(body), BODY_LIMIT)
            .collect()
            .await
            .map_err(|error| match error.downcast::<LengthLimitError>() {
                Ok(_) => ApiError::TOO_LARGE,
                Err(_) => ApiError::BODY,
            })?
            .to_bytes();
        let asked: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|_| ApiError::BODY)?;

        let reply = match operation(kind, &asked)? {
            Ok(operation) => self
                .backend
                .execute(operation)
                .await
                .map_err(|_| ApiError::FAILED)?,
            Err(refused) => refused,
        };
        Ok(json_response(StatusCode::OK, &self.answer_of(kind, &reply)))
    }

    /// The service's own credentials, on every call.
    fn authorize(&self, service_id: &str, headers: &HeaderMap) -> Result<(), ApiError> {
        let presented = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
            .map(|(_, token)| token.trim_start_matches(' '))
            .ok_or(ApiError::UNAUTHENTICATED)?;
        let expected = self.credentials.access_token().as_str();
        let same: bool = presented.as_bytes().ct_eq(expected.as_bytes()).into();
        if same && service_id == self.credentials.service_id() {
            Ok(())
        } else {
            Err(ApiError::FORBIDDEN)
        }
    }

    /// The reply on Authlete's wire.
    fn answer_of(&self, kind: OperationKind, reply: &Reply) -> Value {
        let action = match reply.action() {
            Action::Unauthorized
                if !self.unauthorized_on_client_config && kind != OperationKind::Register =>
            {
                Action::BadRequest
            }
            // Authlete has no such action.
            Action::Forbidden => Action::BadRequest,
            action => action,
        };
        let (code, message) = match (kind, action) {
            (OperationKind::Register, Action::Created) => ("A202001", "The client was created."),
            (OperationKind::Read, Action::Ok) => {
                ("A217001", "The client information has been returned.")
            }
            (OperationKind::Update, Action::Updated) => ("A213001", "The client has been updated."),
            (OperationKind::Delete, Action::Deleted) => ("A216001", "The client has been deleted."),
            (_, Action::Unauthorized) => ("E000401", "The registration access token is not valid."),
            (_, Action::InternalServerError) => ("E000500", "The registry failed."),
            _ => ("E000400", "The request was refused."),
        };
        let mut answer = Map::new();
        let mut add = |name: &str, value: Value| answer.insert(name.to_owned(), value);
        add("resultCode", json!(code));
        add("resultMessage", json!(format!("[{code}] {message}")));
        add("action", json!(wire::action_name(action)));
        if let Some(content) = reply.content()
            && action != Action::Deleted
        {
            let content = String::from_utf8_lossy(content);
            if matches!(action, Action::Created | Action::Ok | Action::Updated) {
                add("client", client(&content));
            }
            add("responseContent", json!(content));
        }
        Value::Object(answer)
    }
}

/// The service and the call that a path names.
fn route(path: &str) -> Option<(&str, OperationKind)> {
    let (service_id, call) = path.strip_prefix("/api/")?.split_once('/')?;
    let kind = match call {
        "client/registration" => OperationKind::Register,
        "client/registration/get" => OperationKind::Read,
        "client/registration/update" => OperationKind::Update,
        "client/registration/delete" => OperationKind::Delete,
        _ => return None,
    };
    Some((service_id, kind))
}

/// The operation that a call asks for, or the reply to what can be none.
fn operation(
    kind: OperationKind,
    asked: &Map<String, Value>,
) -> Result<Result<Operation, Reply>, ApiError> {
    // Authlete's own identifiers are numbers, and some libraries send them so.
    let text = |name: &str| match asked.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(ApiError::BODY),
    };
    let metadata = || {
        let json = text("json")?;
        Ok(ClientMetadata::parse(json)
            .map_err(|fault| Reply::refuse(ErrorCode::InvalidClientMetadata, &fault.to_string())))
    };
    let token = || {
        let token = text("token")?;
        Ok(BearerToken::new(token)
            .map_err(|_| Reply::refuse(ErrorCode::InvalidToken, "The token is not valid.")))
    };
    // What is missing is the caller's fault; what is wrong, the client's.
    macro_rules! given {
        ($value:expr) => {
            match $value? {
                Ok(value) => value,
                Err(refused) => return Ok(Err(refused)),
            }
        };
    }
    Ok(Ok(match kind {
        OperationKind::Register => Register::new(given!(metadata())).into(),
        OperationKind::Read => Read::new(text("clientId")?, given!(token())).into(),
        OperationKind::Update => {
            Update::new(text("clientId")?, given!(token()), given!(metadata())).into()
        }
        OperationKind::Delete => Delete::new(text("clientId")?, given!(token())).into(),
    }))
}

/// Of Authlete's over a hundred members of `client`, those that the client information has.
fn client(content: &str) -> Value {
    let information: Map<String, Value> = serde_json::from_str(content).unwrap_or_default();
    let enumeration =
        |value: &Value| json!(value.as_str().unwrap_or_default().to_ascii_uppercase());
    let each = |value: &Value| -> Value {
        let values = value.as_array().map(Vec::as_slice).unwrap_or_default();
        // The grant types of extensions are URNs here, and names of their own there.
        values
            .iter()
            .filter(|value| value.as_str().is_some_and(|name| !name.contains(':')))
            .map(enumeration)
            .collect()
    };
    let member = |name: &str, from: &str, convert: &dyn Fn(&Value) -> Value| {
        Some((name.to_owned(), convert(information.get(from)?)))
    };
    [
        Some(("dynamicallyRegistered".to_owned(), json!(true))),
        // Authlete's identifiers are numbers.
        information
            .get("client_id")
            .and_then(|id| id.as_str()?.parse::<u64>().ok())
            .map(|id| ("clientId".to_owned(), json!(id))),
        member("clientName", "client_name", &Value::clone),
        member("clientSecret", "client_secret", &Value::clone),
        member("redirectUris", "redirect_uris", &Value::clone),
        member(
            "tokenAuthMethod",
            "token_endpoint_auth_method",
            &enumeration,
        ),
        member("grantTypes", "grant_types", &each),
        member("responseTypes", "response_types", &each),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// An error of the Web API itself.
#[derive(Clone, Copy)]
struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl ApiError {
    const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "E000404", "There is no such API.");
    const METHOD: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "E000405",
        "The method must be POST.",
    );
    const UNAUTHENTICATED: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "A001202",
        "Authorization header is missing.",
    );
    const FORBIDDEN: Self = Self::new(
        StatusCode::FORBIDDEN,
        "E000403",
        "The access token is not valid for the service.",
    );
    const BODY: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "E000400",
        "The body is not JSON with the members that the API needs.",
    );
    const TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "E000413",
        "The body is too large.",
    );
    const FAILED: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "A001101",
        "Authlete Server error.",
    );

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
        }
    }

    fn into_response(self) -> Response<EndpointBody> {
        let Self {
            status,
            code,
            message,
        } = self;
        json_response(
            status,
            &json!({"resultCode": code, "resultMessage": format!("[{code}] {message}")}),
        )
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response<EndpointBody> {
    crate::endpoint::object(status, Bytes::from(body.to_string()))
}
