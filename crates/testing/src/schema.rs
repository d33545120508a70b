//! The JSON Schema of a `*.test.yaml` file, for completion and hints in editors.

use casare_engine::ErrorKind;
use serde_json::{Map, Value as Json, json};

use crate::{
    file::{
        expect::{LEVELS, SHOTS, STATES},
        unstubbed_words,
    },
    pattern::MATCHERS,
};

/// The JSON Schema of a test file.
pub fn test_schema() -> Json {
    let mut properties = given();
    properties.extend(entries([
        (
            "test",
            json!({ "const": 1, "description": "Version of the file format." }),
        ),
        (
            "workflow",
            text("The workflow that is tested, relative to this file."),
        ),
        ("description", text("What is tested, for people.")),
        (
            "cases",
            list("The cases. Without them, the file is one case.", "case"),
        ),
        (
            "expect",
            refer("expect", "What has to come of the only case."),
        ),
        ("skip", text("Why the only case is not run.")),
    ]));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Casare test",
        "description": "Tests of a workflow.",
        "type": "object",
        "required": ["test", "workflow"],
        "additionalProperties": false,
        "properties": properties,
        "$defs": definitions(),
    })
}

fn definitions() -> Json {
    let mut case = given();
    case.extend(entries([
        ("name", text("What is true of it.")),
        ("skip", text("Why it is not run.")),
        ("expect", refer("expect", "What has to come of it.")),
    ]));
    json!({
        "case": object(&["name"], case),
        "stub": stub(),
        "reply": object(&[], reply()),
        "error": error(),
        "rule": rule(),
        "answer": answer(),
        "request": object(&[], request()),
        "expect": expect(),
        "call": call(),
        "times": times(),
        "file": file(),
        "line": line(),
        "matchers": matchers(),
        "duration": {
            "anyOf": [{ "type": "string", "pattern": "^\\s*[0-9]" }, { "const": 0 }],
            "description": "A duration such as `30s`, `5m` or `250ms`.",
        },
    })
}

/// What a file gives all its cases, and a case for itself.
fn given() -> Map<String, Json> {
    let texts = json!({ "type": ["string", "number", "boolean"] });
    entries([
        (
            "inputs",
            json!({ "type": "object", "description": "Inputs of the workflow." }),
        ),
        (
            "variables",
            json!({ "type": "object", "description": "Values of variables at the start, instead of the workflow's." }),
        ),
        (
            "env",
            json!({ "type": "object", "description": "Environment variables that the workflow lists under `env`.", "additionalProperties": texts }),
        ),
        (
            "credentials",
            json!({
                "type": "object",
                "description": "Made-up credentials: a map of fields, or one secret. Real ones are never used.",
                "additionalProperties": { "anyOf": [texts, { "type": "object", "additionalProperties": texts }] },
            }),
        ),
        (
            "clock",
            json!({
                "description": "The time that steps see. It stands still; waits pass at once and put it forward.",
                "anyOf": [
                    { "type": "string" },
                    object(&["at"], entries([
                        ("at", text("A moment such as `2026-03-01T09:00:00Z`.")),
                        ("tick", refer("duration", "How far it goes on each time a step looks.")),
                    ])),
                ],
            }),
        ),
        (
            "seed",
            json!({ "type": "integer", "minimum": 0, "description": "What chance begins with (1)." }),
        ),
        (
            "files",
            json!({
                "type": "object",
                "description": "Files in the folder that the case runs in: a path to copy from, or what is in it.",
                "additionalProperties": {
                    "anyOf": [
                        { "type": "string" },
                        object(&[], entries([
                            ("copy", text("A file or folder, relative to the test.")),
                            ("content", text("The text.")),
                            ("json", json!({ "description": "Data, written as JSON." })),
                        ])),
                    ],
                },
            }),
        ),
        (
            "stubs",
            list(
                "Answers in the place of steps; the first that fits answers.",
                "stub",
            ),
        ),
        (
            "http",
            json!({
                "description": "Answers in the place of HTTP servers, or a recording. With it, nothing goes out.",
                "anyOf": [{ "type": "string" }, { "type": "array", "items": { "$ref": "#/$defs/rule" } }],
            }),
        ),
        (
            "unstubbed",
            json!({ "enum": unstubbed_words(), "description": "What becomes of steps without a stub: they run; only those that change nothing run; they fail." }),
        ),
        (
            "timeout",
            refer("duration", "Time that a case may take (60s)."),
        ),
    ])
}

fn selector() -> Map<String, Json> {
    entries([
        ("step", text("A step, by id, name or path (`1.do.0`).")),
        (
            "node",
            text("All steps of a node: `mail.send`, or `mail.*`."),
        ),
    ])
}

fn stub() -> Json {
    let mut keys = selector();
    keys.extend(reply());
    keys.extend(entries([
        (
            "with",
            json!({ "type": "object", "description": "Only if its settings have these." }),
        ),
        ("sequence", list("One answer for each call.", "reply")),
        (
            "skip_block",
            json!({ "type": "boolean", "description": "Whether a session's block is not executed either." }),
        ),
    ]));
    object(&[], keys)
}

fn reply() -> Map<String, Json> {
    entries([
        (
            "outputs",
            json!({ "description": "What the step answers." }),
        ),
        ("error", refer("error", "How it fails.")),
        (
            "pass",
            json!({ "const": true, "description": "It is executed." }),
        ),
    ])
}

fn error() -> Json {
    let kind =
        json!({ "enum": ErrorKind::NAMES, "description": "What sort of failure (unavailable)." });
    json!({
        "anyOf": [
            { "type": "string" },
            object(&[], entries([("kind", kind), ("message", text("What is told."))])),
        ],
    })
}

fn rule() -> Json {
    object(
        &[],
        entries([
            ("request", refer("request", "Which requests are meant.")),
            ("answer", refer("answer", "What is answered each time.")),
            (
                "answers",
                list(
                    "One answer for each request; the last again and again.",
                    "answer",
                ),
            ),
            ("error", refer("error", "How the request fails.")),
            ("recording", text("A recording whose answers are given.")),
        ]),
    )
}

fn answer() -> Json {
    object(
        &[],
        entries([
            (
                "status",
                json!({ "type": "integer", "minimum": 100, "maximum": 599, "description": "The status (200)." }),
            ),
            (
                "headers",
                json!({ "type": "object", "description": "Headers." }),
            ),
            ("json", json!({ "description": "The body, as data." })),
            ("body", text("The body, as text.")),
            ("file", text("The body, out of a file.")),
            ("error", refer("error", "How the request fails.")),
        ]),
    )
}

fn request() -> Map<String, Json> {
    entries([
        ("method", text("The method.")),
        (
            "url",
            json!({ "description": "The address; `*` stands for any characters. Or a matcher." }),
        ),
        (
            "headers",
            json!({ "type": "object", "description": "Headers that it has." }),
        ),
        ("json", json!({ "description": "Its body, as data." })),
        ("body", json!({ "description": "Its body, as text." })),
    ])
}

fn expect() -> Json {
    let values = |help: &str| json!({ "type": "object", "description": help, "additionalProperties": { "$ref": "#/$defs/matchers" } });
    let words = |words: &[&str]| json!({ "enum": words });
    let states: Vec<&str> = STATES.iter().map(|(name, _)| *name).collect();
    let shots: Vec<&str> = SHOTS.iter().map(|(name, _)| *name).collect();
    let mut http = request();
    http.insert(
        "times".to_owned(),
        refer("times", "How many of them (at least 1)."),
    );
    let kind = json!({ "enum": ErrorKind::NAMES, "description": "What sort of failure." });
    object(
        &[],
        entries([
            ("state", words(&states)),
            (
                "outputs",
                values("Outputs; those that are not named are not looked at."),
            ),
            ("variables", values("Variables at the end.")),
            (
                "steps",
                values("Outputs of steps by id, as they were last."),
            ),
            ("calls", list("Steps that are executed.", "call")),
            (
                "order",
                json!({ "type": "array", "items": { "type": "string" }, "description": "Steps that follow each other in this order." }),
            ),
            (
                "error",
                json!({
                    "description": "How the run fails; a text is a part of the message.",
                    "anyOf": [
                        { "type": "string" },
                        object(&[], entries([
                            ("kind", kind),
                            ("message", json!({ "description": "A part of the message, or a matcher." })),
                            ("step", text("The step that fails.")),
                            ("details", json!({ "description": "Details that it has." })),
                        ])),
                    ],
                }),
            ),
            (
                "files",
                json!({ "type": "object", "description": "Files in the folder that the case ran in.", "additionalProperties": { "$ref": "#/$defs/file" } }),
            ),
            ("log", list("Lines that are in the log.", "line")),
            ("no_log", list("Lines that are not in the log.", "line")),
            (
                "http",
                json!({ "type": "array", "items": object(&[], http), "description": "Requests that are made." }),
            ),
            (
                "snapshot",
                json!({
                    "description": "Compares with what `casare test --update` kept.",
                    "anyOf": [{ "type": "boolean" }, { "type": "array", "items": words(&shots) }],
                }),
            ),
        ]),
    )
}

fn call() -> Json {
    let mut keys = selector();
    keys.extend(entries([
        (
            "with",
            json!({ "type": "object", "description": "Only with these settings." }),
        ),
        ("times", refer("times", "How often (at least once).")),
    ]));
    json!({ "anyOf": [{ "type": "string" }, object(&[], keys)] })
}

fn times() -> Json {
    let count = json!({ "type": "integer", "minimum": 0 });
    json!({
        "anyOf": [
            count,
            object(&[], entries([("at_least", count.clone()), ("at_most", count.clone())])),
        ],
    })
}

fn file() -> Json {
    json!({
        "description": "The whole content, whether it is there, or more about it.",
        "anyOf": [
            { "type": ["string", "boolean"] },
            { "$ref": "#/$defs/matchers" },
            object(&[], entries([
                ("exists", json!({ "type": "boolean", "description": "Whether it is there." })),
                ("content", json!({ "description": "Its text." })),
                ("json", json!({ "description": "Its data, if it is JSON." })),
                ("lines", json!({ "description": "How many lines it has." })),
                ("same_as", text("A file with the same content, relative to the test.")),
            ])),
        ],
    })
}

fn line() -> Json {
    let levels: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
    json!({
        "description": "A part of the line, or more about it.",
        "anyOf": [
            { "type": "string" },
            { "$ref": "#/$defs/matchers" },
            object(&[], entries([
                ("level", json!({ "enum": levels })),
                ("message", json!({ "description": "A part of the message, or a matcher." })),
            ])),
        ],
    })
}

fn matchers() -> Json {
    let known = MATCHERS.iter();
    let properties: Map<String, Json> = known
        .map(|(name, help)| ((*name).to_owned(), json!({ "description": help })))
        .collect();
    json!({ "description": "Data, or a matcher.", "properties": properties })
}

fn entries<const N: usize>(entries: [(&str, Json); N]) -> Map<String, Json> {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn object(required: &[&str], properties: Map<String, Json>) -> Json {
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn text(help: &str) -> Json {
    json!({ "type": "string", "description": help })
}

fn list(help: &str, items: &str) -> Json {
    json!({ "type": "array", "description": help, "items": { "$ref": format!("#/$defs/{items}") } })
}

fn refer(definition: &str, help: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{definition}"), "description": help })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{
        CASE_KEYS, FILE_KEYS,
        expect::{CALL_KEYS, EXPECT_KEYS, EXPECTED_ERROR_KEYS, EXPECTED_FILE_KEYS, LOG_KEYS},
        stub::{ANSWER_KEYS, ERROR_KEYS, REPLY_KEYS, REQUEST_KEYS, RULE_KEYS, STUB_KEYS},
    };

    fn keys(schema: &Json) -> Vec<&str> {
        let object = schema["anyOf"]
            .as_array()
            .and_then(|any| any.iter().find(|one| one["type"] == "object"))
            .unwrap_or(schema);
        let mut keys: Vec<&str> = object["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        keys
    }

    fn sorted<'k>(keys: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
        let mut keys: Vec<&str> = keys.into_iter().collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn the_schema_has_the_keys_that_are_read() {
        let schema = test_schema();
        let defined = |name: &str| &schema["$defs"][name];

        assert_eq!(
            keys(&schema),
            sorted(FILE_KEYS.into_iter().chain(CASE_KEYS))
        );
        assert_eq!(
            keys(defined("case")),
            sorted(CASE_KEYS.into_iter().chain(["name"]))
        );
        for (name, read) in [
            ("stub", &STUB_KEYS[..]),
            ("reply", &REPLY_KEYS),
            ("error", &ERROR_KEYS),
            ("rule", &RULE_KEYS),
            ("answer", &ANSWER_KEYS),
            ("request", &REQUEST_KEYS),
            ("expect", &EXPECT_KEYS),
            ("call", &CALL_KEYS),
            ("file", &EXPECTED_FILE_KEYS),
            ("line", &LOG_KEYS),
        ] {
            assert_eq!(keys(defined(name)), sorted(read.iter().copied()), "{name}");
        }
        let error = &defined("expect")["properties"]["error"];
        assert_eq!(keys(error), sorted(EXPECTED_ERROR_KEYS));
    }
}
