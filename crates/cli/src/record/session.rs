//! The browser while a person is recorded in it.

use std::time::Duration;

use casare_browser::{Browser, LaunchOptions, RecordOptions, Recorded, Recording, Until};
use casare_engine::Cancel;
use casare_recorder::{Action, Event};
use serde_json::json;
use tokio::time::Instant;

use super::{Log, Record, RecordError, log::Begin};
use crate::{
    config::Config,
    failure::CliError,
    interrupt,
    terminal::{Terminal, time},
};

/// How long the browser may take to come up.
const STARTING: Duration = Duration::from_secs(30);
/// How long the first page may take.
const ARRIVING: Duration = Duration::from_mins(1);

/// A recording that is over.
pub(super) struct Ended {
    pub(super) begin: Begin,
    pub(super) events: Vec<Event>,
}

/// Records until the person stops, closes the browser or interrupts this process.
pub(super) async fn record(
    settings: &Record,
    config: &Config,
    terminal: &Terminal,
    begin: Begin,
    log: Log,
) -> Result<Ended, CliError> {
    let browser = open(settings, config).await?;
    let recorded = watch(settings, &browser, terminal, begin, log).await;
    // It may have been closed already; what was recorded is safe.
    let _ = browser.close().await;
    recorded
}

async fn open(settings: &Record, config: &Config) -> Result<Browser, CliError> {
    if let Some(address) = &settings.connect {
        let browser = Browser::connect(address, Instant::now() + STARTING).await;
        return Ok(browser.map_err(RecordError::from)?);
    }
    let needs_screen = cfg!(target_os = "linux") && !settings.headless;
    if needs_screen && config.display.value.is_none() {
        return Err(RecordError::NoScreen.into());
    }
    let browser = Browser::launch(LaunchOptions {
        executable: config.chromium.value.clone(),
        headless: settings.headless,
        profile: settings.profile.clone(),
        timeout: STARTING,
        ..LaunchOptions::default()
    })
    .await;
    Ok(browser.map_err(RecordError::from)?)
}

async fn watch(
    settings: &Record,
    browser: &Browser,
    terminal: &Terminal,
    begin: Begin,
    log: Log,
) -> Result<Ended, CliError> {
    let cancel = Cancel::default();
    interrupt::cancel_on_signals(cancel.clone()).map_err(CliError::Runtime)?;
    let context = browser.default_context();
    let mut options = RecordOptions::default();
    // Where nobody sees a dialog, nobody can answer it.
    options.dialogs_wait = !settings.headless;
    // In a browser that somebody works with, other tabs are not ours.
    options.new_tabs = settings.connect.is_none();
    let mut recording = context.record(&options);
    let mut notes = Notes {
        begin,
        events: Vec::new(),
        log: Some(log),
        terminal,
    };
    let starting = async {
        let page = context.new_page(Instant::now() + STARTING).await?;
        let url = settings.url.as_deref().unwrap_or_default();
        let url = super::address(url)?;
        page.goto(&url, Until::DomContentLoaded, Instant::now() + ARRIVING)
            .await?;
        Ok::<(), StartError>(())
    };
    tokio::select! {
        begun = starting => begun.map_err(StartError::into_cli)?,
        () = cancel.cancelled() => return Ok(notes.end(&recording)),
    }
    terminal.note(&format!(
        "{} Recording. Stop in the page, close the browser, or press Ctrl-C.",
        terminal.err.red("●")
    ));
    loop {
        let recorded = tokio::select! {
            recorded = recording.next() => recorded,
            () = cancel.cancelled() => None,
        };
        match recorded {
            Some(Recorded::Stop) | None => break,
            Some(recorded) => {
                notes.take(recorded);
                notes.measure(&recording);
            }
        }
    }
    if !browser.is_gone() {
        recording.flush().await;
    }
    while let Some(recorded) = recording.try_next() {
        notes.take(recorded);
    }
    Ok(notes.end(&recording))
}

enum StartError {
    Browser(casare_browser::BrowserError),
    Cli(CliError),
}

impl From<casare_browser::BrowserError> for StartError {
    fn from(error: casare_browser::BrowserError) -> Self {
        Self::Browser(error)
    }
}

impl From<CliError> for StartError {
    fn from(error: CliError) -> Self {
        Self::Cli(error)
    }
}

impl StartError {
    fn into_cli(self) -> CliError {
        match self {
            Self::Browser(error) => RecordError::from(error).into(),
            Self::Cli(error) => error,
        }
    }
}

/// What was recorded so far.
struct Notes<'t> {
    begin: Begin,
    events: Vec<Event>,
    /// None once it can't be written any more.
    log: Option<Log>,
    terminal: &'t Terminal,
}

impl Notes<'_> {
    fn take(&mut self, recorded: Recorded) {
        match recorded {
            Recorded::Did { at, page, action } => {
                let mut event = action;
                event["at"] = at.into();
                event["page"] = json!(page);
                match serde_json::from_value::<Event>(event) {
                    Ok(event) => self.add(event),
                    Err(error) => self
                        .terminal
                        .note(&format!("an action was not understood: {error}")),
                }
            }
            Recorded::Picked { name, target } => {
                let name = if name.is_empty() { "element" } else { &name };
                let selector = self.terminal.err.cyan(&target.selector.to_string());
                self.terminal.note(&format!("  {name}: {selector}"));
                for other in &target.alternatives {
                    self.terminal.note(&format!("    or {other}"));
                }
            }
            Recorded::Paused(true) => self.terminal.note("‖ paused"),
            Recorded::Paused(false) => self.terminal.note("● going on"),
            Recorded::Trouble(text) => self
                .terminal
                .note(&format!("{} {text}", self.terminal.err.yellow("!"))),
            _ => {}
        }
    }

    fn add(&mut self, event: Event) {
        if let Some(log) = &mut self.log
            && let Err(error) = log.add(&event)
        {
            // The workflow may still be written, to another disk even.
            self.terminal.note(&format!(
                "{} {error}: the recording goes on without its record",
                self.terminal.err.yellow("!")
            ));
            self.log = None;
        }
        if let Some(words) = words(&event.action) {
            let at = self.terminal.err.dim(&time(event.at.saturating_mul(1000)));
            self.terminal.note(&format!("  {words}  {at}"));
        }
        self.events.push(event);
    }

    /// Notes the size of the page once it is known.
    fn measure(&mut self, recording: &Recording) {
        if self.begin.viewport.is_some() {
            return;
        }
        self.begin.viewport = recording.viewport();
        if let (Some(viewport), Some(log)) = (self.begin.viewport, &mut self.log) {
            // Without it the workflow has the size that is usual.
            let _ = log.set_viewport(viewport);
        }
    }

    fn end(mut self, recording: &Recording) -> Ended {
        self.measure(recording);
        Ended {
            begin: self.begin,
            events: self.events,
        }
    }
}

/// What was done, for the terminal: never what was typed.
fn words(action: &Action) -> Option<String> {
    Some(match action {
        Action::Goto { url } => format!("go to {url}"),
        Action::History { action } => action.clone(),
        Action::Click { element, count, .. } if *count > 1 => {
            format!("double click {}", element.name)
        }
        Action::Click { element, .. } => format!("click {}", element.name),
        Action::Fill { element, .. } if element.kind.is_secret() => {
            format!("fill {} (secret, not recorded)", element.name)
        }
        Action::Fill { element, .. } => format!("fill {}", element.name),
        Action::Press { key, .. } => format!("press {key}"),
        Action::Hover { element } => format!("hover over {}", element.name),
        Action::Drag { element, .. } => format!("drag {}", element.name),
        Action::Upload { element, files } => {
            format!("upload {} to {}", files.join(", "), element.name)
        }
        Action::Downloaded { name } => format!("download {name}"),
        Action::Opened { .. } | Action::NewTab => "new tab".to_owned(),
        Action::Closed { .. } => "close tab".to_owned(),
        Action::Dialog { kind, accepted, .. } => {
            format!("{kind}: {}", if *accepted { "OK" } else { "cancel" })
        }
        Action::Assert { element, .. } => format!("expect {}", element.name),
        Action::Arrived { .. } | Action::Appeared { .. } => return None,
    })
}
