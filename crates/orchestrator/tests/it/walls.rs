//! Who gets in where: a walk over all routes that the OpenAPI document names.

use std::collections::BTreeMap;

use casare_access::{Permission, Role};
use casare_store_testing::{Database, on_both};
use reqwest::Method;
use serde_json::{Value, json};

use crate::office::{Caller, Office};

struct Route {
    method: Method,
    path: String,
    /// What it needs; nothing for those that are open to all.
    permission: Option<Permission>,
}

fn routes() -> Vec<Route> {
    let document = serde_json::to_value(casare_orchestrator::document()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let permission = operation["x-permission"].as_str();
            assert!(
                permission.is_some() || operation["security"] == json!([]),
                "{method} {path} says neither what it needs nor that it is open"
            );
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.strip_prefix("/api/v1").unwrap().to_owned(),
                permission: permission.map(|name| name.parse().unwrap()),
            });
        }
    }
    assert!(routes.len() > 90, "only {} routes", routes.len());
    routes
}

fn filled(path: &str, names: &BTreeMap<&str, String>) -> String {
    let mut path = path.to_owned();
    for (place, name) in names {
        path = path.replace(&format!("{{{place}}}"), name);
    }
    let rest = path.replace(['{', '}'], "");
    if rest == path { path } else { rest }
}

/// What a tenant owns, by the places in paths that it fits.
async fn furnish(
    office: &Office,
    me: &Caller,
) -> Vec<(&'static str, BTreeMap<&'static str, String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let workflow = me.workflow("marker-flow").await;
    let order = json!({ "inputs": { "who": "marker-input" } });
    let job = text(&me.post("/workflows/marker-flow/runs", order).await.is(202)["job"]);
    let plan = json!({ "when": { "kind": "every", "seconds": 86400 } });
    let schedule = json!({ "name": "marker-schedule", "workflow": workflow, "plan": plan });
    let schedule = text(&me.post("/schedules", schedule).await.is(201)["id"]);
    me.post("/queues", json!({ "name": "marker-queue" }))
        .await
        .is(201);
    let items = json!({ "items": [{ "payload": { "a": "marker-payload" } }] });
    let added = me.post("/queues/marker-queue/items", items).await.is(201);
    let item = text(&added["items"][0]["id"]);
    me.post("/environments", json!({ "name": "marker-environment" }))
        .await
        .is(201);
    me.put("/assets/marker-asset", json!({ "value": "marker-value" }))
        .await
        .is(200);
    let secret = json!({ "kind": "login", "fields": { "password": "marker-password" } });
    me.put("/credentials/marker-credential", secret)
        .await
        .is(200);
    me.put("/calendars/marker-calendar", json!({ "time_zone": "UTC" }))
        .await
        .is(204);
    me.post("/pools", json!({ "name": "marker-pool" }))
        .await
        .is(201);
    let key = json!({ "name": "marker-key", "role": "viewer" });
    let key = text(&me.post("/api-keys", key).await.is(201)["id"]);
    let token = text(
        &me.post("/enrolment-tokens", json!({ "name": "marker-token" }))
            .await
            .is(201)["id"],
    );
    let robot = office
        .server
        .access
        .add_own_robot(me.tenant, "marker-robot", 1)
        .await
        .unwrap();
    let leased = casare_store::RunId::of(casare_store::JobId(job.parse().unwrap()), 1);
    let tenant = office.server.store.tenant(me.tenant);
    let mut work = tenant.begin().await.unwrap();
    let event = casare_store::RunEventRow {
        seq: 0,
        at: office.server.queue.now(),
        event: sqlx::types::Json(json!({ "event": "log", "message": "marker-line" })),
    };
    tenant
        .add_events(&mut work, leased, &[event])
        .await
        .unwrap();
    let hash = office
        .server
        .artifacts
        .put(me.tenant, b"marker-content".to_vec())
        .await
        .unwrap();
    let artifact = casare_store::Artifact {
        run_id: leased,
        name: "marker-file".to_owned(),
        media_type: "text/plain".to_owned(),
        hash,
        size: 14,
        created_at: office.server.queue.now(),
    };
    tenant.add_artifact(&mut work, &artifact).await.unwrap();
    work.commit().await.unwrap();
    let one = |place, name: &str| BTreeMap::from([(place, name.to_owned())]);
    let numbered =
        |place, name: &str| BTreeMap::from([(place, name.to_owned()), ("number", "1".to_owned())]);
    let nested = |place, name: &str, second, other: &str| {
        BTreeMap::from([(place, name.to_owned()), (second, other.to_owned())])
    };
    vec![
        ("/workflows/", numbered("workflow", &workflow)),
        ("/workflows/", numbered("workflow", "marker-flow")),
        ("/jobs/", one("id", &job)),
        (
            "/runs/",
            nested("run", &leased.to_string(), "name", "marker-file"),
        ),
        ("/dead-letters/", one("job", &job)),
        ("/tasks/", one("job", &job)),
        ("/schedules/", one("id", &schedule)),
        ("/calendars/", one("name", "marker-calendar")),
        ("/queues/", nested("queue", "marker-queue", "id", &item)),
        ("/items/", one("id", &item)),
        ("/environments/", one("name", "marker-environment")),
        ("/assets/", one("name", "marker-asset")),
        ("/credentials/", one("name", "marker-credential")),
        ("/pools/", one("name", "marker-pool")),
        ("/api-keys/", one("id", &key)),
        ("/enrolment-tokens/", one("id", &token)),
        ("/robots/", one("id", &robot.id.to_string())),
    ]
}

/// Everything that the owner sees, to compare.
async fn seen(
    routes: &[Route],
    names: &[(&'static str, BTreeMap<&'static str, String>)],
    me: &Caller,
) -> String {
    let mut seen = String::new();
    for route in routes.iter().filter(|route| route.method == Method::GET) {
        let streams = [
            "/live",
            "/events",
            "/audit",
            "/metrics",
            "/openapi.json",
            "/health",
        ];
        if streams.contains(&route.path.as_str()) || route.path.starts_with("/me") {
            continue;
        }
        let fitting = names
            .iter()
            .filter(|(start, _)| route.path.starts_with(start));
        let mut paths: Vec<String> = fitting
            .map(|(_, names)| filled(&route.path, names))
            .collect();
        if !route.path.contains('{') {
            paths = vec![route.path.clone()];
        }
        for path in paths {
            let query = if path.ends_with("/diff") {
                "?from=1&to=1"
            } else {
                ""
            };
            let reply = me.get(&format!("{path}{query}")).await;
            seen.push_str(&format!("{path} {} {}\n", reply.status, reply.text));
        }
    }
    seen
}

on_both! {
    async fn no_route_answers_without_credentials(database: Database) {
        let office = Office::open(&database).await;
        let nobody = office.nobody();
        let mut wrong = Caller { key: Some(format!("csr_{}", "A".repeat(43))), ..nobody.clone() };
        let names = BTreeMap::from([("number", "1".to_owned())]);
        for route in routes().iter().filter(|route| route.permission.is_some()) {
            let path = filled(&route.path, &names);
            for caller in [&nobody, &wrong] {
                let reply = caller.send(route.method.clone(), &path, None).await;
                assert_eq!(reply.status, 401, "{} {path}", route.method);
            }
        }
        let (_, revoked) = {
            let me = office.caller(Role::Owner).await;
            let key = me.post("/api-keys", json!({ "name": "k", "role": "viewer" })).await.is(201);
            let path = format!("/api-keys/{}", key["id"].as_str().unwrap());
            me.send(Method::DELETE, &path, None).await.is(204);
            (me, key["secret"].as_str().unwrap().to_owned())
        };
        wrong.key = Some(revoked);
        assert_eq!(wrong.get("/jobs").await.status, 401);
    }

    async fn a_role_does_what_it_may_and_a_viewer_writes_nothing(database: Database) {
        let office = Office::open(&database).await;
        let names = BTreeMap::from([("number", "1".to_owned())]);
        for role in Role::ALL {
            let caller = office.caller(role).await;
            for route in routes() {
                let Some(permission) = route.permission else { continue };
                if ["/live", "/events"].contains(&route.path.as_str()) {
                    continue;
                }
                let path = filled(&route.path, &names);
                // Without a body: whatever is let in cannot do harm.
                let reply = caller.send(route.method.clone(), &path, None).await;
                let refused = reply.status == 403;
                assert_eq!(refused, !role.may(permission), "{role}: {} {path}: {}", route.method, reply.text);
                let reads = permission.name().ends_with(":read") || permission == Permission::OwnAccount;
                if role == Role::Viewer && !reads {
                    assert!(refused, "{} {path}", route.method);
                }
                assert!(reply.status < 500, "{} {path}: {}", route.method, reply.text);
            }
        }
    }

    async fn nobody_sees_or_changes_what_belongs_to_another_tenant(database: Database) {
        let office = Office::open(&database).await;
        let ours = office.caller(Role::Owner).await;
        let other = office.server.store.create_tenant("other").await.unwrap();
        let theirs = office.caller_in(other, Role::Owner).await;
        let names = furnish(&office, &ours).await;
        let routes = routes();
        let before = seen(&routes, &names, &ours).await;
        for marker in ["marker-flow", "marker-payload", "marker-value", "marker-line", "marker-content"] {
            assert!(before.contains(marker), "{marker} is not seen by its owner");
        }
        let job = &names.iter().find(|(start, _)| *start == "/jobs/").unwrap().1["id"];

        let seen_by_others = seen(&routes, &names, &theirs).await;
        for line in seen_by_others.lines() {
            let (path, answer) = line.split_once(' ').unwrap();
            let answer = answer.replace(path, "");
            assert!(
                !answer.contains("marker-") || answer.contains("\"status\":404"),
                "{line}"
            );
            assert!(path.contains(job.as_str()) || !answer.contains(job.as_str()), "{line}");
        }
        let writing = |route: &&Route| route.method != Method::GET && route.path.contains('{');
        for route in routes.iter().filter(writing) {
            let fitting = names.iter().filter(|(start, _)| route.path.starts_with(start));
            for (_, names) in fitting {
                let path = filled(&route.path, names);
                let body = json!({
                    "inputs": {}, "state": "archived", "version": 1, "priority": 1, "answer": {},
                    "decision": "repeat", "note": "x", "name": "x", "paused": true, "epoch": 1,
                    "exception": "business", "message": "x", "until": "2030-01-01T00:00:00Z",
                    "from": "pending", "to": "verified", "role": "viewer", "items": [], "jobs": [],
                });
                let reply = theirs.send(route.method.clone(), &path, Some(&body)).await;
                assert!(
                    (400..500).contains(&reply.status),
                    "{} {path}: {} {}", route.method, reply.status, reply.text
                );
            }
        }

        assert_eq!(seen(&routes, &names, &ours).await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_lives_in_a_cookie_and_pages_of_other_sites_cannot_use_it() {
    let database = Database::sqlite();
    let office = Office::open(&database).await;
    let nobody = office.nobody();
    let link = office.server.access.first_link().await.unwrap().unwrap();
    let link = secrecy::ExposeSecret::expose_secret(&link.token).to_owned();
    let join = json!({
        "token": link, "email": "ada@example.com", "name": "Ada", "password": "correct horse battery"
    });
    let joined = nobody.post("/use-link", join.clone()).await;
    assert_eq!(joined.status, 200, "{}", joined.text);
    let cookie = joined.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert_eq!(
        nobody.post("/use-link", join).await.status,
        401,
        "it works once"
    );
    let cookie = cookie.split(';').next().unwrap();

    let same = [("cookie", cookie), ("sec-fetch-site", "same-origin")];
    let me = nobody
        .send_with(Method::GET, "/me", None, &same)
        .await
        .is(200);
    assert_eq!(
        (&me["role"], &me["name"]),
        (&json!("owner"), &json!("ada@example.com"))
    );
    let cross = [("cookie", cookie), ("sec-fetch-site", "cross-site")];
    let body = json!({ "name": "x" });
    let refused = nobody
        .send_with(Method::POST, "/pools", Some(&body), &cross)
        .await;
    assert_eq!(refused.is(403)["code"], "other_site");
    nobody
        .send_with(Method::POST, "/pools", Some(&body), &same)
        .await
        .is(201);
    nobody
        .send_with(Method::POST, "/sign-out", None, &same)
        .await
        .is(204);

    assert_eq!(
        nobody
            .send_with(Method::GET, "/me", None, &same)
            .await
            .status,
        401
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_keeps_pages_from_being_misused() {
    let database = Database::sqlite();
    let office = Office::open(&database).await;

    for path in ["/me", "/nowhere", "/health"] {
        let reply = office.nobody().get(path).await;
        assert_eq!(
            reply.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(reply.header("content-security-policy").is_some(), "{path}");
    }
    let lost = office.nobody().get("/nowhere").await;
    assert_eq!(
        lost.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(lost.is(404)["code"], "not_found");
}
