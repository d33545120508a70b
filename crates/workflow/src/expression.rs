//! `{{ }}`: compiling and evaluating expressions.

use serde_json::Value as Json;

use crate::{DocPath, Value};

/// What the names in an expression mean: `vars`, `steps`, `inputs`, …
///
/// A map [`Value`] is a scope; the engine answers names without building one.
pub trait Scope: Send + Sync {
    /// The value of `name`; `None` where there is no such name.
    fn get(&self, name: &str) -> Option<Value>;

    /// The value of `name.attr`, for scopes that can answer it with one look-up.
    ///
    /// `None` where either is missing: the evaluator then asks [`Scope::get`] to say which.
    fn get_attr(&self, name: &str, attr: &str) -> Option<Value> {
        let value = self.get(name)?.get_attr(attr).ok()?;
        (!value.is_undefined()).then_some(value)
    }

    /// Every name, for "did you mean".
    fn names(&self) -> Vec<String>;
}

impl Scope for Value {
    fn get(&self, name: &str) -> Option<Value> {
        self.get_attr(name)
            .ok()
            .filter(|value| !value.is_undefined())
    }

    fn names(&self) -> Vec<String> {
        crate::value::pairs(self)
            .filter_map(|(key, _)| key.as_str().map(str::to_owned))
            .collect()
    }
}

/// A setting, compiled: literals, expressions and texts with holes, in lists and maps.
#[derive(Debug, Clone)]
pub struct Template {}

impl Template {
    /// Compiles a setting as it is written in a file.
    pub fn compile(setting: &Json) -> Result<Self, ExpressionError> {
        let _ = setting;
        unimplemented!("expression")
    }

    /// Compiles a condition: like [`Template::compile`], but text without `{{` is an expression too.
    pub fn compile_condition(setting: &Json) -> Result<Self, ExpressionError> {
        let _ = setting;
        unimplemented!("expression")
    }

    /// The value, where it needs no scope.
    pub fn as_literal(&self) -> Option<&Value> {
        unimplemented!("expression")
    }

    /// The value in `scope`.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, ExpressionError> {
        let _ = scope;
        unimplemented!("expression")
    }

    /// Every name that is read from the scope, with the attributes that follow it:
    /// `steps.people.rows` is `["steps", "people", "rows"]`.
    pub fn names(&self) -> Vec<NameUse> {
        unimplemented!("expression")
    }
}

/// A name that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameUse {
    /// The name and the constant attributes after it.
    pub path: Vec<String>,
    /// Where in the setting the text with it stands.
    pub at: DocPath,
    /// Bytes from the start of that text.
    pub offset: usize,
    /// Whether it may be missing: it is asked about with `is defined` or has a `default`.
    pub optional: bool,
}

/// Why an expression could not be compiled or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The expression as written.
    pub expression: String,
    /// Where in the setting.
    pub at: DocPath,
    /// Bytes from the start of the text at `at`, where known.
    pub offset: Option<usize>,
}
