use std::collections::BTreeSet;

use super::Proposal;
use super::ready_made::ready_made;
use crate::reply::{ErrorCode, Reply};
use crate::util::uri::https_host;

/// The members that a client shows its users as its own.
const MEMBERS: [&str; 4] = ["client_uri", "logo_uri", "tos_uri", "policy_uri"];

/// What a client says of itself with a URI (`client_uri`, `logo_uri`, `tos_uri`, `policy_uri`, also with a language tag)
/// must be `https`, on a host of one of its `https` redirect URIs: anybody can name the logo of somebody else (RFC 7591
/// section 5).
///
/// Anybody can name somebody else's redirect URI, too, beside one of his own:
/// [`on_every_redirect_host`](Self::on_every_redirect_host) sees to that.
#[derive(Clone, Copy, Debug)]
pub struct SelfAssertedUris {
    drops: bool,
    on_every_host: bool,
    software_statement: bool,
}

impl SelfAssertedUris {
    /// Refuses a client that has such a URI on another host.
    #[must_use]
    pub fn refused_elsewhere() -> Self {
        Self {
            drops: false,
            on_every_host: false,
            software_statement: false,
        }
    }

    /// Takes such a URI away. Applications on the user's machine, which redirect to it, have no host of their own.
    #[must_use]
    pub fn dropped_elsewhere() -> Self {
        Self {
            drops: true,
            ..Self::refused_elsewhere()
        }
    }

    /// Takes for the client's own host only that which all of its redirect URIs have: a client that redirects to several
    /// hosts, or to the user's machine as well, has none. Off by default.
    #[must_use]
    pub fn on_every_redirect_host(mut self) -> Self {
        self.on_every_host = true;
        self
    }

    fn settle(self, proposal: &mut Proposal) -> Result<(), Reply> {
        let redirect_uris = proposal.strings("redirect_uris").unwrap_or_default();
        // What follows a scheme of the client's own is the client's to write, and proves nothing.
        let mut hosts: BTreeSet<_> = redirect_uris.iter().map(|uri| https_host(uri)).collect();
        if self.on_every_host && hosts.len() > 1 {
            hosts.clear();
        }
        let is_elsewhere = |name: &&str| {
            let is_one = MEMBERS.contains(&name.split('#').next().unwrap_or_default());
            let is_at_home = || {
                let value = proposal.get(name)?;
                hosts
                    .contains(&Some(https_host(value.as_str()?)?))
                    .then_some(())
            };
            is_one && !proposal.is_omitted(name) && is_at_home().is_none()
        };
        let elsewhere: Vec<String> = proposal
            .names()
            .filter(is_elsewhere)
            .map(str::to_owned)
            .collect();
        if !elsewhere.is_empty() && !self.drops {
            let description = if self.on_every_host {
                "client_uri, logo_uri, tos_uri and policy_uri must be https, on the one host of all redirect URIs."
            } else {
                "client_uri, logo_uri, tos_uri and policy_uri must be https, on the host of a redirect URI."
            };
            return Err(Reply::refuse(ErrorCode::InvalidClientMetadata, description));
        }
        for name in elsewhere {
            proposal.remove(&name);
        }
        Ok(())
    }
}

ready_made!(SelfAssertedUris);
