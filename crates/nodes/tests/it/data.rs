use casare_engine::ErrorKind;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{office, outcome_of};

#[tokio::test]
async fn bad_rows_are_a_business_error_or_a_list_as_asked() {
    let office = office();
    office.put(
        "orders.csv",
        "number,total,country\nINV-1,12.5,DE\nINV-1,-3,XX\n,1,FR\n",
    );
    let workflow = |fail: bool| {
        format!(
            r#"
steps:
  - id: orders
    use: csv.read
    with: {{ path: orders.csv }}
  - id: checked
    use: data.validate
    with:
      value: "{{{{ steps.orders.rows }}}}"
      fail: {fail}
      rules:
        number: {{ required: true, pattern: 'INV-\d+', unique: true }}
        total: {{ type: number, min: 0 }}
        country: {{ one_of: [DE, FR] }}
outputs:
  valid: "{{{{ steps.checked.valid }}}}"
  problems: "{{{{ steps.checked.problems | map(attribute='message') | list }}}}"
"#
        )
    };

    let error = office.failure(&workflow(true)).await;
    let outputs = office.outputs(&workflow(false)).await;

    assert_eq!((error.kind, error.retryable), (ErrorKind::Business, false));
    assert_eq!(
        error.message,
        "the data is not valid: row 2: `number` is `INV-1`, as in row 1; row 2: `total` is `-3`, \
         below `0`; row 2: `country` is `XX`, not one of `DE`, `FR`; row 3: `number` is missing"
    );
    assert_eq!(
        outputs,
        json!({
            "valid": false,
            "problems": ["is `INV-1`, as in row 1", "is `-3`, below `0`", "is `XX`, not one of `DE`, `FR`", "is missing"],
        })
    );
}

fn result(node: &str, with: Json) -> Json {
    outcome_of(node, with)["result"].clone()
}

#[tokio::test]
async fn data_is_checked_against_a_json_schema() {
    let office = office();
    office.put(
        "order.schema.json",
        r##"{
            "type": "object",
            "required": ["number", "lines"],
            "properties": {
                "number": { "type": "string", "pattern": "^INV-[0-9]+$" },
                "mail": { "type": "string", "format": "email" },
                "lines": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/line" } }
            },
            "$defs": { "line": { "type": "object", "properties": { "total": { "type": "number", "minimum": 0 } } } }
        }"##,
    );
    let workflow = |order: &str| {
        format!(
            "steps:\n  - id: it\n    use: data.validate\n    with: {{ value: {order}, schema_path: order.schema.json, fail: false }}\n\
             outputs: {{ valid: '{{{{ steps.it.valid }}}}', places: '{{{{ steps.it.problems | map(attribute=\"field\") | list }}}}' }}\n"
        )
    };

    let good = office
        .outputs(&workflow(
            "{ number: INV-1, mail: a@b.de, lines: [{ total: 1 }] }",
        ))
        .await;
    let bad = office
        .outputs(&workflow(
            "{ number: x, mail: nobody, lines: [{ total: 1 }, { total: -1 }] }",
        ))
        .await;
    let each = office
        .failure("steps:\n  - { use: data.validate, with: { value: [1, 2, x], schema: { type: integer }, each: true } }\n")
        .await;
    let remote = office
        .failure("steps:\n  - { use: data.validate, with: { value: 1, schema: { $ref: 'http://127.0.0.1:9/schema' } } }\n")
        .await;
    let broken = office
        .failure(
            "steps:\n  - { use: data.validate, with: { value: 1, schema: { type: nonsense } } }\n",
        )
        .await;
    let evil = office
        .failure(&format!(
            "steps:\n  - {{ use: data.validate, with: {{ value: {}!, schema: {{ pattern: '^(a+)+$' }} }} }}\n",
            "a".repeat(50_000)
        ))
        .await;

    assert_eq!(good, json!({ "valid": true, "places": [] }));
    assert_eq!(bad["valid"], false);
    let mut places: Vec<&str> = bad["places"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Json::as_str)
        .collect();
    places.sort_unstable();
    assert_eq!(places, ["lines[1].total", "mail", "number"]);
    assert_eq!(each.kind, ErrorKind::Business);
    assert!(each.message.contains("row 3:"), "{}", each.message);
    assert_eq!(remote.kind, ErrorKind::Invalid);
    assert!(
        broken.message.contains("setting `schema`"),
        "{}",
        broken.message
    );
    assert_eq!(evil.kind, ErrorKind::Business);
}

#[tokio::test]
async fn rows_of_a_file_get_their_kinds_as_they_are_read() {
    let office = office();
    office.put(
        "orders.csv",
        "number;total;paid;date\n001;\"1.234,56 €\";ja;3. März 2026\n002;(12,00);nein;04.03.26\n",
    );

    let outputs = office
        .outputs(
            r#"
steps:
  - { id: rows, use: csv.read, with: { path: orders.csv, stream: true } }
  - id: typed
    use: data.convert
    with: { value: "{{ steps.rows.rows }}", fields: { total: number, paid: boolean, date: date }, decimal: comma }
  - { id: all, use: list.slice, with: { items: "{{ steps.typed.result }}", start: -2 } }
outputs: { rows: "{{ steps.all.result }}", lazy: "{{ steps.typed.valid is none }}" }
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "rows": [
                { "number": "001", "total": 1234.56, "paid": true, "date": "2026-03-03" },
                { "number": "002", "total": -12, "paid": false, "date": "2026-03-04" },
            ],
            "lazy": true,
        })
    );
}

#[test]
fn values_are_turned_into_other_kinds() {
    let to = |value: Json, to: &str| result("data.convert", json!({ "value": value, "to": to }));

    assert_eq!(to(json!("5 %"), "number"), json!(0.05));
    assert_eq!(to(json!("$1,234.50"), "number"), json!(1234.5));
    assert_eq!(to(json!(" 42 "), "whole_number"), json!(42));
    assert_eq!(to(json!("Oui"), "boolean"), json!(true));
    assert_eq!(to(json!(46_084), "date"), json!("2026-03-03"));
    assert_eq!(
        to(json!("3 Mar 2026 2:30 pm"), "date_time"),
        json!("2026-03-03T14:30:00")
    );
    assert_eq!(to(json!("a, b"), "list"), json!(["a", "b"]));
    assert_eq!(to(json!([["a", 1]]), "map"), json!({ "a": 1 }));
    assert_eq!(
        to(json!({ "a": [1.0, true] }), "text"),
        json!(r#"{"a":[1.0,true]}"#)
    );
    assert_eq!(
        outcome_of(
            "data.convert",
            json!({ "value": "n/a", "to": "number", "default": 0 })
        ),
        json!({ "result": 0, "valid": false })
    );
}

#[tokio::test]
async fn what_can_not_be_converted_is_named() {
    let office = office();
    let failure = async |with: &str| {
        office
            .failure(&format!("steps:\n  - {with}\n"))
            .await
            .message
    };

    assert_eq!(
        failure("{ use: data.convert, with: { value: [{ total: 1 }, { total: abc }], fields: { total: number } } }").await,
        "row 2: `total`: `abc` can't be turned into a number: `abc` is no number"
    );
    let message = failure("{ use: data.convert, with: { value: '1,234', to: number } }").await;
    assert!(message.contains("`decimal: comma`"), "{message}");
    let message = failure("{ use: data.convert, with: { value: 1.5, to: whole_number } }").await;
    assert!(message.contains("has a fraction"), "{message}");
    let message = failure("{ use: data.convert, with: { value: maybe, to: boolean } }").await;
    assert!(message.contains("neither yes nor no"), "{message}");
    let deep = "[".repeat(100_000);
    let message = failure(&format!(
        "{{ use: data.convert, with: {{ value: '{deep}', to: json }} }}"
    ))
    .await;
    assert!(
        message.contains("it is no JSON: recursion limit"),
        "{message}"
    );
}

#[tokio::test]
async fn letters_are_filled_from_files_and_texts() {
    let office = office();
    office.put(
        "letter.html",
        "<p>{{ name }}</p>{% for line in lines %}<i>{{ line | upper }}</i>{% endfor %}",
    );
    office.put("broken.txt", "one\n{{ nobody }}");
    let outputs = office
        .outputs(
            r#"
steps:
  - { id: html, use: data.template, with: { path: letter.html, values: { name: "<Ada> & Co", lines: [a, b] } } }
  - { id: text, use: data.template, with: { text: "{ {a} } {{x}} {c.d[0]} {gone}", values: { a: 1.0, c: { d: [2] } }, missing: keep } }
outputs: { html: "{{ steps.html.result }}", text: "{{ steps.text.result }}" }
"#
            .replace("{{x}}", "{% raw %}{{x}}{% endraw %}")
            .as_str(),
        )
        .await;
    let missing = office
        .failure("steps:\n  - { use: data.template, with: { text: 'Dear {name}' } }\n")
        .await;
    let unknown = office
        .failure("steps:\n  - { use: data.template, with: { path: broken.txt } }\n")
        .await;

    assert_eq!(
        outputs,
        json!({
            "html": "<p>&lt;Ada&gt; &amp; Co</p><i>A</i><i>B</i>",
            "text": "{ 1 } {x} 2 {gone}",
        })
    );
    assert_eq!(missing.message, "there is no value for `{name}`");
    assert!(
        unknown.message.starts_with("the template, line 2:"),
        "{}",
        unknown.message
    );
}

#[test]
fn values_go_through_filters() {
    let transform = |with: Json| result("data.transform", with);

    assert_eq!(
        transform(
            json!({ "value": [" a-1 ", "b-2"], "each": true, "by": ["trim", "uppercase", "replace('-', '')"] })
        ),
        json!(["A1", "B2"])
    );
    assert_eq!(
        transform(
            json!({ "value": { "name": " ada ", "total": "3" }, "fields": { "name": ["trim", "title"], "total": ["to_integer"] } })
        ),
        json!({ "name": "Ada", "total": 3 })
    );
    assert_eq!(
        transform(json!({ "value": "b;a", "by": ["split(';')", "sort", "join('+')"] })),
        json!("a+b")
    );
}

#[test]
fn differences_have_their_places() {
    let before = json!({
        "number": "INV-1", "total": 80.0, "seen": 1,
        "lines": [{ "sku": "a", "count": 1 }, { "sku": "b", "count": 2 }],
    });
    let after = json!({
        "number": "inv-1", "total": 80.004, "seen": 2, "paid": true,
        "lines": [{ "sku": "b", "count": 3 }, { "sku": "a", "count": 1 }],
    });

    let compared = outcome_of(
        "data.compare",
        json!({ "a": before, "b": after, "tolerance": 0.01, "ignore": ["**.seen"], "ignore_case": true, "key": "sku" }),
    );
    let loosely = outcome_of(
        "data.compare",
        json!({ "a": { "n": "12", "x": "" }, "b": { "n": 12.0 }, "loosely": true }),
    );
    let order = outcome_of("data.compare", json!({ "a": "file 9", "b": "file 10" }));

    assert_eq!(
        compared["differences"],
        json!([
            { "path": "lines[1].count", "kind": "changed", "before": 2, "after": 3 },
            { "path": "paid", "kind": "added", "before": null, "after": true },
        ])
    );
    assert_eq!(loosely["result"], true);
    assert_eq!(order["order"], -1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_value_is_the_same_as_itself_in_any_order(items in prop::collection::vec("[a-c]{1,3}", 0..12)) {
        let mut turned = items.clone();
        turned.reverse();

        let same = result("data.compare", json!({ "a": items, "b": items }));
        let sorted = result("data.compare", json!({ "a": items, "b": turned, "ignore_order": true }));

        prop_assert_eq!(same, json!(true));
        prop_assert_eq!(sorted, json!(true));
    }

    #[test]
    fn numbers_survive_being_written_as_people_do(cents in -99_999_999..99_999_999i64) {
        let number = cents as f64 / 100.0;
        let (whole, rest) = (cents.abs() / 100, cents.abs() % 100);
        let digits = whole.to_string();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        let sign = if cents < 0 { "-" } else { "" };

        let read = result("data.convert", json!({ "value": format!("{sign}{grouped},{rest:02} €"), "to": "number" }));

        prop_assert_eq!(read.as_f64().unwrap(), number);
    }
}
