//! What happens, as it happens.

use casare_access::Role;
use casare_store_testing::{Database, on_both};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::office::{Caller, Office};

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn listen(office: &Office, me: &Caller, query: &str) -> Socket {
    let url = office.url.replace("http://", "ws://");
    let mut request = format!("{url}/api/v1/live?{query}")
        .into_client_request()
        .unwrap();
    let key = format!("Bearer {}", me.key.as_deref().unwrap());
    request
        .headers_mut()
        .insert("authorization", key.parse().unwrap());
    connect_async(request).await.unwrap().0
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

on_both! {
    async fn listeners_hear_of_their_jobs_and_go_on_where_they_were(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let other = office.server.store.create_tenant("other").await.unwrap();
        let stranger = office.caller_in(other, Role::Owner).await;
        me.workflow("greet").await;
        let mut socket = listen(&office, &me, "topics=jobs").await;
        let mut elsewhere = listen(&office, &stranger, "topics=*").await;

        let order = json!({ "inputs": { "who": "Ada" } });
        let ordered = me.post("/workflows/greet/runs", order).await.is(202);
        let first = next(&mut socket).await;
        assert_eq!(first["topic"], "jobs");
        assert_eq!(first["data"]["jobs"][0]["job"], ordered["job"]);
        drop(socket);
        let job = office.lease(me.tenant).await;
        office.succeed(&job, json!({})).await;

        let mut resumed = listen(&office, &me, &format!("topics=jobs&after={}", first["seq"])).await;
        let mut states = Vec::new();
        while states.last().is_none_or(|state| state != "succeeded") {
            let event = next(&mut resumed).await;
            assert!(event["seq"].as_i64() > first["seq"].as_i64());
            let jobs = event["data"]["jobs"].as_array().unwrap().clone();
            states.extend(jobs.iter().map(|job| job["state"].as_str().unwrap().to_owned()));
        }
        stranger.workflow("theirs").await;
        assert_eq!(next(&mut elsewhere).await["topic"], "workflows", "and nothing of others before");
    }

    async fn two_servers_of_one_database_tell_the_same(database: Database) {
        if database.folder().is_some() {
            return; // SQLite has one server.
        }
        let (one, two) = (Office::open(&database).await, Office::open(&database).await);
        let me = one.caller(Role::Developer).await;
        let mut socket = listen(&two, &me, "topics=workflows").await;

        me.workflow("greet").await;

        assert_eq!(next(&mut socket).await["data"]["version"], 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_site_does_not_listen() {
    let database = Database::sqlite();
    let office = Office::open(&database).await;
    let me = office.caller(Role::Viewer).await;
    let headers = [("origin", "https://evil.example")];
    let refused = me
        .send_with(reqwest::Method::GET, "/live", None, &headers)
        .await;

    assert_eq!(refused.is(403)["code"], "other_site");
}
