//! Variables.

#![expect(
    dead_code,
    reason = "settings of control nodes are compiled from their templates"
)]

use std::collections::BTreeMap;

use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sets a variable.
///
/// Give `name` and `value` for one, or `values` for several at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    /// The variable.
    #[serde(default)]
    name: Option<String>,
    /// Its new value.
    #[serde(default)]
    value: Option<Any>,
    /// Several variables and their values; evaluated before any is set.
    #[serde(default)]
    values: Option<BTreeMap<String, Any>>,
}

pub(super) const SET_EXAMPLE: &str = r#"- use: data.set
  with: { name: total, value: "{{ 2 * 21 }}" }
"#;

/// Adds to a numeric variable; a variable without a value counts as 0.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Increment {
    /// The variable.
    name: String,
    /// What is added (1).
    #[serde(default)]
    by: Option<f64>,
}

/// The variable after it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Incremented {
    /// The new value.
    value: f64,
}

pub(super) const INCREMENT_EXAMPLE: &str = r"- use: data.increment
  with: { name: answers }
";
