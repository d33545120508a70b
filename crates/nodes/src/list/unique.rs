use std::collections::HashSet;

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{identity::identity, items::Items};
use crate::data::path::KeyPath;

/// Removes items that occur again.
///
/// Order stays. Two items are the same if all of them is, or with `by` if those fields are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unique {
    /// The list.
    items: Any,
    /// The fields that make an item the same as another, such as `[customer, date]`.
    #[serde(default)]
    by: OneOrMore,
    /// Whether small and capital letters, accents and blanks at the ends make no difference.
    #[serde(default)]
    ignore_case: bool,
    /// Which of several is kept.
    #[serde(default)]
    keep: Keep,
}

/// One field or several.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMore {
    /// None: the whole item.
    #[default]
    None,
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

/// Which of several equal items is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Keep {
    /// The first.
    #[default]
    First,
    /// The last.
    Last,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Distinct {
    /// The items, each once.
    result: Vec<Any>,
    /// How many there are.
    count: usize,
    /// The items that were removed.
    duplicates: Vec<Any>,
}

pub(super) fn node() -> Node {
    Node::action("list.unique", unique)
        .pure()
        .icon("list-checks")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: senders
  use: list.unique
  with: { items: [ada@example.com, ADA@example.com, grace@example.com], ignore_case: true }
- use: log.write
  with: { message: "{{ steps.senders.count }} senders" }
"#;

async fn unique(cx: &StepContext, settings: Unique) -> Result<Distinct, NodeError> {
    cx.blocking(move || {
        let by = match settings.by {
            OneOrMore::None => Vec::new(),
            OneOrMore::One(field) => vec![field],
            OneOrMore::More(fields) => fields,
        };
        let by: Vec<KeyPath> = by
            .iter()
            .map(|field| KeyPath::new("by", field))
            .collect::<Result<_, _>>()?;
        let mut items = Items::of("items", settings.items.0)?.collect()?;
        let from_end = settings.keep == Keep::Last;
        if from_end {
            items.reverse();
        }
        let mut seen = HashSet::new();
        let (mut result, mut duplicates) = (Vec::new(), Vec::new());
        for item in items {
            let same = if by.is_empty() {
                identity(&item, settings.ignore_case)
            } else {
                by.iter()
                    .map(|field| {
                        identity(&field.get(&item).unwrap_or_default(), settings.ignore_case)
                    })
                    .collect::<Vec<_>>()
                    .join("\u{1f}")
            };
            let is_new = seen.insert(same);
            if is_new { &mut result } else { &mut duplicates }.push(Any(item));
        }
        if from_end {
            result.reverse();
            duplicates.reverse();
        }
        Ok(Distinct {
            count: result.len(),
            result,
            duplicates,
        })
    })
    .await
}
