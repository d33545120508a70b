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
        { "at": 4, "page": 0, "did": "arrived", "url": "https://shop.example.com/orders/4711?from=login" },
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

#[test]
fn what_is_said_by_the_page_ends_a_recording_and_parts_two_presses_of_one_button() {
    let heading =
        |name: &str| json!({ "target": format!("role=heading[name={name}]"), "name": name });
    let text = written(json!([
        { "at": 1, "page": 0, "did": "click", "element": button("Next", None) },
        { "at": 2, "page": 0, "did": "appeared", "element": heading("Address") },
        { "at": 3, "page": 0, "did": "click", "element": button("Next", None) },
        { "at": 4, "page": 0, "did": "appeared", "element": heading("Done") },
        { "at": 5, "page": 0, "did": "closed" },
    ]));

    insta::assert_snapshot!(text);
}

#[test]
fn a_field_that_came_while_its_form_was_filled_is_a_step_of_its_own() {
    let mut city = field("City", 1);
    city["late"] = true.into();
    let text = written(json!([
        { "at": 1, "page": 0, "did": "fill", "element": field("Name", 1), "value": "Ada" },
        { "at": 2, "page": 0, "did": "fill", "element": field("Country", 1), "value": "Peru" },
        { "at": 3, "page": 0, "did": "fill", "element": city, "value": "Lima" },
        { "at": 4, "page": 0, "did": "click", "element": button("Send", Some(1)) },
    ]));

    assert_eq!(text.matches("browser.fill_form").count(), 2, "{text}");
}

#[test]
fn tabs_are_told_by_their_places_among_those_that_are_open() {
    let text = written(json!([
        { "at": 1, "page": 0, "did": "press", "element": null, "key": "F2" },
        { "at": 2, "page": 1, "did": "opened", "by": 0 },
        { "at": 3, "page": 1, "did": "click", "element": button("Choose", None) },
        { "at": 4, "page": 1, "did": "closed", "itself": true },
        { "at": 5, "page": 2, "did": "new_tab" },
        { "at": 6, "page": 2, "did": "goto", "url": "https://other.example.com/" },
        { "at": 7, "page": 0, "did": "click", "element": button("Save", None) },
        { "at": 8, "page": 2, "did": "click", "element": button("Send", None) },
    ]));

    insta::assert_snapshot!(text);
}

#[test]
fn an_expected_value_is_read_until_it_is_so() {
    let text = written(json!([
        { "at": 1, "page": 0, "did": "assert", "element": field("Total", 1), "expected": { "value": "it's 7" } },
        { "at": 2, "page": 0, "did": "assert", "element": button("Send", None), "expected": "enabled" },
    ]));

    insta::assert_snapshot!(text);
}

#[test]
fn devtools_gets_the_same_actions_in_its_own_words() {
    let bundle = json!({ "selector": "role=button[name=\"Save\"]", "alternatives": ["testid=\"save\"", "css=tr >> nth=2", "css=#save"] });
    let events: Vec<Event> = serde_json::from_value(json!([
        { "at": 1, "page": 0, "did": "fill", "element": field("Name", 1), "value": "Ada" },
        { "at": 2, "page": 0, "did": "press", "element": field("Name", 1), "key": "Control+Enter" },
        { "at": 3, "page": 0, "did": "click", "element": { "target": bundle }, "count": 2 },
        { "at": 4, "page": 1, "did": "opened", "by": 0 },
        { "at": 5, "page": 1, "did": "hover", "element": button("Help", None) },
        { "at": 6, "page": 1, "did": "closed" },
        { "at": 7, "page": 0, "did": "assert", "element": button("Send", None), "expected": "visible" },
    ]))
    .unwrap();
    let options = Options {
        name: "recorded".to_owned(),
        url: "https://shop.example.com/".to_owned(),
        viewport: Some((1280, 720)),
        credential: String::new(),
    };

    let written = casare_recorder::devtools(&events, &options);

    insta::assert_snapshot!(format!("{written:#}"));
}
