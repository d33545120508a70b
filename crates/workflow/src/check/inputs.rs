//! What a workflow says of its inputs.

use serde_json::Value as Json;

use super::{
    Check,
    report::Finding,
    suggest::listed,
    wanted::{got, literal},
};
use crate::{DocPath, Input, model::InputKind};

impl Check<'_> {
    pub(super) fn inputs(&self) {
        for (name, input) in &self.workflow.inputs {
            let at = DocPath::default().key("inputs").key(name);
            self.default(name, input, &at);
            for (index, option) in input.options.iter().enumerate() {
                if !accepts(input.kind, option) {
                    let message = format!(
                        "an option of the input `{name}` has to be {}, got {}",
                        words(input.kind),
                        got(option)
                    );
                    let finding =
                        Finding::error("input-options", at.key("options").index(index), message);
                    self.report
                        .add(finding.label(format!("not {}", words(input.kind))));
                }
            }
        }
    }

    fn default(&self, name: &str, input: &Input, at: &DocPath) {
        let Some(default) = &input.default else {
            return;
        };
        let path = at.key("default");
        if input.required {
            let message =
                format!("the default of the input `{name}` is never used, because it is required");
            let finding = Finding::warning("input-default", path.clone(), message);
            self.report
                .add(finding.help("remove `required: true` or the default".to_owned()));
        }
        if !accepts(input.kind, default) {
            let wanted = words(input.kind);
            let message = format!(
                "the default of the input `{name}` has to be {wanted}, got {}",
                got(default)
            );
            self.report
                .add(Finding::error("input-default", path, message).label(format!("not {wanted}")));
        } else if !input.options.is_empty()
            && !input.options.iter().any(|option| same(option, default))
        {
            let options: Vec<String> = input.options.iter().map(plain).collect();
            let message = format!("the default of the input `{name}` is none of its options");
            let finding = Finding::error("input-default", path, message)
                .label(format!("{} is no option", literal(default)))
                .help(format!(
                    "options: {}",
                    listed(options.iter().map(String::as_str))
                ));
            self.report.add(finding);
        }
    }

    /// Inputs that nothing reads; for the end.
    pub(super) fn unused_inputs(&self) {
        let uses = self.uses.borrow();
        if uses.all_inputs {
            return;
        }
        for name in self.workflow.inputs.keys() {
            if !uses.inputs.contains(name.as_str()) {
                let at = DocPath::default().key("inputs").key(name);
                let finding = Finding::warning(
                    "unused-input",
                    at,
                    format!("the input `{name}` is never used"),
                );
                let help = format!("use it as `{{{{ inputs.{name} }}}}`, or remove it");
                self.report
                    .add(finding.at_key().label("never used").help(help));
            }
        }
    }
}

/// Whether `value` can be given where `kind` is wanted; the engine converts what people would.
fn accepts(kind: InputKind, value: &Json) -> bool {
    let text = value.as_str();
    match kind {
        _ if value.is_null() => true,
        InputKind::Any => true,
        InputKind::String | InputKind::File | InputKind::Folder | InputKind::Credential => {
            !value.is_array() && !value.is_object()
        }
        InputKind::Integer => match text {
            Some(text) => text.trim().parse::<i64>().is_ok(),
            None => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        },
        InputKind::Number => match text {
            Some(text) => text.trim().parse::<f64>().is_ok(),
            None => value.is_number(),
        },
        InputKind::Boolean => match text {
            Some(text) => matches!(text, "true" | "false"),
            None => value.is_boolean(),
        },
        InputKind::List => value.is_array(),
        InputKind::Map => value.is_object(),
        InputKind::Date => text.is_some_and(|text| {
            text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::Timestamp>().is_ok()
        }),
    }
}

fn words(kind: InputKind) -> &'static str {
    match kind {
        InputKind::String => "text",
        InputKind::Integer => "a whole number",
        InputKind::Number => "a number",
        InputKind::Boolean => "`true` or `false`",
        InputKind::List => "a list",
        InputKind::Map => "a map",
        InputKind::File => "the path of a file",
        InputKind::Folder => "the path of a folder",
        InputKind::Date => "a date such as `2026-03-01`",
        InputKind::Credential => "the name of a credential",
        InputKind::Any => "any value",
    }
}

/// `5` and `"5"` are the same option.
fn same(option: &Json, value: &Json) -> bool {
    option == value || plain(option) == plain(value)
}

fn plain(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
