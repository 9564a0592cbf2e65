//! What happens to each name in IANA's registry of client metadata: the registry does what the
//! table in the documentation says.

use std::collections::BTreeMap;

use super::*;

/// Returns the names in the table of the documentation, and what happens to each.
fn documented() -> BTreeMap<&'static str, &'static str> {
    let mut fates = BTreeMap::new();
    let text = include_str!("../../src/docs/iana_metadata.md");
    for row in text.lines().filter(|line| line.starts_with("| `")) {
        let [_, names, fate, _, _] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        for name in names.split(',').map(|name| name.trim().trim_matches('`')) {
            assert_eq!(
                fates.insert(name, fate.trim()),
                None,
                "{name} is there twice"
            );
        }
    }
    fates
}

/// Returns a value that a client may have for this member.
fn value_of(name: &str) -> Value {
    match name {
        "redirect_uris" | "post_logout_redirect_uris" | "request_uris" => {
            json!(["https://client.example.org/x"])
        }
        "token_endpoint_auth_method" => json!("client_secret_post"),
        "grant_types" => json!(["authorization_code"]),
        "response_types" => json!(["code"]),
        "application_type" => json!("native"),
        "subject_type" => json!("public"),
        "jwks" => json!({"keys": []}),
        "default_max_age" => json!(60),
        "contacts" | "default_acr_values" => json!(["x"]),
        _ if name.ends_with("_uri") => json!("https://client.example.org/x"),
        _ if name.ends_with("_required") || name.starts_with("require_") => json!(true),
        _ if name.ends_with("_bound_access_tokens") => json!(true),
        _ => json!("x"),
    }
}

/// Returns metadata with this member, and with what the member needs.
fn metadata_with(name: &str) -> Value {
    let mut requested = metadata();
    requested[name] = value_of(name);
    if let Some(stem) = name.strip_suffix("_enc") {
        requested[format!("{stem}_alg")] = json!("RSA-OAEP");
    }
    requested
}

#[tokio::test]
async fn each_member_is_treated_as_the_documentation_says() {
    let documented = documented();
    // IANA has 71 names, as of 2026-03-25.
    assert_eq!(documented.len(), 71);
    let registry = builder().build().unwrap();
    for (name, fate) in documented {
        let requested = metadata_with(name);
        let answer = post(&registry, &requested).await;
        match fate {
            "kept" => {
                assert_eq!(answer.status, 201, "{name}: {answer:?}");
                assert_eq!(answer.json()[name], requested[name], "{name}");
            }
            "dropped" => {
                assert_eq!(answer.status, 201, "{name}: {answer:?}");
                assert_eq!(answer.json().get(name), None, "{name}");
                let told = builder().keep_members([name]).build().unwrap();
                let kept = client(&told, &requested).await;
                assert_eq!(kept[name], requested[name], "{name}");
            }
            "issued" => {
                assert_eq!(answer.status, 201, "{name}: {answer:?}");
                assert_ne!(answer.json().get(name), Some(&requested[name]), "{name}");
            }
            "refused" => answer.assert_error(400, "invalid_client_metadata"),
            "kept if enforced" => {
                answer.assert_error(400, "invalid_client_metadata");
                let enforces = builder().enforced_requirements([name]).build().unwrap();
                let kept = client(&enforces, &requested).await;
                assert_eq!(kept[name], json!(true), "{name}");
            }
            _ => panic!("{name}: {fate}"),
        }
    }
}
