//! The debugger for editors: a server of the Debug Adapter Protocol.
//!
//! What is particular to workflows: a thread is a branch or a side-by-side pass; a stack frame is
//! a step and those around it; a function breakpoint is a step's id or path; `restartFrame` begins
//! a new run at the frame's step, with what the run did before it.

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use self::{
    framing::{FrameError, Writer},
    held::Held,
    protocol::{LaunchArguments, Request},
};
use crate::{Debugger, Host, Launch, Notice, Notices, Session};

mod breakpoints;
mod framing;
mod held;
mod inspection;
mod lifecycle;
mod notices;
mod protocol;

/// Requests that may wait to be answered.
const WAITING: usize = 64;

/// Why a session ended before its client said so.
#[derive(Debug, thiserror::Error)]
pub enum DapError {
    /// The client sent what is no message.
    #[error("the client does not speak the Debug Adapter Protocol: {0}")]
    Protocol(#[from] FrameError),
    /// The client does not read any more.
    #[error("the client can't be reached any more")]
    Gone(#[source] std::io::Error),
}

/// Serves one client until it disconnects. The run that it debugs then ends in good order.
///
/// # Errors
///
/// When the client speaks another language, or has gone; the run has ended then, too.
pub async fn serve(
    host: Arc<dyn Host>,
    reader: impl AsyncRead + Send + Unpin + 'static,
    writer: impl AsyncWrite + Send + Unpin,
) -> Result<(), DapError> {
    let (debugger, notices) = Debugger::new();
    let (sender, mut messages) = mpsc::channel(WAITING);
    let reading = tokio::spawn(framing::read(reader, sender));
    let mut server = Server {
        host,
        debugger,
        notices,
        out: Writer::new(writer),
        session: None,
        launch: None,
        configured: false,
        files: Vec::new(),
        held: Held::default(),
        one_based: true,
        ended: false,
    };
    let served = server.attend(&mut messages).await;
    reading.abort();
    if let Some(session) = &mut server.session {
        session.end().await;
    }
    served
}

struct Server<W> {
    host: Arc<dyn Host>,
    debugger: Arc<Debugger>,
    notices: Notices,
    out: Writer<W>,
    session: Option<Session>,
    /// What is to be started when the client has said all its breakpoints.
    launch: Option<LaunchArguments>,
    configured: bool,
    /// Files by the number that a client asks for them with.
    files: Vec<PathBuf>,
    held: Held,
    /// Whether the client counts lines from 1.
    one_based: bool,
    /// Whether the client has disconnected.
    ended: bool,
}

/// What a request is answered with: a body, or why it can't be done.
type Answer = Result<Json, String>;

impl<W: AsyncWrite + Send + Unpin> Server<W> {
    async fn attend(
        &mut self,
        messages: &mut mpsc::Receiver<Result<Json, FrameError>>,
    ) -> Result<(), DapError> {
        while !self.ended {
            tokio::select! {
                biased;
                message = messages.recv() => match message {
                    Some(message) => self.receive(message?).await?,
                    // Gone without a word: the run ends with it.
                    None => return Ok(()),
                },
                Some(notice) = self.notices.next() => self.tell(notice).await?,
                Some(ended) = run_ended(&mut self.session) => self.run_ended(ended).await?,
            }
        }
        Ok(())
    }

    async fn receive(&mut self, message: Json) -> Result<(), DapError> {
        if message["type"] != "request" {
            return Ok(());
        }
        let request: Request = match serde_json::from_value(message) {
            Ok(request) => request,
            Err(error) => {
                let text = format!("a request can't be understood: {error}");
                return self.output("important", &text).await;
            }
        };
        let answer = self.answer(&request).await?;
        if let Some(answer) = answer {
            self.out.respond(&request, answer).await?;
        }
        self.afterwards(&request.command).await
    }

    /// Answers a request; `None` where that was done already.
    async fn answer(&mut self, request: &Request) -> Result<Option<Answer>, DapError> {
        Ok(Some(match request.command.as_str() {
            "initialize" => self.initialize(request),
            "launch" => self.launch(request).await,
            "attach" => Err("a run can only be launched, not attached to".to_owned()),
            "setBreakpoints" => self.set_breakpoints(request),
            "setFunctionBreakpoints" => self.set_function_breakpoints(request),
            "setExceptionBreakpoints" => self.set_exception_breakpoints(request),
            "breakpointLocations" => self.breakpoint_locations(request),
            "configurationDone" => self.configuration_done().await,
            "threads" => Ok(self.threads()),
            "stackTrace" => self.stack_trace(request),
            "scopes" => self.scopes(request),
            "variables" => self.variables(request),
            "setVariable" => self.set_variable(request),
            "setExpression" => self.set_expression(request),
            "evaluate" => self.evaluate(request),
            "exceptionInfo" => self.exception_info(request),
            "continue" => self.resume(request, crate::Resume::Continue),
            "next" => self.resume(request, crate::Resume::Over),
            "stepIn" => self.resume(request, crate::Resume::Into),
            "stepOut" => self.resume(request, crate::Resume::Out),
            "pause" => self.pause(request),
            "restart" => self.restart(request).await,
            "restartFrame" => return self.restart_frame(request).await.map(Some),
            "terminate" => {
                if let Some(session) = &self.session {
                    session.cancel();
                }
                Ok(Json::Null)
            }
            "disconnect" => self.disconnect(request).await,
            "loadedSources" => Ok(self.loaded_sources()),
            "source" => self.source(request),
            other => Err(format!("`{other}` is not supported")),
        }))
    }

    async fn tell(&mut self, notice: Notice) -> Result<(), DapError> {
        if let Some((event, body)) = self.event_of(notice) {
            self.out.event(event, body).await?;
        }
        Ok(())
    }

    async fn output(&mut self, category: &str, text: &str) -> Result<(), DapError> {
        let body = json!({ "category": category, "output": format!("{text}\n") });
        self.out.event("output", body).await
    }

    /// The launch as the session wants it.
    fn launch_of(arguments: &LaunchArguments) -> Launch {
        Launch {
            file: arguments.program.clone(),
            inputs: arguments.inputs.clone(),
            headed: arguments.headed,
        }
    }
}

/// The end of the run; never while none is under way.
async fn run_ended(
    session: &mut Option<Session>,
) -> Option<Result<casare_engine::RunOutcome, crate::Refused>> {
    match session {
        Some(session) if session.is_running() => session.ended().await,
        _ => std::future::pending().await,
    }
}
