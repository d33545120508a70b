//! What changed between two workflows.

use casare_workflow::{
    Document,
    diff::{Diff, StepChange},
};

const OLD: &str = r#"casare: 1
name: orders
inputs:
  day: { type: date }
variables:
  total: 0
steps:
  - id: read
    use: csv.read
    with: { path: orders.csv, header: true }
  - name: Each order
    use: flow.for_each
    with: { items: "{{ steps.read.rows }}", as: order }
    do:
      - name: Add up
        use: data.set
        with: { name: total, value: "{{ vars.total + order.amount }}" }
      - use: log.write
        with: { message: "{{ order.id }}" }
  - use: mail.send
    with: { credential: smtp, to: a@example.com, subject: Orders, text: "{{ vars.total }}" }
outputs:
  total: "{{ vars.total }}"
"#;

fn between(old: &str, new: &str) -> Diff {
    let document = |text: &str| Document::parse("a.yaml", text).unwrap();
    Diff::between((old, &document(old)), (new, &document(new)))
}

/// Each change as a line.
fn told(old: &str, new: &str) -> Vec<String> {
    let diff = between(old, new);
    let values = |values: &[casare_workflow::diff::ValueChange]| {
        let shown = values.iter().map(|value| {
            let side = |json: &Option<_>| {
                let json: &Option<serde_json::Value> = json;
                json.as_ref().map_or("-".to_owned(), ToString::to_string)
            };
            format!(
                " {}: {} > {}",
                value.path,
                side(&value.old),
                side(&value.new)
            )
        });
        shown.collect::<String>()
    };
    let mut lines: Vec<String> = diff
        .parts
        .iter()
        .map(|part| values(std::slice::from_ref(part)).trim().to_owned())
        .collect();
    lines.extend(diff.steps.iter().map(|step| match step {
        StepChange::Added { step, inside, .. } => {
            format!("+ {} {} ({inside} inside)", step.path, step.title)
        }
        StepChange::Removed { step, inside, .. } => {
            format!("- {} {} ({inside} inside)", step.path, step.title)
        }
        StepChange::Changed {
            old,
            new,
            moved,
            values: changed,
        } => {
            let moved = if *moved { " moved" } else { "" };
            let renamed = if step.is_renamed() { " renamed" } else { "" };
            let (old, new) = (&old.path, &new.path);
            format!("~ {old} > {new}{moved}{renamed}{}", values(changed))
        }
    }));
    lines
}

#[test]
fn comments_layout_and_the_order_of_keys_are_no_difference() {
    let new = OLD
        .replace(
            "    use: csv.read\n",
            "    # every morning\n    use: csv.read\n",
        )
        .replace("{ type: date }", "\n    type: date")
        .replace("header: true }", "\"header\": true, }");

    assert!(between(OLD, &new).is_empty());
}

#[test]
fn a_changed_setting_is_told_with_its_step_and_both_values() {
    let new = OLD
        .replace("orders.csv", "new.csv")
        .replace("total: 0", "total: 1");

    assert_eq!(
        told(OLD, &new),
        [
            "variables.total: 0 > 1",
            r#"~ steps[0] > steps[0] with.path: "orders.csv" > "new.csv""#
        ]
    );
}

#[test]
fn a_step_is_known_by_its_id_wherever_it_goes() {
    let read = "  - id: read\n    use: csv.read\n    with: { path: orders.csv, header: true }\n";
    let moved = "  - id: read\n    use: excel.read\n    with: { file: orders.xlsx }\n";
    let new = OLD
        .replace(read, "")
        .replace("outputs:", &format!("{moved}outputs:"));

    let lines = told(OLD, &new);

    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(
        lines[0].starts_with("~ steps[0] > steps[2] moved use: "),
        "{lines:#?}"
    );
}

#[test]
fn a_block_around_steps_is_one_new_step_and_moved_ones() {
    let new = OLD.replace(
        "  - use: mail.send\n    with: {",
        "  - use: flow.try\n    do:\n      - use: mail.send\n        with: {",
    );

    assert_eq!(
        told(OLD, &new),
        [
            "+ steps[2] flow.try (0 inside)",
            "~ steps[2] > steps[2].do[0] moved"
        ]
    );
}

#[test]
fn a_step_with_another_name_is_renamed() {
    let new = OLD.replace("Add up", "Sum");

    assert_eq!(
        told(OLD, &new),
        [r#"~ steps[1].do[0] > steps[1].do[0] renamed name: "Add up" > "Sum""#]
    );
}

#[test]
fn what_is_gone_is_told_with_what_was_in_it() {
    let start = OLD.find("  - name: Each order").unwrap();
    let end = OLD.find("  - use: mail.send").unwrap();
    let new = format!("{}{}", &OLD[..start], &OLD[end..]);

    assert_eq!(told(OLD, &new), ["- steps[1] Each order (2 inside)"]);
    assert_eq!(told(&new, OLD), ["+ steps[1] Each order (2 inside)"]);
}

#[test]
fn a_new_step_is_told_as_it_is_written() {
    let new = OLD.replace(
        "      - use: log.write\n",
        "      - use: flow.wait\n        with:\n          duration: 1s\n      - use: log.write\n",
    );

    let diff = between(OLD, &new);

    let [StepChange::Added { text, step, .. }] = diff.steps.as_slice() else {
        panic!("{diff:?}");
    };
    assert_eq!(text, "- use: flow.wait\n  with:\n    duration: 1s");
    assert_eq!((step.line, step.home.as_str()), (18, "do of `Each order`"));
}

#[test]
fn items_of_a_list_are_told_one_by_one() {
    let one = "casare: 1\nsteps:\n  - use: a.b\n    with: { to: [a, b, c] }\n";
    let other = one.replace("[a, b, c]", "[a, c, d]");

    assert_eq!(
        told(one, &other),
        [r#"~ steps[0] > steps[0] with.to[1]: "b" > - with.to[2]: - > "d""#]
    );
}

#[test]
fn thousands_of_like_steps_are_compared_soon() {
    let step = |number: usize| format!("  - use: log.write\n    with: {{ message: m{number} }}\n");
    let text = |from: usize| {
        let steps: String = (from..from + 3_000).map(step).collect();
        format!("casare: 1\nsteps:\n{steps}")
    };

    let diff = between(&text(0), &text(10));

    assert_eq!(diff.steps.len(), 20, "ten are gone and ten are new");
}
