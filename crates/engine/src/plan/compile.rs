//! From the model to a plan.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use casare_workflow::{
    Block, DocPath, Effect, Problem, ProblemList, Severity, Source, Step, Template, Workflow,
    expression::ExpressionError,
};
use serde_json::{Value as Json, json};

use super::{
    CALL_DEPTH, Files, ForEach, Kind, List, Plan, PlanError, PlanStep, StateMachine, Transition,
};
use crate::{
    Registry,
    event::{Signal, StepInfo},
    node::Work,
    path::named_block,
    stack::with_room,
};

pub(super) struct Compiler<'a> {
    pub(super) registry: &'a Registry,
    pub(super) source: &'a Source,
    pub(super) folder: &'a Path,
    pub(super) files: &'a Files<'a>,
    pub(super) callers: &'a mut Vec<PathBuf>,
    pub(super) called: BTreeMap<String, String>,
    /// Where the lines of the source end.
    pub(super) breaks: Vec<usize>,
}

impl Compiler<'_> {
    pub(super) fn plan(
        mut self,
        workflow: Workflow,
        text: &str,
        warnings: ProblemList,
    ) -> Result<Plan, PlanError> {
        let root = self.list("", "", &workflow.steps)?;
        let top = DocPath::default();
        let variables = self.templates(workflow.variables.iter(), &top.key("variables"))?;
        let outputs = self.templates(workflow.outputs.iter(), &top.key("outputs"))?;
        Ok(Plan {
            name: self.source.name().to_owned(),
            text: text.to_owned(),
            hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
            folder: self.folder.to_owned(),
            root,
            variables,
            outputs,
            called: self.called,
            warnings,
            workflow,
        })
    }

    fn list(&mut self, block: &str, name: &str, steps: &[Step]) -> Result<List, PlanError> {
        Ok(List {
            block: match name {
                "" => block.into(),
                name => named_block(block, name),
            },
            name: name.to_owned(),
            steps: with_room(|| {
                steps
                    .iter()
                    .map(|step| self.step(step).map(Arc::new))
                    .collect::<Result<_, _>>()
            })?,
        })
    }

    fn step(&mut self, step: &Step) -> Result<PlanStep, PlanError> {
        if step.disabled {
            return Ok(PlanStep {
                info: self.info(step),
                id: None,
                disabled: true,
                when: None,
                retry: None,
                timeout: None,
                on_error: step.on_error,
                on_resume: step.on_resume,
                effect: Effect::Pure,
                kind: Kind::Nothing,
            });
        }
        let registry = self.registry;
        let Some(node) = registry.get(&step.uses) else {
            return Err(self.wrong(&step.at.key("use"), format!("unknown node `{}`", step.uses)));
        };
        let kind = match node.work() {
            Work::Action(work) => Kind::Action {
                work: work.clone(),
                settings: self.settings(step)?,
            },
            Work::Session(work) => Kind::Session {
                work: work.clone(),
                settings: self.settings(step)?,
                body: self.required(step, "do")?,
            },
            Work::Control => self.control(step)?,
        };
        let when = match &step.when {
            Some(when) => Some(
                Template::compile_condition(when)
                    .map_err(|error| self.expression(&step.at.key("when"), &error))?,
            ),
            None => None,
        };
        Ok(PlanStep {
            info: self.info(step),
            id: step.id.as_deref().map(Into::into),
            disabled: step.disabled,
            when,
            retry: step.retry.clone(),
            timeout: step.timeout.map(Into::into),
            on_error: step.on_error,
            on_resume: step.on_resume,
            effect: node.spec().effect,
            kind,
        })
    }

    fn info(&self, step: &Step) -> Arc<StepInfo> {
        Arc::new(StepInfo {
            node: step.uses.clone(),
            title: step.title().to_owned(),
            id: step.id.clone(),
            line: self.line(&step.at),
        })
    }

    fn control(&mut self, step: &Step) -> Result<Kind, PlanError> {
        Ok(match step.uses.as_str() {
            "data.set" => Kind::Set(self.assignments(step)?),
            "data.increment" => Kind::Increment {
                name: self.text(step, "name")?.into(),
                by: self.setting(step, "by")?,
            },
            "flow.if" => Kind::If {
                condition: self.condition(step, "condition")?,
                then: self.required(step, "then")?,
                otherwise: self.optional(step, "else")?,
            },
            "flow.switch" => Kind::Switch {
                value: self.needed(step, "value")?,
                cases: self.named(step, "cases")?,
                default: self.optional(step, "default")?,
            },
            "flow.for_each" => self.for_each(step)?,
            "flow.while" => Kind::While {
                condition: self.condition(step, "condition")?,
                max_passes: self.setting(step, "max_passes")?,
                body: self.required(step, "do")?,
            },
            "flow.repeat" => Kind::Repeat {
                times: self.needed(step, "times")?,
                body: self.required(step, "do")?,
            },
            "flow.parallel" => Kind::Parallel {
                at_once: self.setting(step, "at_once")?,
                branches: self.named(step, "branches")?,
            },
            "flow.race" => Kind::Race {
                branches: self.named(step, "branches")?,
            },
            "flow.try" => Kind::Try {
                body: self.required(step, "do")?,
                catch: self.named(step, "catch")?,
                finally: self.optional(step, "finally")?,
            },
            "flow.retry" => Kind::Retry {
                settings: self.settings(step)?,
                body: self.required(step, "do")?,
            },
            "flow.break" => Kind::Signal(Signal::Break),
            "flow.continue" => Kind::Signal(Signal::Continue),
            "flow.return" => Kind::Signal(Signal::Return),
            "flow.fail" => Kind::Fail(self.settings(step)?),
            "flow.assert" => Kind::Assert {
                condition: self.condition(step, "condition")?,
                settings: self
                    .settings(step)?
                    .into_iter()
                    .filter(|(name, _)| &**name != "condition")
                    .collect(),
            },
            "flow.call" => self.call(step)?,
            "flow.wait" => Kind::Wait(self.needed(step, "duration")?),
            "flow.state_machine" => self.state_machine(step)?,
            other => {
                return Err(self.wrong(
                    &step.at.key("use"),
                    format!("the engine has no way to run `{other}`"),
                ));
            }
        })
    }

    fn for_each(&mut self, step: &Step) -> Result<Kind, PlanError> {
        let items = self.needed(step, "items")?;
        let record_items = items
            .names()
            .iter()
            .any(|name| name.path.first().is_some_and(|first| first == "vars"));
        Ok(Kind::ForEach(Box::new(ForEach {
            items,
            record_items,
            item: match step.with.get("as") {
                Some(_) => self.text(step, "as")?.into(),
                None => "item".into(),
            },
            parallel: self.setting(step, "parallel")?,
            collect: self.setting(step, "collect")?,
            max_passes: self.setting(step, "max_passes")?,
            body: self.required(step, "do")?,
        })))
    }

    fn assignments(&self, step: &Step) -> Result<Vec<(Arc<str>, Template)>, PlanError> {
        let at = step.at.key("with");
        match (step.with.get("name"), step.with.get("values")) {
            (Some(_), None) => {
                let value = step.with.get("value").cloned().unwrap_or_default();
                let value = Template::compile(&value)
                    .map_err(|error| self.expression(&at.key("value"), &error))?;
                Ok(vec![(self.text(step, "name")?.into(), value)])
            }
            (None, Some(Json::Object(values))) => self.templates(values.iter(), &at.key("values")),
            _ => Err(self.wrong(
                &at,
                "give either `name` and `value`, or `values` as a map".to_owned(),
            )),
        }
    }

    fn call(&mut self, step: &Step) -> Result<Kind, PlanError> {
        let file = self.text(step, "workflow")?;
        let path = self.folder.join(&file);
        let path = path.canonicalize().unwrap_or(path);
        let key = path.display().to_string();
        let text = match self.files {
            Files::Disk => fs::read_to_string(&path).map_err(|source| PlanError::Unreadable {
                file: key.clone(),
                step: step.title().to_owned(),
                source,
            })?,
            Files::Recorded(files) => files.get(&key).cloned().ok_or_else(|| {
                PlanError::Calls(format!("the journal has no text of the workflow `{key}`"))
            })?,
        };
        if self.callers.contains(&path) {
            return Err(PlanError::Calls(format!(
                "`{file}` calls itself through {}; a workflow can't call itself: use a loop",
                self.source.name()
            )));
        }
        if self.callers.len() >= CALL_DEPTH {
            return Err(PlanError::Calls(format!(
                "workflows call each other more than {CALL_DEPTH} deep, at `{file}`"
            )));
        }
        let own = self.folder.join(self.source.name());
        self.callers.push(own.canonicalize().unwrap_or(own));
        self.callers.push(path.clone());
        let folder = path.parent().unwrap_or(self.folder).to_owned();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or(file);
        let plan = Plan::compile_below(
            &name,
            &text,
            &folder,
            self.registry,
            self.files,
            self.callers,
        )?;
        self.callers.truncate(self.callers.len() - 2);
        self.called.extend(plan.called.clone());
        self.called.insert(key, text);
        let inputs = match step.with.get("inputs") {
            Some(Json::Object(inputs)) => {
                self.templates(inputs.iter(), &step.at.key("with").key("inputs"))?
            }
            _ => Vec::new(),
        };
        Ok(Kind::Call { plan, inputs })
    }

    fn state_machine(&mut self, step: &Step) -> Result<Kind, PlanError> {
        let states = self.named(step, "states")?;
        let at = step.at.key("with");
        let find = |name: &Json, at: &DocPath| {
            let name = name.as_str().unwrap_or_default();
            states
                .iter()
                .position(|state| state.name == name)
                .ok_or_else(|| {
                    let known: Vec<&str> = states.iter().map(|state| state.name.as_str()).collect();
                    self.wrong(
                        at,
                        format!("there is no state `{name}`; states: {}", known.join(", ")),
                    )
                })
        };
        if states.is_empty() {
            return Err(self.wrong(&step.at, "a state machine needs a state".to_owned()));
        }
        let start = match step.with.get("start") {
            Some(start) => find(start, &at.key("start"))?,
            None => 0,
        };
        let mut transitions = Vec::new();
        let written = step.with.get("transitions").and_then(Json::as_array);
        for (index, transition) in written.into_iter().flatten().enumerate() {
            let at = at.key("transitions").index(index);
            transitions.push(Transition {
                from: find(&transition["from"], &at.key("from"))?,
                to: find(&transition["to"], &at.key("to"))?,
                when: match transition.get("when") {
                    Some(when) => Some(
                        Template::compile_condition(when)
                            .map_err(|error| self.expression(&at.key("when"), &error))?,
                    ),
                    None => None,
                },
            });
        }
        Ok(Kind::StateMachine(Box::new(StateMachine {
            start,
            transitions,
            max_passes: self.setting(step, "max_passes")?,
            states,
        })))
    }

    fn settings(&self, step: &Step) -> Result<Vec<(Arc<str>, Template)>, PlanError> {
        self.templates(step.with.iter(), &step.at.key("with"))
    }

    fn templates<'s>(
        &self,
        settings: impl Iterator<Item = (&'s String, &'s Json)>,
        at: &DocPath,
    ) -> Result<Vec<(Arc<str>, Template)>, PlanError> {
        settings
            .map(|(name, setting)| {
                let template = Template::compile(setting)
                    .map_err(|error| self.expression(&at.key(name), &error))?;
                Ok((name.as_str().into(), template))
            })
            .collect()
    }

    fn setting(&self, step: &Step, name: &str) -> Result<Option<Template>, PlanError> {
        match step.with.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(setting) => Template::compile(setting)
                .map(Some)
                .map_err(|error| self.expression(&step.at.key("with").key(name), &error)),
        }
    }

    fn needed(&self, step: &Step, name: &str) -> Result<Template, PlanError> {
        self.setting(step, name)?.ok_or_else(|| {
            self.wrong(
                &step.at.key("use"),
                format!("`{}` needs `{name}`", step.uses),
            )
        })
    }

    fn condition(&self, step: &Step, name: &str) -> Result<Template, PlanError> {
        let setting = step.with.get(name).cloned().unwrap_or(json!(false));
        Template::compile_condition(&setting)
            .map_err(|error| self.expression(&step.at.key("with").key(name), &error))
    }

    /// A setting that is known before the run.
    fn text(&self, step: &Step, name: &str) -> Result<String, PlanError> {
        match step.with.get(name) {
            Some(Json::String(text)) if !text.contains("{{") && !text.is_empty() => {
                Ok(text.clone())
            }
            _ => Err(self.wrong(
                &step.at.key("with").key(name),
                format!("`{name}` has to be a text without expressions"),
            )),
        }
    }

    fn required(&mut self, step: &Step, block: &str) -> Result<List, PlanError> {
        self.optional(step, block)?
            .ok_or_else(|| self.wrong(&step.at, format!("`{}` needs a block `{block}`", step.uses)))
    }

    fn optional(&mut self, step: &Step, block: &str) -> Result<Option<List>, PlanError> {
        match step.blocks.get(block) {
            Some(Block::Steps(steps)) => self.list(block, "", steps).map(Some),
            Some(Block::Named(lists)) if lists.is_empty() => self.list(block, "", &[]).map(Some),
            Some(Block::Named(_)) => {
                Err(self.wrong(&step.at.key(block), format!("`{block}` is a list of steps")))
            }
            None => Ok(None),
        }
    }

    /// The lists of a block; one without a name where it is written as a plain list.
    fn named(&mut self, step: &Step, block: &str) -> Result<Vec<List>, PlanError> {
        let Some(lists) = step.blocks.get(block) else {
            return Ok(Vec::new());
        };
        lists
            .lists()
            .into_iter()
            .map(|(name, steps)| self.list(block, name.unwrap_or_default(), steps))
            .collect()
    }

    fn line(&self, at: &DocPath) -> u32 {
        self.source.range(at).map_or(0, |range| {
            self.breaks.partition_point(|place| *place < range.start) as u32 + 1
        })
    }

    fn expression(&self, at: &DocPath, error: &ExpressionError) -> PlanError {
        self.problem(at, error.message.clone(), error.help.clone())
    }

    fn wrong(&self, at: &DocPath, message: String) -> PlanError {
        self.problem(at, message, None)
    }

    fn problem(&self, at: &DocPath, message: String, help: Option<String>) -> PlanError {
        let problem = Problem {
            code: "not-runnable",
            severity: Severity::Error,
            message,
            label: None,
            help,
            path: at.clone(),
            range: self.source.range(at).unwrap_or_default(),
        };
        self.source.problems(vec![problem]).into()
    }
}
