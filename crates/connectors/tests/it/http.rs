use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Redirect,
    routing::{get, post},
};
use casare_engine::{ErrorKind, RunState};
use serde_json::{Value, json};

use crate::office;

/// Serves `app` on a free port and tells its address.
pub(crate) async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

/// Runs the example of `node` with the server at `server` in place of `https://{host}.example.com`.
pub(crate) async fn example(
    office: &casare_node_testing::Office,
    node: &str,
    host: &str,
    server: &str,
) {
    use casare_workflow::Catalogue as _;
    let example = office
        .engine()
        .registry()
        .node(node)
        .unwrap()
        .example
        .to_string();
    let written = format!("https://{host}.example.com");
    assert!(example.contains(&written), "{node}");
    let reached = example
        .replace(
            &format!("    url: {written}"),
            &format!("    allow: [private]\n    url: {written}"),
        )
        .replace(
            &format!("    base_url: {written}"),
            &format!("    allow: [private]\n    base_url: {written}"),
        )
        .replace(
            &format!("    token_url: {written}"),
            &format!("    allow: [private]\n    token_url: {written}"),
        )
        .replace("{ token_url:", "{ allow: [private], token_url:")
        .replace(&written, server);
    let outcome = office.run(&format!("steps:\n{reached}")).await;
    assert_eq!(
        outcome.state,
        RunState::Succeeded,
        "{node}: {:?}",
        outcome.error
    );
}

/// A server on a free port, which tells its address.
async fn server() -> String {
    let calls = Arc::new(AtomicU32::new(0));
    let app = Router::new()
        .route(
            "/echo",
            post(|headers: HeaderMap, Json(body): Json<Value>| async move {
                Json(json!({ "body": body, "key": headers.get("x-key").map(|v| v.to_str().unwrap().to_owned()) }))
            }),
        )
        .route("/query", get(|Query(pairs): Query<Vec<(String, String)>>| async move { Json(pairs) }))
        .route(
            "/shaky",
            get(|State(calls): State<Arc<AtomicU32>>| async move {
                match calls.fetch_add(1, Ordering::SeqCst) {
                    0 | 1 => (StatusCode::SERVICE_UNAVAILABLE, "not yet".to_owned()),
                    n => (StatusCode::OK, format!("call {}", n + 1)),
                }
            }),
        )
        .route("/missing", get(|| async { (StatusCode::NOT_FOUND, "no such order") }))
        .route("/to-metadata", get(|| async { Redirect::temporary("http://169.254.169.254/secret") }))
        .route("/file", get(|| async { vec![7u8; 100_000] }))
        .with_state(calls);
    serve(app).await
}

#[tokio::test]
async fn requests_carry_what_they_are_given_and_answers_keep_their_types() {
    let (office, server) = (office(), server().await);

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - id: echo
    use: http.request
    with:
      method: POST
      url: {server}/echo
      headers: {{ X-Key: "42" }}
      json: {{ name: Ada, tags: [1, 2] }}
      allow: [127.0.0.1]
  - id: query
    use: http.request
    with: {{ url: "{server}/query?a=1", query: {{ b: [2, 3], c: "ä&b" }}, allow: [private] }}
  - id: shaky
    use: http.request
    with: {{ url: "{server}/shaky", allow: [127.0.0.1] }}
  - id: file
    use: http.request
    with: {{ url: "{server}/file", save_to: download/data.bin, allow: [127.0.0.1] }}
outputs:
  tags: "{{{{ steps.echo.body.body.tags }}}}"
  key: "{{{{ steps.echo.body.key }}}}"
  query: "{{{{ steps.query.body }}}}"
  shaky: "{{{{ steps.shaky.body }}}}"
  size: "{{{{ steps.file.file.size }}}}"
"#
        ))
        .await;

    assert_eq!(
        outputs,
        json!({
            "tags": [1, 2], "key": "42", "shaky": "call 3", "size": 100_000,
            "query": [["a", "1"], ["b", "2"], ["b", "3"], ["c", "ä&b"]],
        })
    );
    assert_eq!(
        office.files(),
        ["download/data.bin"],
        "nothing half written is left"
    );
}

#[tokio::test]
async fn failures_have_the_kind_that_the_status_says() {
    let (office, server) = (office(), server().await);

    let missing = office
        .failure(&format!(
            "steps:\n  - use: http.request\n    with: {{ url: \"{server}/missing\", allow: [private] }}\n"
        ))
        .await;
    let looked_at = office
        .outputs(&format!(
            "steps:\n  - id: r\n    use: http.request\n    with: {{ url: \"{server}/missing\", allow: [private], fail_on_status: false }}\noutputs: {{ status: \"{{{{ steps.r.status }}}}\" }}\n"
        ))
        .await;
    let nobody = office
        .failure("steps:\n  - use: http.request\n    with: { url: 'http://127.0.0.1:1/', allow: [private], retries: 0 }\n")
        .await;

    assert_eq!(missing.kind, ErrorKind::NotFound);
    assert!(
        missing.message.contains("no such order"),
        "{}",
        missing.message
    );
    assert_eq!(looked_at, json!({ "status": 404 }));
    assert_eq!(nobody.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn what_is_behind_the_robot_is_out_of_reach() {
    let (office, server) = (office(), server().await);

    let refused = |url: String, allow: &str| {
        format!("steps:\n  - use: http.request\n    with: {{ url: \"{url}\", allow: {allow} }}\n")
    };
    let plain = office
        .failure(&refused(format!("{server}/file"), "[]"))
        .await;
    let name = office
        .failure(&refused(server.replace("127.0.0.1", "localhost"), "[]"))
        .await;
    let redirected = office
        .failure(&refused(format!("{server}/to-metadata"), "[private]"))
        .await;

    for error in [&plain, &name, &redirected] {
        assert_eq!(error.kind, ErrorKind::Denied, "{}", error.message);
    }
    assert!(
        redirected.message.contains("169.254.169.254"),
        "{}",
        redirected.message
    );
}

#[tokio::test]
async fn an_answer_that_is_too_long_fills_no_memory() {
    let (office, server) = (office(), server().await);

    let error = office
        .failure(&format!(
            "steps:\n  - use: http.request\n    with: {{ url: \"{server}/file\", max_size: 1000, allow: [private] }}\n"
        ))
        .await;

    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(
        error.message.contains("longer than 1000 bytes"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn an_address_is_made_of_parts() {
    let outputs = office()
        .outputs(
            r#"
steps:
  - id: url
    use: http.build_url
    with: { base: "https://example.com/api/", path: [orders, "2026/07", "ä b"], query: { tag: [new, "a&b"], none: null } }
outputs: { url: "{{ steps.url.result }}" }
"#,
        )
        .await;

    assert_eq!(
        outputs["url"],
        "https://example.com/api/orders/2026%2F07/%C3%A4%20b?tag=new&tag=a%26b"
    );
}

#[tokio::test]
async fn the_examples_about_requests_run() {
    let app = Router::new().route("/latest", get(|| async { Json(json!({ "USD": 1.1 })) }));
    let server = serve(app).await;

    example(&office(), "http.request", "rates", &server).await;
}
