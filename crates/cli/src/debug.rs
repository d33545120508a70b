use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    sync::Arc,
    thread,
};

use async_trait::async_trait;
use casare_debug::{
    Launch,
    terminal::{self, Input, Interrupt, Manner, TerminalError},
};
use casare_engine::{Beginning, RunState};
use casare_store::Journal;
use clap::Args;
use serde_json::Value as Json;
use tokio::sync::{mpsc, oneshot};

use crate::{
    config::Config,
    debugging::Workbench,
    execution,
    failure::{CliError, Exit},
    files::{self, WorkflowFile},
    inputs::Inputs,
    runs::chosen,
    terminal::Terminal,
};

/// Run a workflow step by step and look into it
///
/// Stops at the first step and reads commands; `h` lists them. Commands can be piped in, so that a
/// script debugs.
#[derive(Debug, Args)]
pub(crate) struct Debug {
    /// The workflow file
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    /// Begin at this step, by its id or path, instead of the first
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// The run that did what comes before that step: its id, the beginning of it, or `last`.
    /// Without one, the steps before it are skipped
    #[arg(long, value_name = "RUN", requires = "from")]
    run: Option<String>,
    /// Outputs of a step before it: `ID=JSON`
    #[arg(long, value_name = "ID=JSON", requires = "from", value_parser = outputs)]
    outputs: Vec<(String, Json)>,
    /// Show browsers, whatever the workflow says
    #[arg(long)]
    headed: bool,
}

impl Debug {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        // What is wrong with the file is told as `casare run` tells it.
        let file = WorkflowFile::read(&self.file)?;
        file.load(&files::engine_at(&file.folder)?)?;
        let bench = Workbench::new(config, Some(self.inputs), terminal.out)?;
        let launch = Launch {
            file: self.file,
            headed: self.headed,
            ..Launch::default()
        };
        let outputs: BTreeMap<String, Json> = self.outputs.into_iter().collect();
        let interactive = io::stdin().is_terminal();
        let colour = terminal.out.on;
        let runtime = execution::runtime()?;
        let ended = runtime.block_on(async {
            let earlier = match &self.run {
                Some(run) => {
                    let journal = Journal::open(&config.home()?).await?;
                    Some(chosen(&journal, run).await?.id.to_string())
                }
                None => None,
            };
            let manner = Manner {
                colour,
                interactive,
                beginning: self.from.map(|step| Beginning {
                    step,
                    earlier,
                    outputs,
                }),
            };
            let interrupts = interrupts(interactive).map_err(CliError::Runtime)?;
            let mut input = Lines::begin();
            let bench = Arc::new(bench);
            terminal::debug(bench, launch, manner, &mut input, interrupts, io::stdout())
                .await
                .map_err(|error| match error {
                    TerminalError::Refused(refused) => CliError::Debug(refused),
                    TerminalError::Output(error) => CliError::Output(error),
                })
        });
        Ok(match ended?.map(|outcome| outcome.state) {
            Some(RunState::Succeeded) => Exit::Done,
            Some(RunState::Failed | RunState::Running) => Exit::Failed,
            Some(RunState::Cancelled) => Exit::Cancelled,
            Some(RunState::NeedsDecision) => Exit::Undecided,
            // The run could not even begin, and that was told.
            None => Exit::Usage,
        })
    }
}

fn outputs(text: &str) -> Result<(String, Json), String> {
    let (id, outputs) = text.split_once('=').ok_or("write it as ID=JSON")?;
    let outputs = serde_json::from_str(outputs)
        .map_err(|error| format!("the outputs of `{id}` are not JSON: {error}"))?;
    Ok((id.to_owned(), outputs))
}

/// Lines of stdin. They are read on a thread of their own, which nobody waits for at the end.
struct Lines {
    asked: std::sync::mpsc::Sender<oneshot::Sender<Option<String>>>,
}

impl Lines {
    fn begin() -> Self {
        let (asked, questions) = std::sync::mpsc::channel::<oneshot::Sender<Option<String>>>();
        thread::spawn(move || {
            for question in questions {
                let mut line = String::new();
                let read = io::stdin().read_line(&mut line);
                let line = match read {
                    Ok(bytes) if bytes > 0 => Some(line),
                    _ => None,
                };
                let _ = question.send(line);
            }
        });
        Self { asked }
    }
}

#[async_trait]
impl Input for Lines {
    async fn line(&mut self, prompt: &str) -> Option<String> {
        if !prompt.is_empty() {
            let mut out = io::stdout().lock();
            // Without a reader there is nobody to prompt.
            let _ = out.write_all(prompt.as_bytes()).and_then(|()| out.flush());
        }
        let (answer, answered) = oneshot::channel();
        self.asked.send(answer).ok()?;
        answered.await.ok()?
    }
}

/// Ctrl-C pauses where a person types, and ends a script's run; being told to end ends it.
fn interrupts(interactive: bool) -> io::Result<mpsc::Receiver<Interrupt>> {
    let (sender, receiver) = mpsc::channel(4);
    let pause = if interactive {
        Interrupt::Pause
    } else {
        Interrupt::End
    };
    let mut told = Told::listen()?;
    tokio::spawn(async move {
        loop {
            let interrupt = tokio::select! {
                pressed = tokio::signal::ctrl_c() => match pressed {
                    Ok(()) => pause,
                    Err(_) => return,
                },
                () = told.next() => Interrupt::End,
            };
            if sender.send(interrupt).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Whether the process is told to end.
struct Told {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    close: tokio::signal::windows::CtrlClose,
}

impl Told {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(windows)]
    fn listen() -> io::Result<Self> {
        Ok(Self {
            close: tokio::signal::windows::ctrl_close()?,
        })
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        self.terminate.recv().await;
        #[cfg(windows)]
        self.close.recv().await;
    }
}
