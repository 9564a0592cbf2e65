//! The members that the registry knows, and the type of each.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::backchannel_logout::is_logout_url;
use super::redirect_uri;
use super::refusal::Refusal;
use crate::metadata::ISSUED_MEMBERS;
use crate::util::json_text;
use crate::util::uri::is_url;

/// A member of client metadata.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) of_type: Type,
    /// Whether its name may have a language tag (RFC 7591 section 2.2).
    human_readable: bool,
}

/// The largest whole number up to which a double represents all of them.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The type of a member's value.
#[derive(Clone, Copy)]
pub(super) enum Type {
    String,
    /// A URL that users see as a link or an image. A browser must not run it.
    WebUrl,
    /// A URL that the server may fetch. It needs TLS.
    HttpsUrl,
    Strings,
    HttpsUrls,
    /// A URL that the server posts to when a user logs out.
    LogoutUrl,
    /// URIs that a browser is sent to. They have the rules of redirect URIs.
    RedirectTargets,
    Boolean,
    /// A number of seconds.
    Seconds,
}

const fn member(name: &'static str, of_type: Type) -> Member {
    Member {
        name,
        of_type,
        human_readable: false,
    }
}

const fn human_readable(name: &'static str, of_type: Type) -> Member {
    Member {
        name,
        of_type,
        human_readable: true,
    }
}

const MEMBERS: &[Member] = &[
    // RFC 7591 section 2.
    member("redirect_uris", Type::Strings),
    member("token_endpoint_auth_method", Type::String),
    member("grant_types", Type::Strings),
    member("response_types", Type::Strings),
    human_readable("client_name", Type::String),
    human_readable("client_uri", Type::WebUrl),
    human_readable("logo_uri", Type::WebUrl),
    member("scope", Type::String),
    member("contacts", Type::Strings),
    human_readable("tos_uri", Type::WebUrl),
    human_readable("policy_uri", Type::WebUrl),
    member("jwks_uri", Type::HttpsUrl),
    member("software_id", Type::String),
    member("software_version", Type::String),
    // OpenID Connect registration section 2.
    member("application_type", Type::String),
    member("sector_identifier_uri", Type::String),
    member("subject_type", Type::String),
    member("id_token_signed_response_alg", Type::String),
    member("id_token_encrypted_response_alg", Type::String),
    member("id_token_encrypted_response_enc", Type::String),
    member("userinfo_signed_response_alg", Type::String),
    member("userinfo_encrypted_response_alg", Type::String),
    member("userinfo_encrypted_response_enc", Type::String),
    member("request_object_signing_alg", Type::String),
    member("request_object_encryption_alg", Type::String),
    member("request_object_encryption_enc", Type::String),
    member("token_endpoint_auth_signing_alg", Type::String),
    member("default_max_age", Type::Seconds),
    member("require_auth_time", Type::Boolean),
    member("default_acr_values", Type::Strings),
    member("initiate_login_uri", Type::HttpsUrl),
    member("request_uris", Type::HttpsUrls),
    // OpenID Connect RP-initiated logout section 3.1, back-channel logout section 2.2.
    member("post_logout_redirect_uris", Type::RedirectTargets),
    member("backchannel_logout_uri", Type::LogoutUrl),
    member("backchannel_logout_session_required", Type::Boolean),
    // RFC 9449 section 5.2, RFC 8705 section 3.4, RFC 9101 section 10.5, RFC 9126 section 6.
    member("dpop_bound_access_tokens", Type::Boolean),
    member("tls_client_certificate_bound_access_tokens", Type::Boolean),
    member("require_signed_request_object", Type::Boolean),
    member("require_pushed_authorization_requests", Type::Boolean),
    // RFC 8705 section 2.1.2: how `tls_client_auth` recognizes a client.
    member("tls_client_auth_subject_dn", Type::String),
    member("tls_client_auth_san_dns", Type::String),
    member("tls_client_auth_san_uri", Type::String),
    member("tls_client_auth_san_ip", Type::String),
    member("tls_client_auth_san_email", Type::String),
];

/// Returns the member with this name. The name may have a language tag, if the member allows it.
pub(super) fn find(name: &str) -> Option<&'static Member> {
    let (base, tagged) = match name.split_once('#') {
        Some((base, tag)) if is_language_tag(tag) => (base, true),
        Some(_) => return None,
        None => (name, false),
    };
    MEMBERS
        .iter()
        .find(|member| member.name == base && (member.human_readable || !tagged))
}

/// Returns whether the registry handles a member by itself, so that it cannot be told to keep it. A
/// `software_statement` in a response would say that it was used (RFC 7591 section 3.2.1).
pub(in crate::registry) fn has_meaning(name: &str) -> bool {
    name == "jwks"
        || find(name).is_some()
        || ISSUED_MEMBERS.contains(&name)
        || name == "software_statement"
}

/// Longer than any language tag in use (RFC 5646 section 4.4.1 requires room for 35).
const MAX_LANGUAGE_TAG: usize = 64;

/// Returns whether a text has the form of a language tag (RFC 5646 section 2.1). Whether the
/// language exists is not checked.
fn is_language_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    tag.len() <= MAX_LANGUAGE_TAG
        && subtags.all(|subtag| {
            (1..=8).contains(&subtag.len())
                && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

impl Member {
    /// Returns the value as it is stored, or `None` if nothing is left of it.
    pub(super) fn value(&self, value: &RawValue) -> Result<Option<Value>, Refusal> {
        Ok(Some(match self.of_type {
            Type::String => self.typed::<String>(value, "a string")?.into(),
            Type::Boolean => self.typed::<bool>(value, "true or false")?.into(),
            Type::Seconds => {
                let expected = "a number of seconds";
                // A client may read it into a double and send that back.
                json_text::whole_number(value.get())
                    .filter(|seconds| *seconds <= MAX_SAFE_INTEGER)
                    .ok_or_else(|| self.wrong(expected))?
                    .into()
            }
            Type::WebUrl => self.url(value, &["https", "http"], "an http or https URL")?,
            Type::HttpsUrl => self.url(value, &["https"], "an https URL")?,
            Type::LogoutUrl => {
                let expected = "an https URL without a fragment";
                let url: String = self.typed(value, expected)?;
                if !is_logout_url(&url) {
                    return Err(self.wrong(expected));
                }
                url.into()
            }
            Type::HttpsUrls => {
                let expected = "an array of https URLs";
                let urls: Vec<String> = self.typed(value, expected)?;
                if !urls.iter().all(|url| is_url(url, &["https"])) {
                    return Err(self.wrong(expected));
                }
                urls.into()
            }
            Type::RedirectTargets => {
                let expected = "an array of URIs that a browser may be sent to";
                let uris: Vec<String> = self.typed(value, expected)?;
                if uris.iter().any(|uri| redirect_uri::check(uri).is_err()) {
                    return Err(self.wrong(expected));
                }
                uris.into()
            }
            Type::Strings => {
                let mut texts: Vec<String> = self.typed(value, "an array of strings")?;
                // Redirect URIs are checked as they were sent. In other lists, empty strings are
                // omissions.
                if self.name != "redirect_uris" {
                    texts.retain(|text| !text.is_empty());
                    if texts.is_empty() && self.name != "response_types" {
                        return Ok(None);
                    }
                }
                texts.into()
            }
        }))
    }

    /// Parses the value. `expected` names the type for the client's developer.
    fn typed<T: DeserializeOwned>(&self, value: &RawValue, expected: &str) -> Result<T, Refusal> {
        serde_json::from_str(value.get()).map_err(|_| self.wrong(expected))
    }

    fn url(&self, value: &RawValue, schemes: &[&str], expected: &str) -> Result<Value, Refusal> {
        let text: String = self.typed(value, expected)?;
        if is_url(&text, schemes) {
            Ok(text.into())
        } else {
            Err(self.wrong(expected))
        }
    }

    fn wrong(&self, expected: &str) -> Refusal {
        let description = format!("{} must be {expected}.", self.name);
        if self.name == "redirect_uris" {
            Refusal::redirect_uri(description)
        } else {
            Refusal::metadata(description)
        }
    }
}
