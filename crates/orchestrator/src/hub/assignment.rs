//! What a run needs: its workflow and those that it calls, values of its environment, and where it stood.

use std::{collections::BTreeMap, path::Path};

use casare_queue::LeasedJob;
use casare_store::{RunId, TenantStore};
use casare_tunnel::{Assignment, Lease, WorkflowText};
use casare_workflow::{Block, Source, Step};
use serde_json::Value;

use crate::{Orchestrator, OrchestratorError};

/// Workflows that call each other this deep are not followed any further.
const DEEPEST: usize = 16;
/// Workflows that one run may call.
const MOST_CALLED: usize = 200;

/// Why a job can't be run at all, for the person who ordered it.
pub(super) enum Refused {
    Server(OrchestratorError),
    Order(String),
}

impl<E: Into<OrchestratorError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Server(error.into())
    }
}

impl Orchestrator {
    pub(super) async fn assignment(&self, job: &LeasedJob) -> Result<Assignment, Refused> {
        let tenant = self.store.tenant(job.tenant);
        let workflow = tenant
            .workflow(job.workflow)
            .await?
            .ok_or_else(|| Refused::Order("the workflow was deleted".to_owned()))?;
        let number = job.version.or(workflow.active_version).ok_or_else(|| {
            Refused::Order(format!(
                "no version of `{}` is active: publish one and make it active",
                workflow.name
            ))
        })?;
        let version = tenant.version(job.workflow, number).await?.ok_or_else(|| {
            Refused::Order(format!("`{}` has no version {number}", workflow.name))
        })?;
        let mut called = BTreeMap::new();
        follow_calls(&tenant, &version.text, Path::new(""), DEEPEST, &mut called).await?;
        let environment = job.environment.clone().unwrap_or_default();
        let env = tenant
            .resolve_assets(&environment)
            .await?
            .into_iter()
            .map(|asset| (asset.name, text_of(asset.value.0)))
            .collect();
        let resumes = job.carry.as_ref().is_some_and(|carry| carry.resume);
        let history = if resumes {
            self.history(&tenant, job).await?
        } else {
            Vec::new()
        };
        let (waited_for, answer) = match &job.carry {
            Some(carry) => (carry.waits_for.clone(), carry.answer.clone()),
            None => (None, None),
        };
        Ok(Assignment {
            lease: Lease {
                tenant: job.tenant.0,
                job: job.lease.job.0,
                epoch: job.lease.epoch,
            },
            run: job.lease.run().0,
            workflow: WorkflowText {
                name: workflow.name,
                version: version.version,
                text: version.text,
            },
            called,
            inputs: job.inputs.clone(),
            env,
            environment: job.environment.clone(),
            attempt: job.attempt,
            history,
            waited_for,
            answer,
        })
    }

    /// The attempts since the last one that began at the start, the oldest first. Those that told nothing are left
    /// out.
    async fn history(
        &self,
        tenant: &TenantStore,
        job: &LeasedJob,
    ) -> Result<Vec<uuid::Uuid>, OrchestratorError> {
        let mut runs = Vec::new();
        for epoch in (1..job.lease.epoch).rev() {
            let run = RunId::of(job.lease.job, epoch);
            let first = tenant.events(run, -1, 1).await?;
            let Some(first) = first.first() else { continue };
            runs.push(run.0);
            let event = &first.event.0;
            if event["event"] == "run_started" && event["attempt"] == 1 {
                break;
            }
        }
        runs.reverse();
        Ok(runs)
    }
}

fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// Finds the workflows that `text` calls by their names here: `parts/order.workflow.yaml` is the workflow `order`.
/// What is not here is left for the robot to complain about, which knows the step.
async fn follow_calls(
    tenant: &TenantStore,
    text: &str,
    folder: &Path,
    depth: usize,
    called: &mut BTreeMap<String, String>,
) -> Result<(), OrchestratorError> {
    let Ok((workflow, _)) = Source::read("workflow", text) else {
        return Ok(());
    };
    let mut files = Vec::new();
    calls(&workflow.steps, &mut files);
    for file in files {
        let path = folder.join(&file);
        let key = path.display().to_string();
        if called.contains_key(&key) || called.len() >= MOST_CALLED || depth == 0 {
            continue;
        }
        let name = path.file_name().map(|name| name.to_string_lossy());
        let name = name.as_deref().and_then(|name| name.split('.').next());
        let Some(found) = tenant.workflow_named(name.unwrap_or_default()).await? else {
            continue;
        };
        let Some(number) = found.active_version else {
            continue;
        };
        let Some(version) = tenant.version(found.id, number).await? else {
            continue;
        };
        called.insert(key, version.text.clone());
        let folder = path.parent().unwrap_or(folder).to_owned();
        Box::pin(follow_calls(
            tenant,
            &version.text,
            &folder,
            depth - 1,
            called,
        ))
        .await?;
    }
    Ok(())
}

fn calls(steps: &[Step], files: &mut Vec<String>) {
    for step in steps {
        if step.uses == "flow.call"
            && let Some(Value::String(file)) = step.with.get("workflow")
        {
            files.push(file.clone());
        }
        for (_, list) in step.blocks.values().flat_map(Block::lists) {
            calls(list, files);
        }
    }
}
