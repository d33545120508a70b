//! `casare record`: what a person does in a browser becomes a workflow.

use std::path::{Path, PathBuf};

use casare_recorder::{Event, Options, devtools, workflow};
use casare_workflow::format;
use clap::{Args, ValueEnum};

use crate::{
    config::Config,
    execution::runtime,
    failure::{CliError, Exit},
    files,
    terminal::Terminal,
};

mod fault;
mod log;
mod session;
mod summary;

pub(crate) use self::fault::RecordError;
use self::{
    log::{Begin, Log},
    session::Ended,
    summary::Summary,
};

/// Record what you do in a browser as a workflow
///
/// Opens a browser at URL. Click, type, choose, upload and download as always; a small window in the page shows what
/// was recorded, and can pause, show selectors and say what has to be so. Stop there, close the browser, or press
/// Ctrl-C. Passwords and other secrets are not recorded: the workflow takes them from a credential.
#[derive(Debug, Args)]
#[command(after_help = "\
Keys in the page: Alt+Shift and P pauses, E picks an element, T expects its text, V that it is visible, S stops,
O moves to the recorder's window.

Each action is kept in FILE.recording.jsonl as it happens. If the recording was cut off,
`casare record --events FILE.recording.jsonl` makes the workflow of what is there.")]
pub(crate) struct Record {
    /// The address to begin at
    #[arg(required_unless_present_any = ["from", "events"], value_name = "URL")]
    url: Option<String>,
    /// The workflow to write; called like the site if not given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Without a window: for tests that steer the browser
    #[arg(long)]
    headless: bool,
    /// A folder with a browser profile to use and keep, with its logins
    #[arg(long, value_name = "DIR")]
    profile: Option<PathBuf>,
    /// A browser that runs already, by its debugging port: `http://127.0.0.1:9222`
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["headless", "profile"])]
    connect: Option<String>,
    /// Make the workflow of a recording of Chrome's DevTools instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "events", "connect", "headless", "profile", "export"])]
    from: Option<PathBuf>,
    /// Make the workflow of an earlier recording instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "connect", "headless", "profile"])]
    events: Option<PathBuf>,
    /// Write the recording for another tool as well, beside the workflow
    #[arg(long, value_name = "FORMAT")]
    export: Option<Export>,
    /// The credential that stands for secrets; called like the site if not given
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// Replace files that are already there
    #[arg(long)]
    force: bool,
    /// Print `{"workflow", "events", "export", "steps", "credentials", "inputs", "problems"}`
    #[arg(long)]
    pub(crate) json: bool,
}

/// What else a recording can be written as.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Export {
    /// JSON for the Recorder panel of Chrome's DevTools
    Devtools,
}

impl Record {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        if let Some(from) = &self.from {
            return self.bring_over(from, terminal);
        }
        if let Some(log) = &self.events {
            let (begin, events) = log::read(log)?;
            let name = log::name_of(log);
            let output = self.output.clone();
            let output =
                output.unwrap_or_else(|| log.with_file_name(format!("{name}.workflow.yaml")));
            self.ensure_free(&[&output])?;
            return self.write(&begin, &events, &output, log, terminal);
        }
        let url = address(self.url.as_deref().unwrap_or_default())?;
        let name = site(&url);
        let output = self.output.clone();
        let output = output.unwrap_or_else(|| PathBuf::from(format!("{name}.workflow.yaml")));
        let events = log::beside(&output);
        self.ensure_free(&[&output])?;
        if !self.force && events.symlink_metadata().is_ok() {
            return Err(RecordError::Leftover(events).into());
        }
        let recorded = runtime()?.block_on(async {
            let begin = Begin::at(&url);
            let log = Log::create(&events, &begin)?;
            session::record(&self, config, terminal, begin, log).await
        });
        let Ended {
            begin,
            events: done,
        } = match recorded {
            Ok(ended) => ended,
            Err(error) => {
                log::discard_empty(&events);
                return Err(error);
            }
        };
        self.write(&begin, &done, &output, &events, terminal)
    }

    fn ensure_free(&self, paths: &[&Path]) -> Result<(), CliError> {
        for path in paths {
            if !self.force && path.symlink_metadata().is_ok() {
                return Err(CliError::InTheWay {
                    path: (*path).to_owned(),
                    reason: "it is already there; `--force` replaces it",
                });
            }
        }
        Ok(())
    }

    /// Writes the workflow of `events`, and tells what it needs.
    fn write(
        &self,
        begin: &Begin,
        events: &[Event],
        output: &Path,
        log: &Path,
        terminal: &Terminal,
    ) -> Result<Exit, CliError> {
        if events.is_empty() {
            log::discard_empty(log);
            return Err(RecordError::Nothing.into());
        }
        let options = Options {
            name: log::name_of(output),
            url: begin.url.clone(),
            viewport: begin.viewport,
            credential: self.credential.clone().unwrap_or_else(|| site(&begin.url)),
        };
        let made = workflow(events, &options);
        let export = match self.export {
            Some(Export::Devtools) => {
                let path = log.with_file_name(format!("{}.devtools.json", log::name_of(output)));
                self.ensure_free(&[&path])?;
                let text = format!("{:#}\n", devtools(events, &options));
                files::write_whole(&path, &text)?;
                Some(path)
            }
            None => None,
        };
        files::write_whole(output, &format::write(&made))?;
        let summary = Summary::of(&made, events, &options, output, log, export);
        summary.tell(self.json, terminal)
    }

    /// A recording of DevTools as a workflow.
    fn bring_over(&self, from: &Path, terminal: &Terminal) -> Result<Exit, CliError> {
        let name = log::name_of(from);
        let output = self.output.clone();
        let output = output.unwrap_or_else(|| from.with_file_name(format!("{name}.workflow.yaml")));
        self.ensure_free(&[&output])?;
        let text = log::read_text(from)?;
        let source = casare_import::SourceFile {
            path: format!("{name}.json"),
            text,
        };
        let engine = files::engine();
        let imported = casare_import::import(&[source], engine.registry());
        let outcome = imported.into_iter().next().map(|one| one.outcome);
        let outcome = match outcome {
            Some(Ok(outcome)) => outcome,
            Some(Err(error)) => return Err(RecordError::Import(error).into()),
            None => return Err(RecordError::Nothing.into()),
        };
        files::write_whole(&output, &outcome.text)?;
        if self.json {
            let mut told = outcome.report.to_json();
            told["workflow"] = output.display().to_string().into();
            terminal.print_json(&told)?;
        } else {
            let report = outcome.report.to_text();
            let shown = output.display();
            terminal.print(&format!("{}\nWrote {shown}", report.trim_end()))?;
        }
        Ok(if outcome.report.lost_something() {
            Exit::Failed
        } else {
            Exit::Done
        })
    }
}

/// An address as a person types it, made whole.
fn address(typed: &str) -> Result<String, CliError> {
    let typed = typed.trim();
    let whole = if typed.contains("://") || typed.starts_with("about:") {
        typed.to_owned()
    } else if typed.starts_with("localhost") || typed.starts_with("127.") {
        format!("http://{typed}")
    } else {
        format!("https://{typed}")
    };
    let named = whole
        .split_once("://")
        .is_some_and(|(scheme, rest)| scheme == "file" || !rest.trim_matches('/').is_empty());
    if named && !typed.contains(char::is_whitespace) {
        Ok(whole)
    } else {
        Err(RecordError::Address(typed.to_owned()).into())
    }
}

/// What the site of an address is called in file names: `shop-example-com`.
fn site(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let name: String = host
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() {
        "recording".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_made_whole_and_names_the_file() {
        assert_eq!(
            address("shop.example.com").unwrap(),
            "https://shop.example.com"
        );
        assert_eq!(
            address("localhost:8080/a").unwrap(),
            "http://localhost:8080/a"
        );
        assert_eq!(
            site("https://ada:pw@www.Shop.example.com:8443/a?b"),
            "shop-example-com"
        );
        assert!(address("two words").is_err());
    }
}
