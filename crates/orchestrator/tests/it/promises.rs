//! What is promised of workflows, and who is told when it is not kept.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use casare_access::Role;
use casare_queue::{ErrorKind, JobError, Outcome};
use casare_store::{Clock, ManualClock};
use casare_store_testing::{Database, on_both};
use reqwest::Method;
use serde_json::{Value, json};

use crate::office::{Caller, Office};

async fn kinds(me: &Caller, which: &str) -> Vec<String> {
    let page = me.get(&format!("/alerts{which}")).await.is(200);
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|alert| alert["kind"].as_str().unwrap().to_owned())
        .collect()
}

async fn promise(me: &Caller, level: Value) {
    let order = json!({ "level": level });
    let path = "/workflows/greet/service-level";
    me.send(Method::PUT, path, Some(&order)).await.is(204);
}

async fn run(me: &Caller) {
    let order = json!({ "inputs": { "who": "Ada" }, "max_attempts": 1 });
    me.post("/workflows/greet/runs", order).await.is(202);
}

on_both! {
    async fn what_is_not_as_promised_is_an_alert_until_it_is(database: Database) {
        let clock = ManualClock::at(Clock::System.now());
        let office = Office::open_at(&database, Clock::Manual(clock.clone())).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        promise(&me, json!({ "longest_run_s": 60, "longest_wait_s": 30, "failures_in_a_row": 2,
            "success_percent": 90, "least_runs": 3 })).await;
        run(&me).await;
        office.server.look_at_levels().await.unwrap();
        assert!(kinds(&me, "").await.is_empty());

        clock.advance(Duration::from_secs(31));
        office.server.look_at_levels().await.unwrap();
        assert_eq!(kinds(&me, "?open=true").await, ["long_wait"]);
        let job = office.lease(me.tenant).await;
        office.server.queue.start(&[job.lease]).await.unwrap();
        clock.advance(Duration::from_secs(10));
        office.server.queue.renew(&[job.lease]).await.unwrap();
        office.server.look_at_levels().await.unwrap();
        assert!(kinds(&me, "?open=true").await.is_empty(), "it waits no more");
        for _ in 0..6 {
            clock.advance(Duration::from_secs(10));
            office.server.queue.renew(&[job.lease]).await.unwrap();
        }
        office.server.look_at_levels().await.unwrap();
        office.server.look_at_levels().await.unwrap();
        assert_eq!(kinds(&me, "?open=true").await, ["long_run"]);
        office.succeed(&job, json!({})).await;

        for _ in 0..2 {
            run(&me).await;
            let job = office.lease(me.tenant).await;
            let outcome = Outcome::Failed(JobError { kind: ErrorKind::Business, message: "no tea".to_owned() });
            office.server.queue.report(job.lease, outcome).await.unwrap();
        }
        office.server.look_at_levels().await.unwrap();
        assert_eq!(kinds(&me, "?open=true").await, ["failures_in_a_row", "few_successes"]);
        let report = me.get("/workflows/greet/service-report").await.is(200);
        assert_eq!((&report["runs"], &report["succeeded"]), (&json!(3), &json!(1)));
        assert!(report["duration"]["longest_s"].as_f64().unwrap() >= 60.0, "{report}");

        let alert = me.get("/alerts?open=true").await.is(200)["items"][0].clone();
        let path = format!("/alerts/{}/acknowledge", alert["id"].as_str().unwrap());
        let seen = me.post(&path, json!({})).await.is(200);
        assert!(seen["acknowledged_by"].is_string());
        me.send(Method::DELETE, "/workflows/greet/service-level", None).await.is(204);
        assert!(kinds(&me, "?open=true").await.is_empty());
        assert_eq!(kinds(&me, "").await.len(), 4);
    }

    async fn people_are_told_in_their_chat(database: Database) {
        let office = Office::open_with(&database, |settings| settings.private_hooks = true).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        let got: Arc<Mutex<Vec<Value>>> = Arc::default();
        let receiver = Router::new()
            .route("/chat", post(async |State(got): State<Arc<Mutex<Vec<_>>>>, Json(said): Json<Value>| {
                got.lock().unwrap().push(said);
            }))
            .with_state(Arc::clone(&got));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/chat", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, receiver).await });
        let order = json!({ "name": "chat", "url": url, "format": "chat", "events": ["alert.*"] });
        me.post("/hooks", order).await.is(201);
        promise(&me, json!({ "failures_in_a_row": 1 })).await;
        run(&me).await;
        let job = office.lease(me.tenant).await;
        let outcome = Outcome::Failed(JobError { kind: ErrorKind::Business, message: "no tea".to_owned() });
        office.server.queue.report(job.lease, outcome).await.unwrap();
        office.server.look_at_levels().await.unwrap();

        let told = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(said) = got.lock().unwrap().pop() {
                    return said;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let told = told.await.unwrap();
        let text = told["text"].as_str().unwrap();
        assert!(text.starts_with("`greet` has failed 1 times in a row http://"), "{text}");
    }
}
