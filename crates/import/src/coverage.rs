//! Every node type of CasareRPA, and what stands for it here.

use std::fmt::Write as _;

use casare_workflow::Catalogue;
use serde_json::Value as Json;

use crate::library::{self, Form};

/// How a type stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has a successor.
    Succeeded,
    /// Its successor is named, but this build does not have it.
    Awaited,
    /// It starts runs, which is set up at the orchestrator.
    Trigger,
    /// It has none.
    Missing,
}

/// A type and what stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The original's type.
    pub kind: &'static str,
    /// The original's category.
    pub category: &'static str,
    /// What it does there.
    pub does: &'static str,
    /// Whether it is another name of a type that counts.
    pub is_alias: bool,
    /// How it stands.
    pub standing: Standing,
    /// The successor, or the reason there is none.
    pub by: String,
    /// The nodes that its successor needs.
    pub nodes: Vec<&'static str>,
}

/// Every type, in the order of the inventory. `is_known` says which nodes there are.
pub fn coverage(is_known: &dyn Fn(&str) -> bool) -> Vec<Covered> {
    library::originals()
        .iter()
        .map(|(kind, original)| {
            let kind_here = original.alias.as_deref().unwrap_or(kind);
            let (standing, by, nodes) = standing(kind_here, is_known, 0);
            let by = match &original.alias {
                Some(alias) => format!("as `{alias}`: {by}"),
                None => by,
            };
            Covered {
                kind,
                category: &original.category,
                does: &original.does,
                is_alias: original.alias.is_some(),
                standing,
                by,
                nodes,
            }
        })
        .collect()
}

fn standing(
    kind: &str,
    is_known: &dyn Fn(&str) -> bool,
    depth: usize,
) -> (Standing, String, Vec<&'static str>) {
    let missing = |why: &str| (Standing::Missing, why.to_owned(), Vec::new());
    let Some(successor) = library::successor(kind).filter(|_| depth < 3) else {
        return missing("no equivalent yet");
    };
    match &successor.form {
        Form::Use(node, _) | Form::Open(node, _) => {
            let how = if is_known(node) {
                Standing::Succeeded
            } else {
                Standing::Awaited
            };
            (how, format!("`{node}`"), vec![&**node])
        }
        Form::Set(_) => (
            Standing::Succeeded,
            "`data.set` with an expression".to_owned(),
            vec!["data.set"],
        ),
        Form::Flow(says) | Form::Pass(says) => (Standing::Succeeded, says.clone(), Vec::new()),
        Form::Close(opener) => (
            Standing::Succeeded,
            format!(
                "the end of the block of {}",
                standing(opener, is_known, depth + 1).1
            ),
            Vec::new(),
        ),
        Form::By(setting, cases) => {
            let mut nodes = Vec::new();
            let mut names: Vec<String> = Vec::new();
            let mut worst = Standing::Succeeded;
            for (kind, _) in cases.values() {
                let (how, by, needed) = standing(kind, is_known, depth + 1);
                if how == Standing::Succeeded {
                    if !names.contains(&by) {
                        names.push(by);
                    }
                } else {
                    worst = how;
                }
                nodes.extend(needed);
            }
            (
                worst,
                format!("by its `{setting}`: {}", names.join(", ")),
                nodes,
            )
        }
        Form::Trigger(what) => (Standing::Trigger, what.clone(), Vec::new()),
        Form::None(why) => missing(why),
        Form::Unknown => missing("no equivalent yet"),
    }
}

/// Where the successors name settings or outputs that the nodes of `catalogue` don't have, or leave
/// out required ones. Nodes that are not there are not told: [`coverage`] does.
pub fn misfits(catalogue: &dyn Catalogue) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, successor) in library::successors() {
        let (Form::Use(node, with) | Form::Open(node, with)) = &successor.form else {
            continue;
        };
        let Some(spec) = catalogue.node(node) else {
            continue;
        };
        let names = |schema: &Json| -> Option<Vec<String>> {
            let map = schema["properties"].as_object()?;
            Some(map.keys().cloned().collect())
        };
        let settings = names(&spec.settings).unwrap_or_default();
        for name in with.keys().filter(|name| !settings.contains(name)) {
            found.push(format!(
                "{kind}: `{node}` has no setting `{name}`: {}",
                settings.join(", ")
            ));
        }
        let required = spec.settings["required"].as_array().into_iter().flatten();
        for name in required
            .filter_map(Json::as_str)
            .filter(|name| !with.contains_key(*name))
        {
            found.push(format!("{kind}: `{node}` needs `{name}`"));
        }
        let Some(outputs) =
            names(&spec.outputs).filter(|_| !spec.outputs["additionalProperties"].is_object())
        else {
            continue;
        };
        for path in successor.out.values() {
            for name in outputs_named(path) {
                if !outputs.contains(&name) {
                    found.push(format!(
                        "{kind}: `{node}` has no output `{name}`: {}",
                        outputs.join(", ")
                    ));
                }
            }
        }
    }
    found
}

/// The outputs that a pattern reads.
fn outputs_named(pattern: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let first = |text: &str| {
        text.chars()
            .take_while(|letter| is_part(*letter))
            .collect::<String>()
    };
    if pattern.starts_with("{{") {
        return pattern.split("@.").skip(1).map(first).collect();
    }
    vec![first(pattern)]
}

/// The page `docs/coverage.md`.
pub fn coverage_markdown(is_known: &dyn Fn(&str) -> bool) -> String {
    let all = coverage(is_known);
    let count = |standing: Standing| {
        let of = |covered: &&Covered| covered.standing == standing && !covered.is_alias;
        all.iter().filter(of).count()
    };
    let distinct = all.iter().filter(|covered| !covered.is_alias).count();
    let mut page = String::from(
        "# What became of CasareRPA's nodes\n\n\
         Generated from `crates/import/data` by `casare import --coverage`; a test fails when it is stale.\n\
         [importing.md](importing.md) says how workflows are brought over.\n\n",
    );
    // Writing to a String can't fail.
    let _ = write!(
        page,
        "| | types |\n|---|---|\n\
         | usable types | {} |\n\
         | of them distinct (the others are second names) | {distinct} |\n\
         | **with a successor** | **{}** |\n\
         | with one that this build lacks | {} |\n\
         | triggers, set up at the orchestrator | {} |\n\
         | without one | {} |\n",
        all.len(),
        count(Standing::Succeeded),
        count(Standing::Awaited),
        count(Standing::Trigger),
        count(Standing::Missing),
    );
    let mut category = "";
    for covered in &all {
        if covered.category != category {
            category = covered.category;
            let of: Vec<&Covered> = all.iter().filter(|one| one.category == category).collect();
            let done = of
                .iter()
                .filter(|one| one.standing == Standing::Succeeded)
                .count();
            let _ = write!(
                page,
                "\n## {category}\n\n{done} of {}\n\n| type | what it does | here |\n|---|---|---|\n",
                of.len()
            );
        }
        let mark = match covered.standing {
            Standing::Succeeded => "",
            Standing::Awaited => "awaited: ",
            Standing::Trigger => "trigger: ",
            Standing::Missing => "none: ",
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {mark}{} |",
            covered.kind,
            covered.does.replace('|', "\\|"),
            covered.by.replace('|', "\\|")
        );
    }
    page
}
