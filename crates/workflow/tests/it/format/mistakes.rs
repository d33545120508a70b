//! Mistakes as people make them, and what they read then.

use casare_workflow::Source;
use insta::assert_snapshot;
use miette::{GraphicalReportHandler, GraphicalTheme};
use serde_json::json;

/// What `casare check` shows for `text`.
fn shown(text: &str) -> String {
    let problems = Source::read("orders.workflow.yaml", text).unwrap_err();
    let mut out = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut out, &problems)
        .unwrap();
    out
}

/// A workflow with `step` as its only one.
fn shown_of_step(step: &str) -> String {
    let step = step.trim_matches('\n').replace('\n', "\n    ");
    shown(&format!("casare: 1\nname: orders\nsteps:\n  - {step}\n"))
}

#[test]
fn a_text_that_was_cut_off() {
    assert_snapshot!(shown("casare: 1\nsteps:\n  - use: excel.read\n    with: { path: \"orders.xl"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: yaml

      × the quoted text that begins here has no end
       ╭─[orders.workflow.yaml:4:19]
     3 │   - use: excel.read
     4 │     with: { path: "orders.xl
       ·                   ┬
       ·                   ╰── not closed
       ╰────
      help: close it with the same quote
    "#);
    assert_snapshot!(shown("casare: 1\nsteps:\n  - use: excel.read\n    with: { path: orders.xlsx,"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: yaml

      × the `{` that opens here has no end
       ╭─[orders.workflow.yaml:4:11]
     3 │   - use: excel.read
     4 │     with: { path: orders.xlsx,
       ·           ┬
       ·           ╰── not closed
       ╰────
      help: close it with `}`
    "#);
    assert_snapshot!(shown("casare: 1\nsteps:\n  - use"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: wrong-type

      × a step has to be a map with `use`, but this is text
       ╭─[orders.workflow.yaml:3:5]
     2 │ steps:
     3 │   - use
       ·     ───
       ╰────
      help: write the name of a node behind it: `- use: log.write`
    "#);
}

#[test]
fn a_tab() {
    assert_snapshot!(shown("casare: 1\nsteps:\n\t- use: log.write\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: tab

      × the line is indented with a tab
       ╭─[orders.workflow.yaml:3:1]
     2 │ steps:
     3 │     - use: log.write
       · ▲
       · ╰── a tab
       ╰────
      help: indent with spaces, two for each level
    "#);
}

#[test]
fn an_expression_without_quotes() {
    assert_snapshot!(shown_of_step("use: log.write\nwith:\n  message: {{ inputs.name }}\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: unquoted-expression

      × an expression has to be quoted
       ╭─[orders.workflow.yaml:6:16]
     5 │     with:
     6 │       message: {{ inputs.name }}
       ·                ────────┬────────
       ·                        ╰── YAML reads this `{` as the start of a map
       ╰────
      help: quote it: "{{ inputs.name }}"
    "#);
    assert_snapshot!(shown_of_step("use: log.write\nwith: { message: {{ inputs['name'] | upper }}, level: info }\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: unquoted-expression

      × an expression has to be quoted
       ╭─[orders.workflow.yaml:5:22]
     4 │   - use: log.write
     5 │     with: { message: {{ inputs['name'] | upper }}, level: info }
       ·                      ──────────────┬─────────────
       ·                                    ╰── YAML reads this `{` as the start of a map
       ╰────
      help: quote it: "{{ inputs['name'] | upper }}"
    "#);
    assert_snapshot!(shown_of_step("use: log.write\nwith:\n  message: {{ inputs.first }} and more\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: unquoted-expression

      × an expression has to be quoted
       ╭─[orders.workflow.yaml:6:16]
     5 │     with:
     6 │       message: {{ inputs.first }} and more
       ·                ─────────────┬─────────────
       ·                             ╰── YAML reads this `{` as the start of a map
       ╰────
      help: quote it: "{{ inputs.first }} and more"
    "#);
}

#[test]
fn a_step_without_a_node() {
    assert_snapshot!(shown_of_step("id: rows\nwith: { path: a.xlsx }"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: missing-use

      × the step does not say which node it uses
       ╭─[orders.workflow.yaml:4:5]
     3 │ steps:
     4 │   - id: rows
       ·     ─┬
       ·      ╰── this step
     5 │     with: { path: a.xlsx }
       ╰────
      help: add `use: ` and the name of a node, such as `use: log.write`
    "#);
}

#[test]
fn keys_that_are_misspelt() {
    let text = "\
casare: 1
nmae: orders
inputs:
  file: { typ: file }
steps:
  - use: log.write
    whit: { message: hello }
    on-error: continue
    target: css=#x
";
    assert_snapshot!(shown(text), @r#"
      × orders.workflow.yaml is not a valid workflow: 5 errors

    Error: unknown-key

      × a workflow has no key `nmae`
       ╭─[orders.workflow.yaml:2:1]
     1 │ casare: 1
     2 │ nmae: orders
       · ────
     3 │ inputs:
       ╰────
      help: did you mean `name`?

    Error: unknown-key

      × `file` has no key `typ`
       ╭─[orders.workflow.yaml:4:11]
     3 │ inputs:
     4 │   file: { typ: file }
       ·           ───
     5 │ steps:
       ╰────
      help: did you mean `type`?

    Error: unknown-key

      × a step has no key `whit`
       ╭─[orders.workflow.yaml:7:5]
     6 │   - use: log.write
     7 │     whit: { message: hello }
       ·     ────
     8 │     on-error: continue
       ╰────
      help: did you mean `with`? Settings of the node stand under `with`

    Error: unknown-key

      × a step has no key `on-error`
       ╭─[orders.workflow.yaml:8:5]
     7 │     whit: { message: hello }
     8 │     on-error: continue
       ·     ────────
     9 │     target: css=#x
       ╰────
      help: did you mean `on_error`? Settings of the node stand under `with`

    Error: unknown-key

      × a step has no key `target`
       ╭─[orders.workflow.yaml:9:5]
     8 │     on-error: continue
     9 │     target: css=#x
       ·     ──────
       ╰────
      help: settings of the node stand under `with`; a block holds a list of steps
    "#);
}

#[test]
fn a_duration_without_a_unit() {
    assert_snapshot!(shown_of_step("use: http.request\ntimeout: 30\nretry: { attempts: 0, delay: soon }"), @r#"
      × orders.workflow.yaml is not a valid workflow: 3 errors

    Error: duration

      × `timeout`: `30` has no unit; write `30s` for seconds
       ╭─[orders.workflow.yaml:5:14]
     4 │   - use: http.request
     5 │     timeout: 30
       ·              ──
     6 │     retry: { attempts: 0, delay: soon }
       ╰────

    Error: wrong-value

      × `attempts` has to be a whole number from 1, but is 0
       ╭─[orders.workflow.yaml:6:24]
     5 │     timeout: 30
     6 │     retry: { attempts: 0, delay: soon }
       ·                        ─
       ╰────

    Error: duration

      × `delay`: `soon` is no duration; write it like `30s`, `5m`, `1h30m` or `250ms`
       ╭─[orders.workflow.yaml:6:34]
     5 │     timeout: 30
     6 │     retry: { attempts: 0, delay: soon }
       ·                                  ────
       ╰────
    "#);
}

#[test]
fn a_key_that_is_there_twice() {
    assert_snapshot!(shown_of_step("use: log.write\nwith: { message: a }\nwith: { message: b }"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: duplicate-key

      × the key `with` is there twice
       ╭─[orders.workflow.yaml:6:5]
     5 │     with: { message: a }
     6 │     with: { message: b }
       ·     ──┬─
       ·       ╰── already in line 5
       ╰────
      help: remove one of them, or give it another name
    "#);
}

#[test]
fn values_of_the_wrong_type() {
    let text = "\
casare: 1
name: 12
inputs:
  count: { type: int, required: yes }
env: HOME-DIR
limits: { passes: many, inline_output: 16 megs }
steps:
  - use: a.b
    with: [1, 2]
    retry: 3
    on_error: ignore
    disabled: \"{{ vars.off }}\"
  - log.write
  - use: flow.if
    then:
      use: log.write
    else:
";
    assert_snapshot!(shown(text), @r#"
      × orders.workflow.yaml is not a valid workflow: 13 errors

    Error: wrong-type

      × `name` has to be text, but is a number
       ╭─[orders.workflow.yaml:2:7]
     1 │ casare: 1
     2 │ name: 12
       ·       ──
     3 │ inputs:
       ╰────
      help: quote it

    Error: wrong-value

      × `type` can't be `int`
       ╭─[orders.workflow.yaml:4:18]
     3 │ inputs:
     4 │   count: { type: int, required: yes }
       ·                  ───
     5 │ env: HOME-DIR
       ╰────
      help: did you mean `integer`?

    Error: wrong-type

      × `required` has to be `true` or `false`, but is text
       ╭─[orders.workflow.yaml:4:33]
     3 │ inputs:
     4 │   count: { type: int, required: yes }
       ·                                 ───
     5 │ env: HOME-DIR
       ╰────
      help: write `true`

    Error: name

      × `HOME-DIR` can't be the name of an environment variable: expressions could not name it
       ╭─[orders.workflow.yaml:5:6]
     4 │   count: { type: int, required: yes }
     5 │ env: HOME-DIR
       ·      ────────
     6 │ limits: { passes: many, inline_output: 16 megs }
       ╰────
      help: use letters of a to z, digits and `_`, and no digit first: `HOME_DIR`

    Error: wrong-type

      × `passes` has to be a whole number, but is text
       ╭─[orders.workflow.yaml:6:19]
     5 │ env: HOME-DIR
     6 │ limits: { passes: many, inline_output: 16 megs }
       ·                   ────
     7 │ steps:
       ╰────

    Error: wrong-value

      × `inline_output` is no amount of bytes
       ╭─[orders.workflow.yaml:6:40]
     5 │ env: HOME-DIR
     6 │ limits: { passes: many, inline_output: 16 megs }
       ·                                        ───────
     7 │ steps:
       ╰────
      help: write it like `16MiB`, `500kB`, or as a number of bytes

    Error: wrong-type

      × `with` has to be a map of settings, but is a list
        ╭─[orders.workflow.yaml:9:11]
      8 │   - use: a.b
      9 │     with: [1, 2]
        ·           ──────
     10 │     retry: 3
        ╰────

    Error: wrong-type

      × `retry` has to be a map, but is a number
        ╭─[orders.workflow.yaml:10:12]
      9 │     with: [1, 2]
     10 │     retry: 3
        ·            ─
     11 │     on_error: ignore
        ╰────
      help: write `retry: { attempts: 3 }`

    Error: wrong-value

      × `on_error` can't be `ignore`
        ╭─[orders.workflow.yaml:11:15]
     10 │     retry: 3
     11 │     on_error: ignore
        ·               ──────
     12 │     disabled: "{{ vars.off }}"
        ╰────
      help: write one of `fail`, `continue`

    Error: wrong-type

      × `disabled` has to be `true` or `false`, but is text
        ╭─[orders.workflow.yaml:12:15]
     11 │     on_error: ignore
     12 │     disabled: "{{ vars.off }}"
        ·               ────────────────
     13 │   - log.write
        ╰────
      help: an expression can't be used here

    Error: wrong-type

      × a step has to be a map with `use`, but this is text
        ╭─[orders.workflow.yaml:13:5]
     12 │     disabled: "{{ vars.off }}"
     13 │   - log.write
        ·     ─────────
     14 │   - use: flow.if
        ╰────
      help: write `- use: log.write`

    Error: block

      × `then` holds one step where a list of steps belongs
        ╭─[orders.workflow.yaml:15:5]
     14 │   - use: flow.if
     15 │     then:
        ·     ────
     16 │       use: log.write
        ╰────
      help: begin the step with a dash: `- use: …`

    Error: wrong-type

      × `else` has to be a list of steps, but is empty
        ╭─[orders.workflow.yaml:17:5]
     16 │       use: log.write
     17 │     else:
        ·     ────
        ╰────
      help: begin each step with `- use: …`
    "#);
}

#[test]
fn another_version() {
    assert_snapshot!(shown("casare: 2\nname: x\nsteps: []\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: version

      × version 2 of the file format is not known here
       ╭─[orders.workflow.yaml:1:9]
     1 │ casare: 2
       ·         ─
     2 │ name: x
       ╰────
      help: this Casare reads version 1; a newer one may read this file
    "#);
    assert_snapshot!(shown("name: x\nsteps: []\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: version

      × the file does not say its version
       ╭─[orders.workflow.yaml:1:1]
     1 │ name: x
       · ────
     2 │ steps: []
       ╰────
      help: write `casare: 1` in its first line
    "#);
    assert_snapshot!(shown(""), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: empty

      × the file is empty
       ╭─[orders.workflow.yaml:1:1]
       ╰────
      help: begin with `casare: 1`, `name: …` and `steps:`
    "#);
}

#[test]
fn several_documents() {
    assert_snapshot!(shown("casare: 1\nname: a\nsteps: []\n---\ncasare: 1\nname: b\nsteps: []\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: several-documents

      × the text holds several documents
       ╭─[orders.workflow.yaml:4:1]
     3 │ steps: []
     4 │ ---
       · ─┬─
       ·  ╰── a second one begins here
     5 │ casare: 1
       ╰────
      help: keep each workflow in a file of its own
    "#);
}

#[test]
fn an_id_that_expressions_could_not_name() {
    assert_snapshot!(shown_of_step("id: my-rows\nuse: excel.read"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: name

      × `my-rows` can't be an id: expressions could not name it
       ╭─[orders.workflow.yaml:4:9]
     3 │ steps:
     4 │   - id: my-rows
       ·         ───────
     5 │     use: excel.read
       ╰────
      help: use letters of a to z, digits and `_`, and no digit first: `my_rows`
    "#);
}

#[test]
fn corners_of_yaml_that_workflows_do_not_have() {
    let text = "\
casare: 1
steps:
  - use: file.list
    with:
      pattern: *.csv
      folder: &here data
      zip: 01067
      1: one
      secret: !vault x
";
    assert_snapshot!(shown(text), @r#"
      × orders.workflow.yaml is not a valid workflow: 5 errors

    Error: alias

      × `*.csv` refers to an anchor of YAML, which workflows don't have
       ╭─[orders.workflow.yaml:5:16]
     4 │     with:
     5 │       pattern: *.csv
       ·                ─────
     6 │       folder: &here data
       ╰────
      help: if it is meant as text, quote it: "*.csv"

    Error: anchor

      × `&here` is an anchor of YAML, which workflows don't have
       ╭─[orders.workflow.yaml:6:15]
     5 │       pattern: *.csv
     6 │       folder: &here data
       ·               ─────
     7 │       zip: 01067
       ╰────
      help: write the value wherever it is needed, or keep it under `variables`; if `&here` is meant
            as text, quote it

    Error: number

      × `01067` would be read as a number and lose its first characters
       ╭─[orders.workflow.yaml:7:12]
     6 │       folder: &here data
     7 │       zip: 01067
       ·            ─────
     8 │       1: one
       ╰────
      help: quote it to keep it as text: "01067"

    Error: key

      × the key `1` is not text
       ╭─[orders.workflow.yaml:8:7]
     7 │       zip: 01067
     8 │       1: one
       ·       ─
     9 │       secret: !vault x
       ╰────
      help: quote it: "1"

    Error: tag

      × `!vault` is a tag of YAML, which workflows don't have
       ╭─[orders.workflow.yaml:9:15]
     8 │       1: one
     9 │       secret: !vault x
       ·               ──────
       ╰────
      help: leave it out; a text that begins with `!` has to be quoted: "!vault"
    "#);
}

#[test]
fn lines_that_do_not_fit() {
    assert_snapshot!(shown("casare: 1\nsteps:\n  - use: a.b\n   with: { x: 1 }\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: yaml

      × the line does not fit the lines around it
       ╭─[orders.workflow.yaml:4:4]
     3 │   - use: a.b
     4 │    with: { x: 1 }
       ·    ┬
       ·    ╰── here
       ╰────
      help: lines that belong together begin in the same column; items of a list begin with `- `
    "#);
    assert_snapshot!(shown("casare: 1\nname: orders: all of them\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: yaml

      × a second `: ` in one line
       ╭─[orders.workflow.yaml:2:13]
     1 │ casare: 1
     2 │ name: orders: all of them
       ·             ┬
       ·             ╰── not expected here
       ╰────
      help: quote the text if the `:` belongs to it
    "#);
    assert_snapshot!(shown("casare: 1\ndescription: \"C:\\data\"\n"), @r#"
      × orders.workflow.yaml is not a valid workflow: 1 error

    Error: yaml

      × a `\` in double quotes begins an escape, and this one does not exist
       ╭─[orders.workflow.yaml:2:17]
     1 │ casare: 1
     2 │ description: "C:\data"
       ·                 ┬
       ·                 ╰── here
       ╰────
      help: write `\\` for a backslash, or use single quotes: 'C:\folder'
    "#);
}

#[test]
fn a_list_of_problems_for_machines_counts_lines_and_characters_from_one() {
    let problems = Source::read(
        "ä.yaml",
        "casare: 1\nname: x\nsteps:\n  - { note: ä, use: a.b, whit: 1 }\n",
    )
    .unwrap_err();

    let found = problems.to_json();

    assert_eq!(
        found,
        json!([{
            "file": "ä.yaml", "line": 4, "column": 26, "end_line": 4, "end_column": 30,
            "code": "unknown-key", "severity": "error",
            "message": "a step has no key `whit`",
            "help": "did you mean `with`? Settings of the node stand under `with`",
            "path": "steps[0].whit",
        }])
    );
}
