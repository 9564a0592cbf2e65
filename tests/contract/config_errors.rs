//! The settings that the builder refuses. Each error says what to write instead.

use std::time::Duration;

use tower_dcr::{ConfigError, DcrBuilder, DcrLayer};

use super::support::RecordingBackend;

fn builder() -> DcrBuilder<RecordingBackend> {
    DcrLayer::builder(RecordingBackend::default())
}

#[test]
fn invalid_paths_are_refused_with_a_suggestion() {
    for (path, instead) in [
        ("", "/register"),
        ("/", "/register"),
        ("register", "/register"),
        ("/register/", "/register"),
        ("//register", "/register"),
        ("/connect//register", "/connect/register"),
        ("/./register", "/register"),
        ("/connect/../register", "/connect/register"),
        ("/register?x", "/register"),
        ("/connect/register#x", "/connect"),
        ("/reg%69ster", "/register"),
        ("/register/{client_id}", "/register"),
        ("/register/*", "/register"),
        ("/register/*rest", "/register"),
        ("/régister", "/register"),
        ("/reg ister", "/register"),
        ("/reg\\ister", "/register"),
        ("/connect/reg\"ister", "/connect"),
        ("https://as.example.com/register", "/register"),
        ("https://as.example.com", "/register"),
    ] {
        for (setting, built) in [
            (
                "registration_path",
                builder().registration_path(path).build(),
            ),
            (
                "configuration_path",
                builder().configuration_path(path).build(),
            ),
        ] {
            let error = built.unwrap_err();
            assert!(
                matches!(&error, ConfigError::InvalidPath { path: given, .. } if given == path)
            );
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("{setting} {path:?} ")),
                "{message}"
            );
            assert!(
                message.ends_with(&format!("write {instead:?}")),
                "{message}"
            );
        }
    }
    for path in [
        "/r",
        "/connect/register",
        "/a.b/~c",
        "/a/...",
        "/!$&'()+,;=:@",
    ] {
        assert!(builder().registration_path(path).build().is_ok(), "{path}");
    }
}

#[test]
fn registration_path_one_segment_below_the_configuration_path_is_refused() {
    for (registration, configuration, fits) in [
        ("/register", "/register", true),
        ("/connect/register", "/connect", false),
        ("/a/b/c", "/a", true),
        ("/connect", "/connect/register", true),
        ("/clientsx", "/clients", true),
    ] {
        let built = builder()
            .registration_path(registration)
            .configuration_path(configuration)
            .build();
        assert_eq!(built.is_ok(), fits, "{registration} {configuration}");
        if let Err(error) = built {
            assert!(matches!(error, ConfigError::Overlap { .. }));
            assert!(error.to_string().contains("write the same path for both"));
        }
    }
}

#[test]
fn limits_of_zero_are_refused() {
    for (setting, built) in [
        ("body_limit", builder().body_limit(0).build()),
        (
            "body_timeout",
            builder().body_timeout(Duration::ZERO).build(),
        ),
        (
            "backend_timeout",
            builder().backend_timeout(Duration::ZERO).build(),
        ),
    ] {
        let error = built.unwrap_err();
        assert!(
            matches!(&error, ConfigError::ZeroLimit { setting: given, .. } if *given == setting)
        );
        assert!(error.to_string().contains(": write "));
    }
    assert!(
        builder()
            .body_limit(1)
            .body_timeout(None)
            .backend_timeout(Duration::MAX)
            .build()
            .is_ok()
    );
}

#[test]
fn invalid_realms_are_refused() {
    for realm in ["", "a\"b", "a\\b", "a\nb", "\u{e9}", "a\u{7f}"] {
        let error = builder().realm(realm).build().unwrap_err();
        assert!(matches!(error, ConfigError::InvalidRealm { .. }));
        assert!(
            error
                .to_string()
                .contains("write something like \"client registration\"")
        );
    }
    assert!(builder().realm("a b!~").build_endpoint().is_ok());
}
