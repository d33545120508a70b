//! What pages ask of servers: watched, answered in their place, blocked, recorded, and let in by name.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use casare_browser::{
    Browser, Click, ExchangeFilter, ExchangeMark, Expect, HarOptions, LaunchOptions, Login,
    PageEvent, Proxy, ResourceKind, Route, RouteAnswer, Until,
};
use serde_json::{Value, json};

use crate::site::{Reply, Site, at, brief, html, open, soon, told};

fn shop() -> Site {
    Site::serve(vec![
        (
            "/",
            html(
                "<button onclick=\"fetch('/api/orders?token=abc', { method: 'POST', body: JSON.stringify({ user: 'ada', password: 'pw' }), headers: { 'content-type': 'application/json', authorization: 'Bearer xyz' } })
                    .then((answer) => answer.text()).then((text) => { out.textContent = text }, () => { out.textContent = 'failed' })\">Load</button>
                <p id=out></p>",
            ),
        ),
        (
            "/api/orders",
            Reply::Raw("application/json", r#"{"orders":[1,2],"access_token":"t0p"}"#.into()),
        ),
        ("/picture", html("<img src=/dot.png onerror=\"document.title = 'none'\">")),
        ("/moved", Reply::Redirect("/".into())),
        ("/guarded", Reply::Guarded),
        ("/echo", Reply::Echo),
    ])
}

#[tokio::test]
async fn a_response_is_waited_for_and_read() {
    let site = shop();
    let (_browser, page) = open(&site).await;
    let orders = ExchangeFilter {
        url: Some("*/api/orders*".into()),
        method: Some("POST".into()),
        status: Some(200..=299),
        kinds: vec![ResourceKind::Fetch],
    };

    let before = page.exchange_mark();
    page.click(&at("role=button"), Click::default(), soon())
        .await
        .unwrap();
    let (exchange, mark) = page
        .wait_for_response(&orders, before, soon())
        .await
        .unwrap();

    assert_eq!(exchange.status, Some(200));
    assert_eq!(exchange.media_type, "application/json");
    assert_eq!(
        exchange.request_body.as_deref(),
        Some(r#"{"user":"ada","password":"pw"}"#)
    );
    let body = page.response_body(&exchange, soon()).await.unwrap();
    assert_eq!(body, br#"{"orders":[1,2],"access_token":"t0p"}"#);
    // It has come already: also who asks late is answered, but once.
    page.wait_for_response(&orders, ExchangeMark::default(), soon())
        .await
        .unwrap();
    page.evaluate("fetch('/missing').then(() => 0)", &[], soon())
        .await
        .unwrap();
    let error = page
        .wait_for_response(&orders, mark, brief())
        .await
        .unwrap_err();
    // The browser asks for an icon whenever it likes.
    let told = told(&error, &site);
    assert!(
        told.starts_with(
            "a response to POST from `*/api/orders*` with a status from 200 to 299 did not happen in N ms; there were GET http://127.0.0.1:PORT/"
        ),
        "{told}"
    );
    assert!(told.contains("/missing (404)"), "{told}");
}

#[tokio::test]
async fn requests_are_answered_here_blocked_or_changed() {
    let site = shop();
    let (browser, page) = open(&site).await;
    let context = browser.default_context();
    let load = async || {
        page.goto(&site.url("/"), Until::Load, soon())
            .await
            .unwrap();
        page.click(&at("role=button"), Click::default(), soon())
            .await
            .unwrap();
        page.wait_for(&at("css=#out:not(:empty)"), &Expect::Visible, soon())
            .await
            .unwrap();
        page.text(&at("css=#out"), soon()).await.unwrap()
    };
    let route = |url: &str, answer| Route {
        url: url.into(),
        method: None,
        kinds: Vec::new(),
        times: None,
        answer,
    };

    let mocked = context
        .route(route("/api/*", RouteAnswer::Block))
        .await
        .unwrap();
    mocked.remove().await.unwrap();
    let mocked = context
        .route(Route {
            times: Some(1),
            ..route(
                "*/api/orders?*",
                RouteAnswer::Fulfil {
                    status: 200,
                    headers: vec![("content-type".into(), "text/plain".into())],
                    body: b"mocked.".to_vec(),
                },
            )
        })
        .await
        .unwrap();
    assert_eq!(load().await, "mocked.");
    assert!(load().await.contains("orders"));
    assert_eq!(mocked.hits(), 1);
    mocked.remove().await.unwrap();

    let blocked = context
        .route(route("/api/", RouteAnswer::Block))
        .await
        .unwrap();
    page.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    let refused = page
        .evaluate(
            "fetch('/api/orders').then(() => 'came', (error) => 'refused')",
            &[],
            soon(),
        )
        .await
        .unwrap();
    assert_eq!(refused, json!("refused"));
    assert_eq!(blocked.hits(), 1);
    blocked.remove().await.unwrap();

    context
        .route(Route {
            kinds: vec![ResourceKind::Image],
            ..route("*", RouteAnswer::Block)
        })
        .await
        .unwrap();
    context
        .route(route(
            "/echo",
            RouteAnswer::Headers(vec![("x-added".into(), "yes".into())]),
        ))
        .await
        .unwrap();
    let requests = site.requests();
    page.goto(&site.url("/picture"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(page.title(soon()).await.unwrap(), "none");
    assert_eq!(site.requests(), requests + 1);
    // Routes hold for pages that come later, too.
    let second = context.new_page(soon()).await.unwrap();
    second
        .goto(&site.url("/echo"), Until::Load, soon())
        .await
        .unwrap();
    let text = second.text(&at("css=body"), soon()).await.unwrap();
    assert!(text.to_lowercase().contains("x-added: yes"), "{text}");
    context.clear_routes().await.unwrap();
}

#[tokio::test]
async fn traffic_is_recorded_as_an_archive_without_its_secrets() {
    let site = shop();
    let (browser, page) = open(&site).await;
    let context = browser.default_context();

    let recording = context.record_har(HarOptions::default());
    page.goto(&site.url("/moved"), Until::Load, soon())
        .await
        .unwrap();
    let before = page.exchange_mark();
    page.click(&at("role=button"), Click::default(), soon())
        .await
        .unwrap();
    let orders = ExchangeFilter {
        url: Some("/api/orders".into()),
        ..ExchangeFilter::default()
    };
    page.wait_for_response(&orders, before, soon())
        .await
        .unwrap();
    let archive = recording.finish(soon()).await;

    let log = &archive["log"];
    assert_eq!(log["version"], "1.2");
    let entries = log["entries"].as_array().unwrap();
    let is_icon = |entry: &&Value| {
        let url = entry["request"]["url"].as_str();
        url.unwrap().contains("favicon")
    };
    let entries: Vec<&Value> = entries.iter().filter(|entry| !is_icon(entry)).collect();
    let told: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let url = entry["request"]["url"].as_str().unwrap();
            json!([
                entry["request"]["method"],
                url.replace(&site.url(""), ""),
                entry["response"]["status"]
            ])
        })
        .collect();
    assert_eq!(
        Value::from(told),
        json!([
            ["GET", "/moved", 302],
            ["GET", "/", 200],
            ["POST", "/api/orders?token=•••••", 200]
        ])
    );
    let api = entries.last().unwrap();
    assert_eq!(
        api["request"]["postData"]["text"],
        r#"{"user":"ada","password":"•••••"}"#
    );
    assert_eq!(
        api["response"]["content"]["text"],
        r#"{"orders":[1,2],"access_token":"•••••"}"#
    );
    let mut archive = archive.clone();
    // The page's own source holds what it sends.
    for entry in archive["log"]["entries"].as_array_mut().unwrap() {
        if entry["_resourceType"] == "document" {
            entry["response"]["content"]["text"] = json!("");
        }
    }
    let text = archive.to_string();
    for secret in ["abc", "Bearer xyz", "\"pw\"", "t0p"] {
        assert!(!text.contains(secret), "{secret}");
    }
    for entry in entries {
        for field in ["startedDateTime", "time", "cache", "timings"] {
            assert!(!entry[field].is_null(), "{field}");
        }
        assert!(entry["timings"]["wait"].as_f64().unwrap() >= 0.0);
    }
}

#[tokio::test]
async fn servers_that_ask_for_a_name_are_told_it_once() {
    let site = shop();
    let (browser, page) = open(&site).await;
    let context = browser.default_context();
    let login = |password: &str| Login {
        origin: Some(site.url("")),
        username: "ada".into(),
        password: password.into(),
    };

    context.set_logins(vec![login("wrong")]).await.unwrap();
    let refused = page
        .goto(&site.url("/guarded"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(refused.status, Some(401));
    context.set_logins(vec![login("pw")]).await.unwrap();
    page.goto(&site.url("/guarded"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(page.text(&at("css=body"), soon()).await.unwrap(), "welcome");
    assert!(!format!("{:?}", login("pw")).contains("pw"));
}

/// A proxy that answers everything itself, for those who say `ada:pw`.
fn proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut request = vec![0; 1 << 16];
                let mut length = 0;
                while !request[..length].ends_with(b"\r\n\r\n") {
                    match stream.read(&mut request[length..]) {
                        Ok(read @ 1..) => length += read,
                        _ => return,
                    }
                }
                let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
                let known = request.contains("proxy-authorization: basic ywrhonb3");
                let (status, extra, body) = if known {
                    (
                        "200 OK",
                        "content-type: text/html\r\n",
                        "<p>through the proxy</p>",
                    )
                } else {
                    (
                        "407 Proxy Authentication Required",
                        "proxy-authenticate: Basic realm=proxy\r\n",
                        "who?",
                    )
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{extra}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                // A browser that has gone does not want its answer.
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    address
}

#[tokio::test]
async fn a_proxy_that_asks_for_a_name_is_told_it() {
    let browser = Browser::launch(LaunchOptions {
        proxy: Some(Proxy {
            server: proxy(),
            bypass: Vec::new(),
            login: Some(Login {
                origin: None,
                username: "ada".into(),
                password: "pw".into(),
            }),
        }),
        ..LaunchOptions::default()
    })
    .await
    .unwrap();
    let page = browser.default_context().new_page(soon()).await.unwrap();

    page.goto("http://shop.test/", Until::Load, soon())
        .await
        .unwrap();

    assert_eq!(
        page.text(&at("css=p"), soon()).await.unwrap(),
        "through the proxy"
    );
}

#[tokio::test]
async fn what_a_page_says_to_its_console_is_heard() {
    let site = shop();
    let (_browser, page) = open(&site).await;
    let mut events = page.events();

    page.evaluate(
        "console.warn('low on', { tea: 1 }); setTimeout(() => { throw new Error('broken') })",
        &[],
        soon(),
    )
    .await
    .unwrap();

    let mut heard = Vec::new();
    while heard.len() < 2 {
        match tokio::time::timeout_at(soon(), events.recv())
            .await
            .unwrap()
            .unwrap()
        {
            PageEvent::Console { level, text } => heard.push(format!("{level}: {text}")),
            PageEvent::Error { message } => {
                heard.push(message.lines().next().unwrap_or_default().to_owned());
            }
            _ => {}
        }
    }
    heard.sort();
    assert_eq!(heard, ["Error: broken", "warning: low on Object"]);
}
