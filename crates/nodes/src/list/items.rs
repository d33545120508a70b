//! The items of a list setting, one by one: a stream stays a stream.

use casare_engine::NodeError;
use casare_workflow::{
    Value,
    value::{Stream, kind_name},
};
use minijinja::value::ValueKind;

/// Longer lists stay streams.
const LONGEST: usize = 5_000_000;

/// A list that a setting gave.
#[derive(Debug, Clone)]
pub(crate) struct Items {
    setting: &'static str,
    list: Value,
}

impl Items {
    /// The list in `setting`.
    pub(crate) fn of(setting: &'static str, list: Value) -> Result<Self, NodeError> {
        if matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable) {
            return Ok(Self { setting, list });
        }
        let error = NodeError::invalid(format!(
            "setting `{setting}`: a list is wanted, this is a {}",
            kind_name(&list)
        ));
        Err(match list.kind() {
            ValueKind::String => error.with_help(
                "`text.split` makes a list of a text, `json.parse` of a text that is JSON",
            ),
            ValueKind::Map => {
                error.with_help("`map.keys`, `map.values` and `map.items` make lists of a map")
            }
            _ => error,
        })
    }

    /// Whether it is read from its source as it is used.
    pub(crate) fn is_stream(&self) -> bool {
        self.list.downcast_object_ref::<Stream>().is_some()
    }

    /// One pass over the items.
    #[expect(
        clippy::iter_not_returning_iterator,
        reason = "a list can be unreadable from the start"
    )]
    pub(crate) fn iter(
        &self,
    ) -> Result<impl Iterator<Item = Result<Value, NodeError>> + use<>, NodeError> {
        let setting = self.setting;
        let unreadable = move |error: minijinja::Error| {
            let why = error
                .detail()
                .map_or_else(|| error.to_string(), str::to_owned);
            NodeError::invalid(format!(
                "setting `{setting}`: the list can't be read: {why}"
            ))
        };
        Ok(self
            .list
            .try_iter()
            .map_err(unreadable)?
            .checked()
            .map(move |item| item.map_err(unreadable)))
    }

    /// All items; at most five million.
    pub(crate) fn collect(&self) -> Result<Vec<Value>, NodeError> {
        let mut items = Vec::new();
        for item in self.iter()? {
            if items.len() == LONGEST {
                return Err(NodeError::invalid(format!(
                    "setting `{}`: the list has more than {LONGEST} items",
                    self.setting
                ))
                .with_help("go over it with `flow.for_each`, or filter it first"));
            }
            items.push(item?);
        }
        Ok(items)
    }

    /// A stream of what `change` makes of each item; `None` leaves it out. Read anew each time.
    pub(crate) fn lazily(
        &self,
        what: &str,
        change: impl Fn(usize, Value) -> Result<Option<Value>, NodeError>
        + Clone
        + Send
        + Sync
        + 'static,
    ) -> Value {
        let source = self.clone();
        Stream::value(what, move || {
            let change = change.clone();
            let items = source.iter().map_err(|error| error.to_string())?;
            let changed = items.enumerate().filter_map(move |(index, item)| {
                item.and_then(|item| change(index, item))
                    .map_err(|error| error.to_string())
                    .transpose()
            });
            Ok(Box::new(changed))
        })
    }
}
