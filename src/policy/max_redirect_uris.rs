use super::Proposal;
use super::ready_made::ready_made;
use crate::reply::{ErrorCode, Reply};

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

    fn settle(self, proposal: &mut Proposal) -> Result<(), Reply> {
        let description = match proposal.strings("redirect_uris") {
            Some(uris) if uris.len() <= self.max => return Ok(()),
            Some(_) => "There are too many redirect_uris.",
            None => "redirect_uris must be an array of strings.",
        };
        Err(Reply::refuse(ErrorCode::InvalidRedirectUri, description))
    }
}

ready_made!(MaxRedirectUris);
