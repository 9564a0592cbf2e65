//! Which metadata is accepted, and what is stored of it (RFC 7591 section 2, OpenID Connect
//! registration section 2).

mod accept;
mod algorithms;
mod application_type;
mod auth_method;
mod grant_types;
mod kept_members;
mod loopback_redirect;
mod member_types;
mod public_keys;
mod redirect_uri;
mod refusal;
mod refused_schemes;
mod rule_settings;
mod string_list;
mod subject_type;

pub(super) use self::auth_method::AUTH_METHODS;
pub(super) use self::grant_types::{PASSWORD, supported_response_types};
pub(super) use self::loopback_redirect::is_same_loopback;
pub(super) use self::member_types::has_meaning;
pub(super) use self::refusal::Refusal;
pub(super) use self::rule_settings::Rules;
