//! Settings that `build` refuses.

use tower_dcr::registry::RegistryConfigError;

use super::*;

#[test]
fn unusable_settings_are_refused_with_advice() {
    let fails = |builder: RegistryBuilder, expected: &str| {
        let error = builder.build().unwrap_err();
        let RegistryConfigError::InvalidSetting { setting, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(setting, expected);
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(error.to_string().contains(": write "), "{error}");
    };
    let none: [&str; 0] = [];
    fails(
        builder().grant_types_supported(none),
        "grant_types_supported",
    );
    fails(
        builder().grant_types_supported(["authorization_code", "password"]),
        "grant_types_supported",
    );
    for typo in [
        "authorisation_code",
        "Authorization_Code",
        "own",
        "",
        "/x",
        "code ",
    ] {
        let named = builder().grant_types_supported(["authorization_code", typo]);
        fails(named, "grant_types_supported");
    }
    fails(
        builder().subject_types_supported(none),
        "subject_types_supported",
    );
    fails(
        builder().subject_types_supported(["public", "pair-wise"]),
        "subject_types_supported",
    );
    fails(
        builder().enforced_requirements(["dpop_bound_access_tokens", "dpop"]),
        "enforced_requirements",
    );
    for requirement in [
        "dpop_bound_access_tokens",
        "tls_client_certificate_bound_access_tokens",
        "require_signed_request_object",
        "require_pushed_authorization_requests",
    ] {
        let error = builder().keep_members([requirement]).build().unwrap_err();
        assert!(
            error.to_string().contains("enforced_requirements"),
            "{error}"
        );
        fails(builder().keep_members([requirement]), "keep_members");
    }
    fails(
        builder().token_endpoint_auth_methods_supported(none),
        "token_endpoint_auth_methods_supported",
    );
    fails(
        builder().token_endpoint_auth_methods_supported(["none", "x"]),
        "token_endpoint_auth_methods_supported",
    );
    for meaning in [
        "client_id",
        "client_secret",
        "client_id_issued_at",
        "client_secret_expires_at",
        "registration_access_token",
        "registration_client_uri",
        "software_statement",
        "redirect_uris",
        "client_name",
        "client_name#fr",
        "jwks",
    ] {
        fails(builder().keep_members(["x", meaning]), "keep_members");
    }
    fails(builder().max_clients(0), "max_clients");
    fails(builder().max_metadata_length(255), "max_metadata_length");
    assert!(builder().max_metadata_length(256).build().is_ok());
    fails(
        builder().secret_lifetime(Duration::from_millis(999)),
        "secret_lifetime",
    );
    fails(
        builder().remove_never_used_after(Duration::from_millis(999)),
        "remove_never_used_after",
    );
}

#[test]
fn plain_http_needs_https_only_false() {
    let error = Registry::in_memory("http://as.example.com/register").unwrap_err();
    assert!(
        matches!(
            error,
            RegistryConfigError::InvalidRegistrationEndpoint { .. }
        ),
        "{error:?}"
    );
    let message = error.to_string();
    assert!(
        message.contains(r#"Registry::builder("…").https_only(false): write one like"#),
        "{message}"
    );
    let builder = Registry::builder("http://as.example.com/register");
    assert!(builder.https_only(false).build().is_ok());
}

/// A `main` that returns the error prints its `Debug`.
#[test]
fn debug_says_what_to_write_instead() {
    let error = builder().max_clients(0).build().unwrap_err();
    let debug = format!("{error:?}");
    assert!(debug.contains(&error.to_string()), "{debug}");
}

#[test]
fn error_for_a_missing_directory_names_what_the_system_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing").join("clients.redb");
    let error = builder().file(path).build().unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    let message = error.to_string();
    assert!(message.contains(&source), "{message}");
}

/// RFC 6749 section 4.5: an extension grant type is an absolute URI.
#[test]
fn grant_types_of_rfc_6749_and_absolute_uris_are_supported() {
    let named = builder().grant_types_supported([
        "authorization_code",
        "implicit",
        "refresh_token",
        "client_credentials",
        "urn:openid:params:grant-type:ciba",
        "https://as.example.com/grants/own",
    ]);
    assert!(named.build().is_ok());
}
