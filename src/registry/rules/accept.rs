//! Applies the rules in their order.

use super::kept_members::KeptMembers;
use super::refusal::Refusal;
use super::rule_settings::Rules;
use super::string_list::strings;
use super::{
    algorithms, application_type, auth_method, grant_types, metadata_length, requirements,
    subject_type, tls_client_auth,
};
use crate::metadata::Members;
use crate::registry::json_writer::JsonWriter;

/// Metadata as it is stored: known members of the right types, no omissions, defaults filled in.
pub(in crate::registry) struct Accepted {
    /// A JSON object. A tree of it would take several times the memory.
    pub(in crate::registry) metadata: Box<str>,
    /// Whether the client authenticates with a secret.
    pub(in crate::registry) needs_secret: bool,
}

impl Rules {
    /// Checks the metadata that a client requests.
    pub(in crate::registry) fn accept(&self, requested: &Members<'_>) -> Result<Accepted, Refusal> {
        let KeptMembers {
            mut members,
            verbatim,
            keys,
        } = KeptMembers::take_from(requested, self)?;
        let method = auth_method::fill_in(&mut members, keys.as_ref(), &self.auth_methods)?;
        let uses_implicit = grant_types::fill_in(&mut members, &self.grant_types)?;
        application_type::fill_in(&mut members, uses_implicit, self)?;
        let has_credentials_grant =
            strings(&members, "grant_types").any(|grant| grant == "client_credentials");
        if method == "none" && has_credentials_grant {
            return Err(Refusal::metadata(
                "The grant type client_credentials needs a token_endpoint_auth_method other than \
                 none.",
            ));
        }
        let needs_secret = auth_method::needs_secret(method);
        tls_client_auth::check(&members, method)?;
        subject_type::fill_in(&mut members, &self.subject_types)?;
        requirements::check(&members, &self.enforced)?;
        algorithms::check(&members, needs_secret)?;

        let mut metadata = JsonWriter::default();
        for (name, value) in &members {
            metadata.add(name, value);
        }
        for (name, value) in verbatim {
            metadata.add(name, value);
        }
        let metadata = metadata.into_text();
        metadata_length::check(&metadata, self.max_metadata_length)?;
        Ok(Accepted {
            metadata: metadata.into(),
            needs_secret,
        })
    }
}
