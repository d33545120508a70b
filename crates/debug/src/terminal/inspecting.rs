//! Commands that look at a run that stands still, or change what it sees.

use std::{io::Write, path::Path};

use casare_engine::StepView;

use super::{Command, Front, TerminalError, show};
use crate::{
    Stop,
    debugger::FileLine,
    inspect::{self, Group, Item, PAGE},
};

/// Characters of a value in a list of several.
const WIDTH: usize = 100;
/// Characters of a value that was asked for by itself.
const WIDE: usize = 2_000;

impl<W: Write + Send> Front<W> {
    pub(super) fn inspect(&mut self, command: Command) -> Result<(), TerminalError> {
        if let Command::List(line) = command {
            return self.list_from(line);
        }
        if let Command::Watch(Some(expression)) = &command {
            self.watches.push(expression.clone());
        }
        if let Command::Unwatch(number) = command {
            if number == 0 || number > self.watches.len() {
                return self.complain(&format!("there is no watch {number}"));
            }
            self.watches.remove(number - 1);
            return Ok(());
        }
        let Some((stop, frame)) = self.stopped() else {
            return self.complain("nothing stands still; there is nothing to look at");
        };
        let Some(view) = stop.view.stack().nth(frame) else {
            return Ok(());
        };
        match command {
            Command::Print(expression) => match inspect::evaluate(view, &expression) {
                Ok(value) => {
                    let text = inspect::summary(view, &value, WIDE);
                    self.say(&text)?;
                    let items = inspect::children(&value, None, 0, PAGE);
                    if items.len() > 1 {
                        self.show_items(view, &items)?;
                    }
                    Ok(())
                }
                Err(problem) => self.complain(&problem),
            },
            Command::Set(target, expression) => {
                let set = inspect::evaluate(view, &expression).and_then(|value| {
                    inspect::assign(view, &target, value.clone()).map(|()| value)
                });
                match set {
                    Ok(value) => {
                        let value = inspect::summary(view, &value, WIDTH);
                        self.say(&format!("{target} = {value}"))
                    }
                    Err(problem) => self.complain(&view.masked_text(&problem)),
                }
            }
            Command::View(name) => self.view(view, name.as_deref()),
            Command::Watch(_) => self.show_watches(&stop),
            Command::Backtrace => {
                for (number, view) in stop.view.stack().enumerate() {
                    let mark = if number == frame { "→" } else { " " };
                    let place = FileLine::of(view);
                    let file = place.path.file_name().unwrap_or_default().to_string_lossy();
                    let text = format!("{mark} {number} {} in {file}", show::frame(view));
                    self.say(&text)?;
                }
                Ok(())
            }
            Command::Frame(number) => {
                let Some(view) = stop.view.stack().nth(number) else {
                    return self.complain(&format!("there is no step {number}; see `bt`"));
                };
                self.at = self.at.map(|(thread, _)| (thread, number));
                let place = FileLine::of(view);
                self.list(&place.path, place.line.saturating_sub(2), place.line + 2)
            }
            _ => Ok(()),
        }
    }

    /// The names that a step sees.
    fn view(&mut self, view: &StepView, name: Option<&str>) -> Result<(), TerminalError> {
        let wanted = match name {
            None => None,
            Some(name) => {
                let group = match name {
                    "vars" | "variables" => Group::Variables,
                    "loop" | "block" => Group::Bound,
                    "settings" => Group::Settings,
                    "steps" => Group::Steps,
                    "inputs" => Group::Inputs,
                    "run" | "env" => Group::Run,
                    _ => {
                        return self.complain(
                            "write `v` and one of vars, loop, settings, steps, inputs, run",
                        );
                    }
                };
                Some(group)
            }
        };
        for group in Group::ALL {
            let shown = match wanted {
                Some(wanted) => group == wanted,
                None => !matches!(group, Group::Run),
            };
            let items = if shown { group.items(view) } else { Vec::new() };
            if !items.is_empty() {
                let title = self.paint.bold(group.name());
                self.say(&title)?;
                self.show_items(view, &items)?;
            } else if wanted == Some(group) {
                self.say("nothing")?;
            }
        }
        Ok(())
    }

    fn show_items(&mut self, view: &StepView, items: &[Item]) -> Result<(), TerminalError> {
        for item in items {
            let value = inspect::summary(view, &item.value, WIDTH);
            let name = view.masked_text(&item.name);
            self.say(&format!("  {}: {value}", self.paint.cyan(&name)))?;
        }
        Ok(())
    }

    pub(super) fn show_watches(&mut self, stop: &Stop) -> Result<(), TerminalError> {
        for (number, expression) in self.watches.clone().into_iter().enumerate() {
            let value = match inspect::evaluate(&stop.view, &expression) {
                Ok(value) => inspect::summary(&stop.view, &value, WIDTH),
                Err(problem) => self.paint.dim(&problem),
            };
            self.say(&format!("  {} {expression} = {value}", number + 1))?;
        }
        Ok(())
    }

    fn list_from(&mut self, line: Option<u32>) -> Result<(), TerminalError> {
        let main = self.session.program().files().first();
        let main = main.map(|file| file.path.clone()).unwrap_or_default();
        let here = self.stopped().and_then(|(stop, frame)| {
            let view = stop.view.stack().nth(frame)?;
            Some(FileLine::of(view))
        });
        let (path, first) = match (line, &self.listed, here) {
            (Some(line), listed, here) => {
                let path = here.or_else(|| listed.clone()).map_or(main, |at| at.path);
                (path, line.saturating_sub(5))
            }
            (None, Some(listed), _) => (listed.path.clone(), listed.line + 1),
            (None, None, Some(here)) => (here.path, here.line.saturating_sub(5)),
            (None, None, None) => (main, 1),
        };
        self.list(&path, first, first.max(1) + 10)
    }

    /// Shows lines of a file, with breakpoints and where the run stands.
    pub(super) fn list(&mut self, path: &Path, first: u32, last: u32) -> Result<(), TerminalError> {
        let marked = self.stopped().and_then(|(stop, frame)| {
            let at = FileLine::of(stop.view.stack().nth(frame)?);
            (at.path == path).then_some(at.line)
        });
        let breakpoints: Vec<u32> = self
            .session
            .debugger
            .breakpoints()
            .into_iter()
            .filter(|status| status.problem.is_none())
            .filter_map(|status| status.line)
            .collect();
        let Some(file) = self.session.program().file(path) else {
            return Ok(());
        };
        let text = show::lines(&file.text, first, last, marked, &breakpoints, self.paint);
        self.listed = Some(FileLine {
            path: path.to_owned(),
            line: last,
        });
        if text.is_empty() {
            return self.say("that is all");
        }
        self.say(&text)
    }
}
