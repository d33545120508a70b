//! Maps: values by name. A path such as `customer.email` leads to a value inside another.

use casare_engine::{Node, NodeError};
use casare_workflow::{Value, value::kind_name};
use minijinja::value::ValueKind;

mod create;
mod get;
mod has;
mod items;
mod keys;
mod merge;
mod pick;
mod remove;
mod rename;
mod set;
mod values;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        create::node(),
        get::node(),
        has::node(),
        items::node(),
        keys::node(),
        merge::node(),
        pick::node(),
        remove::node(),
        rename::node(),
        set::node(),
        values::node(),
    ]
}

/// That `value` of `setting` is a map.
fn wanted(setting: &str, value: Value) -> Result<Value, NodeError> {
    if value.kind() == ValueKind::Map {
        return Ok(value);
    }
    let error = NodeError::invalid(format!(
        "setting `{setting}`: a map is wanted, this is a {}",
        kind_name(&value)
    ));
    Err(match value.kind() {
        ValueKind::String => error.with_help("`json.parse` makes a map of a text that is JSON"),
        ValueKind::Seq | ValueKind::Iterable => {
            error.with_help("take one item with `list.get`, or loop over them with `flow.for_each`")
        }
        _ => error,
    })
}
