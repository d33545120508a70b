//! Any text: compiling and evaluating an expression neither panics nor hangs.

#![no_main]

use casare_workflow::{Template, Value, value::from_json};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let scope: Value = from_json(&json!({
        "inputs": { "n": 3, "name": "Ada", "date": "2026-03-01" },
        "vars": { "list": [1, 2.5, "three", null, [true]], "map": { "a": 1, "b": { "c": "d" } } },
        "item": 7,
    }));
    for setting in [json!(text), json!(format!("{{{{ {text} }}}}"))] {
        if let Ok(template) = Template::compile(&setting) {
            let _ = template.names();
            let _ = template.evaluate(&scope);
        }
    }
    if let Ok(condition) = Template::compile_condition(&json!(text)) {
        let _ = condition.evaluate(&scope);
    }
});
