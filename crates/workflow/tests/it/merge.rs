//! Three workflows made one.

use casare_workflow::{
    format,
    merge::{Markers, Merged, Versions, merge},
};

mod properties;

const BASE: &str = r#"casare: 1
name: orders

variables:
  total: 0

steps:
  # The orders of today.
  - id: read
    use: csv.read
    with:
      path: orders.csv
      header: true

  - name: Each order
    use: flow.for_each
    with: { items: "{{ steps.read.rows }}", as: order }
    do:
      - name: Add up
        use: data.set
        with: { name: total, value: "{{ vars.total + order.amount }}" }
      - name: Tell
        use: log.write
        with: { message: "{{ order.id }}" }

  - name: Report
    use: mail.send
    with: { credential: smtp, to: a@example.com, subject: Orders, text: "{{ vars.total }}" }
"#;

pub(super) fn merged(base: &str, ours: &str, theirs: &str) -> Merged {
    let versions = Versions {
        name: "orders.workflow.yaml",
        base,
        ours,
        theirs,
    };
    merge(&versions, &Markers::default()).unwrap()
}

/// The text of a merge that has to be clean.
fn clean(ours: &str, theirs: &str) -> String {
    let merged = merged(BASE, ours, theirs);
    assert_eq!(merged.conflicts, [], "{}", merged.text);
    assert_eq!(
        format::canonical("a.yaml", &merged.text).unwrap(),
        merged.text
    );
    merged.text
}

#[test]
fn changes_of_different_settings_of_one_step_are_both_made() {
    let ours = BASE.replace("to: a@example.com", "to: b@example.com");
    let theirs = BASE
        .replace("subject: Orders", "subject: Orders of today")
        .replace("  # The orders of today.\n", "  # All orders.\n");

    let text = clean(&ours, &theirs);

    assert!(text.contains("to: b@example.com"), "{text}");
    assert!(text.contains("subject: Orders of today"), "{text}");
    assert!(text.contains("  # All orders.\n  - id: read"), "{text}");
}

#[test]
fn a_change_follows_its_step_into_the_block_that_the_other_side_put_around_it() {
    let (before, after) = BASE.split_at(BASE.find("  - name: Report").unwrap());
    let indented: String = after.lines().map(|line| format!("    {line}\n")).collect();
    let ours = format!("{before}  - use: flow.try\n    do:\n{indented}");
    let theirs = BASE.replace("to: a@example.com", "to: b@example.com");

    let text = clean(&ours, &theirs);

    assert_eq!(text, ours.replace("to: a@example.com", "to: b@example.com"));
    assert_eq!(clean(&theirs, &ours), text);
}

#[test]
fn a_step_between_two_that_were_wrapped_is_wrapped_with_them() {
    let ours = BASE.replace(
        "      - name: Add up\n        use: data.set\n        with: { name: total, value: \"{{ vars.total + order.amount }}\" }\n      - name: Tell\n        use: log.write\n        with: { message: \"{{ order.id }}\" }\n",
        "      - use: flow.try\n        do:\n          - name: Add up\n            use: data.set\n            with: { name: total, value: \"{{ vars.total + order.amount }}\" }\n          - name: Tell\n            use: log.write\n            with: { message: \"{{ order.id }}\" }\n",
    );
    let theirs = BASE.replace(
        "      - name: Tell\n",
        "      - name: Wait\n        use: flow.wait\n        with: { duration: 1s }\n      - name: Tell\n",
    );

    let text = clean(&ours, &theirs);

    assert!(
        text.contains("          - name: Wait\n            use: flow.wait"),
        "{text}"
    );
}

#[test]
fn what_both_did_is_done_once() {
    let both = BASE.replace("total: 0", "total: 0\n  count: 0");
    let ours = both.replace("to: a@", "to: b@");

    let text = clean(&ours, &both.replace("header: true", "header: false"));

    assert_eq!(text.matches("count: 0").count(), 1);
    assert!(text.contains("to: b@") && text.contains("header: false"));
}

#[test]
fn a_step_that_was_removed_stays_out_unless_the_other_side_changed_it() {
    let start = BASE.find("\n  - name: Report").unwrap();
    let removed = &BASE[..start];
    let changed = BASE.replace("header: true", "header: false");

    assert_eq!(
        clean(removed, &changed),
        removed.replace("header: true", "header: false")
    );

    let ours = BASE.replace("to: a@", "to: b@");
    let merged = merged(BASE, &ours, removed);
    assert_eq!(merged.conflicts.len(), 1);
    assert_eq!(
        merged.conflicts[0].to_string().split(':').next().unwrap(),
        "step `Report` was changed by ours and removed by theirs"
    );
    assert!(merged.text.contains("<<<<<<< ours\n"), "{}", merged.text);
    assert!(
        merged.text.ends_with("=======\n>>>>>>> theirs\n"),
        "{}",
        merged.text
    );
}

#[test]
fn a_conflict_names_the_step_and_the_setting_and_marks_the_smallest_piece() {
    let ours = BASE
        .replace("path: orders.csv", "path: a.csv")
        .replace("header: true", "header: false");
    let theirs = BASE
        .replace("path: orders.csv", "path: b.csv")
        .replace("to: a@", "to: b@");

    let merged = merged(BASE, &ours, &theirs);

    let conflicts: Vec<String> = merged.conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(
        conflicts,
        [
            r#"`with.path` of step `read` was changed by both: ours "a.csv", theirs "b.csv" (it was "orders.csv")"#
        ]
    );
    assert!(
        merged.text.contains(
            "    with:\n<<<<<<< ours\n      path: a.csv\n=======\n      path: b.csv\n>>>>>>> theirs\n      header: false\n"
        ),
        "{}",
        merged.text
    );
    assert!(
        merged.text.contains("to: b@"),
        "what is no conflict is merged"
    );
}

#[test]
fn steps_that_both_added_in_one_place_are_both_there_and_a_note_says_so() {
    let add = |name: &str| {
        format!("{BASE}\n  - name: {name}\n    use: log.write\n    with: {{ message: {name} }}\n")
    };

    let merged = merged(BASE, &add("one"), &add("two"));

    assert_eq!(merged.conflicts, []);
    let (one, two) = (merged.text.find("name: one"), merged.text.find("name: two"));
    assert!(one.unwrap() < two.unwrap());
    assert!(merged.notes[0].contains("`one` of ours stands before `two` of theirs"));
}

#[test]
fn a_step_that_both_moved_elsewhere_is_a_conflict() {
    let tell = "      - name: Tell\n        use: log.write\n        with: { message: \"{{ order.id }}\" }\n";
    let base = BASE.replace(
        tell,
        &format!("{tell}    else:\n      - use: flow.wait\n        with: {{ duration: 1s }}\n"),
    );
    let plain: String = tell
        .lines()
        .map(|line| format!("{}\n", &line[4..]))
        .collect();
    let ours = base.replace(tell, "") + &plain;
    let theirs = base
        .replace(tell, "")
        .replace("    else:\n", &format!("    else:\n{tell}"));

    let merged = merged(&base, &ours, &theirs);

    assert_eq!(merged.conflicts.len(), 1);
    assert_eq!(
        merged.conflicts[0].to_string(),
        "step `Tell` was moved by both: to `steps` by ours, to `else` of `Each order` by theirs"
    );
}

#[test]
fn json_stays_json() {
    let json = |text: &str| format::canonical("a.json", text).unwrap();
    let versions = Versions {
        name: "orders.json",
        base: &json(BASE),
        ours: &json(&BASE.replace("to: a@", "to: b@")),
        theirs: &json(&BASE.replace("header: true", "header: false")),
    };

    let merged = merge(&versions, &Markers::default()).unwrap();

    let data: serde_json::Value = serde_json::from_str(&merged.text).unwrap();
    assert_eq!(data["steps"][0]["with"]["header"], false);
    assert_eq!(data["steps"][2]["with"]["to"], "b@example.com");
}
