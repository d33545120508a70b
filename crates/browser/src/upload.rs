//! Giving files to a page.

use std::path::{Path, PathBuf};

use tokio::time::{Instant, timeout_at};

use crate::{
    action::Click,
    cdp::{dom, page as cdp_page, runtime},
    connection::Session,
    error::BrowserError,
    locator::Locator,
    page::Page,
    program::{ElementOrReason, Program},
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

    async fn element(
        &self,
        locator: &Locator,
        deadline: Instant,
    ) -> Result<ElementOrReason, BrowserError> {
        let program = Program::new("element", locator);
        let found = self.element_of(&program, deadline);
        match timeout_at(deadline + std::time::Duration::from_secs(2), found).await {
            Ok(found) => found,
            Err(_) => Err(self.core.unresponsive(deadline.elapsed())),
        }
    }
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
