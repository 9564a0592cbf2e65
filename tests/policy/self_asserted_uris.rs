//! Which URIs `SelfAssertedUris` takes for the client's own.

use serde_json::{Value, json};
use tower_dcr::policy::SelfAssertedUris;

use super::{assert_changed, assert_described, assert_passes, assert_refused, stack};

#[tokio::test]
async fn uris_on_other_hosts_are_refused_or_dropped() {
    let redirect_uris = ["https://App.example.com/cb", "HTTPS://app2.example.com/x"];
    let at = |name: &str, value: Value| json!({"redirect_uris": redirect_uris, name: value});
    let refusing = stack(SelfAssertedUris::refuse_other_hosts());
    let dropping = stack(SelfAssertedUris::drop_other_hosts());
    for name in [
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "logo_uri#fr",
        "client_uri#x-y",
    ] {
        for taken in [
            "https://app.example.com/logo",
            "https://APP.EXAMPLE.COM:8080/",
            "HTTPS://app2.example.com/",
        ] {
            assert_passes(&refusing, &at(name, json!(taken))).await;
            assert_passes(&dropping, &at(name, json!(taken))).await;
        }
        for elsewhere in [
            json!("https://evil.example/logo"),
            json!("https://app.example.com.evil.example/"),
            json!("https://app.example.com@evil.example/"),
            json!("https://app.example.com./"),
            json!("data:image/png;base64,x"),
            // The host does not matter if the scheme is another.
            json!("http://app.example.com/logo"),
            json!("javascript://app.example.com/%0aalert(1)"),
            json!("data://app.example.com/x"),
            json!("https://[2001:db8::1]/"),
            json!("https:app.example.com"),
            json!("/logo.png"),
            json!(["https://app.example.com/logo"]),
            json!({"a": 1}),
            json!(1),
        ] {
            let asked = at(name, elsewhere);
            assert_refused(&refusing, &asked, 400, "invalid_client_metadata").await;
            let mut without = asked.clone();
            without.as_object_mut().unwrap().remove(name);
            assert_changed(&dropping, &asked, &without).await;
        }
        for omitted in [json!(null), json!(""), json!([])] {
            assert_passes(&refusing, &at(name, omitted.clone())).await;
        }
    }
    // After another scheme there is no host: every client may write it.
    for redirect_uri in ["com.example.app://evil.example/cb", "http://localhost/cb"] {
        let logo = redirect_uri
            .replace("com.example.app", "https")
            .replace("http:", "https:");
        let asked = json!({"redirect_uris": [redirect_uri], "logo_uri": logo});
        assert_refused(&refusing, &asked, 400, "invalid_client_metadata").await;
    }
    // An IPv6 address has several notations.
    let asked =
        |logo: &str| json!({"redirect_uris": ["https://[2001:DB8:0:0::1]/cb"], "logo_uri": logo});
    assert_passes(&refusing, &asked("https://[2001:db8::1]:8443/l")).await;
    let elsewhere = asked("https://[2001:db8::2]/l");
    assert_refused(&refusing, &elsewhere, 400, "invalid_client_metadata").await;
    // Without a readable redirect URI there is no own host. Other policies refuse that.
    for redirect_uris in [
        json!(null),
        json!([]),
        json!("https://app.example.com/cb"),
        json!([1]),
    ] {
        let asked = json!({"redirect_uris": redirect_uris, "logo_uri": "https://app.example.com/"});
        let without = json!({"redirect_uris": redirect_uris});
        assert_changed(&dropping, &asked, &without).await;
    }
    assert_passes(&dropping, &json!({"a": 1})).await;
    // Other members are not checked.
    let asked = json!({"client_uri": "https://app.example.com/"});
    assert_refused(&refusing, &asked, 400, "invalid_client_metadata").await;
    assert_passes(&refusing, &at("jwks_uri", json!("https://keys.example/"))).await;
}

/// A client cannot use the host of another company by naming its redirect URI too.
#[tokio::test]
async fn own_host_is_the_one_host_of_all_redirect_uris() {
    let strict = stack(SelfAssertedUris::drop_other_hosts().on_every_redirect_host(true));
    let logo = "https://bank.example/logo";
    let of = |uris: &[&str]| json!({"redirect_uris": uris, "logo_uri": logo});
    for own in [
        &["https://bank.example/cb"][..],
        &["https://bank.example/cb", "https://BANK.example:8443/cb"],
    ] {
        assert_passes(&strict, &of(own)).await;
    }
    for other in [
        "https://evil.example/cb",
        "http://127.0.0.1/cb",
        "com.example.app:/cb",
    ] {
        let redirect_uris = ["https://bank.example/cb", other];
        let without = json!({"redirect_uris": redirect_uris});
        assert_changed(&strict, &of(&redirect_uris), &without).await;
    }
}

#[tokio::test]
async fn refusal_names_the_member() {
    for (member, name) in [("logo_uri", "logo_uri"), ("tos_uri", "tos_uri#sentinel")] {
        let metadata =
            json!({"redirect_uris": ["https://app.example.com/cb"], name: "https://a.example/"});
        let any = SelfAssertedUris::refuse_other_hosts();
        let error = "invalid_client_metadata";
        let description = format!("{member} must be https, on the host of a redirect URI.");
        assert_described(&stack(any), &metadata, error, &description).await;
        let every = any.on_every_redirect_host(true);
        let description = format!("{member} must be https, on the one host of all redirect URIs.");
        assert_described(&stack(every), &metadata, error, &description).await;
    }
}
