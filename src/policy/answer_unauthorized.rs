use serde_json::{Map, Value};

use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::{Action, Reply};

/// Answers 401 where a backend says 400 to a token that is not the client's.
///
/// An Authlete service without the setting `unauthorizedOnClientConfigSupported` answers a wrong token with `BAD_REQUEST`,
/// where RFC 7592 section 2 asks for a 401. A read or a delete can be refused for nothing else, so each `BAD_REQUEST` to
/// them becomes `UNAUTHORIZED`; an update's does where its `error` is `invalid_token`.
///
/// ```
/// use tower_dcr::policy::AnswerUnauthorized;
/// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
///
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::refuse(ErrorCode::AccessDenied, "This is not allowed.")) });
/// let layer = DcrLayer::new(AnswerUnauthorized::new(backend));
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AnswerUnauthorized<B> {
    backend: B,
}

impl<B: Backend> AnswerUnauthorized<B> {
    /// Around this backend.
    pub fn new(backend: B) -> Self {
        Self { backend }
    }
}

impl<B: Backend> Backend for AnswerUnauthorized<B> {
    type Error = B::Error;

    async fn execute(&self, operation: Operation) -> Result<Reply, B::Error> {
        let is_update = matches!(operation, Operation::Update(_));
        let is_register = matches!(operation, Operation::Register(_));
        let reply = self.backend.execute(operation).await?;
        let of_the_token = reply.action() == Action::BadRequest
            && !is_register
            && (!is_update || says_invalid_token(&reply));
        Ok(if of_the_token {
            reply.with_action(Action::Unauthorized)
        } else {
            reply
        })
    }
}

fn says_invalid_token(reply: &Reply) -> bool {
    reply
        .content()
        .and_then(|content| serde_json::from_slice::<Map<String, Value>>(content).ok())
        .is_some_and(|error| {
            error
                .get("error")
                .is_some_and(|error| error == "invalid_token")
        })
}
