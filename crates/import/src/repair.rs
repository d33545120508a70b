//! The last check of an imported workflow: a step that does not pass is replaced by one that says so.

use casare_workflow::{
    Block, Catalogue, DocPath, Problem, Segment, Severity, Source, Step, Workflow, check,
    format::write,
};

use crate::report::{Report, Weight};

/// How often the rest is checked again.
const ROUNDS: usize = 12;

/// `workflow` as text that passes the check.
pub(crate) fn checked(
    path: &str,
    mut workflow: Workflow,
    mut report: Report,
    catalogue: &dyn Catalogue,
) -> (String, Report) {
    let mut text = write(&workflow);
    for _ in 0..ROUNDS {
        let problems = match Source::read(path, &text) {
            Ok((read, source)) => check(&read, &source, catalogue),
            Err(list) => list.problems,
        };
        let errors: Vec<&Problem> = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .collect();
        if errors.is_empty() {
            break;
        }
        let mut repaired = false;
        for problem in errors {
            repaired |= repair(&mut workflow, problem, &mut report);
        }
        text = write(&workflow);
        if !repaired {
            break;
        }
    }
    (text, report)
}

/// Replaces what `problem` is about; whether that was possible.
fn repair(workflow: &mut Workflow, problem: &Problem, report: &mut Report) -> bool {
    let reason = match &problem.help {
        Some(help) => format!("{}: {help}", problem.message),
        None => problem.message.clone(),
    };
    if let [Segment::Key(part), Segment::Key(name), ..] = problem.path.0.as_slice() {
        let values = match &**part {
            "outputs" => &mut workflow.outputs,
            "variables" => &mut workflow.variables,
            _ => return false,
        };
        if let Some(value) = values.get_mut(&**name) {
            *value = serde_json::Value::Null;
            report.add(
                Weight::Lost,
                Some(name),
                format!("its value could not be taken over: {reason}"),
            );
            return true;
        }
        return false;
    }
    let Some(step) = step_at(&mut workflow.steps, &problem.path) else {
        return false;
    };
    if step.uses == "flow.fail" && step.when.is_none() && step.with.contains_key("kind") {
        // It stands for something else already.
        step.with.retain(|name, _| name == "kind");
        step.with
            .insert("message".to_owned(), "this step was not imported".into());
        step.id = None;
        return true;
    }
    if problem.code == "unknown-node" {
        let reason = format!("its successor `{}` is not part of this program", step.uses);
        replace(step, &reason, report);
    } else {
        replace(
            step,
            &format!("`{}` does not take it: {reason}", step.uses),
            report,
        );
    }
    true
}

/// Puts a step there that fails with `reason` when it is reached, and reports it.
pub(crate) fn replace(step: &mut Step, reason: &str, report: &mut Report) {
    let id = step.id.clone().unwrap_or_else(|| step.uses.clone());
    report.add(
        Weight::Lost,
        Some(&id),
        format!("{reason}; the step fails when it is reached"),
    );
    report.converted = report.converted.saturating_sub(1);
    let was = serde_json::to_string(&step.with).unwrap_or_default();
    let was: String = as_text(&was).chars().take(2_000).collect();
    let note = step
        .note
        .take()
        .map(|note| format!("{note}\n"))
        .unwrap_or_default();
    let message = format!("{id} was not imported: {}", as_text(reason));
    *step = Step {
        uses: "flow.fail".to_owned(),
        id: step.id.clone(),
        name: step.name.clone(),
        disabled: step.disabled,
        note: Some(format!("{note}Was: {} {was}", step.uses)),
        with: [
            ("message".to_owned(), message.into()),
            ("kind".to_owned(), "invalid".into()),
        ]
        .into_iter()
        .collect(),
        at: step.at.clone(),
        ..Step::default()
    };
}

/// `text` without anything that would be computed.
fn as_text(text: &str) -> String {
    text.replace("{{", "{ {").replace("{%", "{ %")
}

/// The innermost step around a place.
fn step_at<'s>(steps: &'s mut [Step], path: &DocPath) -> Option<&'s mut Step> {
    let segments = &path.0;
    let (Some(Segment::Key(top)), Some(Segment::Index(first))) =
        (segments.first(), segments.get(1))
    else {
        return None;
    };
    if &**top != "steps" {
        return None;
    }
    let mut step = steps.get_mut(*first)?;
    let mut at = 2;
    loop {
        let (name, next) = match (segments.get(at), segments.get(at + 1), segments.get(at + 2)) {
            (Some(Segment::Key(block)), Some(Segment::Index(index)), _) => {
                match step.blocks.get(&**block) {
                    Some(Block::Steps(list)) if *index < list.len() => ((block, None), (*index, 2)),
                    _ => return Some(step),
                }
            }
            (Some(Segment::Key(block)), Some(Segment::Key(list)), Some(Segment::Index(index))) => {
                match step.blocks.get(&**block) {
                    Some(Block::Named(lists))
                        if lists.get(&**list).is_some_and(|steps| *index < steps.len()) =>
                    {
                        ((block, Some(list)), (*index, 3))
                    }
                    _ => return Some(step),
                }
            }
            _ => return Some(step),
        };
        at += next.1;
        step = match (step.blocks.get_mut(&**name.0)?, name.1) {
            (Block::Steps(list), _) => list.get_mut(next.0)?,
            (Block::Named(lists), Some(list)) => lists.get_mut(&**list)?.get_mut(next.0)?,
            (Block::Named(_), None) => return None,
        };
    }
}
