//! Nodes about variables, and failing on purpose.

use super::{EMPTY_FORM, converted};
use casare_workflow::Step;
use serde_json::{Value as Json, json};

use crate::{
    casarerpa::{
        graph::NodeNo,
        names::{Context, Reader},
    },
    expression::{Binding, Code, Kind, Val},
    report::Weight,
};

impl Context<'_> {
    pub(super) fn set_variable(&self, node: NodeNo, reader: Reader) -> Step {
        let form = &*EMPTY_FORM;
        let config = &self.graph.nodes[node].config;
        let value = self
            .setting(node, "value", form, None, reader)
            .or_else(|| self.setting(node, "default_value", form, None, reader))
            .unwrap_or(Val::Literal(Json::Null));
        let kind = config
            .get("variable_type")
            .and_then(Json::as_str)
            .unwrap_or("String");
        let value = converted(value, kind);
        let name = config
            .get("variable_name")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim();
        let mut step = self.step(node, "data.set");
        let Some(name) = self
            .variables
            .get(name)
            .and_then(|code| code.strip_prefix("vars."))
        else {
            return self.missing(node, "it names no variable");
        };
        step.with.insert("name".to_owned(), name.into());
        step.with.insert("value".to_owned(), value.setting());
        self.declared.borrow_mut().insert(name.to_owned());
        step
    }

    pub(super) fn increment(&self, node: NodeNo, reader: Reader) -> Vec<Step> {
        let Some((form, also)) = self.form_of(node) else {
            return Vec::new();
        };
        let config = &self.graph.nodes[node].config;
        let name = config
            .get("variable_name")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim();
        let Some(name) = self
            .variables
            .get(name)
            .and_then(|code| code.strip_prefix("vars."))
        else {
            return vec![self.missing(node, "it names no variable")];
        };
        let mut step = self.step(node, "data.increment");
        step.with.insert("name".to_owned(), name.into());
        if let Some(by) = self.pattern(&json!("$increment:num"), node, form, also, reader)
            && by != Val::Literal(json!(1))
            && by != Val::Literal(json!(1.0))
        {
            step.with.insert("by".to_owned(), by.setting());
        }
        self.declared.borrow_mut().insert(name.to_owned());
        let mut steps = vec![step];
        self.keep_outputs(node, form, reader, &mut steps);
        steps
    }

    pub(super) fn get_variable(&self, node: NodeNo, reader: Reader) -> Vec<Step> {
        let config = &self.graph.nodes[node].config;
        let name = config
            .get("variable_name")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim();
        let default = self.setting(node, "default_value", &EMPTY_FORM, None, reader);
        let value = if let Some(code) = self.resolve(name, reader) {
            Val::Code(match default.filter(|value| !value.is_empty()) {
                Some(default) => Code::new(
                    format!(
                        "{0} if {0} is not none else {1}",
                        code.operand(Binding::Atom),
                        default.code().operand(Binding::Or)
                    ),
                    Kind::Any,
                    Binding::Choice,
                ),
                None => code,
            })
        } else {
            self.remark(
                Weight::Look,
                node,
                format!("nothing sets the variable `{name}`"),
            );
            default.unwrap_or(Val::Literal(Json::Null))
        };
        let own = self.value_name(node, "value", true);
        self.declared.borrow_mut().insert(own.clone());
        let mut step = self.step(node, "data.set");
        step.with.insert("name".to_owned(), own.into());
        step.with.insert("value".to_owned(), value.setting());
        vec![step]
    }

    pub(super) fn evaluate(&self, node: NodeNo, reader: Reader) -> Step {
        let written = self.graph.nodes[node]
            .config
            .get("expression")
            .and_then(Json::as_str);
        let value = match written {
            Some(text) => match self.expression(text, reader) {
                Ok(code) => Val::Code(code),
                Err(fault) => {
                    return self.missing(node, &format!("`{text}` can't be translated: {fault}"));
                }
            },
            None => self
                .setting(node, "expression", &EMPTY_FORM, None, reader)
                .unwrap_or(Val::Literal(Json::Null)),
        };
        let own = self.value_name(node, "result", true);
        self.declared.borrow_mut().insert(own.clone());
        let mut step = self.step(node, "data.set");
        step.with.insert("name".to_owned(), own.into());
        step.with.insert("value".to_owned(), value.setting());
        step
    }

    pub(super) fn throw(&self, node: NodeNo, reader: Reader) -> Step {
        let mut step = self.step(node, "flow.fail");
        let message = self
            .setting(node, "error_message", &EMPTY_FORM, None, reader)
            .or_else(|| self.setting(node, "message", &EMPTY_FORM, None, reader))
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| Val::text("Custom error"));
        step.with.insert("message".to_owned(), message.setting());
        step
    }
}
