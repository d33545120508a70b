use std::time::{Duration, Instant};

use casare_engine::{ErrorKind, LogLevel, Node, NodeError, StepContext};
use casare_workflow::{
    Any, Span,
    value::{from_json, to_json},
};
use indexmap::IndexMap;
use rquickjs::{CatchResultExt, CaughtError, Context, Function, Runtime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Runs JavaScript in a sandbox.
///
/// The code is the body of a function: it sees `inputs` and gives its answer with `return`.
/// `console.log` writes to the run's log. It reaches no file, no network, no process and no clock
/// beyond `Date`; memory and time are limited.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JavaScript {
    /// The code.
    code: String,
    /// Values for the code, as `inputs.name`.
    #[serde(default)]
    inputs: IndexMap<String, Any>,
    /// Time it may take (10 s).
    #[serde(default)]
    timeout: Option<Span>,
    /// Memory it may take, in MiB (64).
    #[serde(default = "memory")]
    #[schemars(range(min = 1, max = 4096))]
    memory: usize,
}

fn memory() -> usize {
    64
}

/// What it answered.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Ran {
    /// What the code returned.
    result: Any,
}

pub(super) fn node() -> Node {
    Node::action("script.javascript", javascript)
        .pure()
        .icon("braces")
        .fails(
            ErrorKind::Invalid,
            "The script throws an error, or needs more than its `memory`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: sum
  use: script.javascript
  with:
    inputs: { prices: [9.5, 12] }
    code: |
      const sum = inputs.prices.reduce((a, b) => a + b, 0);
      return { sum, average: sum / inputs.prices.length };
- use: log.write
  with: { message: "{{ steps.sum.result.average }}" }
"#;

/// Depth of calls and nested data.
const STACK: usize = 512 * 1024;

async fn javascript(cx: &StepContext, settings: JavaScript) -> Result<Ran, NodeError> {
    let inputs: serde_json::Map<String, Json> = settings
        .inputs
        .iter()
        .map(|(name, value)| (name.clone(), to_json(&value.0)))
        .collect();
    let limits = Limits {
        time: cx.time_left(settings.timeout.map_or(Duration::from_secs(10), Into::into)),
        memory: settings.memory << 20,
        cancel: cx.cancel().clone(),
    };
    let (result, printed) = cx
        .blocking(move || {
            let mut printed = Vec::new();
            let result = evaluate(&settings.code, &Json::Object(inputs), &limits, &mut printed);
            Ok((result, printed))
        })
        .await?;
    for line in printed {
        cx.log(LogLevel::Info, line);
    }
    Ok(Ran {
        result: from_json(&result?).into(),
    })
}

/// What bounds a script.
pub(crate) struct Limits {
    pub(crate) time: Duration,
    /// Bytes.
    pub(crate) memory: usize,
    pub(crate) cancel: casare_engine::Cancel,
}

/// The answer as JSON text and the printed lines, as JSON, in one array.
const RUNNER: &str = r#"(code, inputs) => {
    const printed = [];
    const show = (...parts) => {
        if (printed.length < 1000) {
            printed.push(parts.map((part) => typeof part === "string" ? part : JSON.stringify(part)).join(" "));
        }
    };
    globalThis.console = { log: show, info: show, warn: show, error: show, debug: show };
    let result, thrown;
    try {
        result = new Function("inputs", code)(JSON.parse(inputs));
    } catch (error) {
        // The engine throws null when it has no memory left for an error.
        thrown = error === null ? "out of memory" : error instanceof Error
            ? `${error.name}: ${error.message}\n${error.stack ?? ""}`
            : `thrown: ${String(error)}`;
    }
    return JSON.stringify({ result: result ?? null, printed, thrown });
}"#;

#[derive(Deserialize)]
struct Told {
    result: Json,
    printed: Vec<String>,
    thrown: Option<String>,
}

/// Runs `code` as the body of a function of `inputs`; `printed` gets what it logged.
pub(crate) fn evaluate(
    code: &str,
    inputs: &Json,
    limits: &Limits,
    printed: &mut Vec<String>,
) -> Result<Json, NodeError> {
    let fault = |error: rquickjs::Error| NodeError::bug(format!("the JavaScript engine: {error}"));
    let runtime = Runtime::new().map_err(fault)?;
    runtime.set_memory_limit(limits.memory);
    runtime.set_max_stack_size(STACK);
    let deadline = Instant::now() + limits.time;
    let cancel = limits.cancel.clone();
    runtime.set_interrupt_handler(Some(Box::new(move || {
        Instant::now() > deadline || cancel.is_cancelled()
    })));
    let context = Context::full(&runtime).map_err(fault)?;
    let told = context.with(|js| -> Result<String, NodeError> {
        let run: Function<'_> = js.eval(RUNNER).map_err(fault)?;
        run.call((code, inputs.to_string()))
            .catch(&js)
            .map_err(|error| stopped(&error, deadline, limits))
    })?;
    let told: Told = serde_json::from_str(&told)
        .map_err(|error| NodeError::bug(format!("the script's answer can't be read: {error}")))?;
    *printed = told.printed;
    match told.thrown {
        None => Ok(told.result),
        Some(_) if Instant::now() > deadline => Err(out_of_time(limits)),
        Some(thrown) if thrown.contains("out of memory") => Err(out_of_memory(limits)),
        Some(thrown) => Err(NodeError::invalid(format!(
            "the script failed: {}",
            thrown.trim()
        ))),
    }
}

fn stopped(error: &CaughtError<'_>, deadline: Instant, limits: &Limits) -> NodeError {
    if Instant::now() > deadline {
        return out_of_time(limits);
    }
    let told = error.to_string();
    // An engine without memory cannot always say so.
    if told.contains("memory") || matches!(error, CaughtError::Value(value) if value.is_null()) {
        return out_of_memory(limits);
    }
    NodeError::invalid(format!("the script failed: {told}"))
}

fn out_of_time(limits: &Limits) -> NodeError {
    let limit = Span::from_millis(limits.time.as_millis() as u64);
    NodeError::timeout(format!("the script took longer than {limit}"))
        .with_help("raise its `timeout`, or look for a loop that never ends")
        .permanent()
}

fn out_of_memory(limits: &Limits) -> NodeError {
    NodeError::invalid(format!(
        "the script needs more than {} MiB of memory",
        limits.memory >> 20
    ))
    .with_help("raise its `memory`, or give it less at a time")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(code: &str) -> Result<Json, NodeError> {
        run_for(Duration::from_secs(30), code)
    }

    fn run_for(time: Duration, code: &str) -> Result<Json, NodeError> {
        let limits = Limits {
            time,
            memory: 16 << 20,
            cancel: casare_engine::Cancel::default(),
        };
        let inputs = serde_json::json!({ "n": 4, "names": ["a"] });
        evaluate(code, &inputs, &limits, &mut Vec::new())
    }

    #[test]
    fn code_answers_with_what_it_returns() {
        let answer = run("return { double: inputs.n * 2, name: inputs.names[0] }").unwrap();

        assert_eq!(answer, serde_json::json!({ "double": 8, "name": "a" }));
    }

    #[test]
    fn the_sandbox_ends_what_takes_too_much() {
        let endless = run_for(Duration::from_millis(50), "while (true) {}").unwrap_err();
        let hungry =
            run("const a = []; while (true) a.push('x'.repeat(1000) + a.length)").unwrap_err();
        let deep = run("const f = () => f() + 1; return f()").unwrap_err();

        assert_eq!(endless.kind(), casare_engine::ErrorKind::Timeout);
        assert!(hungry.message().contains("16 MiB"), "{hungry}");
        assert!(deep.message().contains("stack"), "{deep}");
    }

    #[test]
    fn nothing_outside_can_be_reached() {
        for name in [
            "require",
            "process",
            "fetch",
            "std",
            "os",
            "WebAssembly",
            "XMLHttpRequest",
        ] {
            let kind = run(&format!("return typeof {name}")).unwrap();
            assert_eq!(kind, "undefined", "{name}");
        }
    }
}
