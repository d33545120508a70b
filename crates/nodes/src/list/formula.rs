//! An expression over each item of a list: `item.total > 100`.
//!
//! It is written without `{{ }}`, or else it would be evaluated once, before the node sees it.

use casare_engine::NodeError;
use casare_workflow::{ExpressionError, Scope, Template, Value};
use indexmap::IndexMap;

/// An expression, and the names that it may use besides `item` and `index`.
#[derive(Clone)]
pub(crate) struct Formula {
    setting: &'static str,
    template: Template,
    given: Value,
}

struct ItemScope<'a> {
    item: &'a Value,
    index: usize,
    more: Option<(&'static str, &'a Value)>,
    given: &'a Value,
}

impl Scope for ItemScope<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        match (name, self.more) {
            ("item", _) => Some(self.item.clone()),
            ("index", _) => Some(Value::from(self.index)),
            (name, Some((more, value))) if name == more => Some(value.clone()),
            _ => Scope::get(self.given, name),
        }
    }

    fn names(&self) -> Vec<String> {
        let more = self.more.map(|(name, _)| name);
        ["item", "index"]
            .into_iter()
            .chain(more)
            .map(str::to_owned)
            .chain(Scope::names(self.given))
            .collect()
    }
}

impl Formula {
    /// The expression `text` of `setting`.
    pub(crate) fn new(
        setting: &'static str,
        text: &str,
        given: &IndexMap<String, casare_workflow::Any>,
    ) -> Result<Self, NodeError> {
        let template = Template::compile_condition(&text.into())
            .map_err(|error| wrong(setting, None, error))?;
        let given = given
            .iter()
            .map(|(name, value)| (Value::from(name.as_str()), value.0.clone()));
        Ok(Self {
            setting,
            template,
            given: Value::from_pairs(given),
        })
    }

    /// What it yields for `item`, which is number `index` from 0.
    pub(crate) fn value(&self, index: usize, item: &Value) -> Result<Value, NodeError> {
        self.value_with(index, item, None)
    }

    /// As [`Formula::value`], with one more name.
    pub(crate) fn value_with(
        &self,
        index: usize,
        item: &Value,
        more: Option<(&'static str, &Value)>,
    ) -> Result<Value, NodeError> {
        let scope = ItemScope {
            item,
            index,
            more,
            given: &self.given,
        };
        self.template
            .evaluate(&scope)
            .map_err(|error| wrong(self.setting, Some(index), error))
    }
}

fn wrong(setting: &str, index: Option<usize>, error: ExpressionError) -> NodeError {
    let place = index.map_or_else(String::new, |index| format!(", item {}", index + 1));
    let failure = NodeError::invalid(format!(
        "setting `{setting}`: `{}`{place}: {}",
        error.expression, error.message
    ));
    match error.help {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}
