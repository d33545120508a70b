//! The text of a suite: sections, tests, keywords, lines of cells.

/// A suite.
#[derive(Debug, Default)]
pub(super) struct Suite {
    /// `Library` or `Resource`, and its name.
    pub(super) imports: Vec<(String, String)>,
    pub(super) variables: Vec<(String, Vec<String>)>,
    pub(super) setup: Option<Vec<String>>,
    pub(super) teardown: Option<Vec<String>>,
    pub(super) tests: Vec<Block>,
    pub(super) keywords: Vec<Block>,
}

/// A test, task or keyword.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) name: String,
    pub(super) documentation: Option<String>,
    pub(super) arguments: Vec<String>,
    pub(super) setup: Option<Vec<String>>,
    pub(super) teardown: Option<Vec<String>>,
    pub(super) lines: Vec<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Settings,
    Variables,
    Tests,
    Keywords,
    Other,
}

pub(super) fn read(text: &str) -> Suite {
    let mut suite = Suite::default();
    let mut section = Section::Other;
    for cells in lines(text) {
        let first = cells.first().map_or("", String::as_str);
        if first.starts_with('*') {
            section = named(first);
            continue;
        }
        match section {
            Section::Settings => setting(&mut suite, &cells),
            Section::Variables if !first.is_empty() => {
                let name = first.trim_end_matches('=').trim().to_owned();
                suite.variables.push((name, cells[1..].to_vec()));
            }
            Section::Tests => add(&mut suite.tests, cells),
            Section::Keywords => add(&mut suite.keywords, cells),
            _ => {}
        }
    }
    suite
}

fn named(header: &str) -> Section {
    let name = header.trim_matches(['*', ' ']).to_lowercase();
    match name.trim_end_matches('s') {
        "setting" => Section::Settings,
        "variable" => Section::Variables,
        "test case" | "task" => Section::Tests,
        "keyword" | "user keyword" => Section::Keywords,
        _ => Section::Other,
    }
}

/// The lines with something in them, continued ones joined, comments left out.
fn lines(text: &str) -> Vec<Vec<String>> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    for line in text.lines() {
        let is_inside = line.starts_with([' ', '\t', '|']);
        let mut cells = cells(line);
        if let Some(comment) = cells.iter().position(|cell| cell.starts_with('#')) {
            cells.truncate(comment);
        }
        let Some(first) = cells.first() else {
            continue;
        };
        if first == "..." {
            if let Some(before) = lines.last_mut() {
                before.extend(cells.into_iter().skip(1));
            }
            continue;
        }
        // What is inside a test begins with an empty cell.
        if is_inside {
            cells.insert(0, String::new());
        }
        lines.push(cells);
    }
    lines
}

fn cells(line: &str) -> Vec<String> {
    let line = line.replace('\t', "    ");
    let mut cells = Vec::new();
    if let Some(piped) = line.trim().strip_prefix("| ") {
        let cells = piped
            .trim_end_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().to_owned());
        return cells.filter(|cell| !cell.is_empty()).collect();
    }
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest.find("  ").unwrap_or(rest.len());
        cells.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    cells
}

fn setting(suite: &mut Suite, cells: &[String]) {
    let [name, rest @ ..] = cells else {
        return;
    };
    match &*name.to_lowercase() {
        "library" | "resource" | "variables" => {
            if let Some(what) = rest.first() {
                suite.imports.push((name.to_lowercase(), what.clone()));
            }
        }
        "suite setup" | "test setup" | "task setup" => suite.setup = Some(line(rest)),
        "suite teardown" | "test teardown" | "task teardown" => suite.teardown = Some(line(rest)),
        _ => {}
    }
}

fn line(cells: &[String]) -> Vec<String> {
    cells.to_vec()
}

fn add(blocks: &mut Vec<Block>, cells: Vec<String>) {
    let first = cells.first().map_or("", String::as_str);
    if !first.is_empty() {
        blocks.push(Block {
            name: first.to_owned(),
            ..Block::default()
        });
        if cells.len() == 1 {
            return;
        }
    }
    let Some(block) = blocks.last_mut() else {
        return;
    };
    let cells: Vec<String> = cells.into_iter().skip(1).collect();
    let Some(first) = cells.first() else {
        return;
    };
    let rest = || cells[1..].to_vec();
    match &*first.to_lowercase() {
        "[documentation]" => block.documentation = Some(rest().join(" ")),
        "[arguments]" => block.arguments = rest(),
        "[setup]" => block.setup = Some(rest()),
        "[teardown]" => block.teardown = Some(rest()),
        "[return]" => {
            let mut line = vec!["RETURN".to_owned()];
            line.extend(rest());
            block.lines.push(line);
        }
        first if first.starts_with('[') => {}
        _ => block.lines.push(cells),
    }
}
