use std::{path::PathBuf, time::Duration};

use casare_browser::{Browser, LaunchOptions};
use casare_nodes::healing::{
    probe::{Found, Probe as Look, Probed},
    project::Project,
};
use casare_workflow::Workflow;
use clap::Args;
use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use super::{HealError, Open};
use crate::{
    config::Config,
    execution,
    failure::{CliError, Exit},
    files::{self, WorkflowFile},
    inputs::Inputs,
    terminal::{Cell, Paint, count, table},
};

/// How long the browser may take to start.
const STARTING: Duration = Duration::from_secs(30);

/// Look for a workflow's targets on the pages as they are now, without acting
///
/// Pages are opened whose addresses are known before a run. Exits with 1 if a selector does not find its
/// element any more.
#[derive(Debug, Args)]
pub(super) struct Probe {
    /// The workflow file
    workflow: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    /// Show the browser
    #[arg(long)]
    headed: bool,
}

impl Probe {
    pub(super) fn exec(self, open: &Open<'_>, config: &Config) -> Result<Exit, CliError> {
        let file = WorkflowFile::read(&self.workflow)?;
        let engine = files::engine_at(&file.folder)?;
        let plan = file.load(&engine)?;
        let project = Project::around(&file.folder);
        let path = file.folder.join(plan.name());
        let mut inputs = defaults(plan.workflow());
        inputs.extend(self.inputs.read(plan.workflow())?);
        let look = Look {
            project: &project,
            catalogue: engine.registry(),
            file: &path,
            inputs: Json::Object(inputs),
        };
        let options = LaunchOptions {
            executable: config.chromium.value.clone(),
            headless: !self.headed,
            timeout: STARTING,
            ..LaunchOptions::default()
        };
        let probed = execution::runtime()?.block_on(look_at(&look, plan.workflow(), options))?;
        let drift = probed.iter().any(Probed::is_drift);
        if open.json {
            let told = json!({ "workflow": file.name, "drift": drift, "targets": probed });
            open.terminal.print_json(&told)?;
        } else {
            open.terminal.print(&listed(&probed, open.terminal.out))?;
            open.terminal.note(&summary(&probed));
        }
        Ok(if drift { Exit::Failed } else { Exit::Done })
    }
}

async fn look_at(
    look: &Look<'_>,
    workflow: &Workflow,
    options: LaunchOptions,
) -> Result<Vec<Probed>, CliError> {
    let browser = Browser::launch(options).await.map_err(HealError::Browser)?;
    let until = Instant::now() + STARTING;
    let probed = match browser.default_context().new_page(until).await {
        Ok(page) => look
            .look(workflow, &page)
            .await
            .map_err(|error| HealError::from(error).into()),
        Err(error) => Err(HealError::Browser(error).into()),
    };
    // What was seen does not depend on how the browser ends; it is killed in any case.
    let _ = browser.close().await;
    probed
}

fn defaults(workflow: &Workflow) -> Map<String, Json> {
    let inputs = workflow.inputs.iter();
    inputs
        .filter_map(|(name, input)| Some((name.clone(), input.default.clone()?)))
        .collect()
}

fn listed(probed: &[Probed], paint: Paint) -> String {
    let head = ["", "STEP", "TARGET", "LIKE", "MARGIN", ""];
    let mut rows: Vec<Vec<Cell>> = vec![
        head.iter()
            .map(|title| Cell::new(title, |title| paint.dim(title)))
            .collect(),
    ];
    let percent = |part: Option<f64>| {
        part.map_or_else(|| "-".to_owned(), |part| format!("{:.0} %", part * 100.0))
    };
    for one in probed {
        let mark = match one.found {
            Found::Found => Cell::new("✔ found", |text| paint.green(text)),
            Found::Healed => Cell::new("~ healed", |text| paint.yellow(text)),
            Found::Ambiguous => Cell::new("✘ several", |text| paint.red(text)),
            Found::Gone => Cell::new("✘ gone", |text| paint.red(text)),
            Found::NotReached => Cell::new("- not reached", |text| paint.dim(text)),
            Found::Computed => Cell::new("- computed", |text| paint.dim(text)),
        };
        let remark = match (&one.selector, &one.reason, one.alternatives) {
            (Some(selector), _, _) => format!(
                "now {selector} ({})",
                one.tier.as_deref().unwrap_or_default()
            ),
            (None, Some(reason), _) => reason.clone(),
            (None, None, Some((finding, all))) => {
                format!("{finding} of {all} alternatives find it")
            }
            (None, None, None) => String::new(),
        };
        rows.push(vec![
            mark,
            format!("{} {}", one.at, one.step).into(),
            one.target.as_str().into(),
            percent(one.likeness).into(),
            percent(one.margin).into(),
            Cell::new(&remark, |text| paint.dim(text)),
        ]);
    }
    table(&rows)
}

fn summary(probed: &[Probed]) -> String {
    let of = |found: Found| probed.iter().filter(|one| one.found == found).count();
    format!(
        "{}: {} found, {} to heal, {} ambiguous, {} gone, {} not reached, {} computed",
        count(probed.len() as u64, "target"),
        of(Found::Found),
        of(Found::Healed),
        of(Found::Ambiguous),
        of(Found::Gone),
        of(Found::NotReached),
        of(Found::Computed),
    )
}
