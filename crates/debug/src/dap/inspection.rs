//! Requests that look at a run that stands still, or change what it sees.

use std::path::Path;

use casare_engine::StepView;
use casare_workflow::{Value, value::kind_name};
use serde_json::{Value as Json, json};
use tokio::io::AsyncWrite;

use super::{
    Answer, Server,
    breakpoints::file_name,
    held::Thing,
    protocol::{
        EvaluateArguments, FrameArguments, Request, SetExpressionArguments, SetVariableArguments,
        SourceArguments, StackTraceArguments, ThreadArguments, VariablesArguments,
    },
};
use crate::{
    Reason, Session,
    debugger::FileLine,
    inspect::{self, Group, Item, PAGE},
};

/// Characters of a value in the variables view.
const WIDTH: usize = 200;
/// Characters of a value that is copied.
const WIDEST: usize = 1 << 20;
/// Items that are sent at once.
const MOST: usize = 10_000;

impl<W: AsyncWrite + Send + Unpin> Server<W> {
    pub(super) fn threads(&self) -> Json {
        let threads = self.debugger.threads().into_iter();
        let threads: Vec<Json> = threads
            .map(|thread| json!({ "id": thread.id, "name": thread.name }))
            .collect();
        json!({ "threads": threads })
    }

    pub(super) fn stack_trace(&mut self, request: &Request) -> Answer {
        let arguments: StackTraceArguments = request.arguments()?;
        let thread = arguments.thread_id;
        let Some(stop) = self.debugger.stop(thread) else {
            return Ok(json!({ "stackFrames": [], "totalFrames": 0 }));
        };
        let total = stop.view.stack().count();
        let levels = arguments
            .levels
            .filter(|levels| *levels > 0)
            .unwrap_or(total);
        let wanted = stop.view.stack().skip(arguments.start_frame.unwrap_or(0));
        let frames: Vec<Json> = wanted
            .take(levels)
            .map(|view| self.frame(thread, view))
            .collect();
        Ok(json!({ "stackFrames": frames, "totalFrames": total }))
    }

    fn frame(&mut self, thread: u32, view: &StepView) -> Json {
        let place = FileLine::of(view);
        let info = view.info();
        let mut name = info.title.clone();
        if let Some(pass) = view.path().list.as_ref().and_then(|list| list.pass) {
            name = format!("{name} · pass {}", pass + 1);
        }
        let id = self.held.keep(thread, Thing::Frame(view.clone()));
        json!({
            "id": id,
            "name": name,
            "source": self.source_of(&place.path),
            "line": self.line_to(place.line),
            "column": u32::from(self.one_based),
            "canRestart": true,
        })
    }

    pub(super) fn scopes(&mut self, request: &Request) -> Answer {
        let arguments: FrameArguments = request.arguments()?;
        let (thread, view) = self.held.frame(arguments.frame_id)?;
        let mut scopes = Vec::new();
        for group in Group::ALL {
            let count = match group {
                // Evaluating the settings of every frame only to count them costs too much.
                Group::Settings | Group::Run => None,
                _ => Some(group.items(&view).len()),
            };
            if count == Some(0) {
                continue;
            }
            let reference = self.held.keep(thread, Thing::Group(view.clone(), group));
            scopes.push(json!({
                "name": group.name(),
                "variablesReference": reference,
                "expensive": group == Group::Settings,
                "namedVariables": count,
            }));
        }
        Ok(json!({ "scopes": scopes }))
    }

    pub(super) fn variables(&mut self, request: &Request) -> Answer {
        let arguments: VariablesArguments = request.arguments()?;
        let Some((thread, thing)) = self.held.get(arguments.variables_reference) else {
            return Err("that value is not shown any more".to_owned());
        };
        let start = arguments.start.unwrap_or(0);
        let count = arguments.count.filter(|count| *count > 0);
        let (view, items) = match thing.clone() {
            Thing::Frame(_) => return Err("that is a step, not a value".to_owned()),
            Thing::Group(view, group) => {
                let items = group.items(&view).into_iter().skip(start);
                let items: Vec<Item> = items.take(count.unwrap_or(MOST)).collect();
                (view, items)
            }
            Thing::Value {
                view,
                value,
                expression,
            } => {
                let sizes = inspect::sizes(&value);
                let wanted = match arguments.filter.as_deref() {
                    Some("named") => sizes.is_none_or(|(named, _)| named > 0),
                    Some("indexed") => sizes.is_none_or(|(_, indexed)| indexed > 0),
                    _ => true,
                };
                // Of what may be endless, one page.
                let most = if sizes.is_none() { PAGE } else { MOST };
                let count = count.unwrap_or(most).min(MOST);
                let items = if wanted {
                    inspect::children(&value, expression.as_deref(), start, count)
                } else {
                    Vec::new()
                };
                (view, items)
            }
        };
        let variables: Vec<Json> = items
            .into_iter()
            .map(|item| {
                let mut told = self.value(
                    thread,
                    &view,
                    &item.value,
                    item.expression.as_deref(),
                    WIDTH,
                );
                told["name"] = view.masked_text(&item.name).into();
                told
            })
            .collect();
        Ok(json!({ "variables": variables }))
    }

    /// A value as a client shows it, with a number to ask for what is in it.
    fn value(
        &mut self,
        thread: u32,
        view: &StepView,
        value: &Value,
        expression: Option<&str>,
        width: usize,
    ) -> Json {
        let mut told = json!({
            "value": inspect::summary(view, value, width),
            "type": kind_name(value),
            "variablesReference": 0,
        });
        if inspect::has_children(value) {
            let thing = Thing::Value {
                view: view.clone(),
                value: value.clone(),
                expression: expression.map(str::to_owned),
            };
            told["variablesReference"] = self.held.keep(thread, thing).into();
            match inspect::sizes(value) {
                Some((0, indexed)) => told["indexedVariables"] = indexed.into(),
                Some((named, _)) => told["namedVariables"] = named.into(),
                None => {}
            }
        }
        if let Some(expression) = expression {
            told["evaluateName"] = view.masked_text(expression).into();
        }
        told
    }

    pub(super) fn set_variable(&mut self, request: &Request) -> Answer {
        let arguments: SetVariableArguments = request.arguments()?;
        let Some((thread, thing)) = self.held.get(arguments.variables_reference) else {
            return Err("that value is not shown any more".to_owned());
        };
        let (view, items) = match thing.clone() {
            Thing::Frame(_) => return Err("that is a step, not a value".to_owned()),
            Thing::Group(view, group) => {
                let items = group.items(&view);
                (view, items)
            }
            Thing::Value {
                view,
                value,
                expression,
            } => {
                let items = inspect::children(&value, expression.as_deref(), 0, usize::MAX);
                (view, items)
            }
        };
        let item = items.into_iter().find(|item| item.name == arguments.name);
        let target = item.and_then(|item| item.expression);
        let target = target.ok_or_else(|| format!("`{}` can't be changed", arguments.name))?;
        self.set(thread, &view, &target, &arguments.value)
    }

    pub(super) fn set_expression(&mut self, request: &Request) -> Answer {
        let arguments: SetExpressionArguments = request.arguments()?;
        let (thread, view) = self.frame_or_any(arguments.frame_id)?;
        self.set(thread, &view, &arguments.expression, &arguments.value)
    }

    fn set(&mut self, thread: u32, view: &StepView, target: &str, expression: &str) -> Answer {
        let value = inspect::evaluate(view, expression).map_err(|problem| {
            format!("{problem} (a text needs quotes: \"{}\")", expression.trim())
        })?;
        inspect::assign(view, target, value.clone())
            .map_err(|problem| view.masked_text(&problem))?;
        Ok(self.value(thread, view, &value, Some(target), WIDTH))
    }

    pub(super) fn evaluate(&mut self, request: &Request) -> Answer {
        let arguments: EvaluateArguments = request.arguments()?;
        let (thread, view) = self.frame_or_any(arguments.frame_id)?;
        let context = arguments.context.as_deref().unwrap_or_default();
        let expression = arguments.expression.trim();
        if context == "repl"
            && let Some(assignment) = expression.strip_prefix("set ")
        {
            let Some((target, value)) = assignment.split_once('=') else {
                return Err("write `set VAR = EXPR`".to_owned());
            };
            let told = self.set(thread, &view, target.trim(), value)?;
            return Ok(as_result(told));
        }
        let value = inspect::evaluate(&view, expression)?;
        let width = if context == "clipboard" {
            WIDEST
        } else {
            WIDTH
        };
        let mut told = self.value(thread, &view, &value, Some(expression), width);
        if context == "clipboard" {
            // What is pasted is to be read by programs.
            told["value"] = view.masked(&value).to_string().into();
        }
        Ok(as_result(told))
    }

    /// The frame that a client names, or the first one that stands still.
    fn frame_or_any(&self, frame: Option<u64>) -> Result<(u32, StepView), String> {
        if let Some(frame) = frame {
            return self.held.frame(frame);
        }
        let threads = self.debugger.threads();
        let stopped = threads.into_iter().find(|thread| thread.stopped);
        stopped
            .and_then(|thread| Some((thread.id, self.debugger.stop(thread.id)?.view)))
            .ok_or_else(|| "nothing stands still; there is nothing to look at".to_owned())
    }

    pub(super) fn exception_info(&mut self, request: &Request) -> Answer {
        let arguments: ThreadArguments = request.arguments()?;
        let stop = self.debugger.stop(arguments.thread_id);
        let failure = stop.filter(|stop| stop.reason == Reason::Failure);
        let Some((view, error)) = failure.and_then(|stop| Some((stop.view, stop.error?))) else {
            return Err("no step has failed there".to_owned());
        };
        let masked = |text: &str| view.masked_text(text);
        let mut description = masked(&error.message);
        if let Some(help) = &error.help {
            description = format!("{description}\nhelp: {}", masked(help));
        }
        let handled = view.is_handled(&error);
        Ok(json!({
            "exceptionId": error.kind.name(),
            "description": description,
            "breakMode": if handled { "always" } else { "unhandled" },
            "details": {
                "message": masked(&error.message),
                "typeName": error.kind.name(),
                "stackTrace": view
                    .stack()
                    .map(|view| format!("{} ({})", view.info().title, view.path()))
                    .collect::<Vec<_>>()
                    .join("\n"),
            },
        }))
    }

    pub(super) fn loaded_sources(&mut self) -> Json {
        let files = self.files.clone();
        let sources: Vec<Json> = files.iter().map(|path| self.source_of(path)).collect();
        json!({ "sources": sources })
    }

    pub(super) fn source(&mut self, request: &Request) -> Answer {
        let arguments: SourceArguments = request.arguments()?;
        let number = match (arguments.source_reference, &arguments.source) {
            (0, Some(source)) => source.source_reference.unwrap_or(0),
            (number, _) => number,
        };
        let program = self.session.as_ref().map(Session::program);
        let by_number = number
            .checked_sub(1)
            .and_then(|place| self.files.get(place));
        let by_path = arguments
            .source
            .as_ref()
            .and_then(|source| source.path.as_ref());
        let text = by_number
            .or(by_path)
            .and_then(|path| Some(program?.file(path)?.text.clone()));
        match text {
            Some(text) => Ok(json!({ "content": text, "mimeType": "text/x-yaml" })),
            None => Err("there is no such source".to_owned()),
        }
    }

    /// A file as a client knows it: by its path, or by a number where it is gone from the disk.
    fn source_of(&self, path: &Path) -> Json {
        let mut source = json!({ "name": file_name(path), "path": path });
        if !path.exists()
            && let Some(place) = self.files.iter().position(|known| known == path)
        {
            source["sourceReference"] = (place + 1).into();
        }
        source
    }
}

/// A value as the answer to `evaluate` calls it.
fn as_result(mut told: Json) -> Json {
    if let Some(told) = told.as_object_mut()
        && let Some(value) = told.remove("value")
    {
        told.insert("result".to_owned(), value);
    }
    told
}
