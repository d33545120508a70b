//! Workflows that watch, answer and record what pages ask of servers.

use std::time::Duration;

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse},
    routing::get,
};
use casare_browser::{Browser, LaunchOptions};
use casare_engine::ErrorKind;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{browser::SHOP, office};

/// The shop on a server of its own.
async fn shop() -> String {
    let guarded = async |headers: HeaderMap| {
        // `ada:geheim7` in Base64.
        let known = headers
            .get(header::AUTHORIZATION)
            .is_some_and(|value| value == "Basic YWRhOmdlaGVpbTc=");
        if known {
            Html("<h1>Welcome</h1>").into_response()
        } else {
            let ask = [(header::WWW_AUTHENTICATE, "Basic realm=shop")];
            (StatusCode::UNAUTHORIZED, ask, "who?").into_response()
        }
    };
    let app = Router::new()
        .route("/", get(async || Html(SHOP)))
        .route(
            "/prices.json",
            get(async || Json(json!({ "tea": 1.5, "token": "t0psecret" }))),
        )
        .route("/guarded", get(guarded));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// The files that the runs so far have kept, by the ends of their names.
fn kept(office: &casare_node_testing::Office, end: &str) -> Vec<String> {
    let heard = office.heard();
    let events = heard
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter_map(|event| find_path(&event, end)).collect()
}

fn find_path(value: &Value, end: &str) -> Option<String> {
    match value {
        Value::Object(map) => {
            let path = map.get("path").and_then(Value::as_str);
            if let Some(path) = path.filter(|path| path.ends_with(end)) {
                return Some(path.to_owned());
            }
            map.values().find_map(|value| find_path(value, end))
        }
        Value::Array(items) => items.iter().find_map(|value| find_path(value, end)),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_is_answered_waited_for_and_recorded_with_what_pages_say_and_show() {
    let (office, url) = (office(), shop().await);

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: browser.session
    with: {{ console: all, record_har: true, record_pictures: true, emulate: {{ locale: de-AT }} }}
    do:
      - use: browser.route
        with: {{ action: block, resources: [image] }}
      - use: browser.goto
        with: {{ url: "{url}" }}
      - id: language
        use: browser.evaluate
        with: {{ script: "console.error('low on tea'); navigator.language" }}
      - id: first
        use: browser.wait_for_response
        with: {{ url: prices.json, status: 200-299, target: "role=button[name=Prices]" }}
      - use: browser.route
        with: {{ action: answer, url: prices.json, body: {{ tea: 7 }}, name: prices }}
      - use: browser.click
        with: {{ target: "role=button[name=Prices]" }}
      - id: second
        use: browser.wait_for_response
        with: {{ url: prices.json }}
      - use: browser.wait_for
        with: {{ target: "css=#sent", text: "7" }}
      - id: removed
        use: browser.route
        with: {{ action: remove, name: prices }}
      - id: printed
        use: browser.pdf
        with: {{ path: out/shop.pdf }}
outputs:
  language: "{{{{ steps.language.value }}}}"
  first: "{{{{ steps.first.body.tea }}}}"
  second: "{{{{ steps.second.body.tea }}}}"
  kind: "{{{{ steps.first.headers['content-type'] }}}}"
  removed: "{{{{ steps.removed.requests }}}}"
"#
        ))
        .await;

    assert_eq!(
        outputs,
        json!({ "language": "de-AT", "first": 1.5, "second": 7, "kind": "application/json", "removed": 1 })
    );
    let pdf = std::fs::read(office.path("out/shop.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(office.heard().contains("the page said (error): low on tea"));
    let har = kept(&office, "traffic.har");
    let har: Value = serde_json::from_str(&std::fs::read_to_string(&har[0]).unwrap()).unwrap();
    let urls: Vec<&str> = har["log"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["request"]["url"].as_str())
        .filter(|url| url.ends_with("prices.json"))
        .collect();
    assert_eq!(urls.len(), 2);
    assert!(!har.to_string().contains("t0psecret"));
    let pictures = std::fs::read_to_string(&kept(&office, "pictures.html")[0]).unwrap();
    assert!(
        pictures.contains("<script>frame(0.00,"),
        "{}",
        pictures.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_is_told_the_credential_and_nobody_else_hears_it() {
    let url = shop().await;
    let office = office().credential("shop", &[("username", "ada"), ("password", "geheim7")]);
    let session = |settings: &str| {
        format!(
            r#"
steps:
  - use: browser.session
    with: {{ url: "{url}guarded", record_har: true{settings} }}
    do:
      - id: said
        use: browser.extract
        with: {{ target: "css=body" }}
outputs: {{ said: "{{{{ steps.said.value }}}}" }}
"#
        )
    };

    let error = office.failure(&session("")).await;
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(error.help.as_deref(), Some("give the session a `login`"));
    assert_eq!(
        office.outputs(&session(", login: shop")).await,
        json!({ "said": "Welcome" })
    );
    for har in kept(&office, "traffic.har") {
        assert!(!std::fs::read_to_string(har).unwrap().contains("geheim7"));
    }
    assert!(!office.heard().contains("geheim7"));
    let error = office.failure(&session(", login: nobody")).await;
    assert_eq!(error.kind, ErrorKind::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_runs_already_is_joined_and_left_running() {
    let (office, url) = (office(), shop().await);
    let folder = tempfile::tempdir().unwrap();
    let browser = Browser::launch(LaunchOptions {
        args: vec!["--remote-debugging-port=0".into()],
        profile: Some(folder.path().to_owned()),
        ..LaunchOptions::default()
    })
    .await
    .unwrap();
    // Chromium writes the port that it has chosen as soon as it listens.
    let port_file = folder.path().join("DevToolsActivePort");
    let port = loop {
        if let Ok(text) = std::fs::read_to_string(&port_file)
            && let Some(port) = text.lines().next()
        {
            break port.to_owned();
        }
        tokio::task::yield_now().await;
    };

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - id: shop
    use: browser.session
    with: {{ connect: "http://127.0.0.1:{port}", url: "{url}" }}
    do: []
outputs: {{ title: "{{{{ steps.shop.title }}}}" }}
"#
        ))
        .await;

    assert_eq!(outputs, json!({ "title": "Shop" }));
    assert!(!browser.is_gone());
    // This browser's own view of its tabs follows.
    let closed = async {
        while browser
            .default_context()
            .pages()
            .iter()
            .any(|page| page.url() == url)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed)
        .await
        .unwrap();
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_before_anything_is_done() {
    let (office, url) = (office(), shop().await);
    let step = |step: &str| {
        format!(
            "steps:\n  - use: browser.session\n    with: {{ url: \"{url}\" }}\n    do:\n      - {step}\n        timeout: 2s\n"
        )
    };

    let error = office
        .failure(&step(
            "use: browser.emulate\n        with: { device: Nokia 3310 }",
        ))
        .await;
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.help.unwrap().contains("pixel 8"));
    let error = office
        .failure(&step(
            "use: browser.emulate\n        with: { time_zone: Mars/Olympus }",
        ))
        .await;
    assert_eq!(error.kind, ErrorKind::Invalid);
    let error = office
        .failure(&step("use: browser.scroll\n        with: {}"))
        .await;
    assert_eq!(error.message, "where to scroll is not said");
    let error = office
        .failure(&step(
            "use: browser.route\n        with: { action: remove, name: nothing }",
        ))
        .await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    let error = office
        .failure(&step(
            "use: browser.wait_for_response\n        with: { url: /never, status: ok }",
        ))
        .await;
    assert_eq!(error.message, "`ok` is no range of statuses");
    let error = office
        .failure(&step(
            "use: browser.wait_for_response\n        with: { url: /never }",
        ))
        .await;
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(
        error
            .message
            .starts_with("a response from `/never` with a status"),
        "{}",
        error.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_in_a_new_page_where_one_has_crashed() {
    let (office, url) = (office(), shop().await);

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: browser.session
    with: {{ url: "{url}", args: ["--js-flags=--max-old-space-size=64"] }}
    do:
      - use: browser.evaluate
        with: {{ script: "localStorage.name = 'Ada'; sessionStorage.tries = 1" }}
      - use: browser.evaluate
        on_error: continue
        with: {{ script: "(() => {{ const all = []; for (;;) all.push(new Array(100000).fill({{}})) }})()" }}
      - id: name
        use: browser.evaluate
        with: {{ script: "localStorage.name" }}
outputs:
  name: "{{{{ steps.name.value }}}}"
"#
        ))
        .await;

    assert_eq!(outputs, json!({ "name": "Ada" }));
    assert!(office.heard().contains("crashed"), "{}", office.heard());
}

/// The examples that need a server.
#[tokio::test(flavor = "multi_thread")]
async fn the_examples_run() {
    let (office, url) = (office(), shop().await);
    let runs = ["route", "wait_for_response"].map(async |node| {
        let name = format!("browser.{node}");
        let outcome = office
            .example(&name, &[("https://shop.example.com/", &url)])
            .await;
        assert_eq!(outcome.error, None, "{name}");
    });
    futures::future::join_all(runs).await;
}
