//! Sessions, logins and tokens.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use casare_engine::ErrorKind;
use serde_json::json;

use crate::{
    http::{example, serve},
    office,
};

fn given(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
        .to_owned()
}

/// A shop that knows its visitors by a cookie, and tells what it was sent.
fn shop() -> Router {
    Router::new()
        .route(
            "/api/login",
            post(|Form(form): Form<HashMap<String, String>>| async move {
                assert_eq!(form["user"], "ada");
                ([(header::SET_COOKIE, "visit=v-1; Path=/; HttpOnly")], "in")
            }),
        )
        .route(
            "/api/orders",
            get(|headers: HeaderMap| async move {
                if given(&headers, "cookie").contains("visit=v-1") {
                    Json(json!([1, 2])).into_response()
                } else {
                    StatusCode::UNAUTHORIZED.into_response()
                }
            }),
        )
        .route(
            "/api/told",
            get(|headers: HeaderMap| async move {
                Json(json!({
                    "cookie": given(&headers, "cookie"), "team": given(&headers, "x-team"),
                    "authorization": given(&headers, "authorization"), "key": given(&headers, "x-key"),
                }))
            }),
        )
}

#[tokio::test]
async fn a_session_keeps_cookies_headers_and_its_login_for_its_own_server() {
    let (home, other) = (serve(shop()).await, serve(shop()).await);
    let office = office().credential("shop", &[("username", "ada"), ("password", "s3cret")]);

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: http.session
    with: {{ base_url: "{home}/api/", headers: {{ X-Team: sales }}, credential: shop, cookies: {{ theme: dark }}, allow: [private] }}
    do:
      - use: http.request
        with: {{ method: POST, url: login, form: {{ user: ada }} }}
      - id: here
        use: http.request
        with: {{ url: told }}
      - id: away
        use: http.request
        with: {{ url: "{other}/api/told" }}
outputs:
  here: "{{{{ steps.here.body }}}}"
  away: "{{{{ steps.away.body }}}}"
"#
        ))
        .await;

    assert!(
        outputs["here"]["cookie"]
            .as_str()
            .unwrap()
            .contains("visit=v-1")
    );
    assert!(
        outputs["here"]["cookie"]
            .as_str()
            .unwrap()
            .contains("theme=dark")
    );
    assert_eq!(outputs["here"]["team"], "sales");
    assert_eq!(outputs["here"]["authorization"], "Basic YWRhOnMzY3JldA==");
    assert_eq!(
        (&outputs["away"]["team"], &outputs["away"]["authorization"]),
        (&json!(""), &json!(""))
    );
}

#[tokio::test]
async fn a_key_in_a_header_is_not_handed_to_the_server_that_a_redirect_leads_to() {
    let other = serve(shop()).await;
    let target = format!("{other}/api/told");
    let home =
        serve(Router::new().route("/go", get(|| async move { Redirect::temporary(&target) })))
            .await;
    let office = office().credential("key", &[("header", "X-Key"), ("value", "k3y-k3y")]);

    let told = office
        .outputs(&format!(
            "steps:\n  - id: r\n    use: http.request\n    with: {{ url: \"{home}/go\", credential: key, allow: [private] }}\noutputs: {{ told: \"{{{{ steps.r.body }}}}\" }}\n"
        ))
        .await;

    assert_eq!(told["told"]["key"], "");
}

#[tokio::test]
async fn a_digest_answers_the_challenge_without_sending_the_password() {
    async fn guarded(headers: HeaderMap) -> Response {
        let authorization = given(&headers, "authorization");
        let challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
        if authorization.is_empty() {
            return (
                StatusCode::UNAUTHORIZED,
                [(header::WWW_AUTHENTICATE, challenge)],
            )
                .into_response();
        }
        Json(json!(authorization)).into_response()
    }
    let server = serve(Router::new().route("/", get(guarded))).await;
    let office = office().credential("d", &[("username", "ada"), ("password", "s3cret")]);

    let told = office
        .outputs(&format!(
            "steps:\n  - id: r\n    use: http.request\n    with: {{ url: \"{server}/\", credential: d, auth: digest, allow: [private] }}\noutputs: {{ told: \"{{{{ steps.r.body }}}}\" }}\n"
        ))
        .await;

    let told = told["told"].as_str().unwrap();
    assert!(told.starts_with("Digest ") && told.contains("response=") && !told.contains("s3cret"));
}

/// An OAuth2 server whose tokens last as long as it says, and an API that takes the newest only.
#[derive(Clone, Default)]
struct Tokens {
    given: Arc<AtomicUsize>,
}

async fn token(
    State(tokens): State<Tokens>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    // casare:s3cret/1, the slash encoded before it goes into the header
    if given(&headers, "authorization") != "Basic Y2FzYXJlOnMzY3JldCUyRjE=" {
        let error = json!({ "error": "invalid_client", "error_description": "unknown client" });
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    let number = tokens.given.fetch_add(1, Ordering::SeqCst) + 1;
    Json(json!({
        "access_token": format!("t0ken-{number}"), "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": "r3fresh", "grant": form["grant_type"], "scope": form.get("scope"),
    }))
    .into_response()
}

async fn api(State(tokens): State<Tokens>, headers: HeaderMap) -> Response {
    let newest = format!("Bearer t0ken-{}", tokens.given.load(Ordering::SeqCst));
    if given(&headers, "authorization") == newest {
        Json(json!("welcome")).into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

fn login_server(tokens: &Tokens) -> Router {
    Router::new()
        .route("/token", post(token))
        .route("/api", get(api))
        .route(
            "/revoke",
            get(|State(tokens): State<Tokens>| async move {
                tokens.given.fetch_add(1, Ordering::SeqCst);
                "gone"
            }),
        )
        .route(
            "/introspect",
            post(|Form(form): Form<HashMap<String, String>>| async move {
                Json(json!({ "active": form["token"].starts_with("t0ken"), "scope": "orders.read", "exp": 1_900_000_000 }))
            }),
        )
        .with_state(tokens.clone())
}

fn client(
    office: casare_node_testing::Office,
    server: &str,
    secret: &str,
) -> casare_node_testing::Office {
    office.credential(
        "shop-client",
        &[
            ("token_url", &format!("{server}/token")),
            ("client_id", "casare"),
            ("client_secret", secret),
        ],
    )
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_when_it_is_refused() {
    let tokens = Tokens::default();
    let server = serve(login_server(&tokens)).await;
    let office = client(office(), &server, "s3cret/1");

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: flow.repeat
    with: {{ times: 3 }}
    do:
      - use: http.request
        with: {{ url: "{server}/api", credential: shop-client, allow: [private] }}
  - use: http.request
    with: {{ url: "{server}/revoke", allow: [private] }}
  - id: after
    use: http.request
    with: {{ url: "{server}/api", credential: shop-client, allow: [private] }}
outputs: {{ after: "{{{{ steps.after.body }}}}" }}
"#
        ))
        .await;

    assert_eq!(outputs["after"], "welcome");
    assert_eq!(
        tokens.given.load(Ordering::SeqCst),
        3,
        "once, revoked, once more"
    );
    let heard = office.heard();
    for secret in ["s3cret", "t0ken-1", "t0ken-3", "r3fresh"] {
        assert!(!heard.contains(secret), "{secret} is told");
    }
}

#[tokio::test]
async fn a_refused_client_is_told_without_its_secret() {
    let server = serve(login_server(&Tokens::default())).await;
    let office = client(office(), &server, "wr0ng-one");

    let error = office
        .failure(&format!(
            "steps:\n  - use: http.request\n    with: {{ url: \"{server}/api\", credential: shop-client, allow: [private] }}\n"
        ))
        .await;

    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error.message.contains("invalid_client, unknown client"),
        "{}",
        error.message
    );
    assert!(!office.heard().contains("wr0ng-one"));
}

#[tokio::test]
async fn a_persons_consent_becomes_a_token() {
    let server = serve(login_server(&Tokens::default())).await;
    let office = client(office(), &server, "s3cret/1");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();

    // A person's browser: it is sent to the callback with the state that the page was opened with.
    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - id: consent
    use: http.authorization_url
    with: {{ url: "{server}/authorize", client_id: casare, redirect_uri: "http://127.0.0.1:{port}/callback", scope: openid }}
  - use: flow.parallel
    branches:
      robot:
        - id: answer
          use: http.authorization_code
          with: {{ port: {port}, state: "{{{{ steps.consent.state }}}}", timeout: 20s }}
      person:
        - use: http.request
          with: {{ url: "http://127.0.0.1:{port}/callback?code=c0de-c0de&state={{{{ steps.consent.state }}}}", allow: [private], retries: 8 }}
  - id: token
    use: http.token
    with:
      token_url: "{server}/token"
      client: shop-client
      grant: authorization_code
      code: c0de-c0de
      code_verifier: "{{{{ steps.consent.code_verifier }}}}"
      redirect_uri: "http://127.0.0.1:{port}/callback"
      allow: [private]
outputs:
  challenge: "{{{{ 'code_challenge_method=S256' in steps.consent.url }}}}"
  grant: "{{{{ steps.token.response.grant }}}}"
"#
        ))
        .await;

    assert_eq!(
        outputs,
        json!({ "challenge": true, "grant": "authorization_code" })
    );
    assert!(
        !office.heard().contains("c0de-c0de\""),
        "the code is masked"
    );
}

#[tokio::test]
async fn the_examples_about_logins_run() {
    let tokens = Tokens::default();
    let (shop, login) = (serve(shop()).await, serve(login_server(&tokens)).await);
    let office = client(office(), &login, "s3cret/1");

    example(&office, "http.session", "shop", &shop).await;
    example(&office, "http.token", "login", &login).await;
    example(&office, "http.token_info", "login", &login).await;
}

#[tokio::test]
async fn the_example_about_consent_runs_when_somebody_consents() {
    use casare_workflow::Catalogue as _;
    let server = serve(login_server(&Tokens::default())).await;
    let office = client(office(), &server, "s3cret/1");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let registry = office.engine().registry();
    let example = registry
        .node("http.authorization_code")
        .unwrap()
        .example
        .to_string();
    let steps = example
        .replace("    token_url:", "    allow: [private]\n    token_url:")
        .replace("{ state:", &format!("{{ port: {port}, state:"))
        .replace("8080", &port.to_string())
        .replace(
            "https://login.example.com/token",
            &format!("{server}/token"),
        );
    let workflow = format!("steps:\n{steps}");

    // A person's browser opens the page that the log names and is sent back with a code.
    let person = async {
        loop {
            let heard = office.heard();
            if let Some((_, rest)) = heard.split_once("&state=") {
                let state: String = rest
                    .chars()
                    .take_while(|c| !matches!(c, '&' | '"'))
                    .collect();
                let url = format!("http://127.0.0.1:{port}/callback?code=c0de-c0de&state={state}");
                if reqwest::get(url).await.is_ok() {
                    break;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    let (outcome, ()) = tokio::join!(office.run(&workflow), person);

    assert_eq!(
        outcome.state,
        casare_engine::RunState::Succeeded,
        "{:?}",
        outcome.error
    );
}
