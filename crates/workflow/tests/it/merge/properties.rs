//! What holds for every merge.

use std::collections::BTreeSet;

use casare_workflow::{Document, Source, diff::Diff, format};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value as Json, json};

use super::merged;

/// A step with blocks up to `depth` deep.
fn step(depth: u32) -> BoxedStrategy<Json> {
    let plain = (
        select(vec!["log.write", "data.set", "file.copy", "flow.break"]),
        proptest::option::of(select(vec!["First", "Second", "Tidy up"])),
        "[a-z]{1,3}",
        0..3i64,
    );
    let plain = plain.prop_map(|(node, name, text, number)| {
        let mut step = json!({ "use": node, "with": { "text": text, "number": number } });
        if let Some(name) = name {
            step["name"] = name.into();
        }
        step
    });
    if depth == 0 {
        return plain.boxed();
    }
    let block = (
        plain.clone(),
        select(vec!["do", "else"]),
        vec(step(depth - 1), 1..4),
    );
    let block = block.prop_map(|(mut step, key, steps)| {
        step[key] = steps.into();
        step
    });
    prop_oneof![2 => plain, 1 => block].boxed()
}

fn workflow() -> impl Strategy<Value = Json> {
    vec(step(2), 1..6).prop_map(|steps| json!({ "casare": 1, "name": "w", "steps": steps }))
}

/// One of many small changes.
#[derive(Debug, Clone)]
enum Edit {
    Set(usize, String),
    Name(usize, String),
    Remove(usize),
    Double(usize),
    Swap(usize),
    Wrap(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0..20usize;
    prop_oneof![
        (at.clone(), "[a-z]{1,3}").prop_map(|(at, text)| Edit::Set(at, text)),
        (at.clone(), "[A-Z][a-z]{1,3}").prop_map(|(at, text)| Edit::Name(at, text)),
        at.clone().prop_map(Edit::Remove),
        at.clone().prop_map(Edit::Double),
        at.clone().prop_map(Edit::Swap),
        at.prop_map(Edit::Wrap),
    ]
}

/// The pointers of all lists of steps.
fn lists(value: &Json, at: &str, found: &mut Vec<String>) {
    for key in ["steps", "do", "else"] {
        if let Some(Json::Array(items)) = value.get(key) {
            let at = format!("{at}/{key}");
            for (index, item) in items.iter().enumerate() {
                lists(item, &format!("{at}/{index}"), found);
            }
            found.push(at);
        }
    }
}

fn edited(workflow: &Json, edits: &[Edit]) -> Json {
    let mut workflow = workflow.clone();
    for edit in edits {
        let (Edit::Set(at, _)
        | Edit::Name(at, _)
        | Edit::Remove(at)
        | Edit::Double(at)
        | Edit::Swap(at)
        | Edit::Wrap(at)) = edit;
        let mut found = Vec::new();
        lists(&workflow, "", &mut found);
        let list = found[at % found.len()].clone();
        let Some(Json::Array(steps)) = workflow.pointer_mut(&list) else {
            continue;
        };
        if steps.is_empty() {
            continue;
        }
        let at = at / 2 % steps.len();
        match edit {
            Edit::Set(_, text) => steps[at]["with"]["text"] = text.as_str().into(),
            Edit::Name(_, text) => steps[at]["name"] = text.as_str().into(),
            Edit::Remove(_) => {
                steps.remove(at);
            }
            Edit::Double(_) => steps.insert(at, steps[at].clone()),
            Edit::Swap(_) => {
                let last = steps.len() - 1;
                steps.swap(at, last);
            }
            Edit::Wrap(_) => {
                steps[at] = json!({ "use": "flow.try", "do": [steps[at].clone()] });
            }
        }
    }
    workflow
}

fn text(workflow: &Json) -> String {
    Document::from_json(workflow).write()
}

/// Puts a comment into the text, so that it has to be kept.
fn with_comment(text: &str) -> String {
    let commented = text.replacen("  - ", "  # first of all\n  - ", 1);
    format::canonical("a.yaml", &commented).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_with_what_nobody_changed_is_the_other_side(
        base in workflow(), edits in vec(edit(), 0..6),
    ) {
        let (old, new) = (text(&base), with_comment(&text(&edited(&base, &edits))));
        // A comment at the end of the one file keeps the merge from taking the other as it is.
        let odd = format!("{old}# end\n");

        prop_assert_eq!(&merged(&old, &new, &old).text, &new);
        prop_assert_eq!(&merged(&old, &old, &new).text, &new);
        prop_assert_eq!(&merged(&old, &new, &new).text, &new);
        for merged in [merged(&old, &new, &odd), merged(&old, &odd, &new)] {
            prop_assert_eq!(merged.conflicts, []);
            prop_assert_eq!(merged.text, format!("{new}# end\n"));
        }
    }

    #[test]
    fn changes_of_different_steps_always_merge(
        base in workflow(), picks in vec((0..2u8, "[a-z]{1,4}"), 40),
    ) {
        // Every step gets an id, so that it is known which is which.
        let mut base = base;
        let mut count = 0;
        for_each_step(&mut base, &mut |step| {
            count += 1;
            step["id"] = format!("s{count}").into();
        });
        let side = |wanted: u8| {
            let mut changed = base.clone();
            let mut picks = picks.iter().cycle();
            for_each_step(&mut changed, &mut |step| {
                let Some((side, text)) = picks.next() else { return };
                if *side == wanted {
                    step["with"]["text"] = text.as_str().into();
                    step["note"] = format!("changed by {side}").into();
                }
            });
            changed
        };
        let mut both = side(0);
        let mut picks = picks.iter().cycle();
        for_each_step(&mut both, &mut |step| {
            let Some((side, text)) = picks.next() else { return };
            step["with"]["text"] = text.as_str().into();
            step["note"] = format!("changed by {side}").into();
        });

        let merged = merged(&text(&base), &text(&side(0)), &text(&side(1)));

        prop_assert_eq!(merged.conflicts, []);
        prop_assert_eq!(merged.text, text(&both));
    }

    #[test]
    fn whatever_both_did_the_merge_is_a_workflow_or_names_its_conflicts(
        base in workflow(), ours in vec(edit(), 0..5), theirs in vec(edit(), 0..5),
    ) {
        let (ours, theirs) = (edited(&base, &ours), edited(&base, &theirs));

        let merged = merged(&text(&base), &text(&ours), &text(&theirs));

        if merged.conflicts.is_empty() {
            let read = Source::read("a.workflow.yaml", &merged.text);
            prop_assert!(read.is_ok(), "{}", merged.text);
            let twice = super::merged(&text(&base), &text(&theirs), &text(&ours));
            prop_assert_eq!(twice.conflicts, []);
            // What neither side has comes from nowhere.
            let known = [words(&ours), words(&theirs)].concat();
            let known: BTreeSet<String> = known.into_iter().collect();
            let merged = Document::parse("a", &merged.text).unwrap().to_json();
            for word in words(&merged) {
                prop_assert!(known.contains(&word), "{}", word);
            }
        } else {
            prop_assert!(merged.text.contains("<<<<<<< ours\n"));
        }
    }

    #[test]
    fn a_difference_is_empty_only_between_equal_data(
        base in workflow(), edits in vec(edit(), 0..5),
    ) {
        let changed = edited(&base, &edits);
        let (old, new) = (text(&base), text(&changed));
        let document = |text: &str| Document::parse("a", text).unwrap();

        let diff = Diff::between((&old, &document(&old)), (&new, &document(&new)));

        prop_assert_eq!(diff.is_empty(), base == changed);
    }
}

fn for_each_step(value: &mut Json, change: &mut dyn FnMut(&mut Json)) {
    for key in ["steps", "do", "else"] {
        if let Some(Json::Array(items)) = value.get_mut(key) {
            for item in items {
                change(item);
                for_each_step(item, change);
            }
        }
    }
}

/// Every single value.
fn words(value: &Json) -> Vec<String> {
    match value {
        Json::Array(items) => items.iter().flat_map(words).collect(),
        Json::Object(entries) => entries.values().flat_map(words).collect(),
        single => vec![single.to_string()],
    }
}
