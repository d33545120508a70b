//! What goes to stdout and stderr, and how it looks there.

use std::fmt::Write as _;

use std::io::{self, IsTerminal, Write};

use owo_colors::{OwoColorize, Style};
use serde::Serialize;

use crate::{
    failure::{CliError, Exit},
    problems,
};

/// Where results and remarks go.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// How stdout is painted.
    pub(crate) out: Paint,
    /// How stderr is painted.
    pub(crate) err: Paint,
    /// Whether somebody watches stderr.
    pub(crate) watched: bool,
}

#[expect(
    clippy::unused_self,
    reason = "whoever writes has to be given a terminal"
)]
impl Terminal {
    pub(crate) fn new(colour: bool) -> Self {
        let watched = io::stderr().is_terminal();
        Self {
            out: Paint {
                on: colour && io::stdout().is_terminal(),
            },
            err: Paint {
                on: colour && watched,
            },
            watched,
        }
    }

    /// A result for people: to stdout, with a line break.
    pub(crate) fn print(&self, text: &str) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| {
                if text.ends_with('\n') {
                    Ok(())
                } else {
                    out.write_all(b"\n")
                }
            })
            .and_then(|()| out.flush())
            .map_err(CliError::Output)
    }

    /// A result for programs: one line of JSON to stdout.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<(), CliError> {
        let json = serde_json::to_string(value).map_err(|error| CliError::Output(error.into()))?;
        self.print(&json)
    }

    /// A remark: to stderr. Nobody may be listening, and that is fine.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Tells why a command could not do its work.
    pub(crate) fn failure(&self, error: &CliError, json: bool) -> Exit {
        let exit = error.exit();
        if exit == Exit::Done {
            return exit;
        }
        if json {
            // When stdout is gone there is still the exit code.
            let _ = self.print_json(&error.to_json());
        }
        if let CliError::Plan(casare_engine::PlanError::Invalid(list)) = error {
            self.note(&problems::render(list, self.err));
            return exit;
        }
        let mut text = format!("{}: {error}", self.err.red("error"));
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            let _ = write!(text, "\n  {} {error}", self.err.dim("because:"));
            cause = error.source();
        }
        if let Some(help) = error.help() {
            let _ = write!(text, "\n  {} {help}", self.err.cyan("help:"));
        }
        self.note(&text);
        exit
    }
}

/// Colours, where they are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) on: bool,
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        if self.on {
            text.style(style).to_string()
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with(Style::new().red().bold(), text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.with(Style::new().green(), text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with(Style::new().yellow(), text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.with(Style::new().cyan(), text)
    }
}

/// Rows with their columns one below the other; the last column is as long as it is.
pub(crate) fn table(rows: &[Vec<Cell>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.width)
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            text.push_str(&cell.text);
            if column + 1 < row.len() {
                text.extend(std::iter::repeat_n(' ', widths[column] - cell.width + 2));
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// A painted text and the place it takes.
#[derive(Debug)]
pub(crate) struct Cell {
    text: String,
    width: usize,
}

impl Cell {
    pub(crate) fn new(text: &str, paint: impl FnOnce(&str) -> String) -> Self {
        Self {
            width: text.chars().count(),
            text: paint(text),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, str::to_owned)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            width: text.chars().count(),
            text,
        }
    }
}

/// Microseconds as people read them.
pub(crate) fn time(micros: u64) -> String {
    match micros {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..60_000_000 => format!("{:.1} s", micros as f64 / 1e6),
        60_000_000..3_600_000_000 => {
            format!("{} min {} s", micros / 60_000_000, micros / 1_000_000 % 60)
        }
        _ => format!(
            "{} h {} min",
            micros / 3_600_000_000,
            micros / 60_000_000 % 60
        ),
    }
}

/// A count with its noun: `1 step`, `12,345 steps`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = match noun.strip_suffix("ss") {
        Some(_) => "es",
        None => "s",
    };
    format!(
        "{} {noun}{}",
        grouped(number),
        if number == 1 { "" } else { plural }
    )
}

/// `12345` as `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
