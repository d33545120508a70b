//! The manual of one node, for a terminal.

use std::fmt::Write as _;

use casare_workflow::{BlockShape, Effect, NodeSpec};
use serde_json::Value as Json;

use super::fields::fields;
use crate::terminal::{Cell, Paint, table};

/// What the node does, its settings, outputs, blocks and an example.
pub(crate) fn manual(spec: &NodeSpec, paint: Paint) -> String {
    let mut text = format!("{}\n\n{}\n", paint.bold(&spec.name), spec.help.trim());
    section(
        &mut text,
        paint,
        "Settings",
        &listed(&spec.settings, true, paint),
    );
    section(
        &mut text,
        paint,
        "Outputs",
        &listed(&spec.outputs, false, paint),
    );
    section(&mut text, paint, "Blocks", &blocks(spec, paint));
    let effect = effect(spec.effect);
    section(&mut text, paint, "Effect", &format!("  {effect}\n"));
    let mut faults = String::new();
    for fault in &spec.faults {
        let _ = writeln!(faults, "  {:<12} {}", fault.kind, fault.when);
    }
    section(&mut text, paint, "Fails with", &faults);
    let mut example = String::new();
    for line in spec.example.lines() {
        let _ = writeln!(example, "  {line}");
    }
    section(&mut text, paint, "Example", &example);
    text
}

/// What repeating a step means, for people.
pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Pure => "pure: a resumed run may do it again",
        Effect::Once => "once: never repeated on its own after it may have happened",
        Effect::Live => "live: opened again when a run is resumed",
    }
}

/// How a block is written, for people.
pub(super) fn shape(shape: &BlockShape) -> String {
    match shape {
        BlockShape::List => "steps".to_owned(),
        BlockShape::Named => "steps by name".to_owned(),
        BlockShape::ListOrNamed(names) => format!("steps, or steps by {}", names.join(", ")),
    }
}

fn section(text: &mut String, paint: Paint, title: &str, content: &str) {
    if !content.is_empty() {
        let _ = write!(text, "\n{}\n{content}", paint.bold(title));
    }
}

/// Settings or outputs, one a line; what is `given` may be required.
fn listed(schema: &Json, given: bool, paint: Paint) -> String {
    let rows: Vec<Vec<Cell>> = fields(schema)
        .into_iter()
        .map(|field| {
            let mut kind = field.kind;
            if given && field.required {
                kind.push_str(", required");
            } else if let Some(default) = field.default {
                let _ = write!(kind, ", default {default}");
            }
            vec![
                Cell::new(&format!("  {}", field.name), |name| paint.cyan(name)),
                Cell::new(&kind, |kind| paint.dim(kind)),
                field.help.into(),
            ]
        })
        .collect();
    table(&rows)
}

fn blocks(spec: &NodeSpec, paint: Paint) -> String {
    let rows: Vec<Vec<Cell>> = spec
        .blocks
        .iter()
        .map(|block| {
            let shape = shape(&block.shape);
            let required = if block.required { ", required" } else { "" };
            vec![
                Cell::new(&format!("  {}", block.name), |name| paint.cyan(name)),
                Cell::new(&format!("{shape}{required}"), |shape| paint.dim(shape)),
                block.summary.into(),
            ]
        })
        .collect();
    table(&rows)
}
