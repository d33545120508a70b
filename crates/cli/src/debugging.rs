//! What debugging in a terminal and in an editor share: where workflows and secrets come from.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use casare_debug::{Host, Launch, Opened, Refused};
use casare_engine::{Credentials, PlanError, RunOptions};
use casare_store::Journal;

use crate::{
    config::Config,
    failure::CliError,
    files::{self, WorkflowFile},
    inputs::Inputs,
    problems,
    terminal::Paint,
};

/// Opens workflows as `casare run` does, with a journal.
pub(crate) struct Workbench {
    home: PathBuf,
    runs: PathBuf,
    credentials: Arc<dyn Credentials>,
    variables: BTreeMap<String, String>,
    browser: Option<PathBuf>,
    /// Inputs of the command line.
    inputs: Option<Inputs>,
    paint: Paint,
}

impl Workbench {
    pub(crate) fn new(
        config: &Config,
        inputs: Option<Inputs>,
        paint: Paint,
    ) -> Result<Self, CliError> {
        // Before the first HTTPS connection; what it costs comes with that connection.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Ok(Self {
            home: config.home()?,
            runs: config.runs()?,
            credentials: Arc::new(config.credentials()),
            variables: config.variables.clone(),
            browser: config.chromium.value.clone(),
            inputs,
            paint,
        })
    }

    async fn opened(&self, launch: &Launch) -> Result<Opened, CliError> {
        let file = WorkflowFile::read(&launch.file)?;
        let engine = files::engine_at(&file.folder)?;
        let plan = file.load(&engine)?;
        let mut options = RunOptions::new(file.folder.clone(), self.runs.clone());
        options.inputs = match &self.inputs {
            Some(inputs) => inputs.read(plan.workflow())?,
            None => launch.inputs.clone(),
        };
        options.file = std::path::absolute(&launch.file)
            .ok()
            .map(|path| path.display().to_string());
        options.credentials = self.credentials.clone();
        options.env.clone_from(&self.variables);
        options.headed = launch.headed.then_some(true);
        options.browser.clone_from(&self.browser);
        options.keep = Some(self.home.clone());
        options.journal = Some(Journal::open(&self.home).await?);
        Ok(Opened {
            engine,
            plan,
            options,
        })
    }
}

#[async_trait]
impl Host for Workbench {
    async fn open(&self, launch: &Launch) -> Result<Opened, Refused> {
        self.opened(launch).await.map_err(|error| {
            if let CliError::Plan(PlanError::Invalid(list)) = &error {
                return Refused::new(problems::render(list, self.paint));
            }
            let mut message = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                message = format!("{message}: {error}");
                cause = error.source();
            }
            match error.help() {
                Some(help) => Refused::new(format!("{message}\nhelp: {help}")),
                None => Refused::new(message),
            }
        })
    }
}
