//! Settings that several of these nodes share.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use casare_browser as browser;
use casare_browser::{Locator, ObjectName};
use casare_engine::StepContext;
use casare_workflow::Effect;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use tokio::time::Instant;

/// How long a step waits for a page if it has no `timeout` of its own.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of a step's time is kept for explaining its failure, at most.
const LOOK_INTO: Duration = Duration::from_secs(1);
/// What names of the object repository begin with.
pub(super) const OBJECT: &str = "object:";
/// The format of a selector, or the name of an object, in schemas.
pub(super) const FORMAT: &str = "locator";

/// The format of a field of a form in schemas: its name, a selector, or the name of an object.
pub(super) const FIELD_FORMAT: &str = "locator-of-field";

/// An element of a page: a selector, a whole bundle of ways to know it, or the name of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    /// Said in the step.
    Here(Arc<browser::Target>),
    /// Said in the project's object repository.
    Object(ObjectName),
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Here(target) => target.selector.fmt(out),
            Target::Object(name) => write!(out, "{OBJECT}{name}"),
        }
    }
}

impl From<Locator> for Target {
    fn from(selector: Locator) -> Self {
        Target::Here(Arc::new(browser::Target::plain(selector)))
    }
}

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix(OBJECT) {
            let name = name.trim().parse::<ObjectName>();
            return name.map(Target::Object).map_err(|error| error.to_string());
        }
        let selector = text.parse::<Locator>();
        selector
            .map(Target::from)
            .map_err(|error| match error.suggestion() {
                Some(suggestion) => format!("{error}; {suggestion}"),
                None => error.to_string(),
            })
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> de::Visitor<'de> for Any {
            type Value = Target;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a selector, a target with `selector`, or `object:` and a name")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Target, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Target, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Target, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
                let whole = de::value::MapAccessDeserializer::new(map);
                browser::Target::deserialize(whole).map(|target| Target::Here(Arc::new(target)))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {
                    "type": "string",
                    "format": FORMAT,
                    "minLength": 1,
                    "examples": ["role=button[name=Submit]", "label=Email", "css=#total", "object:login.submit"],
                },
                {
                    "type": "object",
                    "description": "An element in several ways, as the recorder writes it.",
                    "required": ["selector"],
                    "additionalProperties": false,
                    "properties": {
                        "selector": {
                            "type": "string",
                            "format": FORMAT,
                            "minLength": 1,
                            "description": "The selector that is tried first.",
                        },
                        "alternatives": {
                            "type": "array",
                            "items": { "type": "string", "minLength": 1 },
                            "description": "Selectors that found the same element, the stablest first.",
                        },
                        "fingerprint": {
                            "type": "object",
                            "description": "What the element itself was like.",
                        },
                        "anchors": {
                            "type": "object",
                            "description": "What stood around it.",
                        },
                        "picture": {
                            "type": "string",
                            "description": "A picture of it: a path beside the file.",
                        },
                    },
                },
            ],
        })
    }
}

/// A place on an element.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// Pixels from its left edge.
    x: f64,
    /// Pixels from its upper edge.
    y: f64,
}

impl From<Position> for (f64, f64) {
    fn from(at: Position) -> Self {
        (at.x, at.y)
    }
}

/// What a step that does something on a page may do after a crash: again only what is said to do
/// no harm. A click may be an order.
pub(super) fn effect(repeatable: bool) -> Effect {
    if repeatable {
        Effect::Live
    } else {
        Effect::Once
    }
}

/// Until when a step waits: shortly before the end of its `timeout`, or 30 seconds from now.
pub(super) fn deadline(cx: &StepContext) -> Instant {
    let left = match cx.deadline() {
        Some(_) => {
            let left = cx.time_left(Duration::MAX);
            // Earlier than the engine's own time-out, whose error could not say what was missing: a
            // failure is looked into and its picture taken before that.
            left.saturating_sub((left / 5).min(LOOK_INTO))
        }
        None => PATIENCE,
    };
    Instant::now() + left.min(Duration::from_hours(24))
}
