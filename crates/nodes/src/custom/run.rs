use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use casare_engine::{DescribedAction, LogLevel, NodeError, StepContext};
use casare_workflow::{
    Value,
    value::{from_json, to_json},
};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};
use tokio::process::Command;

use super::{
    contract::Contract,
    definition::{Definition, Python, Run},
    messages::{Answer, Order, Step, Told},
};
use crate::script::{self, Program};

const TIME: Duration = Duration::from_mins(1);
/// Memory of a script in the sandbox, in bytes.
const MEMORY: usize = 256 << 20;

/// A project's node at work.
pub(super) struct Custom {
    pub(super) definition: Arc<Definition>,
    pub(super) folder: PathBuf,
    pub(super) contract: Contract,
}

#[async_trait]
impl DescribedAction for Custom {
    async fn run(&self, cx: &StepContext, settings: Value) -> Result<Value, NodeError> {
        let settings = self.contract.settings(to_json(&settings))?;
        let credentials = self.credentials(cx, &settings).await?;
        let order = Order {
            node: &self.definition.node,
            settings: &settings,
            credentials,
            step: Step {
                run: cx.run_id(),
                path: cx.path().to_string(),
                attempt: cx.attempt(),
                folder: cx.file("").display().to_string(),
            },
        };
        let outputs = match &self.definition.run {
            Run::JavaScript(file) => self.javascript(cx, file, &order).await?,
            Run::Python(python) => self.python(cx, python, &order).await?,
            Run::Program(command) => self.program(cx, command, &order).await?,
        };
        // A script without a word answers no outputs.
        let outputs = if outputs.is_null() {
            json!({})
        } else {
            outputs
        };
        self.contract
            .outputs(outputs)
            .map(|outputs| from_json(&outputs))
    }
}

/// Calls `run`, and tells thrown objects with a message as errors of the step.
const CALL: &str = r#"
;try {
    const outputs = run(inputs.settings, {
        ...inputs,
        log: (message) => console.log(message),
        fail: (message, more) => { throw { message, ...more }; },
    });
    return { outputs: outputs ?? null };
} catch (thrown) {
    if (thrown && !(thrown instanceof Error) && typeof thrown.message === "string") {
        return { error: thrown };
    }
    throw thrown;
}"#;

impl Custom {
    async fn credentials(
        &self,
        cx: &StepContext,
        settings: &Json,
    ) -> Result<Map<String, Json>, NodeError> {
        let mut found = Map::new();
        for setting in &self.contract.credentials {
            let Some(name) = settings[setting].as_str() else {
                continue;
            };
            let credential = cx.credential(name).await?;
            let fields: Map<String, Json> = credential
                .fields()
                .filter_map(|field| Some((field.to_owned(), credential.optional(field)?.into())))
                .collect();
            found.insert(name.to_owned(), Json::Object(fields));
        }
        Ok(found)
    }

    fn time(&self, cx: &StepContext) -> Duration {
        cx.time_left(self.definition.timeout.map_or(TIME, Into::into))
    }

    fn code(&self, file: &str) -> Result<String, NodeError> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).map_err(|error| {
            NodeError::io(format_args!("could not read {}", path.display()), &error)
        })
    }

    async fn javascript(
        &self,
        cx: &StepContext,
        file: &str,
        order: &Order<'_>,
    ) -> Result<Json, NodeError> {
        let code = self.code(file)? + CALL;
        let inputs = serde_json::to_value(order)
            .map_err(|error| NodeError::bug(format!("the settings are no JSON: {error}")))?;
        let limits = script::Limits {
            time: self.time(cx),
            memory: MEMORY,
            cancel: cx.cancel().clone(),
        };
        let (answer, printed) = cx
            .blocking(move || {
                let mut printed = Vec::new();
                let answer = script::evaluate(&code, &inputs, &limits, &mut printed);
                Ok((answer, printed))
            })
            .await?;
        for line in printed {
            cx.log(LogLevel::Info, line);
        }
        let mut answer = answer?;
        if let Some(thrown) = answer.get_mut("error") {
            let told: Told = serde_json::from_value(thrown.take()).map_err(|error| {
                NodeError::bug(format!("what the script threw is no error: {error}"))
            })?;
            return Err(told.into());
        }
        Ok(answer["outputs"].take())
    }

    async fn python(
        &self,
        cx: &StepContext,
        python: &Python,
        order: &Order<'_>,
    ) -> Result<Json, NodeError> {
        let mut command = match python {
            Python::File(_) => Command::new("python3"),
            Python::With { dependencies, .. } => script::with_packages(dependencies, None),
        };
        command
            .args(["-X", "utf8", "-c", include_str!("runner.py")])
            .arg(self.folder.join(python.file()));
        self.exchange(cx, command, order).await
    }

    async fn program(
        &self,
        cx: &StepContext,
        command: &[String],
        order: &Order<'_>,
    ) -> Result<Json, NodeError> {
        let [program, arguments @ ..] = command else {
            return Err(NodeError::bug("the node names no program"));
        };
        let mut command = if program.contains('/') {
            Command::new(self.folder.join(program))
        } else {
            Command::new(program)
        };
        command.args(arguments);
        self.exchange(cx, command, order).await
    }

    /// One line in, lines out.
    async fn exchange(
        &self,
        cx: &StepContext,
        command: Command,
        order: &Order<'_>,
    ) -> Result<Json, NodeError> {
        let mut input = serde_json::to_vec(order)
            .map_err(|error| NodeError::bug(format!("the settings are no JSON: {error}")))?;
        input.push(b'\n');
        let what = format!("node `{}`", self.definition.node);
        let answer = Mutex::new(Answer::default());
        let on_line = |line: &str| answer.lock().take(line, cx);
        let program = Program {
            command,
            what: &what,
            input,
            env: &BTreeMap::new(),
            timeout: self.time(cx),
            on_line: Some(&on_line),
        };
        let output = program.run(cx).await?;
        match answer.into_inner().into_result() {
            Some(Err(error)) => Err(error),
            Some(Ok(outputs)) => output.checked(cx, &what).map(|_| outputs),
            None => {
                output.checked(cx, &what)?;
                Err(NodeError::bug(format!("{what} ended without an answer")).with_help(
                    "its last line has to be `{\"outputs\": {…}}` or `{\"error\": {\"message\": \"…\"}}`",
                ))
            }
        }
    }
}
