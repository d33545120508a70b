//! What the designer asks of the server.

use casare_access::Role;
use casare_store_testing::{Database, on_both};
use reqwest::Method;
use serde_json::{Value, json};

use crate::office::{Caller, Office, Reply, greeting};

async fn keep(me: &Caller, body: &Value, headers: &[(&str, &str)]) -> Reply {
    me.send_with(Method::PUT, "/workflows/greet/draft", Some(body), headers)
        .await
}

on_both! {
    async fn a_draft_need_not_be_valid_and_two_windows_do_not_overwrite_each_other(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let half = json!({ "text": "casare: 1\nsteps:\n  - use: " });
        me.get("/workflows/greet/draft").await.is(404);
        let first = keep(&me, &half, &[("if-none-match", "*")]).await.is(200);
        assert_eq!(first["revision"], 1);

        let again = keep(&me, &half, &[("if-none-match", "*")]).await.is(412);
        let second = keep(&me, &half, &[("if-match", "\"1\"")]).await.is(200);
        let late = keep(&me, &half, &[("if-match", "\"1\"")]).await.is(412);

        assert_eq!((&again["code"], &late["code"]), (&json!("changed"), &json!("changed")));
        assert_eq!(second["revision"], 2);
        let read = me.get("/workflows/greet/draft").await;
        assert_eq!(read.header("etag"), Some("\"2\""));
        assert_eq!(read.is(200)["text"], half["text"]);
        me.send(Method::DELETE, "/workflows/greet/draft", None).await.is(204);
        me.get("/workflows/greet/draft").await.is(404);
    }

    async fn others_see_that_there_is_a_draft_and_not_what_is_in_it(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let other = office.caller(Role::Developer).await;
        keep(&me, &json!({ "text": "secret plan", "base": 3 }), &[]).await.is(200);

        let seen = other.get("/workflows/greet/drafts").await;

        assert!(!seen.text.contains("secret plan"), "{seen:?}");
        let seen = seen.is(200);
        assert_eq!((&seen["items"][0]["mine"], &seen["items"][0]["base"]), (&json!(false), &json!(3)));
        other.get("/workflows/greet/draft").await.is(404);
        let stranger = office.nobody().get("/workflows/greet/drafts").await;
        assert_eq!(stranger.status, 401);
    }

    async fn publishing_over_what_somebody_else_has_published_is_refused(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let publish = |words: &str, base: i64| {
            me.post("/workflows", json!({ "text": greeting("greet", words), "publish": true, "base": base }))
        };
        publish("Hi", 0).await.is(201);
        publish("Hello", 1).await.is(201);

        let late = publish("Good day", 1).await.is(412);

        assert_eq!(late["code"], "changed");
        let now = me.get("/workflows/greet").await.is(200);
        assert_eq!(now["active"], 2, "what the other published is what runs");
    }

    async fn an_expression_is_tried_with_its_kind_or_its_mistake(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Viewer).await;
        let tried = |setting: &str| {
            let scope = json!({ "vars": { "sent": 2 }, "steps": { "people": { "rows": [{ "age": 30 }] } } });
            me.post("/designer/expression", json!({ "setting": setting, "scope": scope }))
        };

        let sum = tried("{{ vars.sent + 1 }}").await.is(200);
        let wrong = tried("ä {{ steps.people.rwos }}").await.is(200);

        assert_eq!((&sum["value"], &sum["kind"]), (&json!(3), &json!("whole number")));
        let error = wrong["error"]["message"].as_str().unwrap();
        assert!(error.contains("rows"), "{wrong}");
        assert_eq!(wrong["error"]["offset"], 18, "counted in characters");
    }

    async fn the_catalogue_is_sent_once(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Viewer).await;
        let first = me.get("/designer/catalogue").await;
        let tag = first.header("etag").unwrap().to_owned();
        let body = first.is(200);
        assert_eq!(body["nodes"][0]["settings"]["required"], json!(["message"]));
        assert!(body["functions"].as_array().unwrap().iter().any(|one| one["name"] == "upper"));

        let again = me.send_with(Method::GET, "/designer/catalogue", None, &[("if-none-match", &tag)]).await;

        assert_eq!((again.status, again.text.as_str()), (304, ""));
    }

    async fn texts_are_compared_merged_and_imported(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let base = greeting("greet", "Hi");
        let ours = base.replace("Hi", "Hello");
        let theirs = base.replace("    with:", "    timeout: 5s\n    with:");

        let diff = me.post("/designer/compare", json!({ "old": base, "new": ours })).await.is(200);
        let merged = me.post("/designer/merge", json!({ "base": base, "ours": ours, "theirs": theirs })).await.is(200);
        let foreign = json!({ "files": [{ "path": "a.json", "text": "{\"nope\": 1}" }] });
        let imported = me.post("/designer/import", foreign).await.is(200);

        assert_eq!(diff["steps"][0]["change"], "changed");
        let text = merged["text"].as_str().unwrap();
        assert!(text.contains("Hello") && text.contains("5s"), "{text}");
        assert_eq!(merged["conflicts"], json!([]));
        assert!(imported["files"][0]["error"].is_string(), "{imported}");
    }
}
