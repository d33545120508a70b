//! The debugger in a terminal, or driven by a script.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use casare_engine::{Beginning, RunOutcome, Verdict};
use casare_workflow::value::from_json;
use tokio::sync::mpsc;

use self::{
    command::{Command, HELP},
    show::Paint,
};
use crate::{
    Debugger, Failures, Host, Launch, Notice, Notices, Refused, Resume, Session, Stop,
    debugger::{FileLine, Group, OutputKind},
};

mod command;
mod inspecting;
mod show;

/// How long a thread that was told to step may take before another one that stands still is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where commands come from.
#[async_trait]
pub trait Input: Send {
    /// The next line, without its line break; `None` at the end.
    async fn line(&mut self, prompt: &str) -> Option<String>;
}

/// What comes from outside the lines that are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// Ctrl-C: pauses the run; the second one before it stands still cancels it. Where it stands
    /// still already, the second one leaves.
    Pause,
    /// The process is told to end: the run ends in good order.
    End,
}

/// How the debugger begins and shows itself.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Whether colours are understood.
    pub colour: bool,
    /// Whether a person types, so that an empty line repeats a step and the prompt is shown.
    pub interactive: bool,
    /// Begins at another step than the first one.
    pub beginning: Option<Beginning>,
}

/// Why the debugger could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// The workflow can't be run.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nobody reads what it says.
    #[error("the output could not be written")]
    Output(#[from] io::Error),
}

/// Debugs `launch` until the person leaves; answers how the newest run ended.
///
/// # Errors
///
/// When the workflow can't be read, or the output is gone.
pub async fn debug(
    host: Arc<dyn Host>,
    launch: Launch,
    manner: Manner,
    input: &mut dyn Input,
    interrupts: mpsc::Receiver<Interrupt>,
    out: impl Write + Send,
) -> Result<Option<RunOutcome>, TerminalError> {
    let (debugger, notices) = Debugger::new();
    debugger.set_failures(Failures::Unhandled);
    let session = Session::open(host, debugger, launch).await?;
    let mut front = Front {
        session,
        notices,
        interrupts,
        paint: Paint { on: manner.colour },
        interactive: manner.interactive,
        out,
        at: None,
        listed: None,
        watches: Vec::new(),
        repeat: None,
        outcome: None,
    };
    let name = front.session.program().plan().workflow().name.clone();
    front.say(&format!("Debugging {name}. `h` lists the commands."))?;
    front.session.start(manner.beginning, true, true).await?;
    let ended = front.attend(input).await;
    let left = front.session.end().await;
    ended?;
    if left.is_some() {
        front.last_words(left)?;
    }
    Ok(front.outcome)
}

/// The debugger as a person sees it.
struct Front<W> {
    session: Session,
    notices: Notices,
    interrupts: mpsc::Receiver<Interrupt>,
    out: W,
    paint: Paint,
    interactive: bool,
    /// The thread and frame that are looked at; `None` while nothing stands still.
    at: Option<(u32, usize)>,
    /// The last line that was listed, for the next `l`.
    listed: Option<FileLine>,
    watches: Vec<String>,
    /// What an empty line does again.
    repeat: Option<Command>,
    outcome: Option<RunOutcome>,
}

/// What comes after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Ask,
    Run,
    Leave,
}

impl<W: Write + Send> Front<W> {
    async fn attend(&mut self, input: &mut dyn Input) -> Result<(), TerminalError> {
        loop {
            self.follow().await?;
            loop {
                let Some(line) = self.next_line(input).await? else {
                    return Ok(());
                };
                match self.obey(&line).await? {
                    Then::Ask => {}
                    Then::Run => break,
                    Then::Leave => return Ok(()),
                }
            }
        }
    }

    /// What is typed next; `None` when it is time to leave.
    async fn next_line(&mut self, input: &mut dyn Input) -> Result<Option<String>, TerminalError> {
        let prompt = if self.interactive { "(casare) " } else { "" };
        let mut line = input.line(prompt);
        let mut told = false;
        loop {
            tokio::select! {
                line = &mut line => return Ok(line),
                Some(interrupt) = self.interrupts.recv() => {
                    if told || interrupt == Interrupt::End {
                        return Ok(None);
                    }
                    told = true;
                    write!(self.out, "\n`q` leaves, and so does Ctrl-C once more\n{prompt}")?;
                    self.out.flush()?;
                }
            }
        }
    }

    /// Shows what happens until something stands still or the run has ended.
    async fn follow(&mut self) -> Result<(), TerminalError> {
        let mut asked = false;
        loop {
            let others = self.session.debugger.threads();
            let other = others
                .iter()
                .find(|thread| thread.stopped)
                .map(|thread| thread.id);
            tokio::select! {
                biased;
                Some(notice) = self.notices.next() => {
                    if self.tell(notice)? {
                        return Ok(());
                    }
                }
                ended = self.session.ended() => return self.last_words(ended),
                Some(interrupt) = self.interrupts.recv() => {
                    if asked || interrupt == Interrupt::End {
                        self.session.cancel();
                    } else {
                        self.say("pausing at the next step; once more cancels the run")?;
                        self.session.debugger.pause(None);
                    }
                    asked = true;
                }
                () = tokio::time::sleep(PATIENCE), if other.is_some() => {
                    if let Some(thread) = other {
                        return self.look_at(thread);
                    }
                }
            }
        }
    }

    /// Shows a notice; true if something stands still.
    fn tell(&mut self, notice: Notice) -> Result<bool, TerminalError> {
        match notice {
            Notice::Stopped(thread) if self.session.debugger.stop(thread).is_some() => {
                self.look_at(thread)?;
                return Ok(true);
            }
            Notice::Output { kind, text, place } => {
                let text = match kind {
                    OutputKind::Message => self.paint.cyan(&text),
                    OutputKind::Log => text,
                    OutputKind::Problem => self.paint.yellow(&text),
                };
                match place {
                    Some(place) => self.say(&format!(
                        "{} {text}",
                        self.paint.dim(&format!("{}:", place.line))
                    ))?,
                    None => self.say(&text)?,
                }
            }
            _ => {}
        }
        Ok(false)
    }

    /// What the run still had to say, and how it ended.
    fn last_words(
        &mut self,
        ended: Option<Result<RunOutcome, Refused>>,
    ) -> Result<(), TerminalError> {
        while let Some(notice) = self.notices.ready() {
            self.tell(notice)?;
        }
        self.at = None;
        match ended {
            None => self.say("nothing runs; `restart` begins again, `q` leaves"),
            Some(Err(refused)) => self.say(&self.paint.red(&refused.message)),
            Some(Ok(outcome)) => {
                let text = show::outcome(&outcome, self.paint);
                self.outcome = Some(outcome);
                self.say(&text)
            }
        }
    }

    /// Turns to a thread that stands still.
    fn look_at(&mut self, thread: u32) -> Result<(), TerminalError> {
        let Some(stop) = self.session.debugger.stop(thread) else {
            return self.say(&format!("thread {thread} does not stand still"));
        };
        self.at = Some((thread, 0));
        let threads = self.session.debugger.threads();
        let name = threads
            .iter()
            .find(|one| one.id == thread && threads.len() > 1)
            .map(|one| one.name.clone());
        let text = show::stop(&stop, name.as_deref(), self.paint);
        self.say(&text)?;
        self.list_around(&stop)?;
        self.show_watches(&stop)
    }

    fn list_around(&mut self, stop: &Stop) -> Result<(), TerminalError> {
        let place = FileLine::of(&stop.view);
        self.list(&place.path, place.line.saturating_sub(2), place.line + 2)
    }

    /// Does what a line says.
    async fn obey(&mut self, line: &str) -> Result<Then, TerminalError> {
        let line = line.trim();
        let command = if line.is_empty() {
            match &self.repeat {
                Some(command) if self.interactive => command.clone(),
                _ => return Ok(Then::Ask),
            }
        } else {
            match Command::parse(line) {
                Ok(command) => command,
                Err(problem) => {
                    self.complain(&problem)?;
                    return Ok(Then::Ask);
                }
            }
        };
        self.repeat = match &command {
            Command::Go(_) | Command::List(_) => Some(command.clone()),
            _ => None,
        };
        match command {
            Command::Help => self.say(HELP)?,
            Command::Quit => return Ok(Then::Leave),
            Command::Go(how) => return self.go(how, Verdict::Go),
            Command::Skip(outputs) => {
                let outputs = from_json(&outputs.unwrap_or_default());
                return self.go(Resume::Over, Verdict::Outputs(outputs));
            }
            Command::Restart => return self.restart(None).await,
            Command::RestartAt(beginning) => return self.restart(Some(beginning)).await,
            Command::Break(None) => self.show_breakpoints()?,
            Command::Break(Some(wanted)) => self.add_breakpoint(wanted)?,
            Command::Delete(id) => {
                if !self.session.debugger.remove_breakpoint(id) {
                    self.complain(&format!("there is no breakpoint {id}"))?;
                }
            }
            Command::Failures(failures) => self.session.debugger.set_failures(failures),
            Command::Thread(None) => self.show_threads()?,
            Command::Thread(Some(thread)) => self.look_at(thread)?,
            inspecting => self.inspect(inspecting)?,
        }
        Ok(Then::Ask)
    }

    fn go(&mut self, how: Resume, verdict: Verdict) -> Result<Then, TerminalError> {
        let Some((thread, _)) = self.at else {
            self.complain("nothing stands still; `restart` begins again")?;
            return Ok(Then::Ask);
        };
        // What waits in the other threads is shown again when this one has gone on.
        self.session.debugger.resume_with(thread, how, verdict);
        if how == Resume::Continue {
            self.session.debugger.resume_all();
        }
        self.at = None;
        Ok(Then::Run)
    }

    async fn restart(&mut self, beginning: Option<Beginning>) -> Result<Then, TerminalError> {
        let restarted = if let Some(beginning) = beginning {
            self.session.restart_at(beginning).await
        } else {
            self.session.end().await;
            self.session.start(None, true, true).await
        };
        self.notices.forget(&self.session.debugger);
        self.at = None;
        match restarted {
            Ok(_) => Ok(Then::Run),
            Err(refused) => {
                self.complain(&refused.message)?;
                Ok(Then::Ask)
            }
        }
    }

    fn add_breakpoint(&mut self, wanted: command::Wanted) -> Result<(), TerminalError> {
        let main = self.session.program().files().first();
        let main = main.map(|file| file.path.clone()).unwrap_or_default();
        let here = match self.stopped() {
            Some((stop, _)) => FileLine::of(&stop.view).path,
            None => main,
        };
        let breakpoint = wanted.breakpoint(&here, self.session.program());
        let status = self
            .session
            .debugger
            .add_breakpoint(Group::Typed, breakpoint);
        let text = show::breakpoint(&status, self.paint);
        self.say(&text)
    }

    fn show_breakpoints(&mut self) -> Result<(), TerminalError> {
        let all = self.session.debugger.breakpoints();
        if all.is_empty() {
            return self.say("no breakpoints; `b LINE` sets one");
        }
        for status in all {
            let text = show::breakpoint(&status, self.paint);
            self.say(&text)?;
        }
        Ok(())
    }

    fn show_threads(&mut self) -> Result<(), TerminalError> {
        for thread in self.session.debugger.threads() {
            let here = self.at.is_some_and(|(at, _)| at == thread.id);
            let mark = if here { "→" } else { " " };
            let how = if thread.stopped {
                "stands still"
            } else {
                "under way"
            };
            self.say(&format!("{mark} {} {}: {how}", thread.id, thread.name))?;
        }
        Ok(())
    }

    /// Where the thread that is looked at stands, and which frame is looked at.
    fn stopped(&self) -> Option<(Stop, usize)> {
        let (thread, frame) = self.at?;
        Some((self.session.debugger.stop(thread)?, frame))
    }

    fn say(&mut self, text: &str) -> Result<(), TerminalError> {
        writeln!(self.out, "{text}")?;
        self.out.flush()?;
        Ok(())
    }

    fn complain(&mut self, text: &str) -> Result<(), TerminalError> {
        let text = self.paint.red(text);
        self.say(&text)
    }
}
