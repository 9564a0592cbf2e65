use std::collections::BTreeSet;

use super::member_policy::{MemberPolicy, check_members};
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;
use crate::reply::ErrorCode;
use crate::util::uri::https_host;

/// The members whose URIs a server shows to users as the client's own.
const MEMBERS: [&str; 4] = ["client_uri", "logo_uri", "tos_uri", "policy_uri"];

/// Requires that URIs shown to users are on one of the client's redirect hosts. Otherwise a client
/// could show the logo of another company (RFC 7591 section 5).
///
/// It checks `client_uri`, `logo_uri`, `tos_uri` and `policy_uri`, also with a language tag. Each
/// must be `https`, on the host of one of the client's `https` redirect URIs.
///
/// A client can register a redirect URI of another company in addition to its own. To refuse the
/// logo of that company too, use [`on_every_redirect_host`](Self::on_every_redirect_host).
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{Policies, SelfAssertedUris};
/// use tower_dcr::{Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let policies = Policies::new()
///     .with(SelfAssertedUris::drop_other_hosts().on_every_redirect_host(true));
/// let backend = policies.layer(backend_fn(|operation| async move {
///     let metadata = operation.metadata().unwrap().to_map();
///     assert!(!metadata.contains_key("logo_uri"));
///     Ok::<_, BoxError>(Reply::created("{}"))
/// }));
///
/// // The logo is on a redirect host, but not all redirect URIs are on that host.
/// let metadata = r#"{
///     "redirect_uris": ["https://app.example.com/cb", "https://bank.example/cb"],
///     "logo_uri": "https://bank.example/logo"
/// }"#;
/// backend.execute(Register::new(ClientMetadata::parse(metadata)?).into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SelfAssertedUris {
    drops: bool,
    on_every_host: bool,
    allow_software_statement: bool,
}

impl SelfAssertedUris {
    /// Creates a policy that refuses a client with such a URI on another host, with 400
    /// `invalid_client_metadata`.
    #[must_use]
    pub fn refuse_other_hosts() -> Self {
        Self {
            drops: false,
            on_every_host: false,
            allow_software_statement: false,
        }
    }

    /// Creates a policy that drops such a URI if it is on another host.
    ///
    /// A native application that redirects only to loopback or to a private scheme has no redirect
    /// host. All such URIs of that client are dropped.
    #[must_use]
    pub fn drop_other_hosts() -> Self {
        Self {
            drops: true,
            ..Self::refuse_other_hosts()
        }
    }

    /// Accepts a host only if all redirect URIs use it. If a client redirects to several hosts, or
    /// also to loopback, no host is accepted. The default is `false`.
    #[must_use]
    pub fn on_every_redirect_host(mut self, yes: bool) -> Self {
        self.on_every_host = yes;
        self
    }

    /// Accepts [software statements](super#software-statements). The default is `false`.
    #[must_use]
    pub fn allow_software_statement(mut self, yes: bool) -> Self {
        self.allow_software_statement = yes;
        self
    }

    fn refusal(self, member: &str) -> Rejection {
        let host = if self.on_every_host {
            "the one host of all redirect URIs"
        } else {
            "the host of a redirect URI"
        };
        Rejection::new(
            ErrorCode::InvalidClientMetadata,
            &format!("{member} must be https, on {host}."),
        )
    }
}

impl Policy for SelfAssertedUris {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        check_members(self, proposal)
    }
}

impl MemberPolicy for SelfAssertedUris {
    const REASON: &'static str = "self_asserted_uris";

    fn allows_software_statement(&self) -> bool {
        self.allow_software_statement
    }

    fn apply(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let redirect_uris = proposal.strings("redirect_uris").unwrap_or_default();
        // The authority of another scheme proves nothing, because any client can write any
        // authority.
        let mut hosts: BTreeSet<_> = redirect_uris.iter().map(|uri| https_host(uri)).collect();
        if self.on_every_host && hosts.len() > 1 {
            hosts.clear();
        }
        let is_on_own_host = |name: &str| {
            let host = https_host(proposal.get(name)?.as_str()?)?;
            hosts.contains(&Some(host)).then_some(())
        };
        let mut elsewhere = BTreeSet::new();
        for name in proposal.names() {
            // The part before a language tag (RFC 7591 section 2.2).
            let base = name.split('#').next().unwrap_or_default();
            let Some(member) = MEMBERS.into_iter().find(|member| *member == base) else {
                continue;
            };
            if proposal.is_omitted(name) || is_on_own_host(name).is_some() {
                continue;
            }
            if !self.drops {
                return Err(self.refusal(member));
            }
            elsewhere.insert(name.to_owned());
        }
        proposal.retain_names(|name| !elsewhere.contains(name));
        Ok(())
    }
}
