//! What can be typed.

use std::{collections::BTreeMap, path::Path};

use casare_engine::{Beginning, StepPath};
use serde_json::Value as Json;

use crate::{Breakpoint, Failures, Place, Program, Resume};

pub(super) const HELP: &str = "\
Going on
  c                     continue to the next breakpoint
  n                     next step, over what is inside this one
  s                     next step, into the blocks of this one
  o                     out of the block that this step is in
  skip [JSON]           do not execute this step; JSON are its outputs
  restart               from the beginning, reading the file again
  restart at STEP [ID=JSON …]
                        at a step, by id or path, with what the run did before it and the outputs
                        given here
  q                     end the run in good order and leave
Stopping
  b                     list the breakpoints
  b PLACE [if EXPR] [hit N] [log TEXT]
                        PLACE is a line, FILE:LINE, a step's id, or @ and its path (@1.do[17].0;
                        without [17]: in each pass). N is 5, >= 5 or % 10. With a TEXT the run goes
                        on; {expression} is filled in
  d N                   delete breakpoint N
  e all|unhandled|off   which failures stop the run (unhandled)
Looking
  l [LINE]              list the source
  p EXPR                print the value of an expression
  v [NAME]              what the step sees: vars, loop, settings, steps, inputs, run
  w [EXPR]              watch an expression; without one, show those watched
  uw N                  watch number N no more
  bt                    the steps around this one
  f N                   look at the world as step N of `bt` sees it
  t [N]                 list the threads, or look at thread N
Changing
  set VAR = EXPR        a variable (total, vars.rows[0].name) or an output (steps.people.count)";

/// A line that was typed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    Help,
    Quit,
    Go(Resume),
    Skip(Option<Json>),
    Restart,
    RestartAt(Beginning),
    Break(Option<Wanted>),
    Delete(u32),
    Failures(Failures),
    List(Option<u32>),
    Print(String),
    View(Option<String>),
    Watch(Option<String>),
    Unwatch(usize),
    Backtrace,
    Frame(usize),
    Thread(Option<u32>),
    Set(String, String),
}

/// A breakpoint as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    place: String,
    condition: Option<String>,
    hits: Option<String>,
    log: Option<String>,
}

impl Command {
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let (word, rest) = match line.split_once(char::is_whitespace) {
            Some((word, rest)) => (word, Some(rest.trim()).filter(|rest| !rest.is_empty())),
            None => (line, None),
        };
        let text = || rest.map(str::to_owned);
        Ok(match word {
            "h" | "help" | "?" => Self::Help,
            "q" | "quit" | "exit" => Self::Quit,
            "c" | "continue" => Self::Go(Resume::Continue),
            "n" | "next" => Self::Go(Resume::Over),
            "s" | "step" => Self::Go(Resume::Into),
            "o" | "out" => Self::Go(Resume::Out),
            "skip" => Self::Skip(rest.map(json).transpose()?),
            "restart" => match rest {
                None => Self::Restart,
                Some(rest) => Self::RestartAt(beginning(rest)?),
            },
            "b" | "break" => Self::Break(rest.map(wanted)),
            "d" | "delete" => Self::Delete(number(rest, "d N")?),
            "e" | "errors" => Self::Failures(match rest {
                Some("all") => Failures::All,
                Some("unhandled") => Failures::Unhandled,
                Some("off") => Failures::None,
                _ => return Err("write `e all`, `e unhandled` or `e off`".to_owned()),
            }),
            "l" | "list" => Self::List(match rest {
                Some(_) => Some(number(rest, "l LINE")?),
                None => None,
            }),
            "p" | "print" => Self::Print(text().ok_or("write `p` and an expression")?),
            "v" | "vars" | "variables" => Self::View(text()),
            "w" | "watch" => Self::Watch(text()),
            "uw" | "unwatch" => Self::Unwatch(number(rest, "uw N")? as usize),
            "bt" | "where" => Self::Backtrace,
            "f" | "frame" => Self::Frame(number(rest, "f N")? as usize),
            "t" | "threads" | "thread" => Self::Thread(match rest {
                Some(_) => Some(number(rest, "t N")?),
                None => None,
            }),
            "set" => {
                let (target, value) = rest.and_then(assignment).ok_or("write `set VAR = EXPR`")?;
                Self::Set(target, value)
            }
            _ => return Err(format!("there is no command `{word}`; `h` lists them")),
        })
    }
}

impl Wanted {
    /// What is meant, seen from the file `here`.
    pub(super) fn breakpoint(self, here: &Path, program: &Program) -> Breakpoint {
        Breakpoint {
            place: place(&self.place, here, program),
            condition: self.condition,
            hits: self.hits,
            log: self.log,
        }
    }
}

fn place(text: &str, here: &Path, program: &Program) -> Place {
    if let Ok(line) = text.parse() {
        return Place::Line(here.to_owned(), line);
    }
    if let Some((file, line)) = text.rsplit_once(':')
        && let Ok(line) = line.parse()
    {
        let named = |path: &Path| path.ends_with(file);
        let known = program.files().iter().find(|known| named(&known.path));
        let path = known.map_or_else(|| file.into(), |known| known.path.clone());
        return Place::Line(path, line);
    }
    match text.strip_prefix('@').unwrap_or(text).parse::<StepPath>() {
        Ok(path) => Place::Path(path),
        Err(_) => Place::Id(text.to_owned()),
    }
}

fn wanted(text: &str) -> Wanted {
    // From the end: a message may hold any word.
    let (text, log) = split(text, " log ", str::split_once);
    let (text, hits) = split(text, " hit ", str::rsplit_once);
    let (text, condition) = split(text, " if ", str::split_once);
    Wanted {
        place: text.trim().to_owned(),
        condition,
        hits,
        log,
    }
}

fn split<'t>(
    text: &'t str,
    word: &'static str,
    at: fn(&'t str, &'static str) -> Option<(&'t str, &'t str)>,
) -> (&'t str, Option<String>) {
    match at(text, word) {
        Some((text, rest)) => (text, Some(rest.trim().to_owned())),
        None => (text, None),
    }
}

/// `VAR = EXPR`, not `a == b`.
pub(crate) fn assignment(text: &str) -> Option<(String, String)> {
    let (target, value) = text.split_once('=')?;
    let (target, value) = (target.trim(), value.trim());
    let compares = value.starts_with('=') || target.ends_with(['!', '<', '>']);
    (!target.is_empty() && !value.is_empty() && !compares)
        .then(|| (target.to_owned(), value.to_owned()))
}

fn number(text: Option<&str>, form: &str) -> Result<u32, String> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("write `{form}` with a number"))
}

fn json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| format!("`{text}` is not JSON: {error}"))
}

/// `at STEP ID=JSON …`
fn beginning(text: &str) -> Result<Beginning, String> {
    const FORM: &str = "write `restart` or `restart at STEP`";
    let rest = text.strip_prefix("at ").ok_or(FORM)?.trim();
    let (step, mut rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let mut outputs = BTreeMap::new();
    while let Some((id, after)) = rest.trim_start().split_once('=') {
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Json>();
        match values.next() {
            Some(Ok(value)) => {
                outputs.insert(id.trim().to_owned(), value);
                rest = &after[values.byte_offset()..];
            }
            _ => return Err(format!("the outputs of `{}` are not JSON", id.trim())),
        }
    }
    if step.is_empty() {
        return Err(FORM.to_owned());
    }
    Ok(Beginning {
        step: step.to_owned(),
        earlier: None,
        outputs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_breakpoint_may_have_a_condition_a_count_and_a_message() {
        let command = Command::parse("b orders.yaml:12 if n > 3 hit % 2 log {n} if any");

        let wanted = Wanted {
            place: "orders.yaml:12".into(),
            condition: Some("n > 3".into()),
            hits: Some("% 2".into()),
            log: Some("{n} if any".into()),
        };
        assert_eq!(command, Ok(Command::Break(Some(wanted))));
    }

    #[test]
    fn a_restart_may_bring_outputs() {
        let command = Command::parse(r#"restart at 3 people={"count": 2} rate=1.5"#);

        let Ok(Command::RestartAt(beginning)) = command else {
            panic!("{command:?}");
        };
        assert_eq!(beginning.step, "3");
        assert_eq!(beginning.outputs["people"], json!({ "count": 2 }));
        assert_eq!(beginning.outputs["rate"], json!(1.5));
    }

    #[test]
    fn what_is_not_understood_is_told_how_to_write() {
        for line in [
            "x",
            "d",
            "d one",
            "set a",
            "set a == 1",
            "restart 3",
            "e some",
            "p",
        ] {
            assert!(Command::parse(line).is_err(), "{line}");
        }
    }
}
