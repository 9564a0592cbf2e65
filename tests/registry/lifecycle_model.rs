//! Random sequences of operations, with restarts in between. The registry must answer each
//! operation like a plain list of clients.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tower_dcr::registry::Client;

use super::*;

const MAX_CLIENTS: usize = 4;
const LIFETIME: u64 = 10 * DAY;
const GRACE: u64 = 3 * HOUR;

#[derive(Clone, Debug)]
enum Step {
    Register {
        name: u8,
        is_public: bool,
    },
    Read {
        who: usize,
        with: With,
    },
    Update {
        who: usize,
        with: With,
        name: u8,
        is_public: bool,
    },
    Delete {
        who: usize,
        with: With,
    },
    Use {
        who: usize,
    },
    DeleteByServer {
        who: usize,
    },
    NewToken {
        who: usize,
    },
    Pass {
        seconds: u64,
    },
    Restart,
}

/// Which token is presented.
#[derive(Clone, Copy, Debug)]
enum With {
    Current,
    Previous,
    OfAnotherClient,
}

fn step() -> impl Strategy<Value = Step> {
    // Some of them are gone.
    let who = || 0..8_usize;
    let with = || {
        prop_oneof![
            5 => Just(With::Current),
            3 => Just(With::Previous),
            1 => Just(With::OfAnotherClient),
        ]
    };
    let seconds = prop_oneof![
        Just(1),
        Just(10 * MINUTE),
        Just(HOUR),
        Just(DAY - 1),
        Just(DAY),
        Just(9 * DAY),
    ];
    prop_oneof![
        4 => (any::<u8>(), any::<bool>())
            .prop_map(|(name, is_public)| Step::Register { name, is_public }),
        4 => (who(), with()).prop_map(|(who, with)| Step::Read { who, with }),
        4 => (who(), with(), any::<u8>(), any::<bool>())
            .prop_map(|(who, with, name, is_public)| Step::Update { who, with, name, is_public }),
        1 => (who(), with()).prop_map(|(who, with)| Step::Delete { who, with }),
        2 => who().prop_map(|who| Step::Use { who }),
        1 => who().prop_map(|who| Step::DeleteByServer { who }),
        1 => who().prop_map(|who| Step::NewToken { who }),
        4 => seconds.prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Restart),
    ]
}

/// The expected client.
#[derive(Clone, Debug)]
struct Model {
    id: String,
    issued_at: u64,
    last_used: u64,
    name: String,
    token: String,
    /// The token, and until when it is valid.
    previous_token: Option<(String, u64)>,
    /// The secret, and when it expires.
    secret: Option<(String, u64)>,
    previous_secret: Option<(String, u64)>,
}

impl Model {
    /// Expects what each accepted request does: the current token ends the previous one.
    fn token_used(&mut self, with_current: bool) {
        if with_current {
            self.previous_token = None;
        }
    }

    fn secret_is_due(&self, now: u64) -> bool {
        self.secret
            .as_ref()
            .is_some_and(|(_, expires_at)| now >= expires_at - LIFETIME / 10)
    }

    /// Checks the secret in an answer. It is new if the old one was due.
    fn take_secret(&mut self, information: &Value, now: u64) {
        let shown = text(&information["client_secret"]).to_owned();
        let expires_at = information["client_secret_expires_at"].as_u64().unwrap();
        match &self.secret {
            Some(secret) if !self.secret_is_due(now) => {
                assert_eq!((&shown, expires_at), (&secret.0, secret.1));
            }
            old => {
                assert_eq!(expires_at, now + LIFETIME);
                let old = old.clone().filter(|(_, expires_at)| now < *expires_at);
                self.previous_secret = old.map(|(secret, _)| {
                    assert_ne!(secret, shown);
                    (secret, now + GRACE)
                });
                self.secret = Some((shown, expires_at));
            }
        }
    }
}

struct World {
    registry: Registry,
    time: Time,
    /// Ordered by age.
    clients: Vec<Model>,
    gone: Vec<Model>,
}

impl World {
    fn who(&self, who: usize) -> Option<Model> {
        self.clients.iter().chain(&self.gone).nth(who).cloned()
    }

    fn model(&mut self, id: &str) -> &mut Model {
        self.clients
            .iter_mut()
            .find(|model| model.id == id)
            .unwrap()
    }

    fn remove(&mut self, id: &str) {
        let index = self
            .clients
            .iter()
            .position(|model| model.id == id)
            .unwrap();
        let gone = self.clients.remove(index);
        self.gone.push(gone);
    }

    /// Returns the token to present. The second value says whether it should be accepted, and
    /// whether it is the current one.
    fn token(&self, model: &Model, with: With) -> (String, Option<bool>) {
        let is_there = self.clients.iter().any(|client| client.id == model.id);
        match (with, &model.previous_token) {
            (With::Current, _) => (model.token.clone(), is_there.then_some(true)),
            (With::Previous, Some((token, until))) => {
                let is_valid = is_there && self.time.now() < *until;
                (token.clone(), is_valid.then_some(false))
            }
            _ => {
                let other = self.clients.iter().find(|other| other.id != model.id);
                (
                    other.map_or("nobodys", |other| &other.token).to_owned(),
                    None,
                )
            }
        }
    }

    async fn send(&self, method: &str, model: &Model, token: &str, body: &Value) -> TestResponse {
        let client = json!({"client_id": model.id});
        with_token(&self.registry, method, &client, &json!(token), body).await
    }

    async fn register(&mut self, name: u8, is_public: bool) {
        let now = self.time.now();
        let mut oldest: Vec<_> = self
            .clients
            .iter()
            .filter(|model| model.last_used == 0)
            .collect();
        oldest.sort_by_key(|model| (model.issued_at, model.id.clone()));
        let evicted = oldest
            .first()
            .filter(|model| model.issued_at + 10 * MINUTE < now);
        let evicted = evicted.map(|model| model.id.clone());
        let answer = post(&self.registry, &requested(name, is_public)).await;
        if self.clients.len() == MAX_CLIENTS {
            match evicted {
                None => return answer.assert_error(503, "temporarily_unavailable"),
                Some(evicted) => self.remove(&evicted),
            }
        }
        assert_eq!(answer.status, 201);
        let information = answer.json();
        let mut model = Model {
            id: text(&information["client_id"]).to_owned(),
            issued_at: now,
            last_used: 0,
            name: name.to_string(),
            token: text(&information["registration_access_token"]).to_owned(),
            previous_token: None,
            secret: None,
            previous_secret: None,
        };
        if !is_public {
            model.take_secret(&information, now);
        }
        assert_eq!(information["client_id_issued_at"], now);
        self.clients.push(model);
    }

    async fn read(&mut self, model: &Model, with: With) {
        let now = self.time.now();
        let (token, is_accepted) = self.token(model, with);
        let answer = self.send("GET", model, &token, &json!({})).await;
        let Some(with_current) = is_accepted else {
            return answer.assert_error(401, "invalid_token");
        };
        let information = answer.json();
        assert_eq!(information["client_name"], model.name);
        assert_eq!(information["registration_access_token"], token);
        let model = self.model(&model.id);
        model.token_used(with_current);
        if model.secret.is_some() {
            model.take_secret(&information, now);
        } else {
            assert_eq!(information.get("client_secret"), None);
        }
    }

    async fn update(&mut self, model: &Model, with: With, name: u8, is_public: bool) {
        let now = self.time.now();
        let (token, is_accepted) = self.token(model, with);
        let mut body = requested(name, is_public);
        body["client_id"] = json!(model.id);
        let answer = self.send("PUT", model, &token, &body).await;
        let Some(with_current) = is_accepted else {
            return answer.assert_error(401, "invalid_token");
        };
        let information = answer.json();
        assert_eq!(information["client_name"], name.to_string());
        let new = text(&information["registration_access_token"]).to_owned();
        assert!(new != token && new != model.token);
        let model = self.model(&model.id);
        model.name = name.to_string();
        model.token_used(with_current);
        let old = std::mem::replace(&mut model.token, new);
        if with_current {
            model.previous_token = Some((old, now + DAY));
        }
        if is_public {
            (model.secret, model.previous_secret) = (None, None);
            assert_eq!(information.get("client_secret"), None);
        } else {
            model.take_secret(&information, now);
        }
    }

    async fn delete(&mut self, model: &Model, with: With) {
        let (token, is_accepted) = self.token(model, with);
        let answer = self.send("DELETE", model, &token, &json!({})).await;
        if is_accepted.is_none() {
            return answer.assert_error(401, "invalid_token");
        }
        assert_eq!(answer.status, 204);
        self.remove(&model.id);
    }

    async fn mark_used(&mut self, model: &Model) {
        let now = self.time.now();
        let is_there = self.registry.mark_used(&model.id).await.unwrap();
        let found = self.registry.client(&model.id).await.unwrap();
        assert_eq!(found.is_some(), is_there);
        let Some(model) = self.clients.iter_mut().find(|client| client.id == model.id) else {
            assert!(found.is_none());
            return;
        };
        if now - model.last_used >= HOUR {
            model.last_used = now;
        }
        let found = found.unwrap();
        assert_eq!(found.last_used(), Some(at(model.last_used)));
        assert_eq!(found.metadata().to_map()["client_name"], model.name);
        for (secret, expires_at) in [&model.secret, &model.previous_secret]
            .into_iter()
            .flatten()
        {
            assert_eq!(found.has_client_secret(secret), now < *expires_at);
        }
    }

    async fn delete_by_server(&mut self, model: &Model) {
        let deleted = self.registry.delete(&model.id).await.unwrap();
        assert_eq!(
            deleted,
            self.clients.iter().any(|client| client.id == model.id)
        );
        if deleted {
            self.remove(&model.id);
        }
    }

    async fn new_token(&mut self, model: &Model) {
        let issued = self
            .registry
            .issue_registration_access_token(&model.id)
            .await;
        match self.clients.iter_mut().find(|client| client.id == model.id) {
            Some(model) => {
                model.token = String::from(issued.unwrap().unwrap().as_str());
                model.previous_token = None;
            }
            None => assert!(issued.unwrap().is_none()),
        }
    }

    async fn assert_listed(&self) {
        let mut clients: Vec<_> = self.clients.iter().collect();
        for order in [ClientOrder::Age, ClientOrder::LastUse] {
            clients.sort_by_key(|model| {
                let last_used = if order == ClientOrder::Age {
                    0
                } else {
                    model.last_used
                };
                (last_used, model.issued_at, model.id.clone())
            });
            let page = self.registry.list(order, None, 99).await.unwrap();
            let listed: Vec<_> = page.clients.iter().map(Client::client_id).collect();
            let expected: Vec<_> = clients.iter().map(|model| model.id.as_str()).collect();
            assert_eq!(listed, expected, "{order:?}");
        }
    }
}

fn requested(name: u8, is_public: bool) -> Value {
    let mut metadata = metadata();
    metadata["client_name"] = json!(name.to_string());
    if is_public {
        metadata["token_endpoint_auth_method"] = json!("none");
    }
    metadata
}

/// Carries out the steps. `restart` builds the registry, and builds it again after each restart.
async fn carry_out(
    steps: Vec<Step>,
    time: Time,
    mut restart: impl FnMut(Option<Registry>) -> Registry,
) {
    let mut world = World {
        registry: restart(None),
        time,
        clients: Vec::new(),
        gone: Vec::new(),
    };
    for step in steps {
        let who = match step {
            Step::Read { who, .. }
            | Step::Update { who, .. }
            | Step::Delete { who, .. }
            | Step::Use { who }
            | Step::DeleteByServer { who }
            | Step::NewToken { who } => world.who(who),
            _ => None,
        };
        match (step, who) {
            (Step::Register { name, is_public }, _) => world.register(name, is_public).await,
            (Step::Pass { seconds }, _) => world.time.pass(seconds),
            (Step::Restart, _) => {
                let World {
                    registry,
                    time,
                    clients,
                    gone,
                } = world;
                let registry = restart(Some(registry));
                world = World {
                    registry,
                    time,
                    clients,
                    gone,
                };
            }
            (Step::Read { with, .. }, Some(model)) => world.read(&model, with).await,
            (
                Step::Update {
                    with,
                    name,
                    is_public,
                    ..
                },
                Some(model),
            ) => {
                world.update(&model, with, name, is_public).await;
            }
            (Step::Delete { with, .. }, Some(model)) => world.delete(&model, with).await,
            (Step::Use { .. }, Some(model)) => world.mark_used(&model).await,
            (Step::DeleteByServer { .. }, Some(model)) => world.delete_by_server(&model).await,
            (Step::NewToken { .. }, Some(model)) => world.new_token(&model).await,
            // There is no such client.
            (_, None) => {}
        }
        world.assert_listed().await;
    }
}

fn settings(time: &Time) -> RegistryBuilder {
    builder()
        .clock(time.clock())
        .max_clients(MAX_CLIENTS)
        .rotate_registration_access_token(true)
        .secret_lifetime(Duration::from_secs(LIFETIME))
        .secret_grace_period(Duration::from_secs(GRACE))
}

fn run(cases: u32, carry_out: impl Fn(Vec<Step>)) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let steps = proptest::collection::vec(step(), 1..80);
    let outcome = TestRunner::new(config).run(&steps, |steps| {
        carry_out(steps);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(future);
}

#[test]
fn registry_in_memory_behaves_like_the_model() {
    run(256, |steps| {
        let time = Time::new();
        let settings = settings(&time);
        block_on(carry_out(steps, time, |before| {
            before.unwrap_or_else(|| settings.clone().build().unwrap())
        }));
    });
}

#[test]
fn registry_in_a_file_behaves_like_the_model() {
    run(96, |steps| {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("clients.redb");
        let time = Time::new();
        let settings = settings(&time);
        block_on(carry_out(steps, time, |before| {
            drop(before);
            settings.clone().file(&path).build().unwrap()
        }));
    });
}
