//! Giving files to a page.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{json, value::RawValue};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    action::Click,
    cdp::{dom, page as cdp_page, runtime},
    connection::{CallError, Session},
    error::BrowserError,
    locator::Locator,
    page::Page,
    program::{FOREIGN_PAUSE, Outcome, Point, Program, argument, call_function},
    scope::Scope,
};

impl Page {
    /// Puts files into a file field: the field itself, its label, something around it, or a button that
    /// opens the dialog for choosing files (which then does not appear).
    ///
    /// # Errors
    ///
    /// `File` if one does not exist; `WaitTimeout` if the button opens no such dialog.
    pub async fn upload(
        &self,
        locator: &Locator,
        files: &[PathBuf],
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let mut paths = Vec::with_capacity(files.len());
        for file in files {
            paths.push(absolute(file).await?);
        }
        let (backend_node_id, object_id, session) = match self.element(locator, deadline).await? {
            ElementOrReason::Element { object_id, session } => (None, Some(object_id), session),
            ElementOrReason::OpensChooser | ElementOrReason::Elsewhere => {
                let (session, field) = self.chooser_of(locator, deadline).await?;
                (Some(field), None, session)
            }
        };
        self.touch();
        let set = dom::SetFileInputFiles {
            files: paths,
            backend_node_id,
            object_id: object_id.clone(),
        };
        let started = Instant::now();
        let set = match timeout_at(deadline, session.call(&set)).await {
            Ok(set) => set.map(drop).map_err(|error| self.core.explain(error)),
            Err(_) => Err(self.core.unresponsive(started.elapsed())),
        };
        if let Some(object_id) = object_id {
            session.tell(&runtime::ReleaseObject { object_id });
        }
        set.map_err(|error| match error {
            BrowserError::Protocol { message, .. } => BrowserError::InvalidValue {
                locator: Box::new(locator.clone()),
                reason: message,
            },
            other => other,
        })
    }

    /// Clicks what opens the file dialog and answers the field that it is for.
    async fn chooser_of(
        &self,
        locator: &Locator,
        deadline: Instant,
    ) -> Result<(Session, i64), BrowserError> {
        let started = Instant::now();
        let intercept = |enabled| cdp_page::SetInterceptFileChooserDialog { enabled };
        self.core.state.lock().chooser = None;
        // The field may be in a frame of another process.
        let frames = self.core.frame_sessions();
        for frame in &frames {
            frame.tell(&intercept(true));
        }
        self.core.call(&intercept(true), deadline).await?;
        let clicked = self.click(locator, Click::default(), deadline).await;
        let opened = match clicked {
            Ok(()) => self.core.wait(deadline, |state| state.chooser.take()).await,
            Err(error) => Err(error),
        };
        self.core.session.tell(&intercept(false));
        for frame in &frames {
            frame.tell(&intercept(false));
        }
        opened?.ok_or_else(|| BrowserError::WaitTimeout {
            what: format!("a dialog for choosing files after a click on `{locator}`"),
            waited: started.elapsed(),
            found: String::new(),
        })
    }

    /// The file field that the program's locator leads to, in the main document and what it can reach.
    async fn element_of(
        &self,
        program: &Program<'_>,
        deadline: Instant,
    ) -> Result<ElementOrReason, BrowserError> {
        loop {
            self.core.settle(deadline).await?;
            let scope = self.main_scope(deadline).await?;
            match self.element_in(&scope, program, deadline).await {
                Err(CallError::SessionGone) => {
                    return Err(self.core.explain(CallError::SessionGone));
                }
                Err(error) if error.is_lost_document() && Instant::now() < deadline => {
                    self.core.forget_world(&scope);
                }
                Err(error) => return Err(self.core.explain(error)),
                Ok(Ok(ElementOrReason::Elsewhere)) => {
                    if let Some(scope) = self.scope_that_has(program).await? {
                        let mut there = program.clone().with("starts", json!(scope.starts));
                        there.settings.insert("handover".into(), false.into());
                        match self.element_in(&scope, &there, deadline).await {
                            Ok(found) => return found,
                            Err(error) if error.is_lost_document() => {}
                            Err(error) => return Err(self.core.explain(error)),
                        }
                    }
                    if Instant::now() >= deadline {
                        let mut alone = program.clone();
                        alone.settings.insert("handover".into(), false.into());
                        return match self.element_in(&scope, &alone, deadline).await {
                            Ok(found) => found,
                            Err(error) => Err(self.core.explain(error)),
                        };
                    }
                    sleep(FOREIGN_PAUSE).await;
                }
                Ok(found) => return found,
            }
        }
    }

    async fn element_in(
        &self,
        scope: &Scope,
        program: &Program<'_>,
        deadline: Instant,
    ) -> Result<Result<ElementOrReason, BrowserError>, CallError> {
        let mut settings = program.settings.clone();
        let left = deadline.saturating_duration_since(Instant::now());
        settings.insert("timeout".into(), (left.as_secs_f64() * 1000.0).into());
        let mut command = call_function(
            "p => casare.element(p)",
            scope.context,
            vec![argument(&settings)],
        );
        command.return_by_value = Some(false);
        let reply = scope.session.call(&command).await?;
        if let Some(object_id) = reply.result.object_id {
            let session = scope.session.clone();
            return Ok(Ok(ElementOrReason::Element { object_id, session }));
        }
        let failure = reply
            .result
            .value
            .as_deref()
            .map_or("\"{}\"", RawValue::get);
        let answer = |source| CallError::Answer {
            method: program.op,
            source,
        };
        let failure: String = serde_json::from_str(failure).map_err(answer)?;
        let outcome: Outcome = serde_json::from_str(&failure).map_err(answer)?;
        if outcome.handover {
            return Ok(Ok(ElementOrReason::Elsewhere));
        }
        if outcome.invalid.as_deref() == Some("opens-chooser") {
            return Ok(Ok(ElementOrReason::OpensChooser));
        }
        Ok(
            match self.conclude::<()>(program, outcome, Point::default()) {
                Err(error) => Err(error),
                Ok(_) => Err(self.core.unresponsive(Duration::ZERO)),
            },
        )
    }

    async fn element(
        &self,
        locator: &Locator,
        deadline: Instant,
    ) -> Result<ElementOrReason, BrowserError> {
        let program = Program::new("element", locator);
        let found = self.element_of(&program, deadline);
        match timeout_at(deadline + Duration::from_secs(2), found).await {
            Ok(found) => found,
            Err(_) => Err(self.core.unresponsive(deadline.elapsed())),
        }
    }
}

/// An element as a handle, for what cannot be done by the page's script.
#[derive(Debug)]
enum ElementOrReason {
    Element {
        object_id: String,
        session: Session,
    },
    /// Not a file field; it may be what opens one's dialog.
    OpensChooser,
    /// Not in this document: look into the frames that it cannot see into.
    Elsewhere,
}

async fn absolute(file: &Path) -> Result<String, BrowserError> {
    let fault = |source| BrowserError::File {
        what: "upload",
        path: file.to_owned(),
        source,
    };
    let path = tokio::fs::canonicalize(file).await.map_err(fault)?;
    Ok(path.to_string_lossy().into_owned())
}
