use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Any;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    difference::{Comparison, Difference, pattern},
    order::{Order, SortKey},
    path::KeyPath,
};

/// Compares two values and lists what differs, place by place.
///
/// Maps are compared key by key, lists item by item: by their places, in any order
/// (`ignore_order`), or by what names each item (`key`). To compare two tables, see
/// `table.compare`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Compare {
    /// The first value: how it was.
    a: Any,
    /// The second value: how it is.
    b: Any,
    /// How far apart two numbers may be and still be the same: 0.01.
    #[serde(default)]
    tolerance: f64,
    /// Places that do not count: `updated_at`, `lines[*].id`, `**.note`.
    #[serde(default)]
    ignore: Vec<String>,
    /// Whether small and capital letters, and blanks at the ends, make no difference.
    #[serde(default)]
    ignore_case: bool,
    /// Whether the order of lists makes no difference.
    #[serde(default)]
    ignore_order: bool,
    /// Whether `12` and `"12"` are the same, and nothing and an empty text.
    #[serde(default)]
    loosely: bool,
    /// The field that names an item of a list, such as `number`: items of one name are compared.
    key: Option<String>,
    /// How many differences are listed at most; all are counted.
    #[serde(default = "thousand")]
    max_differences: usize,
    /// Whether differences are a business error.
    #[serde(default)]
    fail: bool,
}

fn thousand() -> usize {
    1000
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Compared {
    /// Whether they are the same.
    result: bool,
    /// What differs.
    differences: Vec<Difference>,
    /// How many differences there are.
    count: usize,
    /// Which is larger: -1 if `a` is smaller, 1 if it is larger; none for lists, maps, and values of
    /// different kinds.
    order: Option<i8>,
}

pub(super) fn node() -> Node {
    Node::action("data.compare", compare)
        .pure()
        .icon("git-compare")
        .fails(
            ErrorKind::Business,
            "There are differences and `fail` is set.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: changes
  use: data.compare
  with:
    a: { number: INV-1, total: 80.0, seen: 1 }
    b: { number: INV-1, total: 80.004, seen: 2, paid: true }
    tolerance: 0.01
    ignore: [seen]
- use: log.write
  with: { message: "{{ steps.changes.differences | map(attribute='path') | join(', ') }}" }
"#;

async fn compare(cx: &StepContext, settings: Compare) -> Result<Compared, NodeError> {
    cx.blocking(move || {
        if settings.tolerance.is_nan() || settings.tolerance < 0.0 {
            return Err(NodeError::invalid("setting `tolerance` is below 0"));
        }
        let key = settings.key.as_deref().map(|key| KeyPath::new("key", key));
        let comparison = Comparison {
            tolerance: settings.tolerance,
            ignored: settings.ignore.iter().map(|path| pattern(path)).collect(),
            ignore_case: settings.ignore_case,
            ignore_order: settings.ignore_order,
            loosely: settings.loosely,
            key: key.transpose()?,
            most: settings.max_differences,
        };
        let (a, b) = (&settings.a.0, &settings.b.0);
        let found = comparison.compare(a, b);
        if settings.fail && found.count > 0 {
            let places = found.differences.iter().take(5);
            let places = casare_workflow::value::from_serialize(places.collect::<Vec<_>>());
            return Err(
                NodeError::business(format!("there are {} differences", found.count))
                    .with_details(casare_workflow::value::to_json(&places)),
            );
        }
        let simple = |kind| !matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map);
        let keys = (
            SortKey::of(a, Order::Natural),
            SortKey::of(b, Order::Natural),
        );
        let comparable = simple(a.kind())
            && simple(b.kind())
            && std::mem::discriminant(&keys.0) == std::mem::discriminant(&keys.1);
        Ok(Compared {
            result: found.count == 0,
            count: found.count,
            differences: found.differences,
            order: comparable.then(|| match found.count {
                0 => 0,
                _ => keys.0.compare(&keys.1, false) as i8,
            }),
        })
    })
    .await
}
