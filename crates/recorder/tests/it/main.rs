//! Recordings and the workflows that come of them.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

use casare_recorder::{Event, Options, workflow};
use casare_workflow::format::write;
use serde_json::{Value as Json, json};

fn written(events: Json) -> String {
    let events: Vec<Event> = serde_json::from_value(events).unwrap();
    let options = Options {
        name: "recorded".to_owned(),
        url: "https://shop.example.com/".to_owned(),
        viewport: None,
        credential: "shop".to_owned(),
    };
    write(&workflow(&events, &options))
}

fn field(label: &str, form: u64) -> Json {
    json!({ "target": format!("label={label}"), "name": label, "kind": "text", "form": form })
}

fn button(name: &str, form: Option<u64>) -> Json {
    json!({ "target": format!("role=button[name={name}]"), "name": name, "form": form, "submits": form.is_some() })
}

#[test]
fn clicks_into_fields_and_keys_between_them_are_one_form() {
    let text = written(json!([
        { "at": 1, "page": 0, "did": "click", "element": field("First name", 1) },
        { "at": 2, "page": 0, "did": "fill", "element": field("First name", 1), "value": "A" },
        { "at": 3, "page": 0, "did": "fill", "element": field("First name", 1), "value": "Ada" },
        { "at": 4, "page": 0, "did": "press", "element": null, "key": "Tab" },
        { "at": 5, "page": 0, "did": "fill", "element": field("Remark", 1), "value": "{{ literally }}" },
        { "at": 6, "page": 0, "did": "click", "element": button("Send", Some(1)) },
    ]));

    insta::assert_snapshot!(text);
}

#[test]
fn a_login_takes_a_credential_and_holds_no_secret() {
    let mut user = field("User", 1);
    user["kind"] = "user".into();
    let mut password = field("Password", 1);
    password["kind"] = "password".into();
    let text = written(json!([
        { "at": 1, "page": 0, "did": "fill", "element": user, "value": "ada" },
        { "at": 2, "page": 0, "did": "fill", "element": password, "value": null },
        { "at": 3, "page": 0, "did": "press", "element": password, "key": "Enter" },
    ]));

    assert!(!text.contains("ada"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn what_comes_of_a_click_belongs_to_it() {
    let text = written(json!([
        { "at": 1, "page": 0, "did": "click", "element": button("Export", None) },
        { "at": 2, "page": 0, "did": "downloaded", "name": "orders.csv" },
        { "at": 3, "page": 0, "did": "click", "element": button("Delete", None) },
        { "at": 4, "page": 0, "did": "dialog", "kind": "confirm", "accepted": true },
        { "at": 5, "page": 0, "did": "click", "element": button("Help", None) },
        { "at": 6, "page": 1, "did": "opened", "by": 0 },
        { "at": 7, "page": 1, "did": "assert", "element": { "target": "role=heading", "name": "Help" },
          "expected": { "text": "Help" } },
        { "at": 8, "page": 1, "did": "closed" },
        { "at": 9, "page": 0, "did": "upload", "element": { "target": "label=Invoice", "name": "Invoice", "kind": "file" },
          "files": ["may.pdf"] },
    ]));

    insta::assert_snapshot!(text);
}

#[test]
fn the_same_for_row_after_row_proposes_a_loop() {
    let events: Vec<Json> = (0..3)
        .map(|index| {
            json!({ "at": index, "page": 0, "did": "click", "element": {
                "target": format!("css=tr.order >> nth={index} >> role=button[name=Approve]"),
                "name": "Approve",
                "row": { "rows": "css=tr.order", "index": index, "inside": "role=button[name=Approve]" },
            } })
        })
        .collect();
    let text = written(events.into());

    assert!(text.contains("flow.for_each"), "{text}");
    assert_eq!(text.matches("browser.click").count(), 3);
}
