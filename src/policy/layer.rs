use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::{self, Future};
use std::sync::Arc;

use tower_layer::Layer;

use super::Proposal;
use crate::BoxError;
use crate::backend::{Backend, Unavailable};
use crate::operation::Operation;
use crate::reply::ReplyParts;
use crate::reply::{Action, ErrorCode, Reply};

/// Says what becomes of a [`Proposal`]: it passes, perhaps changed, or is refused with a [`Reply`].
///
/// A closure that takes the proposal and gives a future is one, as in [`PolicyLayer::new`]. The future borrows nothing of what
/// the closure holds: it is cloned first. (An `async` closure borrows, and is none.) So are the ready-made ones in this module.
/// Implement it for a policy that has a name of its own. For a closure that need not wait there is [`policy_fn`].
///
/// A client that updates itself sends back what it was given (RFC 7592 section 2.2), and is judged again: what a policy writes
/// should be the same where it was written already. A prefix, say, is put in front of a name that does not have it.
///
/// To refuse, use [`Reply::refuse`] with any of the errors of RFC 7591 (400), `invalid_token` (401), `access_denied` or
/// `insufficient_scope` (403). A [code](Reply::with_code) tells an audit which policy it was. Any reply but a refusal is a fault
/// of the policy, and the answer is 500.
///
/// A policy that cannot say now refuses with `temporarily_unavailable`: the client gets a 503 in the layer's own words, and
/// nothing has happened. The code and the [cause](Reply::with_cause) go to the log; where the cause is an [`Unavailable`] with a
/// wait, the client is told to come again then.
///
/// ```
/// use tower_dcr::policy::Proposal;
/// use tower_dcr::{ErrorCode, Reply};
///
/// # async fn ask_approval(_: &Proposal) -> Result<bool, std::io::Error> { Ok(true) }
/// async fn approved(proposal: Proposal) -> Result<Proposal, Reply> {
///     match ask_approval(&proposal).await {
///         Ok(true) => Ok(proposal),
///         Ok(false) => Err(Reply::refuse(ErrorCode::AccessDenied, "Not approved.").with_reason("approval")),
///         Err(error) => Err(Reply::refuse(ErrorCode::TemporarilyUnavailable, "Not now.")
///             .with_reason("approval")
///             .with_cause(error)),
///     }
/// }
/// # let _ = tower_dcr::policy::PolicyLayer::new(approved);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a policy",
    note = "a closure that takes `&mut Proposal` goes into `policy_fn`",
    note = "a closure that takes `Proposal` gives a future that borrows nothing of what the closure holds: clone it first"
)]
pub trait Judge: Send + Sync + 'static {
    /// What becomes of it.
    fn judge(&self, proposal: Proposal) -> impl Future<Output = Result<Proposal, Reply>> + Send;
}

impl<F, Verdict> Judge for F
where
    F: Fn(Proposal) -> Verdict + Send + Sync + 'static,
    Verdict: Future<Output = Result<Proposal, Reply>> + Send,
{
    fn judge(&self, proposal: Proposal) -> impl Future<Output = Result<Proposal, Reply>> + Send {
        self(proposal)
    }
}

impl<J: Judge> Judge for Arc<J> {
    fn judge(&self, proposal: Proposal) -> impl Future<Output = Result<Proposal, Reply>> + Send {
        (**self).judge(proposal)
    }
}

/// Puts a policy around a [`Backend`], or around another policy. Cheap to clone.
///
/// ```
/// use std::sync::Arc;
///
/// use tower::Layer;
/// use tower_dcr::policy::{PolicyLayer, Proposal};
/// use tower_dcr::{BoxError, ErrorCode, Reply, backend_fn};
///
/// # struct Approval;
/// # impl Approval { async fn approves(&self, _: &str) -> bool { true } }
/// let approval = Arc::new(Approval);
/// // Each call has a handle of its own.
/// let policy = PolicyLayer::new(move |proposal: Proposal| {
///     let approval = Arc::clone(&approval);
///     async move {
///         let software_id = proposal.get("software_id");
///         match software_id.as_ref().and_then(|id| id.as_str()) {
///             Some(id) if approval.approves(id).await => Ok(proposal),
///             _ => Err(Reply::refuse(ErrorCode::AccessDenied, "This software may not register here.")),
///         }
///     }
/// });
/// # let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::refuse(ErrorCode::AccessDenied, "This is not allowed.")) });
/// let backend = policy.layer(backend);
/// # let _ = tower_dcr::DcrLayer::new(backend);
/// ```
pub struct PolicyLayer<J> {
    judge: Arc<J>,
}

impl<J: Judge> PolicyLayer<J> {
    /// With this judge: one of those in this module, a closure that gives a future, or your own.
    pub fn new(judge: J) -> Self {
        Self {
            judge: Arc::new(judge),
        }
    }
}

/// A policy that is a closure, and need not wait: it looks at the [`Proposal`], changes it where it likes, and gives
/// `Ok(())`, or refuses it with a [`Reply`].
///
/// ```
/// use tower_dcr::policy::{Proposal, policy_fn};
///
/// // Whatever clients say of themselves, it is shown to nobody.
/// let policy = policy_fn(|proposal: &mut Proposal| {
///     proposal.remove("logo_uri");
///     Ok(())
/// });
/// # let _ = policy;
/// ```
pub fn policy_fn<F>(judge: F) -> PolicyLayer<PolicyFn<F>>
where
    F: Fn(&mut Proposal) -> Result<(), Reply> + Send + Sync + 'static,
{
    PolicyLayer::new(PolicyFn(judge))
}

/// The [`Judge`] of [`policy_fn`].
#[derive(Clone, Copy)]
pub struct PolicyFn<F>(F);

impl<F> Judge for PolicyFn<F>
where
    F: Fn(&mut Proposal) -> Result<(), Reply> + Send + Sync + 'static,
{
    fn judge(
        &self,
        mut proposal: Proposal,
    ) -> impl Future<Output = Result<Proposal, Reply>> + Send {
        let judged = (self.0)(&mut proposal);
        future::ready(judged.map(|()| proposal))
    }
}

impl<F> fmt::Debug for PolicyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyFn(..)")
    }
}

impl<B, J> Layer<B> for PolicyLayer<J> {
    type Service = Policy<B, J>;

    fn layer(&self, backend: B) -> Policy<B, J> {
        Policy {
            backend,
            judge: Arc::clone(&self.judge),
        }
    }
}

impl<J> Clone for PolicyLayer<J> {
    fn clone(&self) -> Self {
        Self {
            judge: Arc::clone(&self.judge),
        }
    }
}

impl<J> fmt::Debug for PolicyLayer<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyLayer").finish_non_exhaustive()
    }
}

/// A backend with a policy around it, made by [`PolicyLayer`].
///
/// Metadata that the policy changed is held to the rules of a request's body again: where it is longer than the
/// [limit](crate::DcrBuilder::body_limit) then, the answer is 400 `invalid_client_metadata`; where it is no
/// [`ClientMetadata`](crate::ClientMetadata), the policy has failed, and the answer is 500.
pub struct Policy<B, J> {
    backend: B,
    judge: Arc<J>,
}

impl<B: Backend, J: Judge> Backend for Policy<B, J> {
    type Error = BoxError;

    async fn execute(&self, operation: Operation) -> Result<Reply, BoxError> {
        let operation = match Proposal::of(operation) {
            Err(other) => other,
            Ok(proposal) => match self.judge.judge(proposal).await {
                Err(refused) => return refusal(refused),
                Ok(proposal) => match proposal.into_operation()? {
                    Err(refused) => return Ok(refused),
                    Ok(operation) => operation,
                },
            },
        };
        self.backend.execute(operation).await.map_err(Into::into)
    }
}

/// What a policy refused with, if that is a refusal.
fn refusal(reply: Reply) -> Result<Reply, BoxError> {
    if reply.error() == Some(ErrorCode::TemporarilyUnavailable) {
        return Err(cannot_say(reply).into());
    }
    match reply.action() {
        Action::Created | Action::Ok | Action::Updated | Action::Deleted => {
            Err(Fault::NoRefusal(reply.action()).into())
        }
        _ => Ok(reply),
    }
}

/// A 503: whatever the cause says, nothing has happened.
fn cannot_say(reply: Reply) -> Unavailable {
    let ReplyParts {
        reason: code,
        cause,
        ..
    } = reply.into_parts();
    let wait = cause
        .as_ref()
        .and_then(|cause| Unavailable::find_in(&**cause)?.retry_after());
    let unavailable = Unavailable::new().with_source(Fault::CannotSay { code, cause });
    match wait {
        Some(wait) => unavailable.with_retry_after(wait),
        None => unavailable,
    }
}

/// What is the policy's, and not the backend's.
#[derive(Debug)]
enum Fault {
    CannotSay {
        code: Option<Cow<'static, str>>,
        cause: Option<Arc<dyn Error + Send + Sync>>,
    },
    NoRefusal(Action),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotSay { code: None, .. } => f.write_str("a policy cannot say now"),
            Self::CannotSay {
                code: Some(code), ..
            } => write!(f, "the policy {code} cannot say now"),
            Self::NoRefusal(action) => write!(f, "a policy refused with {action}"),
        }
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::CannotSay {
                cause: Some(cause), ..
            } => Some(&**cause),
            _ => None,
        }
    }
}

impl<B: Clone, J> Clone for Policy<B, J> {
    fn clone(&self) -> Self {
        Self {
            backend: self.backend.clone(),
            judge: Arc::clone(&self.judge),
        }
    }
}

impl<B, J> fmt::Debug for Policy<B, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").finish_non_exhaustive()
    }
}
