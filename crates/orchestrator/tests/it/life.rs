//! From a workflow to the end of its run.

use casare_access::Role;
use casare_queue::{JobError, Outcome};
use casare_store::RunEventRow;
use casare_store_testing::{Database, on_both};
use reqwest::Method;
use serde_json::json;

use crate::office::{Office, greeting};

on_both! {
    async fn a_workflow_is_uploaded_published_and_run_to_its_end(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let draft = me.post("/workflows", json!({ "text": greeting("greet", "Hi") })).await.is(201);
        assert_eq!(draft["version"], "1.0.0");
        let order = json!({ "inputs": { "who": "Ada" } });
        let early = me.post("/workflows/greet/runs", order.clone()).await.is(409);
        assert_eq!(early["code"], "no_active_version");
        me.put("/workflows/greet/versions/1/state", json!({ "state": "published" })).await.is(204);
        me.put("/workflows/greet/active", json!({ "version": 1 })).await.is(204);

        let wrong = me.post("/workflows/greet/runs", json!({ "inputs": { "whom": 1 } })).await.is(422);
        assert_eq!(wrong["problems"].as_array().unwrap().len(), 2, "{wrong}");
        let ordered = me.post("/workflows/greet/runs", order).await.is(202);
        let id = ordered["job"].as_str().unwrap();
        let job = office.lease(me.tenant).await;
        assert_eq!(job.inputs, json!({ "who": "Ada" }));
        office.server.queue.start(&[job.lease]).await.unwrap();
        let running = me.get(&format!("/jobs/{id}")).await.is(200);
        assert_eq!(running["state"], "running");
        let run = running["attempts"][0]["run"].as_str().unwrap();
        let tenant = office.server.store.tenant(me.tenant);
        let mut work = tenant.begin().await.unwrap();
        let step = json!({ "node": "log.write" });
        let events = [
            json!({ "event": "step_started", "path": "0", "step": step }),
            json!({ "event": "log", "path": "0", "level": "info", "message": "Hi, Ada" }),
            json!({ "event": "step_finished", "path": "0", "step": step, "took": 12 }),
        ];
        let rows: Vec<RunEventRow> = events.into_iter().zip(0..).map(|(event, seq)| RunEventRow {
            seq, at: office.server.queue.now(), event: sqlx::types::Json(event),
        }).collect();
        tenant.add_events(&mut work, job.lease.run(), &rows).await.unwrap();
        work.commit().await.unwrap();
        office.succeed(&job, json!({ "greeted": "Ada" })).await;

        let done = me.get(&format!("/jobs/{id}")).await.is(200);
        assert_eq!((&done["state"], &done["outputs"]["greeted"]), (&json!("succeeded"), &json!("Ada")));
        let log = me.get(&format!("/runs/{run}/log")).await.is(200);
        assert_eq!(log["items"][0]["message"], "Hi, Ada");
        let steps = me.get(&format!("/runs/{run}/steps")).await.is(200);
        assert_eq!((&steps["items"][0]["state"], &steps["items"][0]["took_us"]), (&json!("finished"), &json!(12)));
        let listed = me.get("/jobs?state=succeeded&workflow=greet").await.is(200);
        assert_eq!(listed["items"][0]["id"], done["id"]);
        assert_eq!(me.get("/jobs?state=queued").await.is(200)["items"], json!([]));
    }

    async fn what_is_wrong_with_a_workflow_is_said_with_its_place(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let text = "casare: 1\nname: x\nsteps:\n  - use: log.wrote\n    with: {message: hi}\n";

        let refused = me.post("/workflows", json!({ "text": text })).await;

        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        let problem = refused.is(422);
        assert_eq!(problem["code"], "invalid_workflow");
        assert_eq!(problem["problems"][0]["code"], "unknown-node");
        assert_eq!(me.get("/workflows").await.is(200)["items"], json!([]));
    }

    async fn versions_are_compared_activated_and_rolled_back(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        let same = me.post("/workflows", json!({ "text": greeting("greet", "Hello") })).await.is(200);
        assert_eq!(same["number"], 1, "the same text is the same version");
        let second = json!({ "text": greeting("greet", "Bye"), "publish": true });
        assert_eq!(me.post("/workflows", second).await.is(201)["version"], "1.0.1");

        let diff = me.get("/workflows/greet/diff?from=1&to=2").await.is(200);
        assert!(diff.to_string().contains("Bye"), "{diff}");
        let shown = me.get("/workflows/greet").await;
        let tag = shown.header("etag").unwrap().to_owned();
        assert_eq!(shown.json()["active"], 2);
        let back = me.post("/workflows/greet/roll-back", json!({})).await.is(200);
        assert_eq!(back["number"], 1);

        let stale = me.send_with(
            Method::PUT, "/workflows/greet/active", Some(&json!({ "version": 2 })), &[("if-match", &tag)],
        ).await.is(412);
        assert_eq!(stale["code"], "changed");
        assert_eq!(me.get("/workflows/greet").await.json()["active"], 1);
    }

    async fn a_request_that_is_sent_again_does_nothing_twice(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        let order = json!({ "inputs": { "who": "Ada" } });
        let key = [("idempotency-key", "order 1")];
        let path = "/workflows/greet/runs";

        let first = me.send_with(Method::POST, path, Some(&order), &key).await;
        let again = me.send_with(Method::POST, path, Some(&order), &key).await;
        let other = json!({ "inputs": { "who": "Bob" } });
        let reused = me.send_with(Method::POST, path, Some(&other), &key).await;

        assert_eq!((first.status, again.status), (202, 202));
        assert_eq!(first.json()["job"], again.json()["job"]);
        assert_eq!(reused.is(409)["code"], "key_reused");
        assert_eq!(me.get("/jobs").await.is(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn pages_follow_each_other_and_end(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        for number in 0..5 {
            let order = json!({ "inputs": { "who": number.to_string() } });
            me.post("/workflows/greet/runs", order).await.is(202);
        }
        let mut seen = Vec::new();
        let mut path = "/jobs?limit=2".to_owned();
        loop {
            let page = me.get(&path).await.is(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|job| job["id"].to_string()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/jobs?limit=2&cursor={next}");
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted.dedup();
        assert_eq!((seen.len(), &seen), (5, &sorted), "the newest first, each once");
        assert_eq!(me.get("/jobs?cursor=nonsense").await.is(422)["code"], "invalid");
    }

    async fn a_job_that_asks_holds_no_robot_and_goes_on_with_the_answer(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        me.post("/workflows/greet/runs", json!({ "inputs": { "who": "Ada" } })).await.is(202);
        let job = office.lease(me.tenant).await;
        let question = json!({ "title": "Approve?" });
        let asks = Outcome::Suspended { until: None, waits_for: question.clone() };
        office.server.queue.report(job.lease, asks).await.unwrap();

        let tasks = me.get("/tasks").await.is(200);
        assert_eq!(tasks["items"][0]["question"], question);
        let path = format!("/tasks/{}/answer", job.lease.job);
        me.post(&path, json!({ "answer": { "approved": true } })).await.is(202);
        let second = me.post(&path, json!({ "answer": { "approved": false } })).await;
        assert_eq!(second.is(409)["code"], "wrong_state", "the first answer counts");
        let again = office.lease(me.tenant).await;

        let answer = again.carry.unwrap().answer.unwrap();
        assert_eq!(answer["answer"], json!({ "approved": true }));
        assert!(answer["by"].as_str().unwrap().starts_with("key:"));
    }

    async fn what_was_given_up_is_replayed_and_what_waits_says_why(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        let order = json!({ "inputs": { "who": "Ada" }, "max_attempts": 1 });
        let ordered = me.post("/workflows/greet/runs", order).await.is(202);
        let id = ordered["job"].as_str().unwrap();
        let why = me.get(&format!("/jobs/{id}/waiting")).await.is(200);
        assert_eq!(why[0]["reason"], "no_robot");
        let job = office.lease(me.tenant).await;
        let error = JobError { kind: casare_queue::ErrorKind::Timeout, message: "too slow".to_owned() };
        office.server.queue.report(job.lease, Outcome::Failed(error)).await.unwrap();

        let letters = me.get("/dead-letters").await.is(200);
        assert_eq!(letters["items"][0]["job"], *id);
        let edit = json!({ "inputs": { "who": "Bob" } });
        let replay = me.post(&format!("/dead-letters/{id}/replay"), edit).await.is(202);
        let again = office.lease(me.tenant).await;

        assert_eq!(again.lease.job.to_string(), replay["job"].as_str().unwrap());
        assert_eq!(again.inputs, json!({ "who": "Bob" }));
        let rerun = me.post(&format!("/jobs/{id}/rerun"), json!({})).await.is(202);
        assert_ne!(rerun["job"], replay["job"]);
        let path = format!("/jobs/{}/cancel", rerun["job"].as_str().unwrap());
        assert_eq!(me.post(&path, json!({})).await.is(202)["state"], "cancelled");
    }

    async fn items_go_through_a_queue_and_nobody_reads_a_credential(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Admin).await;
        let design = json!({ "unique_reference": true, "schema": {
            "type": "object", "required": ["amount"] } });
        me.post("/queues", json!({ "name": "invoices", "design": design })).await.is(201);
        let items = json!({ "items": [
            { "payload": { "amount": 5 }, "reference": "a" },
            { "payload": {}, "reference": "b" },
            { "payload": { "amount": 6 }, "reference": "a" },
        ]});
        let added = me.post("/queues/invoices/items", items).await.is(201);
        let errors: Vec<bool> =
            added["items"].as_array().unwrap().iter().map(|one| one["error"].is_string()).collect();
        assert_eq!(errors, [false, true, true]);
        let taken = me.post("/queues/invoices/take", json!({})).await.is(200);
        let (id, epoch) = (taken["items"][0]["id"].as_str().unwrap(), &taken["items"][0]["epoch"]);
        me.post(&format!("/items/{id}/complete"), json!({ "epoch": epoch, "output": 1 })).await.is(204);
        let late = json!({ "epoch": epoch, "exception": "business", "message": "no" });
        assert_eq!(me.post(&format!("/items/{id}/fail"), late).await.is(409)["code"], "lease_lost");

        let secret = json!({ "kind": "login", "fields": { "password": "hunter2 hunter2" } });
        me.put("/credentials/shop", secret).await.is(200);
        let shown = me.get("/credentials/shop").await;
        assert!(!shown.text.contains("hunter2"));
        assert_eq!(shown.json()["fields"], json!(["password"]));
        assert!(!me.get("/audit").await.text.contains("hunter2"));
    }
}
