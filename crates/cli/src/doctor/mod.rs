use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    config::{Config, Origin},
    execution,
    failure::{CliError, Exit},
    terminal::{Cell, Paint, Terminal, table},
};

mod browser;
mod machine;
mod programs;
mod system;

/// Say what this machine can do, and how to get what is missing
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 1 when runs can't work at all, such as when nothing can be written."
)]
pub(crate) struct Doctor {
    /// Print `{"ok": …, "checks": […], "settings": […]}`
    #[arg(long)]
    pub(crate) json: bool,
}

/// Something that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    /// What was found.
    found: String,
    /// What it is for, where something is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed_for: Option<&'static str>,
    /// How to get it on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    get: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    /// Some nodes can't be used.
    Missing,
    /// No run can work.
    Broken,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Ok,
            found: found.into(),
            needed_for: None,
            get: None,
        }
    }

    fn missing(
        name: &'static str,
        found: impl Into<String>,
        needed_for: &'static str,
        get: String,
    ) -> Self {
        Self {
            name,
            state: State::Missing,
            found: found.into(),
            needed_for: Some(needed_for),
            get: Some(get),
        }
    }
}

impl Doctor {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let system = system::System::of_this_machine();
        let runtime = execution::runtime()?;
        let mut checks = machine::checks(config);
        checks.extend(runtime.block_on(browser::checks(config, system)));
        checks.extend(programs::checks(config, system));
        let ok = checks.iter().all(|check| check.state != State::Broken);
        let settings = settings(config);
        if self.json {
            let settings: Vec<Json> = settings
                .into_iter()
                .map(|(name, value, from)| json!({ "name": name, "value": value, "from": from }))
                .collect();
            terminal.print_json(&json!({ "ok": ok, "checks": checks, "settings": settings }))?;
        } else {
            terminal.print(&told(&checks, &settings, terminal.out))?;
        }
        Ok(if ok { Exit::Done } else { Exit::Failed })
    }
}

fn told(checks: &[Check], settings: &[(String, String, Origin)], paint: Paint) -> String {
    let row = |check: &Check| {
        let mark = match check.state {
            State::Ok => Cell::new("✔", |mark| paint.green(mark)),
            State::Missing => Cell::new("–", |mark| paint.yellow(mark)),
            State::Broken => Cell::new("✘", |mark| paint.red(mark)),
        };
        vec![mark, check.name.into(), check.found.as_str().into()]
    };
    let mut text = String::new();
    // What is missing stands below its line, so the table is cut up again afterwards.
    let lines = table(&checks.iter().map(row).collect::<Vec<_>>());
    for (line, check) in lines.lines().zip(checks) {
        let _ = writeln!(text, "{line}");
        if let Some(needed_for) = check.needed_for {
            let _ = writeln!(text, "     {} {needed_for}", paint.dim("needed for"));
        }
        if let Some(get) = &check.get {
            let _ = writeln!(
                text,
                "     {} {}",
                paint.dim("get it with"),
                paint.cyan(get)
            );
        }
    }
    let _ = writeln!(text, "\n{}", paint.bold("Settings"));
    let rows: Vec<Vec<Cell>> = settings
        .iter()
        .map(|(name, value, from)| {
            let from = match from {
                Origin::Default => "default",
                Origin::Environment => "from the environment",
            };
            vec![
                format!("  {name}").into(),
                value.as_str().into(),
                Cell::new(from, |from| paint.dim(from)),
            ]
        })
        .collect();
    text.push_str(&table(&rows));
    text
}

/// Each setting, its value, and where that came from. Credentials show their names alone.
fn settings(config: &Config) -> Vec<(String, String, Origin)> {
    let path = |path: &Option<std::path::PathBuf>, none: &str| {
        path.as_ref()
            .map_or_else(|| none.to_owned(), |path| path.display().to_string())
    };
    let mut settings = vec![
        (
            "CASARE_HOME".to_owned(),
            path(&config.home.value, "none"),
            config.home.from,
        ),
        (
            "CASARE_CHROMIUM".to_owned(),
            path(&config.chromium.value, "looked for"),
            config.chromium.from,
        ),
        (
            "CASARE_LOG".to_owned(),
            config.log.value.clone().unwrap_or_else(|| "off".to_owned()),
            config.log.from,
        ),
        (
            "colours".to_owned(),
            if config.colour.value {
                "on terminals"
            } else {
                "off"
            }
            .to_owned(),
            config.colour.from,
        ),
    ];
    settings.extend(
        config
            .credential_variables()
            .map(|name| (name.to_owned(), "set".to_owned(), Origin::Environment)),
    );
    settings
}
