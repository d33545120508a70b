//! Lines of cells → steps.

use std::collections::BTreeSet;

use casare_workflow::{Block, Step};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::{
    keywords::{self, Call},
    rpa,
    suite::Suite,
};
use crate::{
    expression::{Code, Dialect, Kind, Names, Segment, Val, is_identifier, translate, truth},
    report::{Report, Weight},
    selenium::step,
};

/// How deep blocks may be nested.
const DEPTH: usize = 60;

/// Files and arguments of a suite's own keywords, by their names.
pub(super) type Own = IndexMap<String, (String, Vec<String>)>;

/// Reads the body of a test or keyword.
pub(super) struct Reader<'f> {
    /// The files of the suite's own keywords, and the names of what they take.
    pub(super) files: &'f Own,
    pub(super) report: Report,
    /// The variable that a keyword returns.
    pub(super) result: Option<String>,
    set: BTreeSet<String>,
    inputs: BTreeSet<String>,
    items: Vec<String>,
    ids: usize,
    depth: usize,
    /// What keywords refer to without naming it.
    pub(super) around: rpa::Surroundings,
    suite: &'f Suite,
}

/// `${Some Name}` as a name for expressions.
pub(super) fn plain_name(written: &str) -> String {
    let inside = written.trim().trim_end_matches('=').trim();
    let inside = inside
        .trim_start_matches(['$', '@', '&', '%'])
        .trim_matches(['{', '}']);
    let mut name: String = inside
        .to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if !is_identifier(&name) {
        name.insert(0, '_');
    }
    name
}

/// Whether a cell is a variable that takes a value.
fn is_target(cell: &str) -> bool {
    let cell = cell.trim_end_matches('=').trim_end();
    cell.starts_with(['$', '@', '&']) && cell[1..].starts_with('{') && cell.ends_with('}')
}

struct Scope<'r, 'f>(&'r Reader<'f>);

impl Names for Scope<'_, '_> {
    fn name(&self, name: &str) -> Option<Code> {
        self.reference(name.trim_start_matches('$'))
    }

    fn reference(&self, path: &str) -> Option<Code> {
        self.0.variable(path)
    }
}

impl<'f> Reader<'f> {
    pub(super) fn new(files: &'f Own, suite: &'f Suite) -> Self {
        Self {
            files,
            suite,
            around: rpa::Surroundings::default(),
            report: Report::default(),
            result: None,
            set: BTreeSet::new(),
            inputs: BTreeSet::new(),
            items: Vec::new(),
            ids: 0,
            depth: 0,
        }
    }

    pub(super) fn know(&mut self, name: &str) {
        self.set.insert(plain_name(name));
    }

    pub(super) fn take(&mut self, name: &str) {
        self.inputs.insert(plain_name(name));
    }

    pub(super) fn variables(&self) -> Vec<String> {
        self.set.iter().cloned().collect()
    }

    pub(super) fn id(&mut self, word: &str) -> String {
        self.ids += 1;
        format!("{word}_{}", self.ids)
    }

    /// What a variable is called in expressions.
    fn variable(&self, written: &str) -> Option<Code> {
        let end = written.find(['.', '[']).unwrap_or(written.len());
        let (name, path) = written.split_at(end);
        let plain = plain_name(name);
        let base = if self.items.contains(&plain) {
            plain
        } else if self.set.contains(&plain) {
            format!("vars.{plain}")
        } else if self.inputs.contains(&plain) {
            format!("inputs.{plain}")
        } else {
            return None;
        };
        let path: String = path.replace("][", ".").replace('[', ".").replace(']', "");
        let mut text = base;
        for key in path.split('.').filter(|key| !key.is_empty()) {
            let key = key.trim_matches(['\'', '"']);
            match key.parse::<i64>() {
                Ok(index) => text.push_str(&format!("[{index}]")),
                Err(_) => text = crate::expression::member(&text, key),
            }
        }
        Some(Code::atom(text, Kind::Any))
    }

    /// A cell as a value.
    pub(super) fn value(&mut self, cell: &str) -> Val {
        let mut segments: Vec<Segment> = Vec::new();
        let mut rest = cell;
        while let Some(at) = rest.find(['$', '@', '&', '%']) {
            let (before, after) = rest.split_at(at);
            let Some(inside) = after[1..].strip_prefix('{') else {
                segments.push(Segment::Plain(rest[..=at].to_owned()));
                rest = &rest[at + 1..];
                continue;
            };
            let Some(end) = inside.find('}') else {
                break;
            };
            let mut path = inside[..end].to_owned();
            let mut next = &inside[end + 1..];
            // `${x}[key]`
            while let Some((key, following)) =
                next.strip_prefix('[').and_then(|tail| tail.split_once(']'))
            {
                path.push_str(&format!("[{key}]"));
                next = following;
            }
            segments.push(Segment::Plain(before.to_owned()));
            segments.push(self.reference(&path, &after[..after.len() - next.len()]));
            rest = next;
        }
        segments.push(Segment::Plain(rest.to_owned()));
        segments.retain(|segment| !matches!(segment, Segment::Plain(text) if text.is_empty()));
        match segments.as_slice() {
            [] => Val::text(""),
            [Segment::Plain(text)] => Val::text(text.replace("\\n", "\n").replace("\\\\", "\\")),
            [Segment::Code(code)] => match serde_json::from_str(&code.text) {
                Ok(literal @ (Json::Number(_) | Json::Bool(_) | Json::Null)) => {
                    Val::Literal(literal)
                }
                _ => Val::Code(code.clone()),
            },
            _ => Val::Text(segments),
        }
    }

    fn reference(&mut self, path: &str, whole: &str) -> Segment {
        let known = match &*path.to_uppercase() {
            "TRUE" => Some("true"),
            "FALSE" => Some("false"),
            "NONE" | "NULL" => Some("null"),
            _ => path.parse::<f64>().is_ok().then_some(path),
        };
        if let Some(literal) = known {
            return Segment::Code(Code::atom(literal, Kind::Any));
        }
        match &*path.to_uppercase() {
            "/" => return Segment::Plain("/".to_owned()),
            "CURDIR" | "EXECDIR" | "ROBOT_ROOT" => return Segment::Plain(".".to_owned()),
            "OUTPUT_DIR" | "OUTPUT DIR" | "ROBOT_ARTIFACTS" => {
                return Segment::Plain("output".to_owned());
            }
            "TEMPDIR" => return Segment::Plain("/tmp".to_owned()),
            "EMPTY" => return Segment::Plain(String::new()),
            "SPACE" => return Segment::Plain(" ".to_owned()),
            "\\N" => return Segment::Plain("\n".to_owned()),
            _ => {}
        }
        if let Some(code) = self.variable(path) {
            return Segment::Code(code);
        }
        self.report.add(
            Weight::Look,
            None,
            format!("`{whole}` is not set in this suite; it stays text"),
        );
        Segment::Plain(whole.to_owned())
    }

    /// Cells as the value of a variable: one, a list (`@{…}`), a map (`&{…}`).
    pub(super) fn listed(&mut self, target: &str, cells: &[String]) -> Json {
        match target.chars().next() {
            Some('@') => cells
                .iter()
                .map(|cell| self.value(cell).setting())
                .collect(),
            Some('&') => {
                let pairs = cells.iter().filter_map(|cell| cell.split_once('='));
                let pairs: Vec<(String, Json)> = pairs
                    .map(|(key, value)| (key.to_owned(), self.value(value).setting()))
                    .collect();
                pairs.into_iter().collect::<serde_json::Map<_, _>>().into()
            }
            _ => self.value(&cells.join(" ")).setting(),
        }
    }

    /// A Python condition.
    pub(super) fn condition(&mut self, text: &str) -> Json {
        let spelled = text
            .replace("${", "{{")
            .replace('}', "}}")
            .replace("}}}}", "}}");
        match translate(&spelled, Dialect::Python, &Scope(self)) {
            Ok(code) => Val::Code(truth(&code)).setting(),
            Err(fault) => {
                self.report.add(
                    Weight::Lost,
                    None,
                    format!("the condition `{text}` can't be translated: {fault}; it is false now"),
                );
                "{{ false }}".into()
            }
        }
    }

    /// The value of a Python expression.
    pub(super) fn evaluated(&mut self, text: &str) -> Option<Json> {
        let spelled = text
            .replace("${", "{{")
            .replace('}', "}}")
            .replace("}}}}", "}}");
        let code = translate(&spelled, Dialect::Python, &Scope(self)).ok()?;
        Some(Val::Code(code).setting())
    }

    /// The steps of `lines`.
    pub(super) fn steps(&mut self, lines: &[Vec<String>]) -> Vec<Step> {
        let mut at = 0;
        let mut steps = Vec::new();
        while at < lines.len() {
            let (mut more, next) = self.line(lines, at);
            steps.append(&mut more);
            at = next.max(at + 1);
        }
        steps
    }

    fn line(&mut self, lines: &[Vec<String>], at: usize) -> (Vec<Step>, usize) {
        let cells = &lines[at];
        let first = cells.first().map_or("", String::as_str);
        self.report.total += 1;
        if self.depth >= DEPTH {
            self.report
                .add(Weight::Lost, None, "its blocks are nested too deeply");
            return (Vec::new(), lines.len());
        }
        let is_block = matches!(first, "FOR" | "WHILE" | "IF" | "TRY" | ":FOR");
        // `IF  condition  Keyword  arguments` is one line.
        if first == "IF" && cells.len() > 2 {
            self.report.converted += 1;
            return (self.inline_if(cells), at + 1);
        }
        if !is_block {
            return (self.call(cells), at + 1);
        }
        self.report.converted += 1;
        let (parts, next) = parts(lines, at);
        self.depth += 1;
        let steps = match first {
            "IF" => self.branches(&parts),
            "TRY" => self.tried(&parts),
            "WHILE" => {
                let condition = cells
                    .get(1)
                    .map_or_else(|| "{{ true }}".into(), |text| self.condition(text));
                vec![block(
                    "flow.while",
                    json!({ "condition": condition }),
                    "do",
                    self.steps(&parts[0].1),
                )]
            }
            _ => self.looped(cells, &parts[0].1),
        };
        self.depth -= 1;
        (steps, next)
    }

    fn looped(&mut self, cells: &[String], body: &[Vec<String>]) -> Vec<Step> {
        let marker = cells.iter().position(|cell| {
            let cell = cell.to_uppercase();
            cell == "IN" || cell.starts_with("IN ")
        });
        let Some(marker) = marker.filter(|marker| *marker >= 2) else {
            self.report
                .add(Weight::Lost, None, "a FOR without IN was left out");
            return Vec::new();
        };
        let names: Vec<String> = cells[1..marker]
            .iter()
            .map(|cell| plain_name(cell))
            .collect();
        let given = &cells[marker + 1..];
        let kind = cells[marker].to_uppercase();
        let item = names.last().cloned().unwrap_or_else(|| "item".to_owned());
        let items = match (&*kind, given) {
            ("IN RANGE", _) => {
                let bounds: Vec<String> = given
                    .iter()
                    .map(|cell| self.value(cell).code().text)
                    .collect();
                let bounds: Vec<String> = bounds
                    .iter()
                    .map(|text| text.trim_matches('\'').to_owned())
                    .collect();
                format!("{{{{ range({}) }}}}", bounds.join(", ")).into()
            }
            (_, [one]) if one.starts_with(['@', '$', '&']) => self.value(one).setting(),
            _ => given
                .iter()
                .map(|cell| self.value(cell).setting())
                .collect(),
        };
        self.items.push(item.clone());
        let mut inner = Vec::new();
        if kind == "IN ENUMERATE"
            && let [index, _] = names.as_slice()
        {
            self.set.insert(index.clone());
            inner.push(step(
                "data.set",
                json!({ "name": index, "value": "{{ loop.index0 }}" }),
            ));
        } else if names.len() > 1 {
            self.report.add(
                Weight::Lost,
                None,
                "a FOR over several variables takes only the last",
            );
        }
        inner.extend(self.steps(body));
        self.items.pop();
        vec![block(
            "flow.for_each",
            json!({ "items": items, "as": item }),
            "do",
            inner,
        )]
    }

    fn branches(&mut self, parts: &[(Vec<String>, Vec<Vec<String>>)]) -> Vec<Step> {
        let mut result: Option<Vec<Step>> = None;
        for (head, body) in parts.iter().rev() {
            let inner = self.steps(body);
            if head.first().is_some_and(|word| word == "ELSE") && head.len() == 1 {
                result = Some(inner);
                continue;
            }
            let condition = head
                .get(1)
                .map_or_else(|| "{{ false }}".into(), |text| self.condition(text));
            let mut branch = block("flow.if", json!({ "condition": condition }), "then", inner);
            if let Some(other) = result.take() {
                branch.blocks.insert("else".to_owned(), Block::Steps(other));
            }
            result = Some(vec![branch]);
        }
        result.unwrap_or_default()
    }

    fn inline_if(&mut self, cells: &[String]) -> Vec<Step> {
        let is_else = |cell: &String| cell == "ELSE" || cell == "ELSE IF";
        let cut = cells
            .iter()
            .skip(2)
            .position(is_else)
            .map_or(cells.len(), |at| at + 2);
        let condition = self.condition(&cells[1]);
        let then = self.call(&cells[2..cut]);
        let mut branch = block("flow.if", json!({ "condition": condition }), "then", then);
        if let Some(word) = cells.get(cut) {
            let other = if word == "ELSE" {
                self.call(&cells[cut + 1..])
            } else if cells.len() > cut + 2 {
                self.inline_if(&cells[cut..])
            } else {
                Vec::new()
            };
            branch.blocks.insert("else".to_owned(), Block::Steps(other));
        }
        vec![branch]
    }

    fn tried(&mut self, parts: &[(Vec<String>, Vec<Vec<String>>)]) -> Vec<Step> {
        let mut tried = step("flow.try", Json::Null);
        for (head, body) in parts {
            let word = head.first().map_or("TRY", String::as_str);
            let mut inner = Vec::new();
            if word == "EXCEPT" {
                if let Some(at) = head.iter().position(|cell| cell == "AS")
                    && let Some(name) = head.get(at + 1)
                {
                    let name = plain_name(name);
                    self.set.insert(name.clone());
                    inner.push(step(
                        "data.set",
                        json!({ "name": name, "value": "{{ error.message }}" }),
                    ));
                }
                if head.len() > 1 && head[1] != "AS" {
                    self.report.add(
                        Weight::Changed,
                        None,
                        "EXCEPT caught only some messages; now it catches every error",
                    );
                }
            }
            inner.extend(self.steps(body));
            let name = match word {
                "EXCEPT" => "catch",
                "FINALLY" => "finally",
                "ELSE" => {
                    if let Some(Block::Steps(steps)) = tried.blocks.get_mut("do") {
                        steps.extend(inner);
                    }
                    continue;
                }
                _ => "do",
            };
            if tried.blocks.contains_key(name) {
                self.report
                    .add(Weight::Lost, None, "only the first EXCEPT was taken over");
            } else {
                tried.blocks.insert(name.to_owned(), Block::Steps(inner));
            }
        }
        vec![tried]
    }

    /// The steps of a keyword of the suite, where they have to stand in the place of its call: it
    /// opens a browser that what follows uses, and a workflow that is called closes what it opened.
    pub(super) fn inlined(&mut self, call: &Call<'_>) -> Option<Vec<Step>> {
        let suite = self.suite;
        let name = keywords::same(call.name);
        let keyword = suite
            .keywords
            .iter()
            .find(|keyword| keywords::same(&keyword.name) == name)?;
        let stays_open = keywords::opens_browser(suite, &name)
            && call.target.is_none()
            && keyword.teardown.is_none();
        if !stays_open || self.depth >= DEPTH {
            return None;
        }
        let mut steps = Vec::new();
        for (place, argument) in keyword.arguments.iter().enumerate() {
            let (argument, default) = argument
                .split_once('=')
                .map_or((&**argument, None), |(name, value)| (name, Some(value)));
            let cell = call.arguments.get(place).map(String::as_str).or(default)?;
            let value = self.value(cell).setting();
            self.know(argument);
            steps.push(keywords::set(argument, value));
        }
        self.depth += 1;
        if let Some(setup) = &keyword.setup {
            steps.extend(self.steps(std::slice::from_ref(setup)));
        }
        steps.extend(self.steps(&keyword.lines));
        self.depth -= 1;
        Some(steps)
    }

    /// One call, perhaps with variables that take its value.
    pub(super) fn call(&mut self, cells: &[String]) -> Vec<Step> {
        let targets: Vec<String> = cells
            .iter()
            .take_while(|cell| is_target(cell))
            .cloned()
            .collect();
        let Some(name) = cells.get(targets.len()) else {
            return Vec::new();
        };
        let arguments = &cells[targets.len() + 1..];
        let call = Call {
            name,
            arguments,
            target: targets.first().map(String::as_str),
        };
        if targets.len() > 1 {
            self.report.add(
                Weight::Lost,
                Some(name),
                "only the first of several variables takes the value",
            );
        }
        if let Some(target) = &call.target {
            self.set.insert(plain_name(target));
        }
        if let Some(steps) = keywords::known(self, &call) {
            self.report.converted += 1;
            return steps;
        }
        self.report.add(
            Weight::Lost,
            Some(name),
            "the keyword has no equivalent; the step fails when it is reached",
        );
        let message = Val::text(format!("{} was not imported", cells.join("  "))).setting();
        vec![step(
            "flow.fail",
            json!({ "message": message, "kind": "invalid" }),
        )]
    }
}

/// A step with one block.
pub(super) fn block(uses: &str, with: Json, name: &str, steps: Vec<Step>) -> Step {
    let mut step = step(uses, with);
    step.blocks.insert(name.to_owned(), Block::Steps(steps));
    step
}

/// The head of a part of a block (`IF …`, `ELSE`), and its lines.
type Part = (Vec<String>, Vec<Vec<String>>);

/// The heads and bodies of a block that begins at `at`, and the line after its END.
fn parts(lines: &[Vec<String>], at: usize) -> (Vec<Part>, usize) {
    let mut parts = vec![(lines[at].clone(), Vec::new())];
    let mut depth = 0_usize;
    let mut next = at + 1;
    while let Some(line) = lines.get(next) {
        next += 1;
        let word = line.first().map_or("", String::as_str);
        let opens = matches!(word, "FOR" | "WHILE" | "TRY") || (word == "IF" && line.len() <= 2);
        if depth == 0 && word == "END" {
            break;
        }
        if depth == 0 && matches!(word, "ELSE" | "ELSE IF" | "EXCEPT" | "FINALLY") {
            parts.push((line.clone(), Vec::new()));
            continue;
        }
        depth = if opens {
            depth + 1
        } else if word == "END" {
            depth - 1
        } else {
            depth
        };
        if let Some((_, body)) = parts.last_mut() {
            body.push(line.clone());
        }
    }
    (parts, next)
}

pub(super) fn with_finally(steps: Vec<Step>, last: Vec<Step>) -> Step {
    let mut tried = block("flow.try", Json::Null, "do", steps);
    tried
        .blocks
        .insert("finally".to_owned(), Block::Steps(last));
    tried
}

/// Puts what follows the opening of a browser into its block.
pub(super) fn in_session(steps: Vec<Step>) -> Vec<Step> {
    let mut before = Vec::new();
    let mut rest = steps.into_iter();
    while let Some(mut step) = rest.next() {
        if let Some(Block::Steps(inner)) = step.blocks.get_mut("do")
            && step.uses == "flow.try"
        {
            *inner = in_session(std::mem::take(inner));
            step = around_try(step);
        }
        if step.uses != "browser.session" {
            before.push(step);
            continue;
        }
        let inner = in_session(rest.by_ref().collect());
        step.blocks.insert("do".to_owned(), Block::Steps(inner));
        before.push(step);
    }
    before
}

/// What ends a test still needs the browser: where the test begins with opening it, it goes around
/// the end as well.
fn around_try(mut tried: Step) -> Step {
    let Some(Block::Steps(inner)) = tried.blocks.get_mut("do") else {
        return tried;
    };
    let opens = inner
        .iter()
        .position(|step| step.uses == "browser.session")
        .filter(|place| {
            place + 1 == inner.len() && inner[..*place].iter().all(|step| step.uses == "data.set")
        });
    let Some(mut session) = opens.and_then(|_| inner.pop()) else {
        return tried;
    };
    if let Some(Block::Steps(used)) = session.blocks.get_mut("do") {
        inner.append(used);
    }
    session
        .blocks
        .insert("do".to_owned(), Block::Steps(vec![tried]));
    session
}
