//! What starts runs by coming into a folder, a mailbox, a queue, a form, or a channel of a database.

use std::{collections::BTreeMap, time::Duration};

use casare_access::{NewCredential, Principal, Role};
use casare_node_testing::MailServer;
use casare_store_testing::{Database, on_both};
use serde_json::{Value, json};

use crate::office::{Caller, Office};

/// Asks until it answers something.
async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let patience = Duration::from_secs(20);
    let asked = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(patience, asked).await.unwrap()
}

/// Makes a trigger of `greet`; answers its path.
async fn trigger(me: &Caller, design: Value) -> String {
    me.workflow("greet").await;
    let order = json!({ "name": "watcher", "workflow": "greet", "design": design });
    let made = me.post("/triggers", order).await.is(201);
    format!("/triggers/{}", made["id"].as_str().unwrap())
}

/// What came to the trigger, the latest first.
async fn outcomes(me: &Caller, trigger: &str) -> Vec<String> {
    let log = me.get(&format!("{trigger}/deliveries")).await.is(200);
    let items = log["items"].as_array().unwrap();
    items
        .iter()
        .map(|one| one["outcome"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until the watcher has had its first look, which takes what is there for old.
async fn settled(office: &Office, trigger: &str) {
    let id = trigger.rsplit('/').next().unwrap().parse().unwrap();
    until(async || office.server.watches(id).await.then_some(())).await;
}

async fn credential(office: &Office, name: &str, fields: &[(&str, &str)]) {
    let mut by = Principal::server(office.tenant().await, "test");
    by.role = Role::Owner;
    let fields: BTreeMap<_, _> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    let new = NewCredential {
        name: name.to_owned(),
        environment: String::new(),
        kind: "login".to_owned(),
        description: None,
        fields,
    };
    office.server.vault.set(&by, &new, None).await.unwrap();
}

on_both! {
    async fn a_file_that_comes_into_a_folder_starts_one_run(database: Database) {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        std::fs::write(real.join("old.csv"), "from before").unwrap();
        let roots = vec![real.clone()];
        let office = Office::open_with(&database, move |settings| settings.watched = roots).await;
        let me = office.caller(Role::Developer).await;
        let trigger = trigger(&me, json!({
            "source": { "kind": "file", "folder": real, "pattern": "*.csv", "every_s": 1 },
            "inputs": { "who": "/file/name" },
        })).await;
        settled(&office, &trigger).await;

        std::fs::write(real.join("new.txt"), "of another kind").unwrap();
        std::fs::write(real.join("new.csv"), "a,b").unwrap();

        let job = office.lease(me.tenant).await;
        assert_eq!(job.inputs, json!({ "who": "new.csv" }));
        assert_eq!(outcomes(&me, &trigger).await, ["started"]);
    }

    async fn there_are_as_many_runs_as_the_items_of_a_queue_want(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        me.post("/queues", json!({ "name": "orders" })).await.is(201);
        let items: Vec<Value> = (0..5).map(|number| json!({ "payload": { "number": number } })).collect();
        me.post("/queues/orders/items", json!({ "items": items })).await.is(201);

        let trigger = trigger(&me, json!({
            "source": { "kind": "queue", "queue": "orders", "items_per_run": 2, "most_runs": 2 },
            "inputs": { "who": "/queue/name" },
        })).await;

        // Five items want three runs, and two are allowed.
        let first = office.lease(me.tenant).await;
        office.lease(me.tenant).await;
        assert_eq!(first.inputs, json!({ "who": "orders" }));
        office.succeed(&first, json!({})).await;
        // The items still wait: one that has ended makes room for another.
        office.lease(me.tenant).await;
        assert_eq!(outcomes(&me, &trigger).await, ["started"; 3]);
    }

    async fn what_comes_close_together_is_one_run(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let trigger = trigger(&me, json!({
            "source": { "kind": "webhook", "auth": { "kind": "bearer", "token": "a token of 24 letters" } },
            "inputs": { "who": "/body/who", "count": "/count", "first": "/all/0/body/who" },
            "gather_s": 1,
        })).await;
        let id = trigger.rsplit('/').next().unwrap();
        let mut outside = office.nobody();
        outside.key = Some("a token of 24 letters".to_owned());

        for who in ["Ada", "Grace", "Edsger"] {
            outside.post(&format!("/webhooks/{id}"), json!({ "who": who })).await.is(202);
        }

        let log = until(async || {
            let seen = outcomes(&me, &trigger).await;
            (seen.len() == 4).then_some(seen)
        }).await;
        // The workflow knows no `count`: what came is kept, and tried again once the trigger is right.
        assert_eq!(log, ["refused", "gathered", "gathered", "gathered"]);
        let refused = me.get(&format!("{trigger}/deliveries")).await.is(200)["items"][0].clone();
        assert!(refused["detail"].as_str().unwrap().contains("inputs"), "{refused}");
        let mut order = me.get(&trigger).await.is(200);
        order["design"]["inputs"] = json!({ "who": "/all/0/body/who" });
        let change = json!({ "name": "watcher", "workflow": "greet", "design": {
            "source": { "kind": "webhook", "auth": { "kind": "bearer", "token": "a token of 24 letters" } },
            "inputs": { "who": "/all/0/body/who" }, "gather_s": 1,
        } });
        me.send(reqwest::Method::PUT, &trigger, Some(&change)).await.is(200);
        let repeat = format!("{trigger}/deliveries/{}/repeat", refused["id"].as_str().unwrap());
        let made = me.post(&repeat, json!({})).await.is(202);

        let job = office.lease(me.tenant).await;
        assert_eq!((job.inputs, made["job"].as_str()), (json!({ "who": "Ada" }), Some(job.lease.job.to_string().as_str())));
        assert_eq!(outcomes(&me, &trigger).await[0], "settled");
        me.post(&repeat, json!({})).await.is(404);
    }

    async fn a_form_asks_for_the_inputs_of_its_workflow(database: Database) {
        let office = Office::open(&database).await;
        let me = office.caller(Role::Developer).await;
        let inside = trigger(&me, json!({ "source": { "kind": "form", "title": "Greetings" } })).await;
        let form = format!("/forms/{}", inside.rsplit('/').next().unwrap());
        let outside = office.nobody();

        outside.get(&form).await.is(401);
        let shown = me.get(&form).await.is(200);
        assert_eq!((&shown["title"], &shown["fields"][0]["name"]), (&json!("Greetings"), &json!("who")));
        let sent = me.post(&form, json!({ "who": "Ada" })).await.is(202);
        let job = office.lease(me.tenant).await;
        assert_eq!((job.inputs, sent["job"].as_str()), (json!({ "who": "Ada" }), Some(job.lease.job.to_string().as_str())));
        let wrong = me.post(&form, json!({ "whom": "Ada" })).await;
        assert_eq!(wrong.status, 422, "{}", wrong.text);

        let public = json!({ "name": "open", "workflow": "greet", "design": { "source": { "kind": "form", "public": true } } });
        let made = me.post("/triggers", public).await.is(201);
        let form = format!("/forms/{}", made["id"].as_str().unwrap());
        let sent = outside.post(&form, json!({ "who": "Grace" })).await.is(202);
        assert_eq!(sent, json!({}), "who is outside hears nothing of the run");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_comes_starts_a_run() {
    let database = Database::sqlite();
    let office = Office::open_with(&database, |settings| settings.private_hooks = true).await;
    let me = office.caller(Role::Developer).await;
    let mails = tokio::task::spawn_blocking(MailServer::start)
        .await
        .unwrap();
    let mail = |subject: &str| {
        format!(
            "From: Grace <grace@example.com>\r\nTo: ada@example.com\r\nSubject: {subject}\r\n\r\nHello\r\n"
        )
    };
    mails.deliver(mail("from before"));
    let login = [
        ("username", MailServer::USERNAME),
        ("password", MailServer::PASSWORD),
    ];
    credential(&office, "mailbox", &login).await;
    let trigger = trigger(
        &me,
        json!({
            "source": { "kind": "mail", "server": mails.imap(), "security": "none", "credential": "mailbox" },
            "inputs": { "who": "/mail/subject" },
            "filter": { "/mail/from/address": "grace@example.com" },
        }),
    )
    .await;
    settled(&office, &trigger).await;

    mails.deliver(mail("Invoice 7"));

    let job = office.lease(me.tenant).await;
    assert_eq!(job.inputs, json!({ "who": "Invoice 7" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_database_tells_starts_a_run_and_what_is_wrong_is_said() {
    let told = Database::postgres().await;
    let database = Database::sqlite();
    let office = Office::open_with(&database, |settings| settings.private_hooks = true).await;
    let me = office.caller(Role::Developer).await;
    let trigger = trigger(
        &me,
        json!({
            "source": { "kind": "notify", "credential": "shop", "channel": "Orders" },
            "inputs": { "who": "/body/customer" },
        }),
    )
    .await;
    let problem = until(async || {
        me.get(&trigger).await.is(200)["problem"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    assert_eq!(problem, "there is no credential `shop`");
    let listed = me.get("/triggers").await.is(200);
    assert_eq!(listed["items"][0]["problem"], problem);

    credential(&office, "shop", &[("url", &told.address)]).await;
    settled(&office, &trigger).await;
    let mut shop = <sqlx::PgConnection as sqlx::Connection>::connect(&told.address)
        .await
        .unwrap();
    let tell = "SELECT pg_notify('Orders', '{\"customer\": \"Ada\"}')";
    sqlx::query(tell).execute(&mut shop).await.unwrap();

    let job = office.lease(me.tenant).await;
    assert_eq!(job.inputs, json!({ "who": "Ada" }));
    assert!(me.get(&trigger).await.is(200).get("problem").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_folders_that_were_opened_for_it_are_watched() {
    let database = Database::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let office =
        Office::open_with(&database, |settings| settings.watched = vec![root.clone()]).await;
    let me = office.caller(Role::Developer).await;
    me.workflow("greet").await;
    std::os::unix::fs::symlink("/etc", root.join("way out")).unwrap();

    for outside in [
        "/etc".into(),
        root.join(".."),
        root.join("way out"),
        root.join("missing"),
    ] {
        let design = json!({ "source": { "kind": "file", "folder": outside } });
        let order = json!({ "name": "x", "workflow": "greet", "design": design });
        assert_eq!(me.post("/triggers", order).await.is(422)["code"], "invalid");
    }
}
