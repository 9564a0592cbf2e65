//! The settings, and the errors that say what to write instead.

use std::process::Command;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tower_dcr::authlete::{
    AuthleteBackend, AuthleteBuilder, AuthleteClient, AuthleteConfigError, Cluster, Credentials,
    RetryPolicy,
};

fn builder() -> AuthleteBuilder {
    AuthleteClient::builder()
        .cluster(Cluster::Us)
        .credentials(Credentials::new("1", "token").unwrap())
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, AuthleteConfigError>, expected: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    // It says what to write instead.
    assert!(error.contains(": "), "{error}");
}

#[test]
fn base_url_is_https_or_on_this_machine() {
    for url in [
        "https://us.authlete.com",
        "https://us.authlete.com/",
        "https://authlete.example.com:8443/a/path",
        "http://localhost:8080",
        "http://127.0.0.1:8080/",
        "http://[::1]:8080",
    ] {
        assert!(builder().base_url(url).build().is_ok(), "{url}");
        let any = builder().base_url(url).https_only(false);
        assert!(any.build().is_ok(), "{url}");
    }
    for (url, expected) in [
        ("", "absolute"),
        ("us.authlete.com", "absolute"),
        ("/api", "absolute"),
        ("ftp://us.authlete.com", "https"),
        ("http://us.authlete.com", "https"),
        ("http://127.0.0.2", "https"),
        ("http://localhost.example.com", "https"),
        ("https://user@us.authlete.com", "user information"),
        ("https://us.authlete.com/?x", "query"),
        ("https://us.authlete.com/#x", "fragment"),
        ("https://us.authlete.com/a/../b", "dot segment"),
        ("https://us.authlete.com/a//b", "empty segment"),
        ("https://us.authlete.com//", "empty segment"),
        ("https://us.authlete.com/%2e%2e/b", "escape"),
        ("https://us.authlete.com:99999", "port"),
        ("https://us.authlete.com/api", "/api"),
        ("https://us.authlete.com/api/", "/api"),
    ] {
        assert_refused(builder().base_url(url).build(), expected);
    }
    let plain = builder().base_url("http://authlete.test");
    assert_refused(plain.clone().https_only(true).build(), "https_only(false)");
    assert!(plain.https_only(false).build().is_ok());
    let other = builder().base_url("ftp://authlete.test").https_only(false);
    assert_refused(other.build(), "https");
}

#[test]
fn clusters_have_base_urls() {
    for cluster in [Cluster::Us, Cluster::Jp, Cluster::Eu, Cluster::Br] {
        assert!(builder().cluster(cluster).build().is_ok());
        assert!(cluster.base_url().ends_with(".authlete.com"));
    }
}

#[test]
fn service_id_and_access_token_are_checked() {
    for id in ["715948317", "a-B_9"] {
        assert!(Credentials::new(id, "token").is_ok());
    }
    for id in [
        "", ".", "..", "1/2", "1%2f2", "1?x", "1#x", "1 2", "é", "1\n",
    ] {
        assert_refused(Credentials::new(id, "token"), "service ID");
    }
    for token in ["", "SENTINEL b", "SENTINEL\nb", "SENTINELé"] {
        let result = Credentials::new("1", token);
        let error = result.as_ref().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SENTINEL"));
        assert_refused(result, "access token");
    }
    let debug = format!("{:?}", Credentials::new("1", "SENTINEL").unwrap());
    assert!(debug.contains('1') && !debug.contains("SENTINEL"));
}

#[test]
fn base_url_and_credentials_are_required() {
    assert_refused(AuthleteClient::builder().build(), "base URL");
    let without_credentials = AuthleteClient::builder().cluster(Cluster::Eu);
    assert_refused(without_credentials.build(), "credentials");
}

#[test]
fn zero_limits_are_refused() {
    for (builder, setting) in [
        (builder().timeout(Duration::ZERO), "timeout is zero"),
        (
            builder().attempt_timeout(Duration::ZERO),
            "attempt_timeout is zero",
        ),
        (builder().response_limit(0), "response_limit is zero"),
        (
            builder().retry(RetryPolicy::default().max_attempts(0)),
            "max_attempts is zero",
        ),
    ] {
        assert_refused(builder.build(), setting);
    }
}

#[test]
fn max_wait_is_at_least_min_wait() {
    for retry in [
        RetryPolicy::default()
            .min_wait(Duration::from_secs(2))
            .max_wait(Duration::from_secs(1)),
        RetryPolicy::default()
            .min_wait(Duration::ZERO)
            .max_wait(Duration::ZERO),
    ] {
        let error = builder().retry(retry).build().unwrap_err();
        assert!(matches!(error, AuthleteConfigError::InvalidWaits));
        assert!(error.to_string().contains("max_wait"));
    }
}

#[test]
fn reserved_headers_are_refused() {
    for name in [
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    ] {
        let value = HeaderValue::from_static("1");
        let header = builder().header(HeaderName::from_static(name), value);
        assert_refused(header.build(), name);
    }
}

const VARIABLES: [&str; 3] = [
    "AUTHLETE_BASE_URL",
    "AUTHLETE_SERVICE_APIKEY",
    "AUTHLETE_SERVICE_ACCESSTOKEN",
];

/// Prints the client that the environment names. The test below runs this in several environments.
#[test]
fn print_client_of_this_environment() {
    for result in [
        AuthleteClient::from_env().map(|client| format!("{client:?}")),
        AuthleteBackend::from_env().map(|backend| format!("{backend:?}")),
    ] {
        match result {
            Ok(client) => println!("from the environment: {client}"),
            Err(error) => println!("from the environment: {error}"),
        }
    }
}

#[test]
fn environment_names_the_client() {
    for (values, expected) in [
        (
            [Some("https://a.example/x"), Some("1"), Some("token")],
            "base_url: \"https://a.example/x\"",
        ),
        ([None, Some("1"), Some("token")], "there is no base URL"),
        (
            [Some("https://a.example"), None, None],
            "there are no credentials",
        ),
        (
            [Some("https://a.example"), Some("1"), None],
            "AUTHLETE_SERVICE_ACCESSTOKEN is not set",
        ),
        (
            [Some("https://a.example"), None, Some("token")],
            "AUTHLETE_SERVICE_APIKEY is not set",
        ),
        (
            [Some("https://a.example"), Some(".."), Some("token")],
            "service ID",
        ),
        (
            [Some("http://a.example"), Some("1"), Some("token")],
            "not https",
        ),
    ] {
        let output = output_in_environment(|command| {
            for (name, value) in VARIABLES.into_iter().zip(values) {
                match value {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
        });
        assert_eq!(output.matches(expected).count(), 2, "{output}");
    }
}

#[cfg(unix)]
#[test]
fn environment_that_is_not_unicode_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let output = output_in_environment(|command| {
        command.env("AUTHLETE_BASE_URL", OsStr::from_bytes(b"https://\xff"));
    });
    assert!(
        output.contains("AUTHLETE_BASE_URL is not valid Unicode"),
        "{output}"
    );
}

fn output_in_environment(set: impl FnOnce(&mut Command)) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = "settings::print_client_of_this_environment";
    command.args(["--exact", test, "--nocapture"]);
    set(&mut command);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}
