use casare_workflow::{DocPath, Document};
use insta::assert_snapshot;
use serde_json::json;

const TEXT: &str = "\
# Orders.
casare: 1
name: orders # a name
steps:
  # Reads.
  - use: excel.read
    with: { path: a.xlsx }

  # Says it.
  - use: log.write # loud
    with:
      # what is said
      message: read
";

fn edited(edit: impl FnOnce(&mut Document)) -> String {
    let mut document = Document::parse("a", TEXT).unwrap();
    edit(&mut document);
    document.write()
}

fn step(index: usize) -> DocPath {
    DocPath::default().key("steps").index(index)
}

#[test]
fn setting_a_value_leaves_the_rest_and_its_comments() {
    let text = edited(|document| {
        let message = step(1).key("with").key("message");
        document
            .set(&message, &json!("{{ steps.rows.count }} read"))
            .unwrap();
        document.set(&step(0).key("id"), &json!("rows")).unwrap();
    });
    assert_snapshot!(text, @r#"
    # Orders.
    casare: 1
    name: orders # a name

    steps:
      # Reads.
      - use: excel.read
        with: { path: a.xlsx }
        id: rows

      # Says it.
      - use: log.write # loud
        with:
          # what is said
          message: "{{ steps.rows.count }} read"
    "#);
}

#[test]
fn setting_a_whole_list_keeps_the_comments_of_what_did_not_change() {
    let text = edited(|document| {
        let mut steps = document.to_json()["steps"].clone();
        let steps = steps.as_array_mut().unwrap();
        steps.insert(
            1,
            json!({ "use": "data.set", "with": { "name": "x", "value": [1, 2] } }),
        );
        document
            .set(&DocPath::default().key("steps"), &json!(steps))
            .unwrap();
    });
    assert_snapshot!(text, @r#"
    # Orders.
    casare: 1
    name: orders # a name

    steps:
      # Reads.
      - use: excel.read
        with: { path: a.xlsx }

      - use: data.set
        with:
          name: x
          value: [1, 2]

      # Says it.
      - use: log.write # loud
        with:
          # what is said
          message: read
    "#);
}

#[test]
fn a_step_goes_with_the_comments_that_describe_it() {
    let text = edited(|document| {
        let removed = document.remove(&step(0)).unwrap();
        assert_eq!(removed["use"], "excel.read");
        document
            .insert(&step(1), &json!({ "use": "flow.return" }))
            .unwrap();
    });
    assert_snapshot!(text, @r#"
    # Orders.
    casare: 1
    name: orders # a name

    steps:
      # Says it.
      - use: log.write # loud
        with:
          # what is said
          message: read

      - use: flow.return
    "#);
}

#[test]
fn an_edit_of_what_is_not_there_says_so() {
    let mut document = Document::parse("a", TEXT).unwrap();

    let error = document.set(&step(7).key("with"), &json!(1)).unwrap_err();
    assert_snapshot!(error, @"there is nothing at `steps[7].with`");
    let error = document.remove(&step(0).key("nothing")).unwrap_err();
    assert_snapshot!(error, @"there is nothing at `steps[0].nothing`");
    let error = document
        .insert(&step(0).key("use"), &json!("x"))
        .unwrap_err();
    assert_snapshot!(error, @"`steps[0].use` is there already");
}
