//! The files of a workflow, and where their steps stand.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use casare_engine::{Plan, event::StepInfo};

use crate::breakpoint::{Place, Target};

/// A workflow and those that it calls.
#[derive(Debug)]
pub struct Program {
    plan: Arc<Plan>,
    files: Vec<SourceFile>,
}

/// One file of a program.
#[derive(Debug)]
pub struct SourceFile {
    /// Where it lies, or lay when the run was recorded.
    pub path: PathBuf,
    /// Its text, as it runs.
    pub text: String,
    /// The first step of each line; more than one where the file is called from several places.
    steps: BTreeMap<u32, Vec<Arc<StepInfo>>>,
}

impl Program {
    /// The program that `plan` is.
    pub fn new(plan: Arc<Plan>) -> Self {
        let mut program = Self {
            plan: plan.clone(),
            files: Vec::new(),
        };
        program.add(&plan);
        program
    }

    fn add(&mut self, plan: &Plan) {
        let path = source_path(plan);
        let outline = plan.outline();
        let place = self.files.iter().position(|file| file.path == path);
        let place = place.unwrap_or_else(|| {
            self.files.push(SourceFile {
                path,
                text: plan.text().to_owned(),
                steps: BTreeMap::new(),
            });
            self.files.len() - 1
        });
        let mut last = 0;
        for step in outline.iter().filter(|step| !step.disabled) {
            if step.info.line != last {
                last = step.info.line;
                let steps = self.files[place].steps.entry(last).or_default();
                steps.push(step.info.clone());
            }
        }
        for called in outline.iter().filter_map(|step| step.calls.as_ref()) {
            self.add(called);
        }
    }

    /// The workflow that is started.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Its file first, then those of the workflows that it calls.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The file that `path` names.
    pub fn file(&self, path: &Path) -> Option<&SourceFile> {
        let same = |file: &&SourceFile| file.path == path;
        self.files.iter().find(same).or_else(|| {
            let path = path.canonicalize().ok()?;
            let real = |file: &&SourceFile| file.path.canonicalize().is_ok_and(|real| real == path);
            self.files.iter().find(real)
        })
    }

    /// The steps that `place` means, and the line where they stand.
    pub(crate) fn resolve(&self, place: &Place) -> Result<(u32, Target), String> {
        match place {
            Place::Line(path, line) => {
                let file = self
                    .file(path)
                    .ok_or_else(|| format!("`{}` is not part of this workflow", path.display()))?;
                let line = file
                    .step_line(*line)
                    .ok_or_else(|| format!("there is no step on line {line} or after it"))?;
                let steps = file.steps.get(&line).cloned().unwrap_or_default();
                Ok((line, Target { steps, path: None }))
            }
            Place::Id(id) => {
                let steps = all_steps(&self.plan);
                let steps: Vec<_> = steps
                    .into_iter()
                    .filter(|info| info.id.as_ref() == Some(id))
                    .collect();
                match steps.first().map(|info| info.line) {
                    Some(line) => Ok((line, Target { steps, path: None })),
                    None => Err(self.no_such_step(id)),
                }
            }
            Place::Path(path) => {
                let step = self.plan.step_at(path);
                let step = step.ok_or_else(|| self.no_such_step(&path.to_string()))?;
                let target = Target {
                    steps: vec![step.info.clone()],
                    path: Some(path.clone()),
                };
                Ok((step.info.line, target))
            }
        }
    }

    fn no_such_step(&self, step: &str) -> String {
        let ids: Vec<String> = all_steps(&self.plan)
            .into_iter()
            .filter_map(|info| info.id.clone())
            .collect();
        if ids.is_empty() {
            format!("there is no step `{step}`; no step has an id, so name a line")
        } else {
            format!("there is no step `{step}`; ids: {}", ids.join(", "))
        }
    }
}

/// The steps of a workflow and of those that it calls.
fn all_steps(plan: &Plan) -> Vec<Arc<StepInfo>> {
    let mut steps = Vec::new();
    for step in plan.outline() {
        steps.push(step.info);
        if let Some(called) = step.calls {
            steps.extend(all_steps(&called));
        }
    }
    steps
}

impl SourceFile {
    /// The line of the step that `line` belongs to, or else of the next one.
    pub fn step_line(&self, line: u32) -> Option<u32> {
        if let Some((start, _)) = self.steps.range(..=line).next_back()
            && self.belongs(*start, line)
        {
            return Some(*start);
        }
        self.steps.range(line..).next().map(|(line, _)| *line)
    }

    /// The lines with a step, from `first` to `last`.
    pub fn step_lines(&self, first: u32, last: u32) -> Vec<u32> {
        let lines = self.steps.range(first..=last.max(first));
        lines.map(|(line, _)| *line).collect()
    }

    /// Whether `line` is one of the lines that say what the step at `start` is.
    fn belongs(&self, start: u32, line: u32) -> bool {
        let mut lines = self.text.lines().skip(start.saturating_sub(1) as usize);
        let Some(first) = lines.next() else {
            return false;
        };
        if line == start {
            return true;
        }
        let indent = indent(first);
        let mut between = lines.take((line - start) as usize);
        between.by_ref().all(|text| {
            let text = text.trim_end();
            !text.is_empty() && !text.trim_start().starts_with('#') && self::indent(text) > indent
        })
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Where the file of `plan` lies.
pub(crate) fn source_path(plan: &Plan) -> PathBuf {
    plan.folder().join(plan.name())
}
