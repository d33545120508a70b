//! Values as trees, and changing them.
//!
//! Everything that leaves here as text has the run's secrets masked.

use casare_engine::StepView;
use casare_workflow::{Value, value::pairs};

use crate::breakpoint::told;

mod assign;
mod show;

pub use assign::assign;
pub use show::summary;

/// Children that are shown where nobody says how many, or their number is not known.
pub const PAGE: usize = 100;

/// A value with its name, and the expression that gives it.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is called among its siblings.
    pub name: String,
    /// The expression that gives it; `None` where there is none.
    pub expression: Option<String>,
    /// The value.
    pub value: Value,
}

/// Groups of names that a step sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The workflow's variables.
    Variables,
    /// What the blocks around bind: the item of a loop, `loop`, `error`.
    Bound,
    /// Outputs of the steps that have run.
    Steps,
    /// The workflow's inputs.
    Inputs,
    /// The settings of the step, evaluated.
    Settings,
    /// `run` and `env`.
    Run,
}

impl Group {
    /// All of them, the most telling first.
    pub const ALL: [Self; 6] = [
        Self::Variables,
        Self::Bound,
        Self::Settings,
        Self::Steps,
        Self::Inputs,
        Self::Run,
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Variables => "Variables",
            Self::Bound => "Loop and block",
            Self::Steps => "Steps",
            Self::Inputs => "Inputs",
            Self::Settings => "Settings",
            Self::Run => "Run",
        }
    }

    /// What is in it.
    pub fn items(self, step: &StepView) -> Vec<Item> {
        let below = |prefix: &str, pairs: Vec<(std::sync::Arc<str>, Value)>| {
            let item = |(name, value): (std::sync::Arc<str>, Value)| Item {
                expression: Some(format!("{prefix}{}", key_of(&name))),
                name: name.to_string(),
                value,
            };
            pairs.into_iter().map(item).collect()
        };
        match self {
            Self::Variables => below("vars", step.variables()),
            Self::Steps => below("steps", step.outputs()),
            Self::Bound => {
                let bound = step.bound().into_iter();
                bound
                    .map(|(name, value)| Item {
                        name: name.to_string(),
                        expression: Some(name.to_string()),
                        value,
                    })
                    .collect()
            }
            Self::Inputs => step.get("inputs").map_or_else(Vec::new, |inputs| {
                children(&inputs, Some("inputs"), 0, usize::MAX)
            }),
            Self::Settings => match step.settings() {
                Ok(settings) => children(&settings, None, 0, usize::MAX),
                Err(error) => vec![Item {
                    name: "(can't be evaluated)".to_owned(),
                    expression: None,
                    value: Value::from(told(&error)),
                }],
            },
            Self::Run => ["run", "env"]
                .into_iter()
                .filter_map(|name| {
                    Some(Item {
                        name: name.to_owned(),
                        expression: Some(name.to_owned()),
                        value: step.get(name)?,
                    })
                })
                .collect(),
        }
    }
}

/// How many children a value has: by name, by number. `None` where only reading it would tell.
pub fn sizes(value: &Value) -> Option<(usize, usize)> {
    use casare_workflow::value::kind_name;
    match kind_name(value) {
        "map" => value.len().map(|named| (named, 0)),
        "list" => value.len().map(|indexed| (0, indexed)),
        _ => Some((0, 0)),
    }
}

/// Whether there is something in it to look at.
pub fn has_children(value: &Value) -> bool {
    sizes(value) != Some((0, 0))
}

/// The children of a list or map from `start` on, `count` at most. `expression` gives the value
/// itself.
pub fn children(value: &Value, expression: Option<&str>, start: usize, count: usize) -> Vec<Item> {
    let below = |key: &str| expression.map(|expression| format!("{expression}{key}"));
    if casare_workflow::value::kind_name(value) == "map" {
        return pairs(value)
            .skip(start)
            .take(count)
            .map(|(key, value)| {
                let name = key.to_string();
                Item {
                    expression: below(&key_of(&name)),
                    name,
                    value,
                }
            })
            .collect();
    }
    if !has_children(value) {
        return Vec::new();
    }
    let Ok(items) = value.try_iter() else {
        return Vec::new();
    };
    let items = items.enumerate().skip(start).take(count);
    items
        .map(|(place, value)| Item {
            name: place.to_string(),
            expression: below(&format!("[{place}]")),
            value,
        })
        .collect()
}

/// The value of what a person typed.
///
/// # Errors
///
/// Why it has none, secrets masked.
pub fn evaluate(step: &StepView, expression: &str) -> Result<Value, String> {
    step.evaluate(expression.trim())
        .map_err(|error| step.masked_text(&told(&error)))
}

/// A key behind a map: `.name`, or `["any text"]`.
fn key_of(name: &str) -> String {
    let mut letters = name.chars();
    let starts = letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    if starts && letters.all(|letter| letter.is_alphanumeric() || letter == '_') {
        format!(".{name}")
    } else {
        format!("[{}]", serde_json::Value::from(name))
    }
}
