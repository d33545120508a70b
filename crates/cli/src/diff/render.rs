//! Changes as people read them.

use std::fmt::Write as _;

use casare_workflow::diff::{Diff, StepChange, StepPlace, ValueChange};
use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use crate::terminal::{Paint, count};

/// The widest value that is shown whole, in characters.
const WIDEST: usize = 100;
/// The most lines of a new or removed step that are shown.
const MOST_LINES: usize = 40;

/// All changes, under the names of both versions.
pub(super) fn text(changes: &Diff, names: (&str, &str), paint: Paint) -> String {
    let mut text = head(names, paint);
    if !changes.parts.is_empty() {
        text.push('\n');
        for part in &changes.parts {
            value(&mut text, part, "", paint);
        }
    }
    for step in &changes.steps {
        text.push('\n');
        step_change(&mut text, step, paint);
    }
    let _ = writeln!(text, "\n{}", summary(changes));
    text
}

/// The names of both versions.
pub(super) fn head((old, new): (&str, &str), paint: Paint) -> String {
    format!(
        "{}\n{}\n",
        paint.bold(&format!("--- {old}")),
        paint.bold(&format!("+++ {new}"))
    )
}

/// The lines that differ, with some around them.
pub(super) fn lines(old: &str, new: &str, paint: Paint) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for (place, group) in diff.grouped_ops(2).iter().enumerate() {
        if place > 0 {
            text.push_str("  …\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end_matches(['\n', '\r']);
            let line = match change.tag() {
                ChangeTag::Equal => format!("  {line}"),
                ChangeTag::Delete => paint.red(&format!("- {line}")),
                ChangeTag::Insert => paint.green(&format!("+ {line}")),
            };
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

fn step_change(text: &mut String, change: &StepChange, paint: Paint) {
    match change {
        StepChange::Added {
            step,
            inside,
            text: written,
        } => {
            let about = format!("+ {}{}", about(step, paint), with_inside(*inside));
            let _ = writeln!(
                text,
                "{}, line {}, in {}",
                paint.green(&about),
                step.line,
                step.home
            );
            excerpt(text, written, |line| paint.green(&format!("    + {line}")));
        }
        StepChange::Removed {
            step,
            inside,
            text: written,
        } => {
            let about = format!("- {}{}", about(step, paint), with_inside(*inside));
            let _ = writeln!(
                text,
                "{}, was line {}, in {}",
                paint.red(&about),
                step.line,
                step.home
            );
            excerpt(text, written, |line| paint.red(&format!("    - {line}")));
        }
        StepChange::Changed {
            old,
            new,
            moved,
            values,
        } => {
            let _ = writeln!(
                text,
                "{} {}, line {}",
                paint.yellow("~"),
                about(new, paint),
                new.line
            );
            if *moved {
                let from = format!("{}, line {}", old.home, old.line);
                let to = format!("{}, line {}", new.home, new.line);
                let _ = writeln!(
                    text,
                    "    {} {from} {} {to}",
                    paint.cyan("moved:"),
                    paint.dim("→")
                );
            }
            for change in values {
                value(text, change, "    ", paint);
            }
        }
    }
}

fn about(step: &StepPlace, paint: Paint) -> String {
    if step.title == step.node {
        return paint.bold(&step.node);
    }
    format!("{} ({})", paint.bold(&step.title), step.node)
}

fn with_inside(inside: usize) -> String {
    match inside {
        0 => String::new(),
        inside => format!(" and {} in it", count(inside as u64, "step")),
    }
}

fn excerpt(text: &mut String, written: &str, paint: impl Fn(&str) -> String) {
    for line in written.lines().take(MOST_LINES) {
        let _ = writeln!(text, "{}", paint(line));
    }
    let rest = written.lines().count().saturating_sub(MOST_LINES);
    if rest > 0 {
        let _ = writeln!(text, "    … {} more", count(rest as u64, "line"));
    }
}

fn value(text: &mut String, change: &ValueChange, indent: &str, paint: Paint) {
    let path = &change.path;
    if let (Some(Json::String(old)), Some(Json::String(new))) = (&change.old, &change.new)
        && (old.contains('\n') || new.contains('\n'))
    {
        let _ = writeln!(text, "{indent}{path}:");
        for line in lines(old, new, paint).lines() {
            let _ = writeln!(text, "{indent}  {line}");
        }
        return;
    }
    let line = match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!(
            "{path}: {} {} {}",
            paint.red(&shown(old)),
            paint.dim("→"),
            paint.green(&shown(new))
        ),
        (None, Some(new)) => paint.green(&format!("+ {path}: {}", shown(new))),
        (Some(old), None) => paint.red(&format!("- {path}: {}", shown(old))),
        (None, None) => return,
    };
    let _ = writeln!(text, "{indent}{line}");
}

fn shown(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn summary(changes: &Diff) -> String {
    let of = |is: fn(&StepChange) -> bool| changes.steps.iter().filter(|step| is(step)).count();
    let counts = [
        (of(|step| matches!(step, StepChange::Added { .. })), "added"),
        (
            of(|step| matches!(step, StepChange::Removed { .. })),
            "removed",
        ),
        (
            of(|step| matches!(step, StepChange::Changed { moved: true, .. })),
            "moved",
        ),
        (of(StepChange::is_renamed), "renamed"),
        (
            of(|step| {
                matches!(step, StepChange::Changed { values, .. }
                if values.iter().any(|value| value.path != "name" && value.path != "id"))
            }),
            "changed",
        ),
    ];
    let mut parts: Vec<String> = counts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, how)| format!("{} {how}", count(*number as u64, "step")))
        .collect();
    if !changes.parts.is_empty() {
        let number = changes.parts.len() as u64;
        parts.push(format!("{} outside the steps", count(number, "change")));
    }
    parts.join(", ")
}
