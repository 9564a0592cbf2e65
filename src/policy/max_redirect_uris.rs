use std::future::{self, Future};

use super::{Judge, Proposal};
use crate::{ErrorCode, Reply};

/// How many redirect URIs a client may register.
#[derive(Clone, Copy, Debug)]
pub struct MaxRedirectUris {
    max: usize,
    software_statement: bool,
}

impl MaxRedirectUris {
    /// So many, at most.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            software_statement: false,
        }
    }

    /// Lets a `software_statement` pass, see [the module](super). Off by default.
    #[must_use]
    pub fn allow_software_statement(mut self) -> Self {
        self.software_statement = true;
        self
    }

    fn check(self, proposal: &Proposal) -> Result<(), Reply> {
        proposal.judge_software_statement(self.software_statement)?;
        let description = match proposal.strings("redirect_uris") {
            Some(uris) if uris.len() <= self.max => return Ok(()),
            Some(_) => "There are too many redirect_uris.",
            None => "redirect_uris must be an array of strings.",
        };
        Err(Reply::refuse(ErrorCode::InvalidRedirectUri, description))
    }
}

impl Judge for MaxRedirectUris {
    fn judge(&self, proposal: Proposal) -> impl Future<Output = Result<Proposal, Reply>> + Send {
        future::ready(self.check(&proposal).map(|()| proposal))
    }
}
