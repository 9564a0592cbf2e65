//! Which members are kept, and how many items two of them may have.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::member_types;
use super::public_keys::PublicKeys;
use super::refusal::Refusal;
use super::rule_settings::Rules;
use super::string_list::strings;
use crate::metadata::Members;
use crate::util::json_text::is_omission;

/// The members that are kept.
#[derive(Default)]
pub(super) struct KeptMembers<'m> {
    /// Members of a known type.
    pub(super) members: Map<String, Value>,
    /// Members that are stored exactly as they were sent.
    pub(super) verbatim: Vec<(&'m str, &'m RawValue)>,
    /// The keys in `jwks`.
    pub(super) keys: Option<PublicKeys>,
}

impl<'m> KeptMembers<'m> {
    /// Drops unknown and omitted members. Checks the type of the others.
    pub(super) fn take_from(requested: &'m Members<'_>, rules: &Rules) -> Result<Self, Refusal> {
        let mut kept = Self::default();
        for (name, value) in requested {
            kept.take(name, value, rules)?;
        }
        for (name, max) in [
            ("redirect_uris", rules.max_redirect_uris),
            ("contacts", rules.max_contacts),
        ] {
            if strings(&kept.members, name).count() > max {
                return Err(Refusal::metadata(format!("There are too many {name}.")));
            }
        }
        if kept.members.contains_key("sector_identifier_uri") {
            return Err(Refusal::metadata(
                "sector_identifier_uri is not supported: nothing is fetched, so it cannot be \
                 verified.",
            ));
        }
        // RFC 7591 section 2: they must not both be present.
        if kept.keys.is_some() && kept.members.contains_key("jwks_uri") {
            return Err(Refusal::metadata("jwks and jwks_uri exclude each other."));
        }
        Ok(kept)
    }

    fn take(&mut self, name: &'m str, value: &'m RawValue, rules: &Rules) -> Result<(), Refusal> {
        let member = member_types::find(name);
        let is_kept = member.is_some() || name == "jwks" || rules.kept_members.contains(name);
        // An empty list of response types is a value: the client does not use the authorization
        // endpoint.
        let is_value = name == "response_types" && value.get().starts_with('[');
        if !is_kept || is_omission(value) && !is_value {
            return Ok(());
        }
        if let Some(member) = member {
            if let Some(value) = member.value(value)? {
                self.members.insert(name.to_owned(), value);
            }
        } else {
            if name == "jwks" {
                self.keys = Some(PublicKeys::parse(value)?);
            }
            // As text, because a number in it may have more digits than a double.
            self.verbatim.push((name, value));
        }
        Ok(())
    }
}
