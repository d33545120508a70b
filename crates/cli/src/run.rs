use std::path::PathBuf;

use casare_store::Journal;
use casare_testing::Recorder;
use clap::Args;

use crate::{
    config::Config,
    execution::{self, Execution, Manner},
    failure::{CliError, Exit},
    files::{self, WorkflowFile},
    inputs::Inputs,
    problems,
    terminal::Terminal,
};

/// Run a workflow
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The workflow file; `-` reads stdin
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    /// Keep no record: such a run can't be resumed and is not listed
    #[arg(long)]
    no_journal: bool,
    /// Write what the run did into this file, secrets taken out; `casare replay` runs it again
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    manner: Manner,
}

impl Run {
    pub(crate) fn wants_json(&self) -> bool {
        self.manner.wants_json()
    }

    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let file = WorkflowFile::read(&self.file)?;
        let engine = files::engine_at(&file.folder)?;
        let plan = file.load(&engine)?;
        if !plan.warnings().problems.is_empty() {
            let warnings = file.named(plan.warnings().clone());
            terminal.note(&problems::render(&warnings, terminal.err));
        }
        let inputs = self.inputs.read(plan.workflow())?;
        let mut execution = Execution::new(
            &self.manner,
            config,
            terminal,
            file.folder.clone(),
            plan.workflow(),
        )?;
        execution.options.inputs = inputs;
        execution.options.file = Some(match file.name.as_str() {
            "-" => file.name.clone(),
            name => std::path::absolute(name)
                .map_or_else(|_| name.into(), |path| path.display().to_string()),
        });
        let runtime = execution::runtime()?;
        runtime.block_on(async {
            if !self.no_journal {
                execution.options.journal = Some(Journal::open(&config.home()?).await?);
            }
            execution.cancel_on_signals()?;
            let recorder = self
                .record
                .as_ref()
                .map(|_| Recorder::attach(&plan, &mut execution.options));
            let given = execution.options.inputs.clone();
            let (options, execution) = execution.start();
            let outcome = engine.run(&plan, options).await?;
            let recorded = match (recorder, &self.record) {
                (Some(recorder), Some(path)) => recorder
                    .finish(&plan, &given, &config.variables, &outcome)
                    .write(path),
                _ => Ok(()),
            };
            // How the run ended is told even if its recording could not be written.
            let exit = execution.finish(outcome, plan.workflow(), &file.name, &file.text)?;
            recorded?;
            Ok(exit)
        })
    }
}
