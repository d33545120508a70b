//! The published JSON Schema.

use std::collections::BTreeMap;

use casare_workflow::{
    BlockShape, BlockSpec, Catalogue, Effect, NodeSpec, catalogue::Siblings,
    schema::workflow_schema,
};
use insta::assert_json_snapshot;
use serde_json::{Value as Json, json};

struct Nodes(BTreeMap<String, NodeSpec>);

impl Catalogue for Nodes {
    fn node(&self, name: &str) -> Option<&NodeSpec> {
        self.0.get(name)
    }

    fn nodes(&self) -> Vec<&NodeSpec> {
        self.0.values().collect()
    }
}

fn node(name: &'static str, settings: Json, blocks: Vec<BlockSpec>) -> NodeSpec {
    NodeSpec {
        name: name.into(),
        summary: format!("What {name} does."),
        help: String::new(),
        icon: "box".into(),
        effect: Effect::Pure,
        settings,
        outputs: json!({}),
        blocks,
        siblings: Siblings::None,
        faults: Vec::new(),
        example: "".into(),
    }
}

fn block(name: &'static str, shape: BlockShape, required: bool) -> BlockSpec {
    BlockSpec {
        name,
        summary: "The steps.",
        shape,
        required,
        binds: vec![],
        isolated: false,
    }
}

fn schema() -> Json {
    let read = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Read",
        "type": "object",
        "required": ["path"],
        "additionalProperties": false,
        "properties": {
            "path": { "type": "string", "description": "The file." },
            "header": { "type": "boolean", "default": false },
            "sheet": { "$ref": "#/$defs/Sheet", "description": "Which sheet." },
            "any": {},
        },
        "$defs": {
            "Sheet": { "oneOf": [{ "type": "string" }, { "type": "integer", "format": "uint32", "minimum": 0 }] },
        },
    });
    let blocks = vec![
        block("do", BlockShape::List, true),
        block("catch", BlockShape::ListOrNamed(&["timeout"]), false),
    ];
    let nodes = [
        node("excel.read", read, vec![]),
        node(
            "flow.try",
            json!({ "type": "object", "properties": {} }),
            blocks,
        ),
        node(
            "flow.parallel",
            json!({ "type": "object" }),
            vec![block("branches", BlockShape::Named, true)],
        ),
    ];
    let nodes = nodes.into_iter().map(|node| (node.name.to_string(), node));
    workflow_schema(&Nodes(nodes.collect()))
}

#[test]
fn settings_of_a_node_accept_expressions_and_refer_to_the_whole() {
    let schema = schema();

    assert_json_snapshot!(schema["$defs"]["excel.read"], @r##"
    {
      "additionalProperties": false,
      "properties": {
        "path": {
          "type": [
            "string",
            "number",
            "boolean"
          ],
          "description": "The file."
        },
        "header": {
          "default": false,
          "anyOf": [
            {
              "type": "boolean"
            },
            {
              "$ref": "#/$defs/expression"
            }
          ]
        },
        "sheet": {
          "description": "Which sheet.",
          "anyOf": [
            {
              "$ref": "#/$defs/excel.read.Sheet"
            },
            {
              "$ref": "#/$defs/expression"
            }
          ]
        },
        "any": {}
      },
      "type": "object",
      "required": [
        "path"
      ]
    }
    "##);
    assert_json_snapshot!(schema["$defs"]["excel.read.Sheet"], @r#"
    {
      "oneOf": [
        {
          "type": "string"
        },
        {
          "type": "integer",
          "format": "uint32",
          "minimum": 0
        }
      ]
    }
    "#);
}

#[test]
fn a_step_takes_the_settings_and_blocks_of_its_node() {
    let schema = schema();

    assert_json_snapshot!(schema["$defs"]["step"]["properties"]["use"], @r#"
    {
      "description": "The node.",
      "enum": [
        "excel.read",
        "flow.parallel",
        "flow.try"
      ],
      "markdownEnumDescriptions": [
        "What excel.read does.",
        "What flow.parallel does.",
        "What flow.try does."
      ]
    }
    "#);
    assert_json_snapshot!(schema["$defs"]["step"]["allOf"], @r##"
    [
      {
        "if": {
          "properties": {
            "use": {
              "const": "excel.read"
            }
          },
          "required": [
            "use"
          ]
        },
        "then": {
          "properties": {
            "with": {
              "$ref": "#/$defs/excel.read",
              "description": "What excel.read does."
            }
          },
          "required": [
            "with"
          ]
        }
      },
      {
        "if": {
          "properties": {
            "use": {
              "const": "flow.parallel"
            }
          },
          "required": [
            "use"
          ]
        },
        "then": {
          "properties": {
            "with": {
              "$ref": "#/$defs/flow.parallel",
              "description": "What flow.parallel does."
            },
            "branches": {
              "type": "object",
              "additionalProperties": {
                "$ref": "#/$defs/steps"
              },
              "description": "The steps."
            }
          },
          "required": [
            "branches"
          ]
        }
      },
      {
        "if": {
          "properties": {
            "use": {
              "const": "flow.try"
            }
          },
          "required": [
            "use"
          ]
        },
        "then": {
          "properties": {
            "with": {
              "$ref": "#/$defs/flow.try",
              "description": "What flow.try does."
            },
            "do": {
              "$ref": "#/$defs/steps",
              "description": "The steps."
            },
            "catch": {
              "anyOf": [
                {
                  "$ref": "#/$defs/steps"
                },
                {
                  "type": "object",
                  "properties": {
                    "timeout": {
                      "$ref": "#/$defs/steps"
                    }
                  },
                  "additionalProperties": false
                }
              ],
              "description": "The steps."
            }
          },
          "required": [
            "do"
          ]
        }
      }
    ]
    "##);
}

#[test]
fn every_reference_leads_somewhere() {
    let schema = schema();
    let mut open = vec![&schema];
    let mut references = 0;
    while let Some(part) = open.pop() {
        match part {
            Json::Object(map) => {
                if let Some(place) = map.get("$ref").and_then(Json::as_str) {
                    references += 1;
                    let place = place.strip_prefix('#').unwrap();
                    assert!(schema.pointer(place).is_some(), "{place} is nowhere");
                }
                open.extend(map.values());
            }
            Json::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(references > 20);
}
