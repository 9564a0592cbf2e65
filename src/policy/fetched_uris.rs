use std::collections::BTreeSet;

use fluent_uri::Uri;

use super::member_policy::{MemberPolicy, check_members};
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;
use crate::reply::ErrorCode;
use crate::util::uri::{check_authority, is_loopback, is_public_name, normal_host};

/// The members that hold one URI.
const URIS: [&str; 7] = [
    // RFC 7591 section 2: the server fetches it.
    "jwks_uri",
    // OpenID Federation section 5.2.1: the server fetches it.
    "signed_jwks_uri",
    // OpenID Connect registration section 5: the server fetches it.
    "sector_identifier_uri",
    // OpenID Connect registration section 2: the browser opens it.
    "initiate_login_uri",
    // OpenID Connect back-channel logout section 2.2: the server posts to it.
    "backchannel_logout_uri",
    // OpenID Connect front-channel logout section 2: the browser opens it.
    "frontchannel_logout_uri",
    // OpenID Connect CIBA section 4: the server posts to it.
    "backchannel_client_notification_endpoint",
];

/// The member that holds several. OpenID Connect registration section 2: the server fetches them.
const URI_LIST: &str = "request_uris";

/// Limits the URIs that the server fetches or sends the browser to. Otherwise a client could use
/// the server to reach services in the server's own network (server-side request forgery).
///
/// It checks these members. If one breaks the rules, the client gets 400 `invalid_client_metadata`:
///
/// | fetched by | members |
/// |---|---|
/// | the server | `jwks_uri`, `signed_jwks_uri`, `request_uris`, `sector_identifier_uri`, `backchannel_logout_uri`, `backchannel_client_notification_endpoint` |
/// | the browser | `initiate_login_uri`, `frontchannel_logout_uri` |
///
/// Each URI must be `https` on an allowed host. If you allow [loopback](Self::allow_loopback),
/// `http` and `https` on loopback are accepted too. A URI with user information is always refused.
/// The refusal names the member, with the position in a list, such as `request_uris[2]`. It does
/// not quote the URI.
///
/// A policy sees names, not addresses, and the owner of a public name can point it at a private
/// address. So the part of your server that fetches the URIs must also check the address that it
/// connects to.
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{FetchedUris, Policies};
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let policies = Policies::new().with(FetchedUris::none().allow_public_hosts(true));
/// let backend = policies.layer(backend);
///
/// let public = r#"{"jwks_uri":"https://app.example.com/jwks"}"#;
/// let reply = backend.execute(Register::new(ClientMetadata::parse(public)?).into()).await?;
/// assert_eq!(reply.action(), Action::Created);
///
/// let private = r#"{"jwks_uri":"https://169.254.169.254/latest/meta-data"}"#;
/// let reply = backend.execute(Register::new(ClientMetadata::parse(private)?).into()).await?;
/// assert_eq!(reply.action(), Action::BadRequest);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FetchedUris {
    hosts: BTreeSet<String>,
    allow_public_hosts: bool,
    allow_loopback: bool,
    allow_software_statement: bool,
}

impl FetchedUris {
    /// Creates a policy that refuses every such URI. Add what to allow.
    #[must_use]
    pub fn none() -> Self {
        Self {
            hosts: BTreeSet::new(),
            allow_public_hosts: false,
            allow_loopback: false,
            allow_software_statement: false,
        }
    }

    /// Allows `https` on these hosts, on any port. Addresses and local names work too. The hosts
    /// follow the rules of [`RedirectUris::allow_hosts`](super::RedirectUris::allow_hosts).
    #[must_use]
    pub fn allow_hosts<T: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        let hosts = hosts.into_iter();
        self.hosts
            .extend(hosts.map(|host| normal_host(host.as_ref())));
        self
    }

    /// Allows `https` on every host with a public name, on any port. The default is `false`.
    ///
    /// These are not public names:
    ///
    /// - IP addresses, including unusual notations such as `2130706433` or `0x7f.1`.
    /// - `localhost`, and other names without a dot.
    /// - Names that end with a dot, or contain characters other than letters, digits, `-` and `.`.
    /// - Names under `localhost` (RFC 6761), `local` (RFC 6762), `home.arpa` (RFC 8375) and
    ///   `internal`.
    #[must_use]
    pub fn allow_public_hosts(mut self, yes: bool) -> Self {
        self.allow_public_hosts = yes;
        self
    }

    /// Allows `http` and `https` on loopback, on any port, for development. The host is exactly
    /// `localhost`, `127.0.0.1` or `[::1]`. The default is `false`.
    #[must_use]
    pub fn allow_loopback(mut self, yes: bool) -> Self {
        self.allow_loopback = yes;
        self
    }

    /// Accepts [software statements](super#software-statements). The default is `false`.
    #[must_use]
    pub fn allow_software_statement(mut self, yes: bool) -> Self {
        self.allow_software_statement = yes;
        self
    }

    /// Checks one URI. The error continues a sentence about it.
    fn check_uri(&self, text: &str) -> Result<(), &'static str> {
        let uri = Uri::parse(text).map_err(|_| "is not an absolute URI of RFC 3986")?;
        let authority = uri.authority().ok_or("has no host")?;
        check_authority(&authority)?;
        let host = authority.host();
        let scheme = uri.scheme().as_str().to_ascii_lowercase();
        if self.allow_loopback && is_loopback(host) && matches!(&*scheme, "https" | "http") {
            return Ok(());
        }
        if scheme != "https" {
            return Err("is not https");
        }
        let host = normal_host(host);
        if host.is_empty() {
            Err("has no host")
        } else if self.hosts.contains(&host) || (self.allow_public_hosts && is_public_name(&host)) {
            Ok(())
        } else {
            Err("has a host that may not be registered here")
        }
    }
}

impl Policy for FetchedUris {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        check_members(self, proposal)
    }
}

impl MemberPolicy for FetchedUris {
    const REASON: &'static str = "fetched_uris";

    fn allows_software_statement(&self) -> bool {
        self.allow_software_statement
    }

    fn apply(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let refused = |subject: &str, problem: &str| {
            let description = format!("{subject} {problem}.");
            Err(Rejection::new(
                ErrorCode::InvalidClientMetadata,
                &description,
            ))
        };
        for name in URIS {
            if proposal.is_omitted(name) {
                continue;
            }
            let value = proposal.get(name);
            let Some(uri) = value.as_ref().and_then(|value| value.as_str()) else {
                return refused(name, "must be a string");
            };
            if let Err(problem) = self.check_uri(uri) {
                return refused(name, problem);
            }
        }
        let Some(uris) = proposal.strings(URI_LIST) else {
            return refused(URI_LIST, "must be an array of strings");
        };
        for (position, uri) in uris.iter().enumerate() {
            if let Err(problem) = self.check_uri(uri) {
                return refused(&format!("{URI_LIST}[{position}]"), problem);
            }
        }
        Ok(())
    }
}
