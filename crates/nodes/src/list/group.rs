use crate::data::written::written;
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{chooser::Chooser, items::Items};

/// Puts items that belong together into groups, by a field or an expression.
///
/// To add up what is in each group, see `table.group`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// The list.
    items: Any,
    /// The field that items of a group have in common, such as `customer.country`.
    field: Option<String>,
    /// Or an expression over `item`, such as `item.date[:7]`.
    by: Option<String>,
    /// More names for the expression.
    #[serde(default)]
    given: IndexMap<String, Any>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Grouped {
    /// The items of each group, by the group's name; groups stand in the order of their first items.
    result: IndexMap<String, Vec<Any>>,
    /// The groups as a list, to loop over.
    groups: Vec<OneGroup>,
    /// How many groups there are.
    count: usize,
}

/// One group.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct OneGroup {
    /// What its items have in common.
    key: Any,
    /// Its items.
    items: Vec<Any>,
    /// How many they are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.group", group)
        .pure()
        .icon("group")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: countries
  use: list.group
  with:
    items: [{ name: Ada, country: UK }, { name: Emmy, country: DE }, { name: Alan, country: UK }]
    field: country
- use: flow.for_each
  with: { items: "{{ steps.countries.groups }}", as: group }
  do:
    - use: log.write
      with: { message: "{{ group.key }}: {{ group.count }}" }
"#;

async fn group(cx: &StepContext, settings: Group) -> Result<Grouped, NodeError> {
    cx.blocking(move || {
        let by = ("by", settings.by.as_deref());
        let chooser = Chooser::new(settings.field.as_deref(), by, &settings.given)?;
        if matches!(chooser, Chooser::Item) {
            return Err(NodeError::invalid(
                "give `field` or `by`: what do items of a group share?",
            ));
        }
        let items = Items::of("items", settings.items.0)?.collect()?;
        let mut groups: IndexMap<String, OneGroup> = IndexMap::new();
        for (index, item) in items.into_iter().enumerate() {
            let key = chooser.of(index, &item)?;
            let group = groups.entry(written(&key)).or_insert_with(|| OneGroup {
                key: Any(key),
                items: Vec::new(),
                count: 0,
            });
            group.items.push(Any(item));
            group.count += 1;
        }
        Ok(Grouped {
            count: groups.len(),
            result: groups
                .iter()
                .map(|(name, group)| (name.clone(), group.items.clone()))
                .collect(),
            groups: groups.into_values().collect(),
        })
    })
    .await
}
