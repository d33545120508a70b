//! Pages, GraphQL and SOAP.

use axum::{
    Json, Router,
    extract::Query,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use casare_engine::ErrorKind;
use serde_json::{Value, json};
use std::collections::HashMap;

use crate::{
    http::{example, serve},
    office,
};

type Asked = Query<HashMap<String, String>>;

fn number(asked: &Asked, name: &str) -> u64 {
    asked.get(name).map_or(0, |text| text.parse().unwrap())
}

/// 120 orders, in every way that lists are given out.
fn orders() -> Router {
    let some = |from: u64, most: u64| (from..(from + most).min(120)).collect::<Vec<_>>();
    Router::new()
        .route(
            "/orders",
            get(move |asked: Asked| async move {
                let (page, size) = (number(&asked, "page"), number(&asked, "per_page"));
                Json(json!({ "orders": some((page - 1) * size, size), "tags": [] }))
            }),
        )
        .route(
            "/offset",
            get(move |asked: Asked| async move { Json(some(number(&asked, "offset"), 50)) }),
        )
        .route(
            "/cursor",
            post(move |Json(body): Json<Value>| async move {
                let from = body["after"]["id"].as_u64().unwrap_or(0);
                let next = (from + 50 < 120).then_some(from + 50);
                Json(json!({ "data": { "rows": some(from, 50) }, "next": next }))
            }),
        )
        .route(
            "/linked",
            get(move |asked: Asked| async move {
                let from = number(&asked, "from");
                let mut headers = HeaderMap::new();
                if from + 50 < 120 {
                    let link = format!("</linked?from={}>; rel=\"next\"", from + 50);
                    headers.insert("link", link.parse().unwrap());
                }
                (headers, Json(some(from, 50)))
            }),
        )
        .route(
            "/away",
            get(|| async {
                (
                    [("link", "<http://169.254.169.254/>; rel=\"next\"")],
                    Json(json!([1])),
                )
            }),
        )
}

#[tokio::test]
async fn pages_become_one_list_however_one_gets_to_the_next() {
    let server = serve(orders()).await;
    let office = office();

    for (path, how) in [
        (
            "orders",
            "by: page, items: '$.orders', size_parameter: per_page, page_size: 50",
        ),
        ("offset", "by: offset"),
        (
            "cursor",
            "by: cursor, json: { q: all }, items: '$.data.rows[*]', next: $.next, parameter: $.after.id",
        ),
        ("linked", "by: link"),
    ] {
        let outputs = office
            .outputs(&format!(
                r#"
variables: {{ sum: 0 }}
steps:
  - id: all
    use: http.paginate
    with: {{ url: "{server}/{path}", {how}, allow: [127.0.0.1] }}
  - use: flow.for_each
    with: {{ items: "{{{{ steps.all.items }}}}", as: n }}
    do:
      - use: data.set
        with: {{ name: sum, value: "{{{{ vars.sum + n }}}}" }}
outputs:
  sum: "{{{{ vars.sum }}}}"
  count: "{{{{ steps.all.count }}}}"
  complete: "{{{{ steps.all.complete }}}}"
"#
            ))
            .await;
        assert_eq!(
            outputs,
            json!({ "sum": 7140, "count": 120, "complete": true }),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_list_ends_at_its_bounds_and_a_link_does_not_lead_behind_the_guard() {
    let server = serve(orders()).await;
    let office = office();

    let bounded = office
        .outputs(&format!(
            "steps:\n  - id: all\n    use: http.paginate\n    with: {{ url: \"{server}/offset\", by: offset, max_items: 70, allow: [private] }}\noutputs: {{ n: \"{{{{ steps.all.count }}}}\", all: \"{{{{ steps.all.complete }}}}\" }}\n"
        ))
        .await;
    let away = office
        .failure(&format!(
            "steps:\n  - use: http.paginate\n    with: {{ url: \"{server}/away\", allow: [private] }}\n"
        ))
        .await;

    assert_eq!(bounded, json!({ "n": 70, "all": false }));
    assert_eq!(away.kind, ErrorKind::Denied);
}

fn shop() -> Router {
    Router::new().merge(orders()).route(
        "/graphql",
        post(|Json(body): Json<Value>| async move {
            match body["variables"]["id"].as_str() {
                Some("42") => Json(json!({ "data": { "customer": { "name": "Ada", "orders": [] } } })),
                _ => Json(json!({
                    "data": { "customer": null },
                    "errors": [{ "message": "no such customer", "path": ["customer"], "extensions": { "code": "NOT_FOUND" } }],
                })),
            }
        }),
    )
}

#[tokio::test]
async fn graphql_gives_data_or_the_kind_of_error_that_the_server_names() {
    let server = serve(shop()).await;
    let office = office();

    let step = |more: &str| {
        format!(
            "steps:\n  - id: q\n    use: http.graphql\n    with: {{ url: \"{server}/graphql\", query: 'query($id: ID!) {{ customer(id: $id) {{ name }} }}', allow: [private], {more} }}\noutputs: {{ data: \"{{{{ steps.q.data }}}}\", errors: \"{{{{ steps.q.errors | length }}}}\" }}\n"
        )
    };
    let missing = office.failure(&step("variables: { id: '7' }")).await;
    let partial = office
        .outputs(&step("variables: { id: '7' }, partial: true"))
        .await;

    assert_eq!(missing.kind, ErrorKind::NotFound);
    assert!(missing.message.contains("at `customer`: no such customer"));
    assert_eq!(
        partial,
        json!({ "data": { "customer": null }, "errors": 1 })
    );
}

fn erp() -> Router {
    Router::new().route(
        "/orders",
        post(|headers: HeaderMap, body: String| async move {
            let envelope = |inner: &str| {
                format!("<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{inner}</s:Body></s:Envelope>")
            };
            if body.contains("<OrderId>42</OrderId>") {
                let action = headers["soapaction"].to_str().unwrap().trim_matches('"').to_owned();
                let secured = body.contains("<wsse:Username>ada</wsse:Username>")
                    && body.contains("PasswordDigest");
                let answer = format!(
                    "<m:GetOrderResponse xmlns:m=\"http://example.com/orders\"><m:Total>12.50</m:Total><m:Action>{action}</m:Action><m:Secured>{secured}</m:Secured><m:Item>a</m:Item><m:Item>b &amp; c</m:Item></m:GetOrderResponse>"
                );
                envelope(&answer).into_response()
            } else {
                let fault = "<s:Fault><faultcode>s:Client</faultcode><faultstring>no such order</faultstring><detail><Code>E7</Code></detail></s:Fault>";
                (StatusCode::INTERNAL_SERVER_ERROR, envelope(fault)).into_response()
            }
        }),
    )
}

#[tokio::test]
async fn a_soap_operation_answers_data_and_a_fault_fails_the_step() {
    let server = serve(erp()).await;
    let office = office().credential("erp", &[("username", "ada"), ("password", "s3cret")]);

    let call = |id: u32| {
        format!(
            r#"
steps:
  - id: order
    use: http.soap
    with:
      url: "{server}/orders"
      namespace: http://example.com/orders
      operation: GetOrder
      body: {{ OrderId: {id} }}
      security: erp
      password: digest
      allow: [private]
outputs: {{ result: "{{{{ steps.order.result }}}}" }}
"#
        )
    };
    let outputs = office.outputs(&call(42)).await;
    let fault = office.failure(&call(7)).await;

    assert_eq!(
        outputs["result"],
        json!({
            "Total": "12.50", "Action": "http://example.com/orders/GetOrder", "Secured": "true",
            "Item": ["a", "b & c"],
        })
    );
    assert_eq!(fault.kind, ErrorKind::Invalid);
    assert!(fault.message.contains("no such order"), "{}", fault.message);
    assert_eq!(fault.details.unwrap()["detail"], json!({ "Code": "E7" }));
}

#[tokio::test]
async fn the_examples_about_lists_and_calls_run() {
    let (shop, erp) = (serve(shop()).await, serve(erp()).await);
    let office = crate::furnished();
    for (node, host, server) in [
        ("http.paginate", "shop", &shop),
        ("http.graphql", "shop", &shop),
        ("http.soap", "erp", &erp),
    ] {
        example(&office, node, host, server).await;
    }
}
