//! Workflows that understand pages: logging in, forms by their names, lists that go on.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Redirect},
    routing::{get, post},
};
use casare_engine::ErrorKind;
use casare_node_testing::Office;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::office;

const PASSWORD: &str = "geheim7-geheim7";
const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// What the server was sent.
type Sent = Arc<Mutex<Vec<String>>>;

const HOME: &str = r#"<nav><a href="/">Home</a> <a href="/login">Log in</a></nav><form role=search><input type=search name=q></form>
<form action="/news"><input type=email name=m placeholder=Email><button>Subscribe</button></form>"#;
const FORM: &str = r#"<h1>Log in</h1><form method=post action="/login"><label>E-mail <input name=user autocomplete=username></label>
<label>Password <input type=password name=pass></label><label><input type=checkbox name=keep> Remember me</label>
<a href="/forgot">Forgot password?</a> <button type=button>Show password</button> <button>Sign in</button></form>
<button type=button>Sign in with Google</button>"#;

/// Name, password and code each on a page of its own, that scripts show.
const STEPS: &str = r#"<div id=box></div><script>
const show = (html) => { box.innerHTML = html; };
const later = (work) => { box.innerHTML = '<div class=spinner style="width:40px;height:40px">…</div>'; setTimeout(work, 400); };
const user = () => { show('<h2>Sign in</h2><form><input type=email autocomplete="username" placeholder="Email or phone"><button>Next</button></form>'); on(() => later(password)); };
const password = () => { show('<h2>Welcome</h2><form><input type=text readonly value=ada@example.com><input type=password aria-label="Enter your password"><button>Next</button></form>'); on(() => later(code)); };
const code = () => { show('<h2>2-step verification</h2><p>Enter the code of your authenticator app.</p><form>' + '<input maxlength=1 inputmode=numeric aria-label=Digit>'.repeat(6) + '<button>Verify</button></form>'); on(async () => {
  const given = [...box.querySelectorAll('input')].map((one) => one.value).join('');
  const answer = await fetch('/code', { method: 'POST', body: given });
  if (await answer.text() === 'yes') show('<h1>Inbox</h1><button>Sign out</button>'); else box.insertAdjacentHTML('beforeend', '<p role=alert>Wrong code. Try again.</p>');
}); };
const on = (work) => { box.querySelector('form').onsubmit = (e) => { e.preventDefault(); work(); }; };
setTimeout(user, 300);
</script>"#;
const ROBOT: &str = r#"<form method=post action="/login"><input name=user placeholder=Username><input type=password name=pass placeholder=Password>
<div class="g-recaptcha" style="width:300px;height:74px;border:1px solid">I'm not a robot</div><button>Log in</button></form>"#;
const DEAF: &str = r#"<form action="/deaf"><label>User <input name=user></label><label>Password <input type=password></label><button>Log in</button></form>"#;

async fn log_in(State(sent): State<Sent>, body: String) -> impl IntoResponse {
    sent.lock().unwrap().push(body.clone());
    if body.contains(&format!("pass={PASSWORD}")) && body.contains("user=ada") {
        let cookie = [(header::SET_COOKIE, "session=s1; Path=/")];
        return (cookie, Redirect::to("/home")).into_response();
    }
    let page =
        format!("<div class='alert alert-danger'>Invalid user name or password.</div>{FORM}");
    Html(page).into_response()
}

async fn home(headers: HeaderMap) -> Html<&'static str> {
    let known = headers
        .get(header::COOKIE)
        .is_some_and(|cookies| cookies.to_str().unwrap().contains("session=s1"));
    Html(if known {
        "<h1>Orders</h1><a href='/out'>Log out</a>"
    } else {
        FORM
    })
}

async fn check_code(body: String) -> &'static str {
    let secret = totp_rs::Secret::try_from_base32(SECRET).unwrap();
    let generator = totp_rs::Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .build_noncompliant();
    let now = jiff::Timestamp::now().as_second() as u64;
    if generator.check(&body, now).is_some() {
        "yes"
    } else {
        "no"
    }
}

/// Three pages of four items; the last of each is the first of the next.
async fn list(Query(query): Query<std::collections::HashMap<String, usize>>) -> Html<String> {
    let page = query.get("page").copied().unwrap_or(1);
    let first = (page - 1) * 3 + 1;
    let items: String = (first..first + 4)
        .map(|n| format!("<li class=item><a href='/i/{n}'>Item {n}</a> <b>${n}.50</b></li>"))
        .collect();
    let next = if page < 3 {
        format!("<a href='/list?page={}'>Next »</a>", page + 1)
    } else {
        "<a aria-disabled=true>Next »</a>".to_owned()
    };
    Html(format!(
        "<ul>{items}</ul><nav class=pagination><a href='/list?page=1'>1</a> <a href='/list?page=2'>2</a> {next}</nav>"
    ))
}

/// More comes by a button, or by scrolling, until there are 25.
const GROWING: &str = r#"<div id=all></div><div id=end class=loading hidden>loading</div><button id=more hidden>Load more</button><script>
let count = 0; let busy = false;
const add = (n) => { for (let i = 0; i < n && count < 25; i++) { count++; all.insertAdjacentHTML('beforeend', `<article style="height:200px"><h3>Post ${count}</h3><span class=by>${count % 2 ? 'Ada' : 'Bob'}</span></article>`); } more.hidden = location.hash !== '#more' || count >= 25; };
const grow = () => { if (busy || count >= 25) return; busy = true; end.hidden = false; setTimeout(() => { busy = false; end.hidden = true; add(10); }, 300); };
more.onclick = grow; add(10);
if (location.hash !== '#more') addEventListener('scroll', () => { if (scrollY + innerHeight > document.documentElement.scrollHeight - 300) grow(); });
</script>"#;

async fn site() -> (String, Sent) {
    let sent = Sent::default();
    let app = Router::new()
        .route("/", get(async || Html(HOME)))
        .route("/login", get(async || Html(FORM)).post(log_in))
        .route("/home", get(home))
        .route("/steps", get(async || Html(STEPS)))
        .route("/code", post(check_code))
        .route("/robot", get(async || Html(ROBOT)))
        .route("/deaf", get(async || Html(DEAF)))
        .route("/list", get(list))
        .route("/growing", get(async || Html(GROWING)))
        .with_state(Arc::clone(&sent));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, sent)
}

fn people(office: Office) -> Office {
    let ada = [("username", "ada"), ("password", PASSWORD)];
    office
        .credential("ada", &ada)
        .credential(
            "app",
            &[
                ada[0],
                ada[1],
                ("email", "ada@example.com"),
                ("totp", SECRET),
            ],
        )
        .credential("shop", &ada)
        .credential("bare", &[("username", "ada@example.com"), ada[1]])
        .credential(
            "mallory",
            &[("username", "ada"), ("password", "wr0ng-wr0ng")],
        )
}

fn in_session(url: &str, steps: &str) -> String {
    format!("steps:\n  - use: browser.session\n    with: {{ url: \"{url}\" }}\n    do:\n{steps}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_is_found_done_and_made_sure_of_and_tells_no_secret() {
    let (office, (url, sent)) = (people(office()), site().await);

    let outputs = office
        .outputs(&format!(
            "{}outputs: {{ first: \"{{{{ steps.first }}}}\", again: \"{{{{ steps.again }}}}\", code: \"{{{{ steps.code.given }}}}\" }}\n",
            in_session(
                &url,
                &format!(
                    r#"
      - id: first
        use: browser.login
        with: {{ credential: ada }}
      - id: again
        use: browser.login
        with: {{ credential: ada, url: "{url}/home" }}
      - id: code
        use: browser.login
        with: {{ credential: app, url: "{url}/steps", check: "role=heading[name=Inbox]" }}
"#
                )
            )
        ))
        .await;

    assert_eq!(outputs["first"]["given"], json!(["user", "password"]));
    let evidence = outputs["first"]["evidence"].as_array().unwrap();
    assert!(
        evidence.contains(&json!("there is a way to log out")),
        "{evidence:?}"
    );
    assert_eq!(outputs["again"]["already"], true);
    assert_eq!(outputs["code"], json!(["user", "password", "code"]));
    assert_eq!(sent.lock().unwrap().len(), 1, "nothing is sent twice");
    let place = [("https://shop.example.com", &*url)];
    let example = office.example("browser.login", &place).await;
    assert_eq!(example.error, None);
    assert!(!office.heard().contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_that_fails_says_what_the_site_wants_and_is_not_tried_again() {
    let (office, (url, sent)) = (people(office()), site().await);
    let fails = async |page: &str, with: &str| {
        let step = format!(
            "\n      - use: browser.login\n        with: {{ {with} }}\n        timeout: 20s\n        retry: {{ attempts: 3 }}\n"
        );
        let error = office
            .failure(&in_session(&format!("{url}{page}"), &step))
            .await;
        (
            error.kind,
            error.details.unwrap()["reason"].clone(),
            error.message,
        )
    };

    let (kind, reason, message) = fails("/login", "credential: mallory").await;
    assert_eq!((kind, reason), (ErrorKind::Denied, json!("wrong")));
    assert!(
        message.ends_with("Invalid user name or password."),
        "{message}"
    );
    assert_eq!(
        sent.lock().unwrap().len(),
        1,
        "a wrong password is not tried again"
    );
    let (_, _, message) = fails("/steps", "credential: ada").await;
    assert!(message.contains("missing an '@'"), "{message}");
    let (kind, reason, _) = fails("/steps", "credential: bare").await;
    assert_eq!((kind, reason), (ErrorKind::Denied, json!("code")));
    let (kind, reason, _) = fails("/robot", "credential: ada").await;
    assert_eq!((kind, reason), (ErrorKind::Denied, json!("captcha")));
    let (kind, reason, _) = fails("/deaf", "credential: ada").await;
    assert_eq!((kind, reason), (ErrorKind::Denied, json!("asked_again")));
    let asks =
        "\n      - use: browser.login\n        with: { credential: ada, on_challenge: ask }\n";
    let error = office
        .failure(&in_session(&format!("{url}/robot"), asks))
        .await;
    assert!(error.help.unwrap().contains("--headed"));
    assert!(!office.heard().contains("wr0ng-wr0ng") && !office.heard().contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_to_their_end_by_pages_by_more_and_by_scrolling() {
    let (office, (url, _)) = (office(), site().await);

    let outputs = office
        .outputs(&format!(
            "{}outputs: {{ pages: \"{{{{ steps.pages }}}}\", more: \"{{{{ steps.more }}}}\", feed: \"{{{{ steps.feed }}}}\", some: \"{{{{ steps.some }}}}\" }}\n",
            in_session(
                &format!("{url}/list"),
                &format!(
                    r#"
      - id: pages
        use: browser.extract
        with: {{ example: {{ name: Item 2, price: "$2.50", link: /i/2 }}, pages: {{ key: [link] }} }}
      - use: browser.goto
        with: {{ url: "{url}/growing#more" }}
      - id: more
        use: browser.extract
        with:
          target: css=article
          what: records
          fields: {{ title: role=heading, by: css=.by }}
          pages: {{ next: "role=button[name=Load more]", patience: 2s }}
      - use: browser.goto
        with: {{ url: "about:blank" }}
      - use: browser.goto
        with: {{ url: "{url}/growing" }}
      - id: some
        use: browser.extract
        with: {{ target: css=h3, all: true, pages: {{ next: scroll, most: 15 }} }}
      - id: feed
        use: browser.extract
        with: {{ target: css=h3, all: true, pages: {{ next: scroll, patience: 1s }} }}
"#
                )
            )
        ))
        .await;

    let told = |name: &str| {
        let one = &outputs[name];
        (
            one["count"].as_u64().unwrap(),
            one["pages"].as_u64().unwrap(),
            one["stopped"].clone(),
        )
    };
    assert_eq!(told("pages"), (10, 3, json!("end")));
    assert_eq!(
        outputs["pages"]["value"][9],
        json!({ "name": "Item 10", "price": "$10.50", "link": format!("{url}/i/10") })
    );
    assert_eq!(outputs["pages"]["found"], "css=li.item");
    assert_eq!(told("more"), (25, 3, json!("end")));
    assert_eq!(
        outputs["more"]["value"][24],
        json!({ "title": "Post 25", "by": "Ada" })
    );
    assert_eq!(told("some"), (15, 2, json!("most")));
    assert_eq!(told("feed").0, 25);
    assert_eq!(outputs["feed"]["stopped"], Value::from("end"));
}

const PEOPLE: &str = r#"<form onsubmit="event.preventDefault(); out.textContent = [...new FormData(this)].join(' ')">
<label>Prénom <input name=a></label><label>Adresse e-mail <input name=b></label><label>Pays <select name=c><option>France<option>Pérou</select></label><button>Envoyer</button></form><p id=out></p>"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_form_takes_names_and_a_page_tells_what_it_has() {
    let office = office();
    let page = office.put("people.html", format!("<meta charset=utf-8>{PEOPLE}"));
    let url = format!("file://{}", page.display());

    let outputs = office
        .outputs(&format!(
            "{}outputs: {{ sent: \"{{{{ steps.sent.value }}}}\", page: \"{{{{ steps.page }}}}\" }}\n",
            in_session(
                &url,
                r#"
      - id: page
        use: browser.analyze
        with: { parts: [forms] }
      - use: browser.fill_form
        with:
          fields: { First name: Ada, E-mail: ada@example.com, "label=Pays": Pérou }
          submit: "{{ steps.page.forms[0].submit.selector }}"
      - id: sent
        use: browser.extract
        with: { target: "css=#out" }
"#
            )
        ))
        .await;

    assert_eq!(outputs["sent"], "a,Ada b,ada@example.com c,Pérou");
    assert_eq!(outputs["page"]["forms"][0]["fields"][1]["meaning"], "email");
    let step = "\n      - use: browser.fill_form\n        with: { fields: { Blood type: A } }\n        timeout: 2s\n";
    let error = office.failure(&in_session(&url, step)).await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    let place = [("https://shop.example.com/", &*url)];
    let analyzed = office.example("browser.analyze", &place).await;
    assert_eq!(analyzed.error, None);
    assert_eq!(
        error.details.unwrap()["nearest"].as_array().unwrap().len(),
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_is_kept_encrypted_and_used_again_until_it_is_none() {
    let (office, (url, sent)) = (people(office()), site().await);
    let session = |url: &str, step: &str| {
        format!(
            r#"
steps:
  - id: shop
    use: browser.session
    with: {{ url: "{url}/home", profile: {{ credential: ada, check: "text=Log out" }}, keep_alive: 1m }}
    do:
{step}
outputs: {{ restored: "{{{{ steps.shop.restored }}}}", given: "{{{{ steps.in.given if steps.in else [] }}}}" }}
"#
        )
    };
    let log_in = "      - id: in\n        use: browser.login\n        with: { credential: ada }";

    let first = office.outputs(&session(&url, log_in)).await;
    assert_eq!(
        first,
        json!({ "restored": false, "given": ["user", "password"] })
    );
    let again = office.outputs(&session(&url, log_in)).await;
    assert_eq!(again, json!({ "restored": true, "given": [] }));
    assert_eq!(sent.lock().unwrap().len(), 1, "logged in once");
    let folder = office.path(".runs/kept/sessions");
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    let state = files
        .iter()
        .find(|path| path.extension().is_some_and(|end| end == "session"))
        .unwrap();
    assert!(!String::from_utf8_lossy(&std::fs::read(state).unwrap()).contains("session"));

    let fails = format!("{log_in}\n      - use: flow.fail\n        with: {{ message: no }}");
    office.failure(&session(&url, &fails)).await;
    assert!(!state.exists(), "a block that fails ends the log-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_share_a_browser_have_cookies_of_their_own() {
    let (office, (url, _)) = (people(office()), site().await);

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: browser.session
    with: {{ url: "{url}/login", shared: true }}
    do:
      - use: browser.login
        with: {{ credential: ada }}
      - use: browser.session
        with: {{ url: "{url}/home", shared: true }}
        do:
          - id: theirs
            use: browser.evaluate
            with: {{ script: "document.cookie" }}
      - id: mine
        use: browser.evaluate
        with: {{ script: "document.cookie" }}
outputs: {{ theirs: "{{{{ steps.theirs.value }}}}", mine: "{{{{ steps.mine.value }}}}" }}
"#
        ))
        .await;

    assert_eq!(outputs, json!({ "theirs": "", "mine": "session=s1" }));
}
