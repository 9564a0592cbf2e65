use std::collections::BTreeSet;
use std::future::{self, Future};

use super::{Judge, Proposal};
use crate::{ErrorCode, Reply, host};

/// The members that a client shows its users as its own.
const MEMBERS: [&str; 4] = ["client_uri", "logo_uri", "tos_uri", "policy_uri"];

/// What a client says of itself with a URI (`client_uri`, `logo_uri`, `tos_uri`, `policy_uri`, also with a language tag)
/// must be on a host of one of its `https` redirect URIs: anybody can name the logo of somebody else (RFC 7591 section 5).
#[derive(Clone, Copy, Debug)]
pub struct SelfAssertedUris {
    drops: bool,
    software_statement: bool,
}

impl SelfAssertedUris {
    /// Refuses a client that has such a URI on another host.
    #[must_use]
    pub fn refused_elsewhere() -> Self {
        Self {
            drops: false,
            software_statement: false,
        }
    }

    /// Takes such a URI away. Applications on the user's machine, which redirect to it, have no host of their own.
    #[must_use]
    pub fn dropped_elsewhere() -> Self {
        Self {
            drops: true,
            software_statement: false,
        }
    }

    /// Lets a `software_statement` pass, see [the module](super). Off by default.
    #[must_use]
    pub fn allow_software_statement(mut self) -> Self {
        self.software_statement = true;
        self
    }

    fn settle(self, proposal: &mut Proposal) -> Result<(), Reply> {
        proposal.judge_software_statement(self.software_statement)?;
        let redirect_uris = proposal.strings("redirect_uris").unwrap_or_default();
        // What follows a scheme of the client's own is the client's to write, and proves nothing.
        let hosts: BTreeSet<_> = redirect_uris
            .iter()
            .filter_map(|uri| host::of_https(uri))
            .collect();
        let is_elsewhere = |name: &&str| {
            let is_one = MEMBERS.contains(&name.split('#').next().unwrap_or_default());
            let is_at_home = || {
                let value = proposal.get(name)?;
                hosts.contains(&host::of(value.as_str()?)?).then_some(())
            };
            is_one && !proposal.is_omitted(name) && is_at_home().is_none()
        };
        let elsewhere: Vec<String> = proposal
            .names()
            .filter(is_elsewhere)
            .map(str::to_owned)
            .collect();
        if !elsewhere.is_empty() && !self.drops {
            return Err(Reply::refuse(
                ErrorCode::InvalidClientMetadata,
                "client_uri, logo_uri, tos_uri and policy_uri must be on a host of an https redirect URI.",
            ));
        }
        for name in elsewhere {
            proposal.remove(&name);
        }
        Ok(())
    }
}

impl Judge for SelfAssertedUris {
    fn judge(
        &self,
        mut proposal: Proposal,
    ) -> impl Future<Output = Result<Proposal, Reply>> + Send {
        let settled = self.settle(&mut proposal);
        future::ready(settled.map(|()| proposal))
    }
}
