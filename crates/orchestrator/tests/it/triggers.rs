//! What starts runs besides schedules, and whom the server tells.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use casare_access::Role;
use casare_store_testing::{Database, on_both};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::office::Office;

fn hmac(secret: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

on_both! {
    async fn a_signed_call_starts_a_run_and_hears_how_it_ended(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        let design = json!({
            "source": { "kind": "webhook", "wait_s": 20,
                "auth": { "kind": "hmac", "secret": "a secret of 22 letters" } },
            "inputs": { "who": "/body/customer" },
            "filter": { "/body/kind": "order" },
        });
        let order = json!({ "name": "orders", "workflow": "greet", "design": design });
        let made = me.post("/triggers", order).await;
        assert!(!made.text.contains("22 letters"));
        let made = made.is(201);
        let id = made["id"].as_str().unwrap();
        // What is read has no secret in it; saved again, the trigger keeps the one that it has.
        let read = json!({ "name": "web orders", "workflow": "greet", "design": made["design"] });
        let tag = format!("\"{}\"", made["revision"]);
        let changed = me.send_with(
            Method::PUT, &format!("/triggers/{id}"), Some(&read), &[("if-match", &tag)],
        ).await;
        assert_eq!(changed.is(200)["name"], "web orders");
        let path = format!("/webhooks/{id}");
        let body = json!({ "kind": "order", "customer": "Ada" });
        let signature = format!(
            "sha256={}", hex(&hmac(b"a secret of 22 letters", body.to_string().as_bytes()))
        );
        let signed = [("x-hub-signature-256", signature.as_str()), ("idempotency-key", "call 1")];
        let outside = office.nobody();

        let unsigned = outside.post(&path, body.clone()).await;
        assert_eq!(unsigned.is(401)["code"], "unknown_credentials");
        let call = outside.send_with(Method::POST, &path, Some(&body), &signed);
        let robot = async {
            let job = office.lease(me.tenant).await;
            assert_eq!(job.inputs, json!({ "who": "Ada" }));
            office.succeed(&job, json!({ "greeted": "Ada" })).await;
        };
        let (answer, ()) = tokio::join!(call, robot);
        let answer = answer.is(200);
        assert_eq!(answer["outputs"], json!({ "greeted": "Ada" }));
        let again = outside.send_with(Method::POST, &path, Some(&body), &signed).await.is(200);
        assert_eq!(again["job"], answer["job"], "the same call is the same run");

        let other = json!({ "kind": "offer" });
        let signature = format!(
            "sha256={}", hex(&hmac(b"a secret of 22 letters", other.to_string().as_bytes()))
        );
        let signed = [("x-hub-signature-256", signature.as_str())];
        let filtered = outside.send_with(Method::POST, &path, Some(&other), &signed).await.is(202);
        assert!(filtered.get("job").is_none());
        let log = me.get(&format!("/triggers/{id}/deliveries")).await.is(200);
        let outcomes: Vec<&str> = log["items"].as_array().unwrap().iter()
            .map(|one| one["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["filtered", "repeated", "started"]);
    }

    async fn the_end_of_a_run_starts_another(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("first").await;
        me.workflow("second").await;
        let design = json!({
            "source": { "kind": "run_finished", "workflow": "first", "states": ["succeeded"] },
            "inputs": { "who": "/outputs/greeted" },
        });
        let order = json!({ "name": "then", "workflow": "second", "design": design });
        me.post("/triggers", order).await.is(201);
        me.post("/workflows/first/runs", json!({ "inputs": { "who": "Ada" } })).await.is(202);
        let job = office.lease(me.tenant).await;
        office.succeed(&job, json!({ "greeted": "Grace" })).await;

        let next = office.lease(me.tenant).await;

        assert_eq!(next.inputs, json!({ "who": "Grace" }));
    }

    async fn what_happens_is_told_signed_and_again_until_it_arrives(database: Database) {
        let office = Office::open_with(&database, |settings| settings.private_hooks = true).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        let got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
        let receiver = Router::new()
            .route("/hook", post(
                async |State(got): State<Arc<Mutex<Vec<_>>>>, headers: HeaderMap, body: Bytes| {
                    let mut got = got.lock().unwrap();
                    got.push((headers, body));
                    // The first attempt fails.
                    if got.len() == 1 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
                },
            ))
            .with_state(Arc::clone(&got));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, receiver).await });
        let order = json!({ "name": "chat", "url": url, "events": ["job.queued"] });
        let made = me.post("/hooks", order).await.is(201);
        let secret = made["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
        let secret = STANDARD.decode(secret).unwrap();
        let shown = me.get(&format!("/hooks/{}", made["id"].as_str().unwrap())).await;
        assert!(shown.json().get("secret").is_none());
        let ordered = me.post("/workflows/greet/runs", json!({ "inputs": { "who": "Ada" } })).await.is(202);

        let path = format!("/hooks/{}/deliveries", made["id"].as_str().unwrap());
        let arrived = async || loop {
            let page = me.get(&path).await.is(200);
            let first = page["items"][0].clone();
            if first["state"] == "delivered" { break first }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let delivered = arrived().await;

        assert_eq!(delivered["attempts"], 2);
        let repeat = format!("{path}/{}/repeat", delivered["id"].as_str().unwrap());
        me.post(&repeat, json!({})).await.is(202);
        assert_eq!(arrived().await["attempts"], 1);
        let got = got.lock().unwrap();
        assert_eq!(got.len(), 3, "each attempt once");
        let (headers, body) = &got[1];
        assert_eq!((&got[2].0["webhook-id"], &got[2].1), (&headers["webhook-id"], body));
        let told: Value = serde_json::from_slice(body).unwrap();
        assert_eq!((&told["event"], &told["data"]["job"]), (&json!("job.queued"), &ordered["job"]));
        let text = |name: &str| headers[name].to_str().unwrap();
        let signed = format!(
            "{}.{}.{}", text("webhook-id"), text("webhook-timestamp"), String::from_utf8_lossy(body)
        );
        let expected = format!("v1,{}", STANDARD.encode(hmac(&secret, signed.as_bytes())));
        assert_eq!(text("webhook-signature"), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_into_the_own_network_is_refused() {
    let database = Database::sqlite();
    let office = Office::open(&database).await;
    let me = office.caller(Role::Developer).await;

    for url in [
        "http://127.0.0.1:80/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
    ] {
        let order = json!({ "name": "x", "url": url, "events": ["*"] });
        assert_eq!(
            me.post("/hooks", order).await.is(422)["code"],
            "invalid",
            "{url}"
        );
    }
}
