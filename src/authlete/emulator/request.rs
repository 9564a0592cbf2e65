//! Requests to the Web API: the route, and the operation that the body asks for.

use serde_json::{Map, Value};

use super::api_error::ApiError;
use crate::authlete::wire;
use crate::metadata::ClientMetadata;
use crate::operation::{Delete, Operation, OperationKind, Read, Register, Update};
use crate::reply::{ErrorCode, Reply};
use crate::token::BearerToken;

/// Returns the service ID and the operation that a path names.
pub(super) fn route(path: &str) -> Option<(&str, OperationKind)> {
    let path = path.strip_prefix("/api/")?;
    let (service_id, call) = path.split_at(path.find('/')?);
    let kind = [
        OperationKind::Register,
        OperationKind::Read,
        OperationKind::Update,
        OperationKind::Delete,
    ]
    .into_iter()
    .find(|kind| wire::path(*kind) == call)?;
    Some((service_id, kind))
}

/// Returns the operation that a body asks for.
///
/// A missing member is an error of the Web API. A member with a wrong value is refused with a
/// reply, because the client sent it.
pub(super) fn operation(
    kind: OperationKind,
    members: &Map<String, Value>,
) -> Result<Result<Operation, Reply>, ApiError> {
    // Authlete's own client IDs are numbers, and some libraries send them as numbers.
    let text = |name: &str| match members.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(ApiError::BODY),
    };
    let metadata = || {
        let json = text("json")?;
        Ok(ClientMetadata::parse(json).map_err(|problem| {
            Reply::refuse(ErrorCode::InvalidClientMetadata, &problem.to_string())
        }))
    };
    let token = || {
        let token = text("token")?;
        Ok(BearerToken::new(token)
            .map_err(|_| Reply::refuse(ErrorCode::InvalidToken, "The token is not valid.")))
    };
    let client_id = || text("clientId");
    macro_rules! valid {
        ($value:expr) => {
            match $value? {
                Ok(value) => value,
                Err(refusal) => return Ok(Err(refusal)),
            }
        };
    }
    Ok(Ok(match kind {
        OperationKind::Register => Register::new(valid!(metadata())).into(),
        OperationKind::Read => Read::new(client_id()?, valid!(token())).into(),
        OperationKind::Update => {
            Update::new(client_id()?, valid!(token()), valid!(metadata())).into()
        }
        OperationKind::Delete => Delete::new(client_id()?, valid!(token())).into(),
    }))
}
