use std::{collections::BTreeMap, path::PathBuf};

use casare_engine::{Decision, PlanError};
use casare_store::Journal;
use casare_workflow::Source;
use clap::Args;

use crate::{
    config::Config,
    execution::{self, Execution, Manner},
    failure::{CliError, Exit},
    files, report,
    runs::chosen,
    terminal::Terminal,
};

/// Go on with a run that was interrupted, has failed, or needs a decision
///
/// Finished steps are not executed again. A step that must not happen twice and was under way when
/// the run was interrupted waits for a decision: look whether it happened, then say so.
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The run: its id, the beginning of it, or `last`
    run: String,
    /// What you know of a step that may or may not have happened, by its path or id: `done` (it
    /// happened; `done:{"id": 7}` gives its outputs) or `repeat` (it did not: do it)
    #[arg(long, value_name = "STEP=done|repeat", value_parser = decision)]
    decide: Vec<(String, Decision)>,
    #[command(flatten)]
    manner: Manner,
}

impl Resume {
    pub(crate) fn wants_json(&self) -> bool {
        self.manner.wants_json()
    }

    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let decisions: BTreeMap<String, Decision> = self.decide.into_iter().collect();
        let runtime = execution::runtime()?;
        runtime.block_on(async {
            let journal = Journal::open(&config.home()?).await?;
            let stored = chosen(&journal, &self.run).await?;
            let name = stored
                .file
                .clone()
                .unwrap_or_else(|| stored.workflow.clone());
            // The workflow as it was when the run began, whatever its file says now.
            let (workflow, _) = Source::read(&name, &stored.text).map_err(PlanError::Invalid)?;
            let folder: PathBuf = stored.folder.clone().into();
            let engine = files::engine_at(&folder)?;
            let mut execution = Execution::new(&self.manner, config, terminal, folder, &workflow)?;
            execution.options.journal = Some(journal.clone());
            execution.cancel_on_signals()?;
            let (options, mut execution) = execution.start();
            let outcome = engine
                .resume(&stored.id.to_string(), &decisions, options)
                .await;
            execution.quiet();
            let outcome = outcome?;
            // The report shows all attempts: only the journal knows the earlier ones.
            execution.collected = report::from_journal(&journal, stored.id).await?;
            execution.finish(outcome, &workflow, &name, &stored.text)
        })
    }
}

fn decision(text: &str) -> Result<(String, Decision), String> {
    const FORM: &str = "write it as STEP=done, STEP=done:{\"output\": …} or STEP=repeat";
    let named = |step: &str, decision| match step {
        "" => Err(FORM.to_owned()),
        step => Ok((step.to_owned(), decision)),
    };
    if let Some(step) = text.strip_suffix("=repeat") {
        return named(step, Decision::Repeat);
    }
    if let Some(step) = text.strip_suffix("=done") {
        return named(step, Decision::Done(serde_json::Value::Null));
    }
    let (step, outputs) = text.split_once("=done:").ok_or(FORM)?;
    let outputs = serde_json::from_str(outputs)
        .map_err(|error| format!("the outputs after `done:` are not JSON: {error}"))?;
    named(step, Decision::Done(outputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_may_tell_the_outputs() {
        let (step, decision) = decision(r#"1.do[17].0=done:{"id": 7}"#).unwrap();

        assert_eq!(step, "1.do[17].0");
        assert_eq!(decision, Decision::Done(serde_json::json!({ "id": 7 })));
    }

    #[test]
    fn a_decision_that_decides_nothing_is_refused() {
        assert!(decision("1=maybe").is_err());
        assert!(decision("=done").is_err());
    }
}
