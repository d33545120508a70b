use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{
    Any,
    value::{from_json, to_json},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    fault, live,
    target::{deadline, effect},
};

/// Runs JavaScript in the page and answers its value.
///
/// An expression, statements whose last has the value, or a function, which gets `args`. A promise is waited
/// for. The value must be data: elements and functions are not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Evaluate {
    /// The script, for example `document.links.length` or `(a, b) => a + b`.
    script: String,
    /// What a function is called with.
    #[serde(default)]
    args: Vec<Any>,
    /// Whether running it again does no harm; otherwise a run that was interrupted at it asks.
    #[serde(default)]
    repeatable: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Evaluated {
    /// The script's value.
    value: Any,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("browser.evaluate", evaluate, |settings: &Evaluate| {
        effect(settings.repeatable)
    })
    .effect(effect(false))
    .icon("braces")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - id: links
      use: browser.evaluate
      with: { script: document.links.length }
    - use: log.write
      with: { message: "{{ steps.links.value }} links" }
"#;

async fn evaluate(cx: &StepContext, settings: Evaluate) -> Result<Evaluated, NodeError> {
    let page = live::page(cx)?;
    let args: Vec<_> = settings.args.iter().map(|arg| to_json(&arg.0)).collect();
    match page.evaluate(&settings.script, &args, deadline(cx)).await {
        Ok(value) => Ok(Evaluated {
            value: Any(from_json(&value)),
        }),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}
