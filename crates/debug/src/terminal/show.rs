//! How the terminal shows things.

use std::fmt::Write;

use casare_engine::{RunOutcome, RunState, StepView};
use owo_colors::{OwoColorize, Style};

use crate::{Reason, Stop, breakpoint::Breakpoint, debugger::Status};

/// Colours, where they are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub(super) on: bool,
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        if self.on {
            text.style(style).to_string()
        } else {
            text.to_owned()
        }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.with(Style::new().red(), text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.with(Style::new().green(), text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.with(Style::new().yellow(), text)
    }

    pub(super) fn cyan(self, text: &str) -> String {
        self.with(Style::new().cyan(), text)
    }
}

/// Why and where a thread stands still.
pub(super) fn stop(stop: &Stop, thread: Option<&str>, paint: Paint) -> String {
    let why = match stop.reason {
        Reason::Entry => "begin".to_owned(),
        Reason::Step => "step".to_owned(),
        Reason::Pause => "paused".to_owned(),
        Reason::Failure => "failure".to_owned(),
        Reason::Breakpoint => match stop.breakpoints.as_slice() {
            [one] => format!("breakpoint {one}"),
            several => {
                let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
                format!("breakpoints {}", ids.join(", "))
            }
        },
    };
    let mut text = format!("{}: {}", paint.bold(&why), frame(&stop.view));
    if let Some(thread) = thread {
        let _ = write!(text, " {}", paint.dim(&format!("[{thread}]")));
    }
    if let Some(said) = &stop.text {
        let _ = write!(text, "\n  {}", paint.red(said));
    }
    if let Some(help) = stop.error.as_ref().and_then(|error| error.help.as_ref()) {
        let help = stop.view.masked_text(help);
        let _ = write!(text, "\n  {} {help}", paint.cyan("help:"));
    }
    text
}

/// A step of the call stack.
pub(super) fn frame(view: &StepView) -> String {
    let info = view.info();
    let mut text = format!("{} (@{}, line {})", named(view), view.path(), info.line);
    if view.attempt() > 1 {
        let _ = write!(text, ", attempt {}", view.attempt());
    }
    if let Some(pass) = view.path().list.as_ref().and_then(|list| list.pass) {
        let _ = write!(text, ", pass {}", pass + 1);
    }
    text
}

fn named(view: &StepView) -> String {
    let info = view.info();
    if info.title == info.node {
        info.node.clone()
    } else {
        format!("{} ({})", info.title, info.node)
    }
}

/// Lines of a file, the one that comes next marked.
pub(super) fn lines(
    text: &str,
    first: u32,
    last: u32,
    marked: Option<u32>,
    breakpoints: &[u32],
    paint: Paint,
) -> String {
    let mut shown = String::new();
    let lines = text.lines().zip(1u32..);
    for (line, number) in lines.skip(first.saturating_sub(1) as usize) {
        if number > last {
            break;
        }
        let dot = if breakpoints.contains(&number) {
            paint.red("●")
        } else {
            " ".to_owned()
        };
        let line: String = line.chars().take(200).collect();
        let (arrow, line) = if marked == Some(number) {
            ("→", paint.bold(&line))
        } else {
            (" ", line)
        };
        let _ = writeln!(
            shown,
            "{dot}{arrow}{} {line}",
            paint.dim(&format!("{number:4}"))
        );
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// A breakpoint in the list.
pub(super) fn breakpoint(status: &Status, paint: Paint) -> String {
    let Breakpoint {
        place,
        condition,
        hits,
        log,
    } = &status.asked;
    let mut text = format!("breakpoint {} at {place}", status.id);
    if let Some(line) = status.line
        && !place.to_string().ends_with(&format!(":{line}"))
    {
        let _ = write!(text, " (line {line})");
    }
    for (word, part) in [("if", condition), ("hit", hits), ("log", log)] {
        if let Some(part) = part {
            let _ = write!(text, " {word} {part}");
        }
    }
    if let Some(problem) = &status.problem {
        let _ = write!(
            text,
            "\n  {}",
            paint.yellow(&format!("stops nothing: {problem}"))
        );
    }
    text
}

/// How a run ended.
pub(super) fn outcome(outcome: &RunOutcome, paint: Paint) -> String {
    let how = match outcome.state {
        RunState::Succeeded => paint.green("the run succeeded"),
        RunState::Cancelled => paint.yellow("the run was cancelled"),
        RunState::NeedsDecision => paint.yellow("the run needs a decision"),
        RunState::Failed | RunState::Running => paint.red("the run failed"),
    };
    let mut text = format!("{how} (run {})", outcome.run);
    if let Some(error) = &outcome.error
        && outcome.state != RunState::Cancelled
    {
        let step = error.step.as_deref().unwrap_or("workflow");
        let _ = write!(text, "\n  {step}: {}", error.message);
        if let Some(help) = &error.help {
            let _ = write!(text, "\n  {} {help}", paint.cyan("help:"));
        }
    }
    if let serde_json::Value::Object(outputs) = &outcome.outputs {
        for (name, value) in outputs {
            let _ = write!(text, "\n  {}: {value}", paint.bold(name));
        }
    }
    text
}
