//! A server for tests, and somebody who talks to it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use casare_access::{NewApiKey, Principal, Role};
use casare_orchestrator::{Orchestrator, Settings};
use casare_queue::{LeasedJob, Outcome, Robot};
use casare_store::{Clock, RobotId, TenantId};
use casare_store_testing::Database;
use casare_workflow::{Catalogue, Effect, NodeSpec, catalogue::Siblings};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The only node of the tests.
#[derive(Debug)]
struct OneNode(NodeSpec);

impl Catalogue for OneNode {
    fn node(&self, name: &str) -> Option<&NodeSpec> {
        (name == self.0.name).then_some(&self.0)
    }

    fn nodes(&self) -> Vec<&NodeSpec> {
        vec![&self.0]
    }
}

fn catalogue() -> OneNode {
    OneNode(NodeSpec {
        name: Cow::Borrowed("log.write"),
        summary: "Writes a line.".to_owned(),
        help: String::new(),
        icon: Cow::Borrowed("list"),
        effect: Effect::Pure,
        settings: json!({
            "type": "object",
            "properties": { "message": { "type": "string" } },
            "required": ["message"],
        }),
        outputs: json!({ "type": "object" }),
        blocks: Vec::new(),
        siblings: Siblings::None,
        faults: Vec::new(),
        example: Cow::Borrowed(""),
    })
}

/// A running server.
pub(crate) struct Office {
    pub(crate) server: Orchestrator,
    pub(crate) url: String,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

/// Whoever calls, by their key.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) key: Option<String>,
    pub(crate) tenant: TenantId,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Office {
    pub(crate) async fn open(database: &Database) -> Self {
        Self::open_at(database, Clock::System).await
    }

    pub(crate) async fn open_at(database: &Database, clock: Clock) -> Self {
        Self::open_with(database, |settings| settings.clock = clock).await
    }

    pub(crate) async fn open_with(database: &Database, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::in_folder(folder.path().to_owned(), Arc::new(catalogue()));
        settings.database = database.address.clone().into();
        settings.rate = 100_000;
        change(&mut settings);
        let server = Orchestrator::open(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = server.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        Self {
            server,
            url,
            http: reqwest::Client::new(),
            _folder: folder,
        }
    }

    pub(crate) async fn tenant(&self) -> TenantId {
        self.server.access.first_tenant().await.unwrap()
    }

    pub(crate) fn nobody(&self) -> Caller {
        Caller {
            http: self.http.clone(),
            url: self.url.clone(),
            key: None,
            tenant: TenantId::new(self.server.queue.now()),
        }
    }

    /// Somebody of this role in the first tenant.
    pub(crate) async fn caller(&self, role: Role) -> Caller {
        self.caller_in(self.tenant().await, role).await
    }

    pub(crate) async fn caller_in(&self, tenant: TenantId, role: Role) -> Caller {
        let mut by = Principal::server(tenant, "test");
        by.role = Role::Owner;
        let new = NewApiKey {
            name: format!("{role}"),
            role,
            scopes: Vec::new(),
            expires_at: None,
        };
        let (_, secret) = self.server.access.create_key(&by, &new).await.unwrap();
        Caller {
            key: Some(secret.expose_secret().to_owned()),
            tenant,
            ..self.nobody()
        }
    }

    /// Takes a job as a robot of the tenant would.
    pub(crate) async fn lease(&self, tenant: TenantId) -> LeasedJob {
        let robot = Robot::of(tenant, RobotId::new(self.server.queue.now()));
        let request = casare_queue::LeaseRequest {
            robot: Arc::new(robot),
            count: 1,
        };
        let jobs = self.server.queue.wait_for(request, Duration::from_secs(20));
        jobs.await.unwrap().pop().unwrap()
    }

    pub(crate) async fn succeed(&self, job: &LeasedJob, outputs: Value) {
        let outcome = Outcome::Succeeded {
            outputs: Some(outputs),
        };
        self.server.queue.report(job.lease, outcome).await.unwrap();
    }
}

impl Caller {
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.send_with(method, path, body, &[]).await
    }

    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.url));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        Reply {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(&body)).await
    }

    /// A workflow that can run, and its id.
    pub(crate) async fn workflow(&self, name: &str) -> String {
        let made = self
            .post(
                "/workflows",
                json!({ "text": greeting(name, "Hello"), "publish": true }),
            )
            .await
            .is(201);
        made["workflow"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn greeting(name: &str, words: &str) -> String {
    format!(
        "casare: 1\nname: {name}\ninputs:\n  who: {{type: string, required: true}}\nsteps:\n  \
         - use: log.write\n    with: {{message: '{words}, {{{{ inputs.who }}}}'}}\n"
    )
}
