use std::collections::HashSet;

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{identity::identity, items::Items};
use crate::data::path::KeyPath;

/// Compares two lists: what is in both, in one alone, or in either.
///
/// Order stays, and each item occurs once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Combine {
    /// The list.
    items: Any,
    /// The other list.
    with: Any,
    /// What is wanted.
    operation: Operation,
    /// The field that makes an item the same as another; the whole item if not set.
    by: Option<String>,
    /// Whether small and capital letters, accents and blanks at the ends make no difference.
    #[serde(default)]
    ignore_case: bool,
}

/// What is wanted of two lists.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Operation {
    /// What is in either.
    Union,
    /// What is in both.
    Intersection,
    /// What is in the first alone.
    Difference,
    /// What is in one of them alone.
    SymmetricDifference,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Combined {
    /// The items.
    result: Vec<Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.combine", combine)
        .pure()
        .icon("combine")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: missing
  use: list.combine
  with: { items: [INV-1, INV-2, INV-3], with: [INV-2], operation: difference }
- use: log.write
  with: { message: "not paid: {{ steps.missing.result | join(', ') }}" }
"#;

async fn combine(cx: &StepContext, settings: Combine) -> Result<Combined, NodeError> {
    cx.blocking(move || {
        let by = settings
            .by
            .as_deref()
            .map(|field| KeyPath::new("by", field));
        let by = by.transpose()?;
        let named = |list: Vec<Value>| -> Vec<(String, Value)> {
            list.into_iter()
                .map(|item| {
                    let counts = by.as_ref().map(|by| by.get(&item).unwrap_or_default());
                    let name = identity(counts.as_ref().unwrap_or(&item), settings.ignore_case);
                    (name, item)
                })
                .collect()
        };
        let first = named(Items::of("items", settings.items.0)?.collect()?);
        let second = named(Items::of("with", settings.with.0)?.collect()?);
        let names = |list: &[(String, Value)]| -> HashSet<String> {
            list.iter().map(|(name, _)| name.clone()).collect()
        };
        let (in_first, in_second) = (names(&first), names(&second));
        let of_first = |(name, _): &(String, Value)| match settings.operation {
            Operation::Union => true,
            Operation::Intersection => in_second.contains(name),
            Operation::Difference | Operation::SymmetricDifference => !in_second.contains(name),
        };
        let of_second = |(name, _): &(String, Value)| match settings.operation {
            Operation::Union => true,
            Operation::Intersection | Operation::Difference => false,
            Operation::SymmetricDifference => !in_first.contains(name),
        };
        let mut seen = HashSet::new();
        let result: Vec<Any> = first
            .into_iter()
            .filter(of_first)
            .chain(second.into_iter().filter(of_second))
            .filter(|(name, _)| seen.insert(name.clone()))
            .map(|(_, item)| Any(item))
            .collect();
        Ok(Combined {
            count: result.len(),
            result,
        })
    })
    .await
}
