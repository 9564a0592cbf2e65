//! The settings, and what is refused of them.

use std::error::Error as _;
use std::process::Command;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tower_dcr::authlete::{
    AuthleteBuilder, AuthleteClient, AuthleteError, Cluster, Credentials, ErrorKind, RetryPolicy,
};

fn builder() -> AuthleteBuilder {
    AuthleteClient::builder()
        .cluster(Cluster::Us)
        .credentials(Credentials::new("1", "token").unwrap())
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, AuthleteError>, why: &str) {
    let error = result.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    let source = error.source().unwrap().to_string();
    assert!(source.contains(why), "{source}");
}

#[test]
fn base_urls() {
    for url in [
        "https://us.authlete.com",
        "https://us.authlete.com/",
        "https://authlete.example.com:8443/a/path",
        "http://localhost:8080",
        "http://127.0.0.1:8080/",
        "http://[::1]:8080",
    ] {
        assert!(builder().base_url(url).build().is_ok(), "{url}");
    }
    for (url, why) in [
        ("", "no URL"),
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
        ("https://us.authlete.com/a//b", "dot segment"),
        ("https://us.authlete.com/%2e%2e/b", "dot segment"),
        ("https://us.authlete.com:99999", "port"),
        ("https://us.authlete.com/api", "/api"),
        ("https://us.authlete.com/api/", "/api"),
    ] {
        assert_refused(builder().base_url(url).build(), why);
    }
    assert!(
        builder()
            .base_url("http://authlete.test")
            .allow_http()
            .build()
            .is_ok()
    );
    for cluster in [Cluster::Us, Cluster::Jp, Cluster::Eu, Cluster::Br] {
        assert!(builder().cluster(cluster).build().is_ok());
        assert!(cluster.base_url().ends_with(".authlete.com"));
    }
}

#[test]
fn service_ids_and_tokens() {
    for id in ["715948317", "a-B_9"] {
        assert!(Credentials::new(id, "token").is_ok());
    }
    for id in [
        "", ".", "..", "1/2", "1%2f2", "1?x", "1#x", "1 2", "é", "1\n",
    ] {
        assert_refused(Credentials::new(id, "token"), "service ID");
    }
    for token in ["", "a b", "a\nb", "é"] {
        assert_refused(Credentials::new("1", token), "access token");
    }
    let debug = format!("{:?}", Credentials::new("1", "SENTINEL").unwrap());
    assert!(debug.contains('1') && !debug.contains("SENTINEL"));
}

#[test]
fn what_is_missing_and_what_is_zero() {
    assert_refused(AuthleteClient::builder().build(), "base URL");
    assert_refused(
        AuthleteClient::builder().cluster(Cluster::Eu).build(),
        "credentials",
    );
    assert_refused(builder().timeout(Duration::ZERO).build(), "time-out");
    assert_refused(
        builder().attempt_timeout(Duration::ZERO).build(),
        "time-out",
    );
    assert_refused(builder().answer_limit(0).build(), "limit");
    let never = RetryPolicy::new(0, Duration::from_millis(1), Duration::from_millis(1));
    assert_refused(builder().retry(never).build(), "attempt");
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
        assert_refused(header.build(), "by other means");
    }
    let backwards = RetryPolicy::new(2, Duration::from_secs(2), Duration::from_secs(1));
    assert_eq!(
        *builder().retry(backwards).build().unwrap_err().kind(),
        ErrorKind::Configuration
    );
}

const NAMES: [&str; 3] = [
    "AUTHLETE_BASE_URL",
    "AUTHLETE_SERVICE_APIKEY",
    "AUTHLETE_SERVICE_ACCESSTOKEN",
];

/// Says what the environment names; the test below runs it in several.
#[test]
fn with_this_environment() {
    println!(
        "from the environment: {:?}",
        AuthleteClient::from_env().map_err(|error| error.source().unwrap().to_string())
    );
}

#[test]
fn the_environment() {
    for (values, says) in [
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
            "need each other",
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
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "settings::with_this_environment", "--nocapture"]);
        for (name, value) in NAMES.into_iter().zip(values) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(
            output.contains("from the environment: ") && output.contains(says),
            "{output}"
        );
    }
}
