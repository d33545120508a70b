//! What is known to be wrong before a run, and how it is said.

use std::{fmt::Write as _, time::Instant};

use casare_workflow::{Catalogue, Problem, Severity, Source, check};
use insta::assert_snapshot;
use proptest::prelude::*;

mod catalogue;

use catalogue::nodes;

/// The problems of a workflow: place, what is underlined, and all that is said.
fn problems(text: &str) -> String {
    let (workflow, source) = Source::read("test.workflow.yaml", text).unwrap();
    let found = check(&workflow, &source, &nodes());
    found
        .iter()
        .fold(String::new(), |all, problem| all + &told(text, problem))
}

fn told(text: &str, problem: &Problem) -> String {
    let range = problem.range.start..problem.range.end;
    let before = &text[..range.start];
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|letter| *letter != '\n')
        .count()
        + 1;
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (code, message) = (problem.code, &problem.message);
    let underlined = &text[range];
    let label = problem.label.as_deref().unwrap_or("-");
    let mut told =
        format!("{line}:{column} {severity}[{code}] {message}\n    `{underlined}` {label}\n");
    if let Some(help) = &problem.help {
        writeln!(told, "    help: {help}").unwrap();
    }
    told
}

/// The problems of these steps, without head; the first step is in line 1.
fn steps(text: &str) -> String {
    problems_of_steps("", text)
}

fn problems_of_steps(head: &str, text: &str) -> String {
    // The head stands at the end, so that lines count from the first step.
    let steps = text.trim_start_matches('\n').trim_end();
    let text = format!("steps:\n{steps}\ncasare: 1\nname: test\n{head}");
    problems(&text)
}

#[test]
fn a_right_workflow_has_no_problems() {
    let text = r#"
casare: 1
name: right
inputs:
  workbook: { type: file, default: people.xlsx }
  limit: { type: integer, default: 10, options: [1, 10] }
  day: { type: date, default: 2026-03-01 }
variables:
  sent: 0
  greeting: "Hello {{ inputs.limit }} {{ env.USER }} {{ run.id }}"
env: [USER]
steps:
  - id: people
    use: excel.read
    with: { path: "{{ inputs.workbook }}", header: "true", sheet: 2026 }
  - id: page
    use: browser.session
    with: { url: "https://example.com/{{ inputs.day }}" }
    do:
      - use: log.write
        with: { message: "{{ steps.page.columns }}" }
      - id: each
        use: flow.for_each
        with: { items: "{{ steps.people.rows }}", as: person, collect: "{{ person.n + loop.index + steps.row.columns | length }}" }
        do:
          - id: row
            use: csv.read
            with: { path: "{{ person['First Name'] }}" }
            retry: { attempts: 3, on: [timeout, unavailable] }
          - use: data.set
            when: vars.sent < inputs.limit
            with: { name: sent, value: "{{ vars.sent + 1 }}" }
          - use: flow.if
            with: { condition: loop.last }
            then:
              - use: flow.break
  - use: flow.try
    do:
      - id: tried
        use: flow.wait
        with: { duration: 1h30m }
    catch:
      timeout:
        - use: log.write
          with: { level: warn, message: "{{ error.message }} {{ vars.greeting }} {{ nothing | default('-') }}" }
    finally:
      - use: log.write
        with: { message: "{{ steps.tried }} {{ steps.row.rows }} {% for x in [1] %}{{ x }}{% endfor %}" }
  - id: machine
    use: flow.state_machine
    with:
      start: ask
      transitions:
        - { from: ask, to: done, when: "{{ steps.answer.rows }}" }
        - { from: ask, to: ask, when: steps.answer.columns }
    states:
      ask:
        - id: answer
          use: excel.read
          with: { path: a }
      done:
        - use: log.write
          with: { message: "{{ steps.answer.rows }}" }
  - id: rate
    use: flow.call
    with: { workflow: rate.workflow.yaml, inputs: { sum: "{{ vars.sent }}" } }
outputs:
  sent: "{{ vars.sent }} of {{ steps.each.results }} at {{ steps.rate.anything }}"
"#;

    assert_eq!(problems(text), "");
}

#[test]
fn an_unknown_node_is_an_error_with_a_suggestion() {
    assert_snapshot!(steps(
        r"
- use: excel.raed
- use: excel.format_cells
- use: xlsx.read
- use: nonsense
"
    ));
}

#[test]
fn blocks_are_those_that_the_node_takes() {
    assert_snapshot!(steps(
        r"
- use: flow.if
  with: { condition: true }
  than:
    - use: flow.return
- use: log.write
  with: { message: hello }
  do:
    - use: flow.return
- use: flow.repeat
  with: { times: 3 }
- use: flow.parallel
  branches:
    - use: log.write
      with: { message: hello }
- use: flow.try
  do:
    one:
      - use: log.write
        with: { message: hello }
  catch:
    timeuot:
      - use: log.write
        with: { message: hello }
"
    ));
}

#[test]
fn settings_are_held_against_the_schema_of_the_node() {
    assert_snapshot!(steps(
        r#"
- use: excel.read
- use: excel.read
  with:
    pth: people.xlsx
    header: perhaps
- use: log.write
  with: { message: [a, b], level: wran }
- use: flow.wait
  with: { duration: 30 }
- use: flow.for_each
  with:
    items: "{{ range(3) }}"
    parallel: 5000
  do:
    - use: log.write
      with: { message: "{{ item }}", timeout: 3s }
- use: flow.state_machine
  with:
    start: aks
    transitions:
      - { from: ask, when: true }
      - { from: ask, to: dnoe }
  states:
    ask: []
    done: []
"#
    ));
}

#[test]
fn what_the_engine_reads_before_a_run_is_fixed_and_complete() {
    assert_snapshot!(steps(
        r#"
- use: data.set
- use: data.set
  with: { name: "{{ run.id }}", value: "{{ vars.anything }}" }
- use: flow.call
  with: { workflow: "{{ run.id }}.yaml" }
"#
    ));
}

#[test]
fn nothing_is_concluded_from_a_node_that_is_not_known() {
    assert_snapshot!(steps(
        r#"
- id: other
  use: acme.loop
  with: { as: thing, unknown: "{{ vars.x }}" }
  do:
    - id: inner
      use: excel.read
      with: { path: "{{ thing }} {{ steps.other.found }}" }
    - use: flow.break
  after:
    - use: log.write
      with: { message: "{{ steps.inner.rows }} {{ steps.other.found }}" }
- use: log.write
  with: { message: "{{ steps.inner.rows }} {{ steps.other.found }}" }
"#
    ));
}

#[test]
fn an_expression_that_cannot_be_compiled_is_shown_where_it_breaks() {
    assert_snapshot!(problems_of_steps(
        "variables: { a: \"{{ 1 + }}\" }\noutputs: { b: \"x {{ 'it' | uper }}\" }",
        r#"
- use: log.write
  when: 1 +
  with:
    message: "tab \t and {{ 1 ** }}"
- use: log.write
  with:
    message: |
      Hello
        {{ 2 | nonsense }}
"#
    ));
}

#[test]
fn a_name_that_is_not_there_is_an_error_with_a_suggestion() {
    assert_snapshot!(problems_of_steps(
        r#"inputs: { workbook: { type: file }, first_day: { type: date } }
variables: { total: 0, late: "{{ vars.total }} {{ steps.people.rows }} {{ inputs.workbok }}" }
env: [HOME]
outputs: { all: "{{ person }} {{ steps.peple.rows }}" }
"#,
        r#"
- id: people
  use: excel.read
  with: { path: '{{ inputs.workbok }} {{ workbook }} {{ inputs["first_day"] }}' }
- id: my_step
  use: excel.read
  with: { path: "{{ vars.totl }} {{ total }} {{ env.PATH }} {{ run.idd }}" }
- use: flow.for_each
  with: { items: "{{ steps.people.rosw }}", as: person }
  do:
    - use: log.write
      with: { message: "{{ persn.name }} {{ steps.my-step.rows }} {{ steps['my_step'].rows }}" }
- use: log.write
  with: { message: "{{ person.name }} {{ loop.index }} {{ error }} {{ poeple }} {{ people }}" }
"#
    ));
}

#[test]
fn outputs_are_read_only_of_steps_that_can_have_run() {
    assert_snapshot!(problems_of_steps(
        r#"outputs: { race: "{{ steps.left.rows }} {{ steps.pass.rows }} {{ steps.one.rows }}" }"#,
        r#"
- id: self
  use: excel.read
  with: { path: "{{ steps.self.rows }} {{ steps.later.rows }} {{ steps.later.rows | default([]) }}" }
- id: later
  use: excel.read
  with: { path: later.xlsx }
- id: loop
  use: flow.for_each
  with: { items: "{{ steps.first.rows }}" }
  do:
    - use: log.write
      with: { message: "{{ steps.loop.passes }} {{ steps.first.rows }}" }
    - id: first
      use: excel.read
      with: { path: "{{ item }}" }
- use: flow.if
  with: { condition: "{{ steps.first.rows }}" }
  then:
    - id: one
      use: excel.read
      with: { path: one.xlsx }
  else:
    - use: log.write
      with: { message: "{{ steps.one.rows }}" }
- use: flow.try
  catch:
    - use: log.write
      with: { message: "{{ steps.tried.rows }}" }
  do:
    - id: tried
      use: excel.read
      with: { path: "{{ steps.cleaned.rows }}" }
  finally:
    - id: cleaned
      use: excel.read
      with: { path: a }
- use: flow.race
  branches:
    left:
      - id: left
        use: excel.read
        with: { path: left.xlsx }
      - use: log.write
        with: { message: "{{ steps.left.rows }}" }
    right:
      - use: log.write
        with: { message: "{{ steps.left.rows }}" }
- use: flow.for_each
  with: { items: [1, 2], parallel: 2, collect: "{{ steps.pass.rows }}" }
  do:
    - id: pass
      use: excel.read
      with: { path: "{{ item }}" }
"#
    ));
}

#[test]
fn an_id_belongs_to_one_step() {
    assert_snapshot!(steps(
        r"
- id: people
  use: excel.read
  with: { path: a }
- use: flow.if
  with: { condition: true }
  then:
    - id: people
      use: excel.read
      with: { path: b }
"
    ));
}

#[test]
fn loop_variables_have_names_of_their_own() {
    assert_snapshot!(steps(
        r#"
- use: flow.for_each
  with: { items: [1], as: steps }
  do: []
- use: flow.for_each
  with: { items: [1], as: first name }
  do: []
- use: flow.for_each
  with: { items: [1], as: "{{ run.id }}" }
  do: []
- use: flow.for_each
  with: { items: [1] }
  do:
    - use: flow.for_each
      with: { items: [1] }
      do: []
"#
    ));
}

#[test]
fn a_loop_is_left_from_inside_it_only() {
    assert_snapshot!(steps(
        r"
- use: flow.break
- use: log.write
  with: { message: never }
- use: flow.repeat
  with: { times: 3 }
  do:
    - use: flow.parallel
      branches:
        one:
          - use: flow.break
    - use: flow.try
      do:
        - use: flow.break
          when: loop.first
        - use: log.write
          with: { message: sometimes }
"
    ));
}

#[test]
fn kinds_of_error_are_known() {
    assert_snapshot!(steps(
        r"
- use: excel.read
  with: { path: a }
  retry: { attempts: 2, on: [time_out, unavailable] }
"
    ));
}

#[test]
fn inputs_are_consistent() {
    assert_snapshot!(problems(
        r#"casare: 1
name: inputs
inputs:
  unused: { type: string }
  both: { type: string, required: true, default: a }
  count: { type: integer, default: many }
  size: { type: string, default: xl, options: [s, m, l] }
  level: { type: integer, options: [1, two] }
  day: { type: date, default: tomorrow }
steps:
  - use: log.write
    with: { message: "{{ inputs.both }}{{ inputs.count }}{{ inputs.size }}{{ inputs.level }}{{ inputs.day }}" }
"#
    ));
}

#[test]
fn doubtful_things_are_warnings() {
    assert_snapshot!(problems_of_steps(
        "variables: { total: 0 }",
        r#"
- use: data.set
  with: { name: totl, value: "{{ vars.total }}" }
- use: data.set
  with: { values: { other: 1, total: 2 } }
- id: off
  use: excel.read
  disabled: true
  with: { pth: "{{ nonsense }}" }
- use: log.write
  when: false
  with: { message: "{{ steps.off.rows }}" }
- use: log.write
  when: "{{ false }}"
  with: { message: hello }
- use: flow.return
- use: log.write
  with: { message: hello }
"#
    ));
}

#[test]
fn a_workflow_in_json_is_checked_alike() {
    assert_snapshot!(problems(
        r#"{
  "casare": 1,
  "name": "json",
  "steps": [
    { "use": "log.write", "with": { "message": "\u00e4\t{{ vars.nonsense }}", "level": "loud" } }
  ]
}"#
    ));
}

/// `depth` loops inside each other, with a step that has a problem in the innermost.
fn nested(depth: usize) -> String {
    let mut text = "casare: 1\nname: deep\nsteps:\n".to_owned();
    for level in 0..depth {
        let pad = "  ".repeat(level * 2);
        writeln!(
            text,
            "{pad}- use: flow.repeat\n{pad}  with: {{ times: 1 }}\n{pad}  do:"
        )
        .unwrap();
    }
    let pad = "  ".repeat(depth * 2);
    writeln!(
        text,
        "{pad}- use: log.write\n{pad}  with: {{ message: \"{{{{ vars.x }}}}\" }}"
    )
    .unwrap();
    text
}

#[test]
fn two_hundred_levels_are_checked_on_a_small_stack() {
    let text = nested(200);

    let checked = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || problems(&text))
        .unwrap();

    assert!(checked.join().unwrap().contains("there is no variable `x`"));
}

/// `count` steps that each refer to the one before and to a variable that is not there.
fn chain(count: usize) -> String {
    let mut text = "casare: 1\nname: long\nsteps:\n".to_owned();
    for number in 0..count {
        let before = number.saturating_sub(1);
        writeln!(text, "  - id: s{number}\n    use: excel.read").unwrap();
        writeln!(
            text,
            "    with: {{ path: \"{{{{ steps.s{before}.rows }}}}\", header: true }}"
        )
        .unwrap();
    }
    text
}

#[test]
fn the_time_grows_with_the_size_alone() {
    let time = |count: usize| {
        let text = chain(count);
        let (workflow, source) = Source::read("long", &text).unwrap();
        let catalogue = nodes();
        let took = (0..3).map(|_| {
            let begun = Instant::now();
            // The first step refers to itself.
            assert_eq!(check(&workflow, &source, &catalogue).len(), 1);
            begun.elapsed()
        });
        took.min().unwrap()
    };

    let (small, large) = (time(500), time(5_000));

    assert!(
        large < small * 40,
        "500 steps took {small:?}, 5,000 took {large:?}"
    );
}

#[test]
fn thousands_of_problems_are_found_at_once() {
    let text = chain(3_000)
        .replace("header", "haeder")
        .replace("excel.read", "excel.raed");
    let (workflow, source) = Source::read("wrong", &text).unwrap();

    let begun = Instant::now();
    let found = check(&workflow, &source, &nodes()).len();

    assert_eq!(found, 3_001);
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn suggestions_are_names_that_exist() {
    let catalogue = nodes();
    assert!(catalogue.node("excel.read").is_some());
    assert!(steps("- use: Excel.Read\n").contains("did you mean `excel.read`?"));
}

proptest! {
    #[test]
    fn no_workflow_panics_the_check(
        node in "(flow\\.(if|try|for_each|state_machine|race)|excel\\.read|x)",
        key in "(path|as|items|condition|transitions|start|[a-z]{1,4})",
        value in "(\\[.{0,3}\\]|\\{\\{ [a-z.\\[\\]' |]{0,12} \\}\\}|.{0,8}|5)",
        block in "(do|then|states|catch|branches|[a-z]{2})",
    ) {
        let value = serde_json::to_string(&value).unwrap();
        let text = format!(
            "casare: 1\nname: x\nsteps:\n- use: {node}\n  id: a\n  with: {{ {key}: {value} }}\n  {block}:\n  - use: log.write\n    with: {{ message: {value} }}\n"
        );
        if let Ok((workflow, source)) = Source::read("any", &text) {
            for problem in check(&workflow, &source, &nodes()) {
                prop_assert!(text.get(problem.range.start..problem.range.end).is_some());
                prop_assert!(!problem.message.is_empty());
            }
        }
    }
}
