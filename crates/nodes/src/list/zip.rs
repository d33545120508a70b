use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::items::Items;

/// Joins lists item by item: the first of each, the second of each, and so on.
///
/// Lists with names (`{ name: […], total: […] }`) become a list of maps, as rows of a table;
/// lists without names become a list of lists.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Zip {
    /// The lists: a map of names and lists, or a list of lists.
    lists: Lists,
    /// What happens if one is shorter than another.
    #[serde(default)]
    uneven: Uneven,
    /// What stands for missing items with `uneven: fill`.
    #[serde(default)]
    fill: Any,
}

/// Lists with or without names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Lists {
    /// With names.
    Named(IndexMap<String, Any>),
    /// Without.
    Plain(Vec<Any>),
}

/// What happens if one list is shorter than another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Uneven {
    /// It is an error.
    #[default]
    Fail,
    /// The longer ones are cut.
    Cut,
    /// The shorter ones are filled up with `fill`.
    Fill,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Zipped {
    /// The joined items.
    result: Vec<Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.zip", zip)
        .pure()
        .icon("columns-2")
        .fails(
            ErrorKind::Invalid,
            "The lists have different lengths and `uneven` is `fail`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: rows
  use: list.zip
  with: { lists: { name: [Ada, Grace], total: [80, 250] } }
- use: log.write
  with: { message: "{{ steps.rows.result[1].name }}: {{ steps.rows.result[1].total }}" }
"#;

async fn zip(cx: &StepContext, settings: Zip) -> Result<Zipped, NodeError> {
    cx.blocking(move || {
        let (names, lists): (Option<Vec<String>>, Vec<Any>) = match settings.lists {
            Lists::Named(lists) => {
                let (names, lists) = lists.into_iter().unzip();
                (Some(names), lists)
            }
            Lists::Plain(lists) => (None, lists),
        };
        let lists: Vec<Vec<Value>> = lists
            .into_iter()
            .map(|list| Items::of("lists", list.0)?.collect())
            .collect::<Result<_, _>>()?;
        let length = length(&lists, settings.uneven)?;
        let fill = if settings.fill.0.is_undefined() {
            Value::from(())
        } else {
            settings.fill.0
        };
        let row = |index: usize| {
            let cells = lists
                .iter()
                .map(|list| list.get(index).unwrap_or(&fill).clone());
            Any(match &names {
                Some(names) => Value::from_pairs(names.iter().map(String::as_str).zip(cells)),
                None => Value::from(cells.collect::<Vec<_>>()),
            })
        };
        let result: Vec<Any> = (0..length).map(row).collect();
        Ok(Zipped {
            count: result.len(),
            result,
        })
    })
    .await
}

fn length(lists: &[Vec<Value>], uneven: Uneven) -> Result<usize, NodeError> {
    let shortest = lists.iter().map(Vec::len).min().unwrap_or_default();
    let longest = lists.iter().map(Vec::len).max().unwrap_or_default();
    match uneven {
        Uneven::Fail if shortest != longest => Err(NodeError::invalid(format!(
            "the lists have between {shortest} and {longest} items"
        ))
        .with_help("set `uneven: cut` or `uneven: fill`")),
        Uneven::Cut => Ok(shortest),
        _ => Ok(longest),
    }
}
