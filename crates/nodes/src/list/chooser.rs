//! What of an item counts: the item, a field of it, or what an expression says.

use casare_engine::NodeError;
use casare_workflow::{Any, Value};
use indexmap::IndexMap;

use super::formula::Formula;
use crate::data::path::KeyPath;

/// What of an item counts.
#[derive(Clone)]
pub(crate) enum Chooser {
    Item,
    Field(KeyPath),
    Formula(Formula),
}

impl Chooser {
    /// By `field` or `expression` (the setting called `name`), of which at most one is given.
    pub(crate) fn new(
        field: Option<&str>,
        (name, expression): (&'static str, Option<&str>),
        given: &IndexMap<String, Any>,
    ) -> Result<Self, NodeError> {
        match (field, expression) {
            (None, None) => Ok(Self::Item),
            (Some(field), None) => KeyPath::new("field", field).map(Self::Field),
            (None, Some(text)) => Formula::new(name, text, given).map(Self::Formula),
            (Some(_), Some(_)) => Err(NodeError::invalid(format!(
                "both `field` and `{name}` are set: one of them says what counts"
            ))),
        }
    }

    /// What counts of `item`; a field that is not there is none.
    pub(crate) fn of(&self, index: usize, item: &Value) -> Result<Value, NodeError> {
        match self {
            Self::Item => Ok(item.clone()),
            Self::Field(path) => Ok(path.get(item).unwrap_or_else(|| Value::from(()))),
            Self::Formula(formula) => formula.value(index, item),
        }
    }
}
