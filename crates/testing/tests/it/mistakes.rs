//! What is wrong with a test file, each with its place.

use insta::assert_snapshot;

use crate::bench::Bench;

const WORKFLOW: &str = r#"casare: 1
name: w
inputs: { who: string }
variables: { count: 0 }
steps:
  - id: page
    use: http.request
    with: { url: "http://{{ inputs.who }}/" }
  - name: Keep it
    use: note.write
    with: { path: a.txt, text: "{{ steps.page.body }}" }
outputs:
  body: "{{ steps.page.body }}"
"#;

async fn mistakes(test: &str) -> String {
    Bench::new(WORKFLOW, test).told().await
}

#[tokio::test]
async fn misspelt_keys_are_told_with_what_was_meant() {
    let test = r"
cases:
  - name: one
    input: { who: x }
    stubs:
      - step: page
        output: { body: x }
    expect:
      calls:
        - { step: page, time: 2 }
      error: { knd: denied }
";

    assert_snapshot!(mistakes(test).await, @r"
    6:5 there is no key `input` here | did you mean `inputs`?
    8:9 it is not said what the step answers | add `outputs: {…}`, `error: { kind: …, message: … }`, `pass: true` or a `sequence` of them
    9:9 there is no key `output` here | did you mean `outputs`?
    12:25 there is no key `time` here | did you mean `times`?
    13:16 there is no key `knd` here | did you mean `kind`?
    ");
}

#[tokio::test]
async fn names_that_the_workflow_does_not_have_are_told() {
    let test = r"
inputs: { whom: x }
stubs:
  - step: pages
    outputs: { body: x }
  - node: http.request
    outputs: { text: x }
expect:
  outputs: { bdy: x }
  variables: { cont: 1 }
  calls: [Keep that]
";

    assert_snapshot!(mistakes(test).await, @r"
    4:11 the workflow has no input `whom` | did you mean `who`?
    6:11 the workflow has no step `pages` | did you mean `page`?
    9:16 `http.request` has no output `text` | it has: status, body
    11:14 the workflow has no output `bdy` | did you mean `body`?
    12:16 the workflow has no variable `cont` | did you mean `count`?
    13:11 the workflow has no step `Keep that` | did you mean `Keep it`?
    ");
}

#[tokio::test]
async fn values_of_the_wrong_kind_are_told() {
    let test = r#"
clock: yesterday
timeout: 30
seed: many
files:
  ../up.txt: { content: x }
  b.txt: none.txt
expect:
  state: done
  outputs: { body: { $contain: x } }
  log: [{ $regex: "(" }]
"#;

    assert_snapshot!(mistakes(test).await, @r"
    4:8 `yesterday` is no moment in time | write it as `2026-03-01T09:00:00Z`, with its zone
    5:10 `30` has no unit; write `30s` for seconds
    6:7 `seed` has to be a whole number, but is text
    8:3 `../up.txt` is outside the folder of the case | write a relative path without `..`
    9:10 there is no file `none.txt` | the path starts at the test's folder
    11:10 `done` is not one of succeeded, failed, cancelled
    12:22 there is no matcher `$contain` | did you mean `$contains`?
    13:11 this is no regular expression: regex parse error:
        (
        ^
    error: unclosed group
    ");
}
