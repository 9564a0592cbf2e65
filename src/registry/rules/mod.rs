//! Which metadata is accepted, and what is stored of it (RFC 7591 section 2, OpenID Connect
//! registration section 2).

mod accept;
mod algorithms;
mod application_type;
mod auth_method;
mod backchannel_logout;
mod grant_type_names;
mod grant_types;
mod kept_members;
mod loopback_redirect;
mod member_types;
mod metadata_length;
mod public_keys;
mod redirect_uri;
mod refusal;
mod refused_schemes;
mod requirements;
mod response_type;
mod rule_settings;
mod string_list;
mod subject_type;
mod tls_client_auth;

pub(super) use self::auth_method::AUTH_METHODS;
pub(super) use self::grant_type_names::{PASSWORD, can_be_supported};
pub(super) use self::grant_types::supported_response_types;
pub(super) use self::loopback_redirect::is_same_loopback;
pub(super) use self::member_types::has_meaning;
pub(super) use self::refusal::Refusal;
pub(super) use self::requirements::REQUIREMENTS;
pub(super) use self::response_type::has_same_words;
pub(super) use self::rule_settings::Rules;
pub(super) use self::subject_type::SUBJECT_TYPES;
