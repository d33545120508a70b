//! What a run shows on stderr while it goes on.
//!
//! On a terminal a bar with the step that is under way, drawn ten times a second by a thread of its
//! own; anywhere else a line for each step at the top of the workflow. A step inside a hot loop
//! costs a counter and a short lock here.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use casare_engine::{
    EventKind, EventSink, LogLevel, RunEvent, SkipReason, StepPath, event::StepInfo,
};
use casare_workflow::Workflow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;

use crate::terminal::{Paint, Terminal, count, grouped, time};

const PERIOD: Duration = Duration::from_millis(100);

/// Shows how far a run is.
pub(crate) struct Progress {
    paint: Paint,
    /// `None` where nobody watches.
    bar: Option<ProgressBar>,
    steps: AtomicU64,
    now: Mutex<Now>,
    stopped: AtomicBool,
}

/// The step that began last.
#[derive(Default)]
struct Now {
    step: Option<Arc<StepInfo>>,
    top: Option<Arc<StepInfo>>,
    pass: Option<u64>,
    /// What the step itself says of how far it is.
    said: Option<(u64, Option<u64>)>,
}

impl Progress {
    pub(crate) fn new(terminal: &Terminal, workflow: &Workflow) -> Self {
        let steps = workflow.steps.len() as u64;
        let bar = terminal.watched.then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr_with_hz(10));
            let look = "{spinner:.cyan} {bar:20.cyan/dim} {pos}/{len} {wide_msg} {elapsed:.dim}";
            // The template is a constant; with a wrong one the bar looks plain.
            if let Ok(style) = ProgressStyle::with_template(look) {
                bar.set_style(style.progress_chars("━━─"));
            }
            bar
        });
        Self {
            paint: terminal.err,
            bar,
            steps: AtomicU64::new(0),
            now: Mutex::default(),
            stopped: AtomicBool::new(false),
        }
    }

    /// Begins to draw.
    pub(crate) fn start(self: &Arc<Self>) {
        if self.bar.is_none() {
            return;
        }
        let progress = Arc::clone(self);
        thread::spawn(move || {
            while !progress.stopped.load(Ordering::Relaxed) {
                thread::park_timeout(PERIOD);
                progress.draw();
            }
        });
    }

    /// Does something at the terminal while the bar is away.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }

    /// Takes the bar away.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn draw(&self) {
        let Some(bar) = self
            .bar
            .as_ref()
            .filter(|_| !self.stopped.load(Ordering::Relaxed))
        else {
            return;
        };
        let message = self.now.lock().to_string();
        let steps = self.steps.load(Ordering::Relaxed);
        let steps = if steps > 0 {
            format!(" · {}", count(steps, "step"))
        } else {
            String::new()
        };
        bar.set_message(format!("{message}{}", self.paint.dim(&steps)));
        bar.tick();
    }

    fn line(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.println(text);
        } else {
            // Nobody may be listening, and that is fine.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    fn began(&self, path: &StepPath, step: &Arc<StepInfo>) {
        if self.bar.is_none() {
            return;
        }
        let mut now = self.now.lock();
        match &path.list {
            None => {
                *now = Now {
                    top: Some(step.clone()),
                    ..Now::default()
                }
            }
            Some(list) => {
                now.pass = list.pass.or(now.pass);
                if now
                    .step
                    .as_ref()
                    .is_none_or(|known| !Arc::ptr_eq(known, step))
                {
                    now.step = Some(step.clone());
                    now.said = None;
                }
            }
        }
    }

    /// A step at the top of the workflow has ended.
    fn ended(&self, path: &StepPath, line: impl FnOnce() -> String) {
        if path.list.is_none() {
            if let Some(bar) = &self.bar {
                bar.set_position(u64::from(path.index) + 1);
            }
            self.line(&line());
        }
    }
}

impl EventSink for Progress {
    fn event(&self, event: &RunEvent) {
        let paint = self.paint;
        match &event.kind {
            EventKind::StepStarted { path, step, .. } => self.began(path, step),
            EventKind::StepFinished {
                path, step, took, ..
            } => {
                self.steps.fetch_add(1, Ordering::Relaxed);
                self.ended(path, || {
                    format!(
                        "{} {} {}",
                        paint.green("✔"),
                        step.title,
                        paint.dim(&time(*took))
                    )
                });
            }
            EventKind::StepFailed {
                path,
                step,
                took,
                error,
                continued,
            } => {
                self.steps.fetch_add(1, Ordering::Relaxed);
                self.ended(path, || {
                    let passed_over = if *continued { " (passed over)" } else { "" };
                    let message = error.message.lines().next().unwrap_or_default();
                    let took = paint.dim(&time(*took));
                    format!(
                        "{} {} {took} {message}{passed_over}",
                        paint.red("✘"),
                        step.title
                    )
                });
            }
            EventKind::StepSkipped { path, step, reason } => self.ended(path, || {
                let why = match reason {
                    SkipReason::When => "skipped",
                    SkipReason::Disabled => "disabled",
                };
                paint.dim(&format!("- {} {why}", step.title))
            }),
            EventKind::StepRetried {
                step,
                attempt,
                delay_ms,
                error,
                ..
            } => self.line(&format!(
                "{} {}: attempt {attempt} failed, the next one in {}: {}",
                paint.yellow("↻"),
                step.title,
                time(delay_ms * 1000),
                error.message.lines().next().unwrap_or_default(),
            )),
            EventKind::Log { level, message, .. } => match level {
                LogLevel::Debug => {}
                LogLevel::Info => self.line(&format!("  {message}")),
                LogLevel::Warn => self.line(&format!("  {} {message}", paint.yellow("warning:"))),
                LogLevel::Error => self.line(&format!("  {} {message}", paint.red("error:"))),
            },
            EventKind::Progress { done, total, .. } if self.bar.is_some() => {
                self.now.lock().said = Some((*done, *total));
            }
            _ => {}
        }
    }
}

impl std::fmt::Display for Now {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(top) = &self.top {
            f.write_str(&top.title)?;
        }
        if let Some(pass) = self.pass {
            write!(f, " › pass {}", grouped(pass + 1))?;
        }
        if let Some(step) = &self.step {
            write!(f, " › {}", step.title)?;
        }
        match self.said {
            Some((done, Some(total))) => write!(f, " {} of {}", grouped(done), grouped(total)),
            Some((done, None)) => write!(f, " {}", grouped(done)),
            None => Ok(()),
        }
    }
}
