//! Nodes that a project brings along.

use casare_engine::{ErrorKind, RunState};
use casare_node_testing::Office;
use casare_nodes::custom::{self, CustomNodeError};
use casare_workflow::Catalogue as _;

/// A definition of `acme.price`, which runs `run`.
fn definition(run: &str) -> String {
    format!(
        r"casare: 1
node: acme.price
summary: Adds the tax to a price.
effect: pure
settings:
  properties:
    net: {{ type: number, minimum: 0, description: The price without tax. }}
    rate: {{ type: number, default: 0.19, description: The tax. }}
  required: [net]
outputs:
  properties:
    gross: {{ type: number, description: The price with tax. }}
  required: [gross]
fails:
  business: There is no such article.
  denied: The tax office says no.
run:
  {run}
"
    )
}

/// An office whose project has the node `acme.price`.
fn office(run: &str, file: &str, script: &str) -> Office {
    let nodes = tempfile::tempdir().unwrap().keep();
    std::fs::write(nodes.join(file), script).unwrap();
    std::fs::write(nodes.join("price.node.yaml"), definition(run)).unwrap();
    let node = custom::load(&nodes.join("price.node.yaml")).unwrap();
    Office::with(crate::all().into_iter().chain([node]))
}

const PRICE: &str = r#"
steps:
  - id: price
    use: acme.price
    with: { net: "{{ 50 * 2 }}" }
outputs:
  gross: "{{ steps.price.gross }}"
"#;

#[tokio::test]
async fn a_node_is_written_in_any_language() {
    for (run, file, script) in [
        (
            "javascript: price.js",
            "price.js",
            "function run(settings) { return { gross: settings.net * (1 + settings.rate) }; }",
        ),
        (
            "python: price.py",
            "price.py",
            "import sys\n\
             def run(settings, casare):\n    \
                 print('not a message')\n    \
                 print('nor this', file=sys.stderr)\n    \
                 return {'gross': settings['net'] * (1 + settings['rate'])}\n",
        ),
        (
            "program: [python3, -c, \"import json, sys; s = json.loads(sys.stdin.readline())['settings']; print('hello'); print(json.dumps({'outputs': {'gross': s['net'] * (1 + s['rate'])}}))\"]",
            "unused",
            "",
        ),
    ] {
        let outputs = office(run, file, script).outputs(PRICE).await;
        assert_eq!(outputs["gross"].as_f64(), Some(119.0), "{run}");
    }
}

#[tokio::test]
async fn a_script_chooses_the_kind_of_its_failure() {
    for (run, file, script) in [
        (
            "javascript: price.js",
            "price.js",
            "function run(settings, casare) { casare.fail('no such article', { kind: 'business' }); }",
        ),
        (
            "python: price.py",
            "price.py",
            "def run(settings, casare):\n    casare.fail('no such article', kind='business')\n",
        ),
    ] {
        let error = office(run, file, script).failure(PRICE).await;
        assert_eq!(error.kind, ErrorKind::Business, "{run}");
        assert_eq!(error.message, "no such article");
    }
}

#[test]
fn a_node_says_what_it_fails_with() {
    let office = office("javascript: price.js", "price.js", "function run() {}");
    let spec = office.engine().registry().node("acme.price").unwrap();
    let told: Vec<(&str, &str)> = spec
        .faults
        .iter()
        .map(|fault| (fault.kind, fault.when.as_ref()))
        .collect();
    assert_eq!(
        told,
        [
            ("denied", "The tax office says no."),
            ("business", "There is no such article."),
        ]
    );
}

#[tokio::test]
async fn settings_and_outputs_keep_to_the_schemas() {
    let honest = office(
        "javascript: price.js",
        "price.js",
        "function run(settings) { return { gross: settings.net }; }",
    );
    let error = honest
        .failure("steps:\n  - use: acme.price\n    with: { net: \"{{ 0 - 1 }}\" }\n")
        .await;
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.contains("`net`"), "{}", error.message);

    let liar = office(
        "javascript: price.js",
        "price.js",
        "function run() { return { gros: 1 }; }",
    );
    let error = liar.failure(PRICE).await;
    assert_eq!(error.kind, ErrorKind::Bug);
    assert!(error.message.contains("gros"), "{}", error.message);
}

#[tokio::test]
async fn a_program_that_says_nothing_or_falls_is_told_so() {
    let silent = office("program: [\"true\"]", "unused", "");
    let error = silent.failure(PRICE).await;
    assert_eq!(error.message, "node `acme.price` ended without an answer");

    let falling = office(
        "python: price.py",
        "price.py",
        "def run(settings, casare):\n    return 1 / 0\n",
    );
    let outcome = falling.run(PRICE).await;
    assert_eq!(outcome.state, RunState::Failed);
    assert_eq!(
        outcome.error.unwrap().message,
        "ZeroDivisionError: division by zero (line 2)"
    );
}

#[test]
fn what_is_wrong_with_a_definition_is_told_with_its_place() {
    let whole = definition("javascript: price.js");
    let told: Vec<String> = [
        ("node: acme.price", "node: Price"),
        ("node: acme.price", "node: flow.price"),
        ("summary: Adds the tax to a price.", "summry: Adds"),
        ("type: number, minimum: 0", "type: numer"),
        (", description: The tax. }", " }"),
        ("javascript: price.js", "javascript: other.js"),
        ("javascript: price.js", "ruby: price.rb"),
        ("denied: The", "denid: The"),
        ("casare: 1", "casare: 2"),
    ]
    .into_iter()
    .map(|(from, to)| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("price.js"), "").unwrap();
        let path = folder.path().join("price.node.yaml");
        std::fs::write(&path, whole.replace(from, to)).unwrap();
        match custom::load(&path) {
            Err(CustomNodeError::Invalid(list)) => {
                let problem = &list.problems[0];
                let (line, column) = list.position(problem.range.start);
                let message = problem
                    .message
                    .replace(&folder.path().display().to_string(), "nodes");
                format!("{line}:{column} {message}")
            }
            other => panic!("{from} → {to}: {other:?}"),
        }
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    2:1 `Price` is not a `category.action`
    2:1 `flow` is the engine's own category
    3:1 unknown field `summry`, expected one of `casare`, `node`, `summary`, `help`, `icon`, `effect`, `settings`, `outputs`, `fails`, `run`, `timeout`, `example`
    7:12 this is no JSON Schema: "numer" is not valid under any of the schemas listed in the 'anyOf' keyword
    8:5 `rate` has no description
    18:3 nodes/other.js is not there
    17:1 unknown variant `ruby`, expected one of `javascript`, `python`, `program`
    16:3 `denid` is no kind of error
    1:1 version 2 is not known here
    "#);
}

#[test]
fn the_projects_folder_is_found_from_the_folders_below_it() {
    let project = tempfile::tempdir().unwrap();
    let below = project.path().join("flows/monthly");
    std::fs::create_dir_all(&below).unwrap();
    std::fs::create_dir(project.path().join("nodes")).unwrap();
    assert_eq!(
        custom::project_nodes(&below),
        None,
        "there is no definition"
    );

    std::fs::write(project.path().join("nodes/price.node.yaml"), "").unwrap();
    assert_eq!(
        custom::project_nodes(&below),
        None,
        "too far outside of a repository"
    );

    std::fs::create_dir(project.path().join(".git")).unwrap();
    let found = custom::project_nodes(&below);
    assert_eq!(found, Some(project.path().join("nodes")));
}
