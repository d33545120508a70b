//! Downloads and uploads.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use casare_engine::ErrorKind;
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::{http::serve, office};

/// A file of 300,000 bytes, which breaks off after 100,000 at the first two attempts; and what
/// each attempt asked for.
#[derive(Clone, Default)]
struct Shaky {
    calls: Arc<AtomicUsize>,
    ranges: Arc<std::sync::Mutex<Vec<String>>>,
}

fn content() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n % 251) as u8).collect()
}

async fn shaky(State(shaky): State<Shaky>, headers: HeaderMap) -> Response {
    let range = headers
        .get(header::RANGE)
        .map_or("", |range| range.to_str().unwrap())
        .to_owned();
    shaky.ranges.lock().unwrap().push(range.clone());
    let start: usize = range
        .strip_prefix("bytes=")
        .and_then(|range| range.strip_suffix('-'))
        .map_or(0, |start| start.parse().unwrap());
    let rest = content()[start..].to_vec();
    let breaks = shaky.calls.fetch_add(1, Ordering::SeqCst) < 2;
    let length = rest.len();
    let chunks: Vec<Result<Bytes, std::io::Error>> = if breaks {
        vec![
            Ok(Bytes::from(rest[..100_000].to_vec())),
            Err(std::io::Error::other("cut")),
        ]
    } else {
        vec![Ok(Bytes::from(rest))]
    };
    let status = if start == 0 { 200 } else { 206 };
    // The first chunk has to be on its way before the connection is cut.
    let body = futures::stream::iter(chunks).then(async |chunk| {
        if chunk.is_err() {
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        chunk
    });
    Response::builder()
        .status(status)
        .header(header::CONTENT_LENGTH, length)
        .header(header::ETAG, "\"v1\"")
        .header(
            header::CONTENT_RANGE,
            format!("bytes {start}-299999/300000"),
        )
        .body(Body::from_stream(body))
        .unwrap()
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_was() {
    let state = Shaky::default();
    let server = serve(
        Router::new()
            .route("/big", get(shaky))
            .with_state(state.clone()),
    )
    .await;
    let office = office();

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - id: big
    use: http.download
    with: {{ url: "{server}/big", save_to: in/big.bin, allow: [127.0.0.1], size: 300000 }}
outputs: {{ size: "{{{{ steps.big.size }}}}", sha256: "{{{{ steps.big.sha256 }}}}" }}
"#
        ))
        .await;

    assert_eq!(outputs["size"], 300_000);
    assert_eq!(std::fs::read(office.path("in/big.bin")).unwrap(), content());
    let ranges = state.ranges.lock().unwrap().clone();
    assert_eq!(ranges.len(), 3, "{ranges:?}");
    assert_eq!(ranges[0], "");
    assert!(ranges[2].starts_with("bytes=") && ranges[2] != ranges[1]);
    assert_eq!(office.files(), ["in/big.bin"], "nothing is left beside it");
}

#[tokio::test]
async fn a_wrong_file_never_takes_its_place() {
    let server = serve(Router::new().route("/f", get(|| async { "fresh" }))).await;
    let office = office();
    office.put("f.txt", "old");

    let download = |more: &str| {
        format!(
            "steps:\n  - use: http.download\n    with: {{ url: \"{server}/f\", save_to: f.txt, allow: [private], {more} }}\n"
        )
    };
    let wrong = office
        .failure(&download(&format!("sha256: '{}'", "a0".repeat(32))))
        .await;
    let long = office.failure(&download("max_file_size: 3")).await;
    let there = office.failure(&download("overwrite: false")).await;

    assert_eq!(wrong.kind, ErrorKind::Business);
    assert_eq!(long.kind, ErrorKind::Invalid);
    assert_eq!(there.kind, ErrorKind::Conflict);
    assert_eq!(office.text("f.txt"), "old");
    assert_eq!(office.files(), ["f.txt"]);
}

#[tokio::test]
async fn files_are_sent_as_a_form_and_as_they_are() {
    async fn told(headers: HeaderMap, body: Bytes) -> impl IntoResponse {
        axum::Json(json!({
            "type": headers[header::CONTENT_TYPE].to_str().unwrap(),
            "length": headers[header::CONTENT_LENGTH].to_str().unwrap(),
            "text": String::from_utf8_lossy(&body),
        }))
    }
    let server = serve(
        Router::new()
            .route("/form", post(told))
            .route("/raw", put(told)),
    )
    .await;
    let office = office();
    office.put("a.csv", "x,y\n1,2\n");

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - id: form
    use: http.upload
    with: {{ url: "{server}/form", file: [a.csv], field: docs, fields: {{ kind: test }}, allow: [private] }}
  - id: raw
    use: http.upload
    with: {{ url: "{server}/raw", method: PUT, raw: true, file: a.csv, allow: [private] }}
outputs:
  form: "{{{{ steps.form.body }}}}"
  raw: "{{{{ steps.raw.body }}}}"
  sent: "{{{{ steps.raw.sent }}}}"
"#
        ))
        .await;

    let form = outputs["form"]["text"].as_str().unwrap();
    assert!(form.contains("name=\"docs\"; filename=\"a.csv\""), "{form}");
    assert!(form.contains("text/csv") && form.contains("x,y\n1,2\n"));
    assert!(form.contains("name=\"kind\"\r\n\r\ntest"), "{form}");
    assert_eq!(
        outputs["raw"],
        json!({ "type": "text/csv", "length": "8", "text": "x,y\n1,2\n" })
    );
    assert_eq!(outputs["sent"], 8);
}

#[tokio::test]
async fn the_examples_about_files_run() {
    let server = serve(
        Router::new()
            .route("/rates.csv", get(|| async { "EUR,1\n" }))
            .route(
                "/inbox",
                post(|| async { (StatusCode::CREATED, axum::Json(Value::from("inbox/1"))) }),
            ),
    )
    .await;
    let office = crate::furnished();
    for node in ["http.download", "http.upload"] {
        crate::http::example(&office, node, "files", &server).await;
    }
}
