//! Tenants: registries that share a store.

use std::sync::mpsc;

use redb::TableHandle as _;
use tower_dcr::operation::{Delete, Read, Update};
use tower_dcr::registry::{Client, ClientChangeKind, RegistryConfigError};
use tower_dcr::token::BearerToken;
use tower_dcr::{Backend as _, ClientMetadata, Reply};

use super::file::{new_path, open};
use super::*;

fn url(name: &str) -> String {
    format!("https://as.example.com/t/{name}/register")
}

fn tenant(registry: &Registry, name: &str) -> Registry {
    registry.tenant(name, url(name)).unwrap()
}

fn id(client: &Value) -> &str {
    text(&client["client_id"])
}

async fn ids(registry: &Registry, order: ClientOrder) -> Vec<String> {
    let page = registry.list(order, None, usize::MAX).await.unwrap();
    let ids = page.clients.iter().map(Client::client_id);
    ids.map(str::to_owned).collect()
}

/// Returns the replies to each operation on this client with this token.
async fn replies(registry: &Registry, client_id: &str, token: &Value) -> Vec<Reply> {
    let token = BearerToken::new(text(token)).unwrap();
    let mut metadata = metadata();
    metadata["client_id"] = json!(client_id);
    let metadata = ClientMetadata::parse(metadata.to_string()).unwrap();
    let mut replies = Vec::new();
    for operation in [
        Read::new(client_id, token.clone()).into(),
        Update::new(client_id, token.clone(), metadata).into(),
        Delete::new(client_id, token).into(),
    ] {
        replies.push(registry.execute(operation).await.unwrap());
    }
    replies
}

/// Each of two tenants, and the registry that was built, is a stranger to the others.
#[tokio::test]
async fn tenants_do_not_see_each_others_clients() {
    for (plain, _directory) in in_both_homes(&builder()) {
        let registries = [
            plain.clone(),
            tenant(&plain, "blue"),
            tenant(&plain, "green"),
        ];
        let mut clients = Vec::new();
        for registry in &registries {
            clients.push(client(registry, &metadata()).await);
        }
        for (own, client) in clients.iter().enumerate() {
            for (other, registry) in registries.iter().enumerate() {
                if own == other {
                    continue;
                }
                assert!(registry.client(id(client)).await.unwrap().is_none());
                assert!(!registry.mark_used(id(client)).await.unwrap());
                assert!(!registry.delete(id(client)).await.unwrap());
                let issued = registry.issue_registration_access_token(id(client)).await;
                assert!(issued.unwrap().is_none());
                // The client and its token are as unknown as a client that does not exist.
                let token = &client["registration_access_token"];
                let unknown = format!("{:?}", replies(registry, "nobody", token).await);
                for client_id in [id(client), id(&clients[other])] {
                    let replies = replies(registry, client_id, token).await;
                    assert_eq!(format!("{replies:?}"), unknown);
                }
            }
        }
        for (registry, client) in registries.iter().zip(&clients) {
            for order in [ClientOrder::Age, ClientOrder::LastUse] {
                assert_eq!(ids(registry, order).await, [id(client)]);
            }
            let found = registry.client(id(client)).await.unwrap().unwrap();
            assert_eq!(found.last_used(), None);
            assert_eq!(read(registry, client).await.json(), *client);
        }
    }
}

#[tokio::test]
async fn handles_with_one_name_are_one_tenant() {
    for (plain, _directory) in in_both_homes(&builder()) {
        let blue = tenant(&plain, "blue");
        let client = client(&blue, &metadata()).await;
        for same in [
            tenant(&plain, "blue"),
            tenant(&blue, "blue"),
            tenant(&tenant(&plain, "green"), "blue"),
        ] {
            assert_eq!(read(&same, &client).await.json(), client);
        }
        for other in [tenant(&plain, "Blue"), tenant(&blue, "green")] {
            assert_eq!(read(&other, &client).await.status, 401);
        }
    }
}

#[tokio::test]
async fn each_tenant_has_its_own_url() {
    for (plain, _directory) in in_both_homes(&builder()) {
        for name in ["blue", "green"] {
            let registry = tenant(&plain, name);
            let client = client(&registry, &metadata()).await;
            let expected = format!("{}/{}", url(name), id(&client));
            assert_eq!(client["registration_client_uri"], json!(expected));
            assert_eq!(registry.registration_endpoint(), url(name));
            let announced = registry.server_metadata();
            assert_eq!(announced["registration_endpoint"], json!(url(name)));
            // An update may repeat it, and no other.
            let mut metadata = metadata();
            metadata["registration_client_uri"] = json!(expected);
            assert_eq!(update(&registry, &client, &metadata).await.status, 200);
            let wrong = format!("{CONFIGURATION_ENDPOINT}/{}", id(&client));
            metadata["registration_client_uri"] = json!(wrong);
            assert_eq!(update(&registry, &client, &metadata).await.status, 400);
        }
        assert_eq!(plain.registration_endpoint(), CONFIGURATION_ENDPOINT);
    }
}

#[tokio::test]
async fn tenants_have_the_settings_of_the_registry() {
    let builder = builder()
        .https_only(false)
        .registration_only(true)
        .grant_types_supported(["authorization_code"])
        .max_redirect_uris(1);
    for (plain, _directory) in in_both_homes(&builder) {
        let blue = plain.tenant("blue", "http://as.test/register").unwrap();
        assert!(blue.is_registration_only());
        let announced = blue.server_metadata()["grant_types_supported"].clone();
        assert_eq!(announced, json!(["authorization_code"]));
        let client = client(&blue, &metadata()).await;
        assert!(client.get("registration_access_token").is_none());
        let two = json!({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]});
        assert_eq!(post(&blue, &two).await.status, 400);
    }
}

#[test]
fn wrong_names_and_urls_are_refused_with_advice() {
    let registry = builder().build().unwrap();
    let longest = "x".repeat(128);
    for name in ["a", "Blue", "blue.example.com", "-._~", "..", &longest] {
        registry.tenant(name, url("blue")).unwrap();
    }
    let too_long = "x".repeat(129);
    for (name, problem) in [
        ("", "is empty"),
        (&too_long, "is longer than 128 characters"),
        ("a/b", "has a character"),
        ("a b", "has a character"),
        ("a%20b", "has a character"),
        ("bl\u{fc}", "has a character"),
        ("a\0", "has a character"),
    ] {
        let error = registry.tenant(name, url("blue")).unwrap_err();
        assert!(matches!(
            error,
            RegistryConfigError::InvalidTenantName { .. }
        ));
        let message = error.to_string();
        let start = format!("the name of the tenant {problem}");
        assert!(message.starts_with(&start), "{message}");
        assert!(message.contains(": write 1 to 128 characters"), "{message}");
    }
    for url in ["http://as.example.com/register", "https://as.example.com"] {
        let error = registry.tenant("blue", url).unwrap_err();
        assert!(matches!(
            error,
            RegistryConfigError::InvalidRegistrationEndpoint { .. }
        ));
    }
}

#[tokio::test]
async fn each_tenant_may_have_max_clients() {
    let time = Time::new();
    for (plain, _directory) in in_both_homes(&builder().clock(time.clock()).max_clients(2)) {
        let (blue, green) = (tenant(&plain, "blue"), tenant(&plain, "green"));
        // The client of the other tenant is the oldest.
        let old = client(&green, &metadata()).await;
        time.pass(1);
        let first = client(&blue, &metadata()).await;
        time.pass(1);
        client(&blue, &metadata()).await;
        post(&blue, &metadata())
            .await
            .assert_error(503, "temporarily_unavailable");
        // The limit is that of the tenant, not of the handle.
        post(&tenant(&plain, "blue"), &metadata())
            .await
            .assert_error(503, "temporarily_unavailable");
        client(&green, &metadata()).await;
        client(&plain, &metadata()).await;

        time.pass(HOUR);
        client(&blue, &metadata()).await;
        assert_eq!(read(&blue, &first).await.status, 401);
        assert_eq!(read(&green, &old).await.json(), old);
        for (registry, expected) in [(&blue, 2), (&green, 2), (&plain, 1)] {
            assert_eq!(count(registry).await, expected);
        }
    }
}

#[tokio::test]
async fn tenants_survive_a_restart() {
    let (_directory, path) = new_path();
    let plain = open(&path).unwrap();
    let old = client(&plain, &metadata()).await;
    let blue = client(&tenant(&plain, "blue"), &metadata()).await;
    let green = client(&tenant(&plain, "green"), &metadata()).await;
    drop(plain);
    let plain = open(&path).unwrap();
    for (registry, client) in [
        (plain.clone(), &old),
        (tenant(&plain, "blue"), &blue),
        (tenant(&plain, "green"), &green),
    ] {
        assert_eq!(read(&registry, client).await.json(), *client);
        assert_eq!(ids(&registry, ClientOrder::LastUse).await, [id(client)]);
    }
    assert_eq!(count(&tenant(&plain, "red")).await, 0);
}

/// The tables of the first format are those of the registry without tenants.
#[tokio::test]
async fn tables_of_a_tenant_are_created_with_its_first_client() {
    let (_directory, path) = new_path();
    let tables = || {
        let database = redb::Database::open(&path).unwrap();
        let transaction = redb::ReadableDatabase::begin_read(&database).unwrap();
        let tables = transaction.list_tables().unwrap();
        let names: Vec<_> = tables.map(|table| table.name().to_owned()).collect();
        names
    };
    let plain = open(&path).unwrap();
    let blue = tenant(&plain, "blue");
    let client = client(&plain, &metadata()).await;
    assert_eq!(read(&blue, &client).await.status, 401);
    assert!(!blue.delete("nobody").await.unwrap());
    assert_eq!(count(&blue).await, 0);
    drop((plain, blue));
    let format_1 = ["by_age", "by_last_use", "clients", "tower_dcr"];
    assert_eq!(tables(), format_1);

    let blue = tenant(&open(&path).unwrap(), "blue");
    self::client(&blue, &metadata()).await;
    drop(blue);
    let mut expected = [
        &format_1[..],
        &["by_age/blue", "by_last_use/blue", "clients/blue"],
    ]
    .concat();
    expected.sort_unstable();
    assert_eq!(tables(), expected);
    assert_eq!(read(&open(&path).unwrap(), &client).await.json(), client);
}

#[tokio::test]
async fn backup_contains_all_tenants() {
    for (plain, _directory) in in_both_homes(&builder()) {
        let (directory, _) = new_path();
        let names = ["blue", "green"];
        let old = client(&plain, &metadata()).await;
        let mut clients = Vec::new();
        for name in names {
            clients.push(client(&tenant(&plain, name), &metadata()).await);
        }
        // Each handle backs up everything.
        for (number, registry) in [&plain, &tenant(&plain, "blue"), &tenant(&plain, "red")]
            .into_iter()
            .enumerate()
        {
            let path = directory.path().join(format!("{number}.redb"));
            registry.backup(&path).await.unwrap();
            let restored = open(&path).unwrap();
            assert_eq!(ids(&restored, ClientOrder::Age).await, [id(&old)]);
            for (name, client) in names.iter().zip(&clients) {
                let registry = tenant(&restored, name);
                assert_eq!(read(&registry, client).await.json(), *client);
                assert_eq!(ids(&registry, ClientOrder::Age).await, [id(client)]);
            }
        }
    }
}

/// The file stays open for the last handle of any tenant, and no longer.
#[tokio::test]
async fn last_handle_of_the_last_tenant_closes_the_file() {
    let (_directory, path) = new_path();
    let plain = open(&path).unwrap();
    let (blue, green) = (tenant(&plain, "blue"), tenant(&plain, "green"));
    drop(plain);
    drop(green);
    let client = client(&blue, &metadata()).await;
    let error = open(&path).unwrap_err();
    assert!(matches!(error, RegistryConfigError::Locked { .. }));
    drop(blue);
    let blue = tenant(&open(&path).unwrap(), "blue");
    assert_eq!(read(&blue, &client).await.json(), client);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_changes_reach_their_tenants() {
    const TENANTS: usize = 10;
    const EACH: usize = 20;

    for (plain, _directory) in in_both_homes(&builder()) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..TENANTS * EACH {
            let registry = tenant(&plain, &format!("t{}", number % TENANTS));
            tasks.spawn(async move {
                let client = client(&registry, &metadata()).await;
                assert_eq!(update(&registry, &client, &metadata()).await.status, 200);
            });
        }
        tasks.join_all().await;
        for number in 0..TENANTS {
            let registry = tenant(&plain, &format!("t{number}"));
            assert_eq!(count(&registry).await, EACH);
        }
        assert_eq!(count(&plain).await, 0);
    }
}

type Told = (ClientChangeKind, Option<String>, String);

/// Returns a builder whose observer sends the changes here.
fn observed(builder: RegistryBuilder) -> (RegistryBuilder, mpsc::Receiver<Told>) {
    let (sender, changes) = mpsc::channel();
    let builder = builder.on_change(move |change| {
        let tenant = change.tenant().map(str::to_owned);
        let _ = sender.send((change.kind(), tenant, change.client_id().to_owned()));
    });
    (builder, changes)
}

fn next(changes: &mpsc::Receiver<Told>) -> Told {
    changes.recv_timeout(Duration::from_secs(10)).unwrap()
}

#[tokio::test]
async fn observer_is_told_the_tenant() {
    let time = Time::new();
    let (builder, changes) = observed(builder().clock(time.clock()).max_clients(1));
    for (plain, _directory) in in_both_homes(&builder) {
        for name in [None, Some("blue"), Some("green")] {
            let registry = name.map_or(plain.clone(), |name| tenant(&plain, name));
            let first = client(&registry, &metadata()).await;
            update(&registry, &first, &metadata()).await;
            time.pass(HOUR);
            let second = client(&registry, &metadata()).await;
            registry.delete(id(&second)).await.unwrap();
            for (kind, client) in [
                (ClientChangeKind::Created, &first),
                (ClientChangeKind::Updated, &first),
                (ClientChangeKind::Expired, &first),
                (ClientChangeKind::Created, &second),
                (ClientChangeKind::Deleted, &second),
            ] {
                let expected = (kind, name.map(str::to_owned), id(client).to_owned());
                assert_eq!(next(&changes), expected);
            }
        }
    }
}

/// Also those of a tenant that has no handle.
#[tokio::test]
async fn clients_that_were_never_used_are_removed_from_all_tenants() {
    let time = Time::new();
    let (builder, changes) = observed(
        builder()
            .clock(time.clock())
            .remove_never_used_after(Duration::from_secs(5)),
    );
    for (plain, _directory) in in_both_homes(&builder) {
        let mut expected = Vec::new();
        for name in [None, Some("blue"), Some("green")] {
            let registry = name.map_or(plain.clone(), |name| tenant(&plain, name));
            let used = client(&registry, &metadata()).await;
            mark_used(&registry, &used).await;
            let unused = client(&registry, &metadata()).await;
            for client in [&used, &unused] {
                let created = next(&changes);
                assert_eq!(
                    (created.0, &*created.2),
                    (ClientChangeKind::Created, id(client))
                );
            }
            let tenant = name.map(str::to_owned);
            expected.push((ClientChangeKind::Expired, tenant, id(&unused).to_owned()));
        }
        time.pass(5);
        let mut told = Vec::new();
        for _ in &expected {
            told.push(next(&changes));
        }
        told.sort_by(|one, other| one.1.cmp(&other.1));
        assert_eq!(told, expected);
        for registry in [tenant(&plain, "blue"), tenant(&plain, "green"), plain] {
            assert_eq!(count(&registry).await, 1);
        }
    }
}

/// No handle of the tenant exists in the process that removes the client.
#[tokio::test]
async fn clients_of_a_tenant_are_removed_after_a_restart() {
    let (_directory, path) = new_path();
    let time = Time::new();
    let (builder, changes) = observed(
        builder()
            .clock(time.clock())
            .remove_never_used_after(Duration::from_secs(5))
            .file(&path),
    );
    let unused = client(
        &tenant(&builder.clone().build().unwrap(), "blue"),
        &metadata(),
    )
    .await;
    assert_eq!(next(&changes).0, ClientChangeKind::Created);
    time.pass(5);
    let plain = builder.build().unwrap();
    let expected = (
        ClientChangeKind::Expired,
        Some("blue".to_owned()),
        id(&unused).to_owned(),
    );
    assert_eq!(next(&changes), expected);
    assert_eq!(count(&tenant(&plain, "blue")).await, 0);
}
