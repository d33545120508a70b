//! `{{ }}`: compiling and evaluating expressions.

use serde_json::Value as Json;

use crate::{DocPath, Value};

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

    /// The value in `scope`: a map or an object that answers names.
    pub fn evaluate(&self, scope: &Value) -> Result<Value, ExpressionError> {
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
