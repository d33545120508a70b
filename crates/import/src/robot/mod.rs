//! Robot Framework, in its simple form: each test or task and each keyword of a suite becomes a workflow.
//!
//! | module | what it does |
//! |---|---|
//! | [`suite`] | text → sections, tests, lines of cells |
//! | [`body`] | lines → steps: FOR, IF, WHILE, TRY, assignments, calls |
//! | [`keywords`] | the keywords of the usual libraries |
//! | [`rpa`] | those of RPA Framework |

use casare_workflow::{Input, Workflow};
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::{
    ImportError,
    report::{Report, Weight},
    selenium::slug,
    sources::Draft,
};

mod body;
mod keywords;
mod rpa;
mod suite;

use body::{Own, Reader, plain_name};
use suite::Suite;

/// Imports a suite; `stem` is the file's path without its ending.
pub(crate) fn import(text: &str, stem: &str) -> Result<Vec<Draft>, ImportError> {
    let suite = suite::read(text);
    if suite.tests.is_empty() && suite.keywords.is_empty() {
        return Err(ImportError::NotAWorkflow {
            reason: "it has neither tests nor tasks nor keywords".to_owned(),
        });
    }
    let mut files: Own = IndexMap::new();
    for (place, keyword) in suite.keywords.iter().enumerate() {
        let file = format!("{stem}-{}.workflow.yaml", slug(&keyword.name, place));
        let named = |argument: &String| {
            plain_name(
                argument
                    .split_once('=')
                    .map_or(&**argument, |(name, _)| name),
            )
        };
        let arguments = keyword.arguments.iter().map(named).collect();
        files.insert(keywords::same(&keyword.name), (file, arguments));
    }
    let single = suite.tests.len() == 1;
    let mut drafts = Vec::new();
    for (place, test) in suite.tests.iter().enumerate() {
        let path = if single {
            format!("{stem}.workflow.yaml")
        } else {
            format!("{stem}-{}.workflow.yaml", slug(&test.name, place))
        };
        drafts.push(draft(&suite, test, path, &files, true));
    }
    for keyword in &suite.keywords {
        let path = files[&keywords::same(&keyword.name)].0.clone();
        drafts.push(draft(&suite, keyword, path, &files, false));
    }
    Ok(drafts)
}

fn draft(suite: &Suite, block: &suite::Block, path: String, files: &Own, is_test: bool) -> Draft {
    let mut reader = Reader::new(files, suite);
    let mut variables: IndexMap<String, Json> = IndexMap::new();
    let mut steps = Vec::new();
    for (name, cells) in &suite.variables {
        let value = reader.listed(name, cells);
        reader.know(name);
        // First values are constants; what refers to others is computed first thing.
        let is_computed = value.to_string().contains("{{");
        if is_computed {
            steps.push(keywords::set(name, value.clone()));
        }
        let value = if is_computed { Json::Null } else { value };
        variables.insert(plain_name(name), value);
    }
    let mut inputs = IndexMap::new();
    for argument in &block.arguments {
        let (name, default) = argument
            .split_once('=')
            .map_or((&**argument, None), |(name, value)| (name, Some(value)));
        let default = default.map(|value| reader.value(value).setting());
        let input = Input {
            required: default.is_none(),
            default,
            ..Input::default()
        };
        reader.take(name);
        inputs.insert(plain_name(name), input);
    }
    let around = |line: &Option<Vec<String>>| line.clone().filter(|_| is_test);
    let setup = block.setup.clone().or_else(|| around(&suite.setup));
    let teardown = block.teardown.clone().or_else(|| around(&suite.teardown));
    if let Some(setup) = setup {
        steps.extend(reader.steps(&[setup]));
    }
    steps.extend(reader.steps(&block.lines));
    if let Some(teardown) = teardown {
        let last = reader.steps(&[teardown]);
        steps = vec![body::with_finally(steps, last)];
    }
    let steps = body::in_session(steps);
    for name in reader.variables() {
        variables.entry(name).or_insert(Json::Null);
    }
    let mut outputs = IndexMap::new();
    if let Some(result) = reader.result.take() {
        variables.entry(result.clone()).or_insert(Json::Null);
        outputs.insert(
            "result".to_owned(),
            format!("{{{{ vars.{result} }}}}").into(),
        );
    }
    let mut report: Report = std::mem::take(&mut reader.report);
    for (what, name) in &suite.imports {
        if !keywords::is_library(name) {
            report.add(
                Weight::Look,
                Some(name),
                format!("the {what} is not known; its keywords have no equivalent"),
            );
        }
    }
    Draft {
        path,
        workflow: Workflow {
            name: block.name.clone(),
            description: block.documentation.clone(),
            inputs,
            variables,
            steps,
            outputs,
            ..Workflow::default()
        },
        report,
    }
}
