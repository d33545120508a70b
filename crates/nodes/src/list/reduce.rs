use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{chooser::Chooser, condition::is_empty, formula::Formula, items::Items};
use crate::{
    data::order::{Order, SortKey},
    math::statistics::{self, Measure},
};

/// Folds a list into one value: its sum, its largest item, or what an expression makes of it.
///
/// An `expression` sees `total` (what came of the items so far, `initial` at first), `item` and
/// `index`: `total + item.price * item.count`. A stream is read once, item by item.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reduce {
    /// The list.
    items: Any,
    /// What is wanted.
    operation: Option<Operation>,
    /// What of each item counts, such as `total`; the whole item if not set.
    field: Option<String>,
    /// Or how an item is added to what came before: an expression over `total` and `item`.
    expression: Option<String>,
    /// What `total` is before the first item, and the result of an empty list.
    #[serde(default)]
    initial: Any,
    /// More names for the expression.
    #[serde(default)]
    given: IndexMap<String, Any>,
    /// What stands between items with `operation: join`.
    #[serde(default)]
    separator: String,
}

/// What is wanted of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Operation {
    /// All numbers added, exactly: 0.1 and 0.2 are 0.3.
    Sum,
    /// All numbers multiplied.
    Product,
    /// The mean.
    Average,
    /// The middle one when sorted.
    Median,
    /// The smallest: of numbers, texts or dates.
    Min,
    /// The largest.
    Max,
    /// How many there are that are not empty.
    Count,
    /// The first that is not empty.
    First,
    /// The last that is not empty.
    Last,
    /// Whether all count as true.
    All,
    /// Whether one counts as true.
    Any,
    /// All, one after the other, as a text.
    Join,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reduced {
    /// The value.
    result: Any,
    /// How many items were folded.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.reduce", reduce)
        .pure()
        .icon("sigma")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: total
  use: list.reduce
  with:
    items: [{ price: 0.1, count: 3 }, { price: 2, count: 1 }]
    expression: total + item.price * item.count
    initial: 0
- use: log.write
  with: { message: "{{ steps.total.result | round(2) }}" }
"#;

async fn reduce(cx: &StepContext, settings: Reduce) -> Result<Reduced, NodeError> {
    cx.blocking(move || {
        let items = Items::of("items", settings.items.0.clone())?;
        match (&settings.expression, settings.operation) {
            (Some(text), None) => folded(&items, text, &settings),
            (None, Some(operation)) => reduced(&items, operation, &settings),
            _ => Err(NodeError::invalid(
                "give either `operation` or `expression`",
            )),
        }
    })
    .await
}

fn folded(items: &Items, text: &str, settings: &Reduce) -> Result<Reduced, NodeError> {
    if settings.field.is_some() {
        return Err(NodeError::invalid(
            "`field` goes with `operation`: write `item.…` instead",
        ));
    }
    let formula = Formula::new("expression", text, &settings.given)?;
    let mut total = if settings.initial.0.is_undefined() {
        Value::from(())
    } else {
        settings.initial.0.clone()
    };
    let mut count = 0;
    for (index, item) in items.iter()?.enumerate() {
        total = formula.value_with(index, &item?, Some(("total", &total)))?;
        count = index + 1;
    }
    Ok(Reduced {
        result: Any(total),
        count,
    })
}

fn reduced(items: &Items, operation: Operation, settings: &Reduce) -> Result<Reduced, NodeError> {
    let chooser = Chooser::new(
        settings.field.as_deref(),
        ("expression", None),
        &settings.given,
    )?;
    let mut values = Vec::new();
    for (index, item) in items.iter()?.enumerate() {
        let value = chooser.of(index, &item?)?;
        let wanted = matches!(operation, Operation::All | Operation::Any) || !is_empty(&value);
        if wanted {
            values.push(value);
        }
    }
    let count = values.len();
    let best = |descending: bool| {
        values
            .iter()
            .map(|value| (SortKey::of(value, Order::Natural), value))
            .min_by(|(a, _), (b, _)| a.compare(b, descending))
            .map(|(_, value)| value.clone())
    };
    let measured = |measure| {
        statistics::measure(&values, measure).map_err(|why| {
            NodeError::invalid(format!("setting `items`: {why}"))
                .with_help("`data.convert` makes numbers of texts such as `1.234,56 €`")
        })
    };
    let result = match operation {
        Operation::Sum => measured(Measure::Sum)?,
        Operation::Product => measured(Measure::Product)?,
        Operation::Average => measured(Measure::Average)?,
        Operation::Median => measured(Measure::Median)?,
        Operation::Min => best(false),
        Operation::Max => best(true),
        Operation::Count => Some(Value::from(count)),
        Operation::First => values.first().cloned(),
        Operation::Last => values.last().cloned(),
        Operation::All => Some(Value::from(values.iter().all(Value::is_true))),
        Operation::Any => Some(Value::from(values.iter().any(Value::is_true))),
        Operation::Join => {
            let texts: Vec<String> = values.iter().map(crate::data::written::written).collect();
            Some(Value::from(texts.join(&settings.separator)))
        }
    };
    let is_of_nothing = count == 0 && !settings.initial.0.is_undefined();
    Ok(Reduced {
        result: match result {
            _ if is_of_nothing => settings.initial.clone(),
            Some(result) => Any(result),
            None => Any(Value::from(())),
        },
        count,
    })
}
