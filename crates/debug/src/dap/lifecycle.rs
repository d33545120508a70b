//! Requests that begin and end things.

use casare_engine::{Beginning, RunOutcome, RunState};
use serde_json::{Value as Json, json};
use tokio::io::AsyncWrite;

use super::{
    Answer, DapError, Server,
    protocol::{
        DisconnectArguments, FrameArguments, InitializeArguments, LaunchArguments, Request,
        RestartArguments, ThreadArguments,
    },
};
use crate::{Refused, Resume, Session};

impl<W: AsyncWrite + Send + Unpin> Server<W> {
    pub(super) fn initialize(&mut self, request: &Request) -> Answer {
        let arguments: InitializeArguments = request.arguments()?;
        self.one_based = arguments.lines_start_at1.unwrap_or(true);
        Ok(json!({
            "supportsConfigurationDoneRequest": true,
            "supportsConditionalBreakpoints": true,
            "supportsHitConditionalBreakpoints": true,
            "supportsLogPoints": true,
            "supportsFunctionBreakpoints": true,
            "supportsBreakpointLocationsRequest": true,
            "supportsEvaluateForHovers": true,
            "supportsSetVariable": true,
            "supportsSetExpression": true,
            "supportsExceptionInfoRequest": true,
            "supportsRestartRequest": true,
            "supportsRestartFrame": true,
            "supportsTerminateRequest": true,
            "supportTerminateDebuggee": true,
            "supportsLoadedSourcesRequest": true,
            "supportsSingleThreadExecutionRequests": true,
            "supportsClipboardContext": true,
            "exceptionBreakpointFilters": [
                {
                    "filter": "unhandled",
                    "label": "Failures that fail the run",
                    "description": "Stops where a step fails and no catch, retry or on_error handles it",
                    "default": true,
                },
                {
                    "filter": "all",
                    "label": "All failures",
                    "description": "Stops where a step fails, handled or not",
                    "default": false,
                },
            ],
        }))
    }

    pub(super) async fn launch(&mut self, request: &Request) -> Answer {
        let arguments: LaunchArguments = request.arguments()?;
        if self.session.is_some() {
            return Err("this session has been launched already".to_owned());
        }
        self.read(arguments).await?;
        Ok(Json::Null)
    }

    /// Reads the workflow that is to be debugged.
    async fn read(&mut self, mut arguments: LaunchArguments) -> Result<(), String> {
        if let Some(folder) = &arguments.cwd {
            arguments.program = folder.join(&arguments.program);
        }
        let opened = Session::open(
            self.host.clone(),
            self.debugger.clone(),
            Self::launch_of(&arguments),
        );
        let mut session = opened.await.map_err(|refused| refused.message)?;
        session.set_last(arguments.run.clone());
        self.remember_files(&session);
        self.session = Some(session);
        self.launch = Some(arguments);
        Ok(())
    }

    fn remember_files(&mut self, session: &Session) {
        for file in session.program().files() {
            if !self.files.contains(&file.path) {
                self.files.push(file.path.clone());
            }
        }
    }

    pub(super) async fn configuration_done(&mut self) -> Answer {
        self.configured = true;
        if self.session.is_none() {
            return Ok(Json::Null);
        }
        self.start().await.map_err(|refused| refused.message)?;
        Ok(Json::Null)
    }

    async fn start(&mut self) -> Result<(), Refused> {
        let (Some(session), Some(launch)) = (&mut self.session, &self.launch) else {
            return Ok(());
        };
        let beginning = launch.from.as_ref().map(|step| Beginning {
            step: step.clone(),
            earlier: launch.run.clone(),
            outputs: launch.outputs.clone(),
        });
        self.held.clear();
        let attended = !launch.no_debug;
        session
            .start(beginning, launch.stop_on_entry, attended)
            .await?;
        Ok(())
    }

    /// What a client is told after the answer to its request.
    pub(super) async fn afterwards(&mut self, command: &str) -> Result<(), DapError> {
        if command == "launch" && self.session.is_some() {
            // Breakpoints that came before the workflow was known have found their places now.
            self.tell_breakpoints().await?;
            self.out.event("initialized", Json::Null).await?;
        }
        Ok(())
    }

    async fn tell_breakpoints(&mut self) -> Result<(), DapError> {
        for status in self.debugger.breakpoints() {
            let body = json!({ "reason": "changed", "breakpoint": self.status(&status) });
            self.out.event("breakpoint", body).await?;
        }
        Ok(())
    }

    pub(super) fn resume(&mut self, request: &Request, how: Resume) -> Answer {
        let arguments: ThreadArguments = request.arguments()?;
        let thread = arguments.thread_id;
        if self.debugger.stop(thread).is_none() {
            return Err(format!("thread {thread} does not stand still"));
        }
        let all = how == Resume::Continue && arguments.single_thread != Some(true);
        // What it showed is no longer so once it goes on; nothing must be kept in between.
        if all {
            self.held.clear();
            self.debugger.resume_all();
        } else {
            self.held.release(thread);
            self.debugger.resume(thread, how);
        }
        Ok(match how {
            Resume::Continue => json!({ "allThreadsContinued": all }),
            _ => Json::Null,
        })
    }

    pub(super) fn pause(&mut self, request: &Request) -> Answer {
        let arguments: ThreadArguments = request.arguments()?;
        self.debugger.pause(Some(arguments.thread_id));
        Ok(Json::Null)
    }

    pub(super) async fn restart(&mut self, request: &Request) -> Answer {
        let arguments: RestartArguments = request.arguments()?;
        let Some(session) = &mut self.session else {
            return Err("nothing has been launched yet".to_owned());
        };
        session.end().await;
        self.notices.forget(&self.debugger);
        if let Some(arguments) = arguments.arguments {
            self.read(arguments).await?;
        }
        self.start().await.map_err(|refused| refused.message)?;
        Ok(Json::Null)
    }

    /// Begins a new run at the step of a frame.
    pub(super) async fn restart_frame(&mut self, request: &Request) -> Result<Answer, DapError> {
        let view = request
            .arguments()
            .and_then(|arguments: FrameArguments| self.held.frame(arguments.frame_id));
        let view = match view {
            Ok((_, view)) => view,
            Err(problem) => return Ok(Err(problem)),
        };
        let Some(session) = &mut self.session else {
            return Ok(Err("nothing has been launched yet".to_owned()));
        };
        let beginning = Beginning {
            step: view.path().to_string(),
            ..Beginning::default()
        };
        self.held.clear();
        let restarted = session.restart_at(beginning).await;
        self.notices.forget(&self.debugger);
        Ok(match restarted {
            Ok(_) => Ok(Json::Null),
            Err(refused) => {
                self.end_events(1).await?;
                Err(refused.message)
            }
        })
    }

    pub(super) async fn disconnect(&mut self, request: &Request) -> Answer {
        let arguments: DisconnectArguments = request.arguments()?;
        self.ended = true;
        if let Some(session) = &mut self.session {
            if arguments.terminate_debuggee == Some(false) {
                self.debugger.detach();
                session.ended().await;
            } else {
                session.end().await;
            }
        }
        Ok(Json::Null)
    }

    /// The run has ended by itself, or because it was told to.
    pub(super) async fn run_ended(
        &mut self,
        ended: Result<RunOutcome, Refused>,
    ) -> Result<(), DapError> {
        while let Some(notice) = self.notices.ready() {
            self.tell(notice).await?;
        }
        let code = match ended {
            Ok(outcome) => {
                self.tell_outcome(&outcome).await?;
                i32::from(outcome.state != RunState::Succeeded)
            }
            Err(refused) => {
                self.output("stderr", &refused.message).await?;
                1
            }
        };
        self.end_events(code).await
    }

    async fn end_events(&mut self, code: i32) -> Result<(), DapError> {
        self.out
            .event("exited", json!({ "exitCode": code }))
            .await?;
        self.out.event("terminated", Json::Null).await
    }

    async fn tell_outcome(&mut self, outcome: &RunOutcome) -> Result<(), DapError> {
        if let Some(error) = &outcome.error {
            let step = error.step.as_deref().unwrap_or("workflow");
            let mut text = format!("{step}: {}", error.message);
            if let Some(help) = &error.help {
                text = format!("{text}\n  help: {help}");
            }
            self.output("stderr", &text).await?;
        }
        if let Json::Object(outputs) = &outcome.outputs {
            for (name, value) in outputs {
                self.output("console", &format!("{name}: {value}")).await?;
            }
        }
        let text = format!("run {} {}", outcome.run, outcome.state);
        self.output("console", &text).await
    }
}
