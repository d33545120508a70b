//! Simple conditions, as forms offer them: `is: greater_than, value: 100`.

use std::cmp::Ordering;

use casare_engine::NodeError;
use casare_workflow::{Value, value::kind_name};
use minijinja::value::ValueKind;
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use super::identity::identity;
use crate::{
    data::order::{Order, SortKey, folded},
    text::search,
};

/// What has to be true of a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Is {
    /// It is not empty: there, and no text of blanks alone, no empty list or map.
    #[default]
    NotEmpty,
    /// It is empty, or not there.
    Empty,
    /// It is `value`.
    Equals,
    /// It is not `value`.
    NotEquals,
    /// The text or list has `value` in it.
    Contains,
    /// The text or list does not have `value` in it.
    NotContains,
    /// The text begins with `value`.
    StartsWith,
    /// The text ends with `value`.
    EndsWith,
    /// The regular expression `value` is found in the text.
    Matches,
    /// It is above `value`: numbers, or texts such as ISO dates.
    GreaterThan,
    /// It is `value` or above.
    AtLeast,
    /// It is below `value`.
    LessThan,
    /// It is `value` or below.
    AtMost,
    /// It is one of the list `value`.
    OneOf,
    /// It is none of the list `value`.
    NotOneOf,
    /// It counts as true.
    True,
    /// It counts as false: empty, 0 or false.
    False,
}

impl Is {
    fn needs_value(self) -> bool {
        !matches!(
            self,
            Self::NotEmpty | Self::Empty | Self::True | Self::False
        )
    }
}

/// A condition, ready to be asked.
#[derive(Clone)]
pub(crate) struct Condition {
    is: Is,
    wanted: Value,
    loosely: bool,
    text: String,
    pattern: Option<Regex>,
    choices: Vec<String>,
}

impl Condition {
    pub(crate) fn new(is: Is, wanted: Value, ignore_case: bool) -> Result<Self, NodeError> {
        if is.needs_value() && wanted.is_undefined() {
            return Err(NodeError::invalid(
                "setting `value` is missing: what is to be compared with?",
            ));
        }
        let text = written(&wanted);
        let pattern = (is == Is::Matches).then(|| search::compile(&text, true, ignore_case));
        let mut choices = Vec::new();
        if matches!(is, Is::OneOf | Is::NotOneOf) {
            let items = super::items::Items::of("value", wanted.clone())?;
            for item in items.iter()? {
                choices.push(plain(&item?, ignore_case));
            }
        }
        Ok(Self {
            is,
            loosely: ignore_case,
            text: if ignore_case { folded(&text) } else { text },
            pattern: pattern.transpose()?,
            choices,
            wanted,
        })
    }

    /// Whether it is true of `value`.
    pub(crate) fn holds(&self, value: &Value) -> Result<bool, NodeError> {
        let text = || {
            let text = written(value);
            if self.loosely { folded(&text) } else { text }
        };
        Ok(match self.is {
            Is::NotEmpty => !is_empty(value),
            Is::Empty => is_empty(value),
            Is::Equals => self.equals(value),
            Is::NotEquals => !self.equals(value),
            Is::Contains => self.contains(value, &text()),
            Is::NotContains => !self.contains(value, &text()),
            Is::StartsWith => text().starts_with(&self.text),
            Is::EndsWith => text().ends_with(&self.text),
            Is::Matches => self
                .pattern
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(&written(value))),
            Is::GreaterThan => self.order(value)?.is_some_and(Ordering::is_gt),
            Is::AtLeast => self.order(value)?.is_some_and(Ordering::is_ge),
            Is::LessThan => self.order(value)?.is_some_and(Ordering::is_lt),
            Is::AtMost => self.order(value)?.is_some_and(Ordering::is_le),
            Is::OneOf => self.choices.contains(&plain(value, self.loosely)),
            Is::NotOneOf => !self.choices.contains(&plain(value, self.loosely)),
            Is::True => value.is_true(),
            Is::False => !value.is_true(),
        })
    }

    fn equals(&self, value: &Value) -> bool {
        plain(value, self.loosely) == plain(&self.wanted, self.loosely)
    }

    fn contains(&self, value: &Value, text: &str) -> bool {
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => value
                .try_iter()
                .is_ok_and(|mut items| items.any(|item| self.equals(&item))),
            ValueKind::Map => crate::data::path::key(value, &self.text).is_some(),
            _ => text.contains(&self.text),
        }
    }

    /// `None` for what is empty: it is neither above nor below.
    fn order(&self, value: &Value) -> Result<Option<Ordering>, NodeError> {
        let (a, b) = (
            SortKey::of(value, Order::Natural),
            SortKey::of(&self.wanted, Order::Natural),
        );
        match (&a, &b) {
            (SortKey::Empty, _) => Ok(None),
            (SortKey::Number(_), SortKey::Number(_)) | (SortKey::Text(..), SortKey::Text(..)) => {
                Ok(Some(a.compare(&b, false)))
            }
            _ => Err(NodeError::invalid(format!(
                "{} can't be compared with {}",
                shown(value),
                shown(&self.wanted)
            ))),
        }
    }
}

fn shown(value: &Value) -> String {
    let text: String = value.to_string().chars().take(60).collect();
    format!("the {} `{text}`", kind_name(value))
}

/// As [`identity`], but a number is the text that is written like it: `12` and `"12"`.
fn plain(value: &Value, loosely: bool) -> String {
    match value.as_str() {
        Some(text) if crate::data::order::plain_number(text).is_some() => {
            let number = Value::from(text.trim().parse::<f64>().unwrap_or_default());
            // Codes such as `007` are not the number 7.
            let same = identity(&number, loosely);
            if same == text.trim() {
                same
            } else {
                identity(value, loosely)
            }
        }
        _ => identity(value, loosely),
    }
}

fn written(value: &Value) -> String {
    crate::data::written::written(value)
}

/// Nothing, blanks, an empty list or map.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Seq | ValueKind::Map => value.len() == Some(0),
        _ => crate::data::rules::is_empty(value),
    }
}
