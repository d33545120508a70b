use std::collections::BTreeMap;

use insta::assert_snapshot;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};

use super::*;
use crate::{Any, DocPath, Misformed, NodeSpec, Span};
use serde_json::json;

/// How to log in.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Login {
    Nobody,
    Basic { user: String, password: String },
    Token(String),
}

#[derive(JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
enum Body {
    Text { text: String },
    Form { fields: BTreeMap<String, String> },
}

#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Level {
    /// All of it.
    Debug,
    Info,
    /// Not good.
    Warn,
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Part {
    /// The file.
    path: String,
    #[serde(default)]
    inner: Vec<Part>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Request {
    /// Where to.
    url: String,
    #[serde(default)]
    login: Option<Login>,
    #[serde(default)]
    body: Option<Body>,
    #[serde(default)]
    level: Option<Level>,
    #[serde(default)]
    to: Option<OneOrMany>,
    #[serde(default)]
    #[schemars(range(min = 1, max = 65535))]
    port: Option<u32>,
    #[serde(default)]
    wait: Option<Span>,
    #[serde(default)]
    follow: bool,
    #[serde(default)]
    #[schemars(length(min = 2), regex(pattern = "^[a-z]+$"))]
    tag: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, u8>,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    data: Any,
}

fn schema_of<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    SchemaGenerator::new(settings)
        .into_root_schema_for::<T>()
        .to_value()
}

/// Knows a format, and no nodes.
struct Colours;

impl Catalogue for Colours {
    fn node(&self, _: &str) -> Option<&NodeSpec> {
        None
    }

    fn nodes(&self) -> Vec<&NodeSpec> {
        Vec::new()
    }

    fn misformed(&self, format: &str, text: &str) -> Option<Misformed> {
        (format == "colour" && text != "red").then(|| Misformed {
            message: format!("`{text}` is no colour"),
            help: Some("write `red`".to_owned()),
        })
    }
}

#[test]
fn formats_that_nodes_bring_along_are_asked_for_values_and_keys() {
    let schema = json!({ "properties": {
        "paint": { "anyOf": [{ "type": "string", "format": "colour" }, { "type": "object" }] },
        "parts": { "type": "object", "propertyNames": { "format": "colour" } },
    } });

    let found = findings(
        &schema,
        &json!({ "paint": "bleu", "parts": { "red": 1, "rot": 2 } }),
    );

    assert_snapshot!(found, @r"
    error setting-format at value with.paint: `paint`: `bleu` is no colour
      ^ not of the right form
      = write `red`
    error setting-format at key with.parts.rot: `rot` is no colour
      ^ not of the right form
      = write `red`
    ");
}

fn findings(schema: &Json, with: &Json) -> String {
    let with: IndexMap<String, Json> = serde_json::from_value(with.clone()).unwrap();
    let settings = Settings {
        node: "http.request",
        root: schema,
        suggest: &Suggest::default(),
        patterns: &Patterns::default(),
        catalogue: &Colours,
    };
    let at = DocPath::default();
    let found = settings.check(&with, &Trail::Key(&Trail::Part(&at), "with"));
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn wrong(with: &Json) -> String {
    findings(&schema_of::<Request>(), with)
}

#[test]
fn settings_that_the_engine_can_read_are_right() {
    for with in [
        json!({ "url": "x" }),
        json!({ "url": 12, "port": "80", "follow": "true", "headers": { "a": "7" } }),
        json!({ "url": "x", "login": "nobody", "level": null, "to": ["a", 1] }),
        json!({ "url": "x", "login": { "basic": { "user": "u", "password": "p" } } }),
        json!({ "url": "x", "login": { "token": "t" }, "wait": "1h30m", "to": "a" }),
        json!({ "url": "x", "body": { "kind": "form", "fields": { "a": "b" } } }),
        json!({ "url": "x", "parts": [{ "path": "p", "inner": [{ "path": "q" }] }] }),
        json!({ "url": "x", "data": [{ "anything": [null] }] }),
    ] {
        assert_eq!(wrong(&with), "", "{with}");
    }
}

#[test]
fn what_is_computed_at_run_time_is_not_judged() {
    let with = json!({
        "url": "{{ a }}", "port": "{{ a }}", "level": "{{ a }}", "wait": "{{ a }}s",
        "login": "{{ a }}", "body": { "kind": "{{ a }}" }, "headers": { "a": "{{ a }}" },
        "parts": "{{ a }}", "to": ["{{ a }}"], "tag": "{% if a %}b{% endif %}",
    });

    assert_eq!(wrong(&with), "");
}

#[test]
fn a_wrong_setting_is_explained() {
    let cases = [
        json!({}),
        json!({ "ulr": "x" }),
        json!({ "url": "x", "timeout": "3s" }),
        json!({ "url": "x", "colour": "red" }),
        json!({ "url": ["x"] }),
        json!({ "url": null }),
        json!({ "url": "x", "port": "eighty" }),
        json!({ "url": "x", "port": 1.5 }),
        json!({ "url": "x", "port": 0 }),
        json!({ "url": "x", "port": "70000" }),
        json!({ "url": "x", "follow": "yes" }),
        json!({ "url": "x", "level": "wran" }),
        json!({ "url": "x", "level": 3 }),
        json!({ "url": "x", "wait": 30 }),
        json!({ "url": "x", "wait": ["1s"] }),
        json!({ "url": "x", "tag": "A" }),
        json!({ "url": "x", "headers": { "Accept": 300 } }),
        json!({ "url": "x", "headers": ["Accept"] }),
        json!({ "url": "x", "parts": "a.txt" }),
        json!({ "url": "x", "parts": [{ "path": "p", "inner": [{ "pth": "q" }] }] }),
        json!({ "url": "x", "to": { "a": 1 } }),
        json!({ "url": "x", "to": ["a", ["b"]] }),
    ];
    let explained = cases.map(|with| format!("{with}\n{}", wrong(&with)));

    assert_snapshot!(explained.join("\n\n"));
}

#[test]
fn the_variant_that_was_meant_is_the_one_that_is_explained() {
    let cases = [
        json!({ "login": "basci" }),
        json!({ "login": { "basci": { "user": "u" } } }),
        json!({ "login": { "basic": { "user": "u" } } }),
        json!({ "login": { "basic": { "user": "u", "password": "p", "pin": 1 } } }),
        json!({ "login": { "nobody": {} } }),
        json!({ "login": { "token": "t", "basic": {} } }),
        json!({ "login": 7 }),
        json!({ "body": { "text": "hello" } }),
        json!({ "body": { "kind": "from", "fields": {} } }),
        json!({ "body": { "kind": "form", "fields": ["a"] } }),
        json!({ "body": { "kind": "text", "text": "a", "fields": {} } }),
        json!({ "body": "hello" }),
    ];
    let explained = cases.map(|mut with| {
        with["url"] = json!("x");
        format!("{with}\n{}", wrong(&with))
    });

    assert_snapshot!(explained.join("\n\n"));
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Careless {
    path: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Flattened {
    path: String,
    #[serde(flatten)]
    body: Body,
}

#[test]
fn a_setting_that_a_node_passes_over_is_a_warning() {
    let found = findings(&schema_of::<Careless>(), &json!({ "path": "p", "pth": 1 }));

    assert_snapshot!(found, @r"
    warning unknown-setting at key with.pth: `http.request` has no setting `pth`, so it is ignored
      ^ ignored
      = did you mean `path`?
    ");
}

#[test]
fn flattened_variants_are_settings_of_the_node() {
    let schema = schema_of::<Flattened>();
    let found = |with| findings(&schema, &with);

    assert_eq!(
        found(json!({ "path": "p", "kind": "text", "text": "t" })),
        ""
    );
    assert_snapshot!(found(json!({ "path": "p", "kind": "tetx" })), @r"
    error setting-value at value with.kind: `kind` can't be `tetx`
      ^ no such value
      = did you mean `text`? It is one of `text`, `form`
    ");
    assert_snapshot!(found(json!({ "path": "p" })), @r"
    error missing-setting at key with: `http.request` needs the setting `kind`
      ^ `kind` is missing
      = it is one of `text`, `form`
    ");
}

#[test]
fn a_schema_that_contains_itself_ends() {
    let schema = json!({
        "properties": { "a": { "$ref": "#" }, "b": { "$ref": "#/$defs/b" } },
        "$defs": { "b": { "$ref": "#/$defs/b" } },
    });
    let deep = (0..500).fold(json!(1), |inner, _| json!({ "a": inner }));

    assert_eq!(findings(&schema, &json!({ "a": deep, "b": 1 })), "");
}
