//! The steps of a run: a row each with its share of the time, and all that is known of it below.

use std::io::{self, Write};

use casare_engine::{SkipReason, StepPath};
use casare_workflow::{Block, Step, Workflow};

use super::{
    collect::Collected,
    details::{error, has_details, json, logs, setting},
    page::{Text, is_named},
    picture::Pictures,
    record::{Attempt, StepRecord, StepState},
    tree::{List, Node, Tree, Trouble},
};
use crate::terminal::{count, grouped, time};

/// Browsers stop nesting elements at about 500.
const DEPTH: usize = 400;
/// So many passes in a row in which nothing failed are one line until it is opened.
const FOLDED_PASSES: usize = 8;

/// Times of a run without the pauses between its attempts.
pub(super) struct Clock {
    attempts: Vec<Attempt>,
}

impl Clock {
    pub(super) fn new(attempts: &[Attempt]) -> Self {
        Self {
            attempts: attempts.to_vec(),
        }
    }

    /// Microseconds of work from the start of the run to `at`.
    fn offset(&self, at: i64) -> i64 {
        let mut before = 0;
        for attempt in &self.attempts {
            if at <= attempt.ended {
                return before + (at - attempt.began).max(0);
            }
            before += attempt.ended - attempt.began;
        }
        before
    }

    /// Microseconds that all attempts took.
    pub(super) fn total(&self) -> u64 {
        self.attempts
            .iter()
            .map(|attempt| (attempt.ended - attempt.began).max(0) as u64)
            .sum()
    }
}

/// A stretch of the run's time, which bars are drawn in.
#[derive(Clone, Copy)]
struct Frame {
    began: i64,
    took: i64,
}

/// Writes the steps.
pub(super) struct Steps<'a> {
    pub(super) collected: &'a Collected,
    pub(super) workflow: &'a Workflow,
    pub(super) tree: &'a Tree<'a>,
    pub(super) pictures: Pictures<'a>,
    pub(super) clock: Clock,
}

impl<'a> Steps<'a> {
    pub(super) fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        let whole = Frame {
            began: 0,
            took: self.clock.total() as i64,
        };
        scale(out, whole)?;
        for node in &self.tree.roots {
            self.step(out, *node, None, whole, 0)?;
        }
        if let Some(counts) = self
            .collected
            .loops
            .get(&None)
            .filter(|counts| counts.steps > 0)
        {
            write!(
                out,
                "<p class=more>{} more</p>",
                count(counts.steps, "step")
            )?;
        }
        if self.tree.roots.is_empty() {
            out.write_all(b"<p class=more>No step was executed.</p>")?;
        }
        Ok(())
    }

    fn step(
        &mut self,
        out: &mut impl Write,
        place: usize,
        pass: Option<u64>,
        frame: Frame,
        depth: usize,
    ) -> io::Result<()> {
        let tree = self.tree;
        let Some(node) = tree.nodes.get(place) else {
            return Ok(());
        };
        let own = node.record.map(|record| self.frame_of(record));
        let settings = self.settings(node);
        let has_more =
            !node.lists.is_empty() || settings.is_some() || node.record.is_some_and(has_details);
        let class = node.record.map_or("gone", class_of);
        if has_more {
            let open = if node.trouble > Trouble::None {
                " open"
            } else {
                ""
            };
            write!(
                out,
                "<details class=\"{class}\" id=s{place}{open}><summary>"
            )?;
        } else {
            write!(out, "<div class=\"row {class}\" id=s{place}>")?;
        }
        row(out, node, pass, own, frame)?;
        if !has_more {
            return out.write_all(b"</div>\n");
        }
        out.write_all(b"</summary>")?;
        if let Some(record) = node.record {
            self.details(out, record, settings)?;
        }
        if depth < DEPTH {
            self.blocks(out, node, own.unwrap_or(frame), depth + 1)?;
        } else {
            out.write_all(b"<p class=more>Deeper steps are not shown.</p>")?;
        }
        out.write_all(b"</details>\n")
    }

    /// The blocks of a step, its passes in order, with what was left out between them.
    fn blocks(
        &mut self,
        out: &mut impl Write,
        node: &Node<'_>,
        frame: Frame,
        depth: usize,
    ) -> io::Result<()> {
        let tree = self.tree;
        if !node.lists.is_empty() {
            scale(out, frame)?;
        }
        let only_do = node
            .lists
            .iter()
            .all(|list| &*tree.lists[*list].block == "do");
        let mut expected = 0;
        let lists: Vec<&List> = node
            .lists
            .iter()
            .filter_map(|list| tree.lists.get(*list))
            .collect();
        let mut rest = lists.as_slice();
        while let [first, ..] = rest {
            if let Some(pass) = first.pass {
                if pass > expected {
                    let passes = count(pass - expected, "pass");
                    write!(out, "<p class=more>{passes} not shown</p>")?;
                }
                expected = pass;
            }
            let (group, others) = rest.split_at(self.uneventful(rest).max(1));
            rest = others;
            expected += group.len() as u64;
            let folds = group.len() >= FOLDED_PASSES && lists.len() > group.len();
            if folds {
                self.folded(out, group, frame)?;
            }
            for list in group {
                self.list(out, list, only_do, frame, depth + usize::from(folds))?;
            }
            if folds {
                out.write_all(b"</details>\n")?;
            }
        }
        self.left_out(out, node)
    }

    /// How many of `lists`, from the first, are passes one after the other in which nothing failed.
    fn uneventful(&self, lists: &[&List]) -> usize {
        let first = lists.first().and_then(|list| list.pass);
        let follows = |(place, list): &(usize, &&List)| {
            list.pass.is_some()
                && list.pass == first.map(|first| first + *place as u64)
                && self.tree.trouble_in(&list.steps) == Trouble::None
        };
        lists.iter().enumerate().take_while(follows).count()
    }

    /// Opens the fold of several passes.
    fn folded(&self, out: &mut impl Write, passes: &[&List], frame: Frame) -> io::Result<()> {
        let steps: Vec<usize> = passes
            .iter()
            .flat_map(|list| list.steps.iter().copied())
            .collect();
        let span = self.span(&steps).unwrap_or(frame);
        let number =
            |list: Option<&&List>| grouped(list.and_then(|list| list.pass).unwrap_or(0) + 1);
        write!(
            out,
            "<details class=\"pass ok\"><summary><span class=mark role=img aria-label=done></span>\
             <span class=what><b>Passes {} to {}</b></span><span class=took>{}</span>",
            number(passes.first()),
            number(passes.last()),
            time(span.took.max(0) as u64),
        )?;
        bar(out, span, frame)?;
        out.write_all(b"</summary>")
    }

    fn list(
        &mut self,
        out: &mut impl Write,
        list: &List,
        only_do: bool,
        frame: Frame,
        depth: usize,
    ) -> io::Result<()> {
        let label = if only_do {
            String::new()
        } else {
            block_name(&list.block)
        };
        let tree = self.tree;
        match (list.pass, list.steps.as_slice()) {
            (None, steps) => {
                if !label.is_empty() {
                    write!(out, "<p class=block>{}</p>", Text(&label))?;
                }
                for step in steps {
                    self.step(out, *step, None, frame, depth)?;
                }
                Ok(())
            }
            (Some(pass), [step]) if label.is_empty() => {
                self.step(out, *step, Some(pass), frame, depth)
            }
            (Some(pass), steps) => {
                let trouble = tree.trouble_in(steps);
                let inner = self.span(steps).unwrap_or(frame);
                let class = class_of_trouble(trouble);
                let open = if trouble > Trouble::None { " open" } else { "" };
                write!(out, "<details class=\"pass {class}\"{open}><summary>")?;
                write!(
                    out,
                    "<span class=mark role=img aria-label=\"{}\"></span><span class=what><b>{}Pass {}</b> \
                     <i>{}</i></span><span class=took>{}</span>",
                    if trouble > Trouble::None {
                        "failed"
                    } else {
                        "done"
                    },
                    Text(&if label.is_empty() {
                        String::new()
                    } else {
                        format!("{label} · ")
                    }),
                    grouped(pass + 1),
                    count(steps.len() as u64, "step"),
                    time(inner.took.max(0) as u64),
                )?;
                bar(out, inner, frame)?;
                out.write_all(b"</summary>")?;
                scale(out, inner)?;
                for step in steps {
                    self.step(out, *step, None, inner, depth + 1)?;
                }
                out.write_all(b"</details>\n")
            }
        }
    }

    /// What was only counted in the blocks of a step.
    fn left_out(&self, out: &mut impl Write, node: &Node<'_>) -> io::Result<()> {
        for (key, counts) in &self.collected.loops {
            let Some((step, _)) = key else { continue };
            if *step != node.path || (counts.steps == 0 && counts.failed == 0) {
                continue;
            }
            write!(
                out,
                "<p class=more>{} not shown",
                count(counts.steps, "step")
            )?;
            if let Some(last) = counts.last_pass {
                write!(out, " of {}", count(last + 1, "pass"))?;
            }
            if counts.failed > 0 {
                write!(out, "; <b>{} of them failed</b>", grouped(counts.failed))?;
            }
            out.write_all(b"</p>")?;
        }
        Ok(())
    }

    fn details(
        &mut self,
        out: &mut impl Write,
        record: &StepRecord,
        settings: Option<&Step>,
    ) -> io::Result<()> {
        out.write_all(b"<div class=in>")?;
        write!(out, "<p class=place>step {}", record.path)?;
        if record.info.line > 0 {
            write!(out, " · line {}", record.info.line)?;
        }
        if let Some(id) = &record.info.id {
            write!(out, " · id <code>{}</code>", Text(id))?;
        }
        out.write_all(b"</p>")?;
        error(out, record)?;
        for (attempt, delay_ms, message) in &record.retries {
            write!(
                out,
                "<p class=retry>Attempt {attempt} failed, the next one after {}: {}</p>",
                time(delay_ms * 1000),
                Text(message),
            )?;
        }
        logs(out, record)?;
        if let Some(step) = settings {
            out.write_all(b"<h3>Settings, as written</h3><dl class=values>")?;
            for (name, value) in &step.with {
                write!(
                    out,
                    "<dt>{}</dt><dd><pre>{}</pre></dd>",
                    Text(name),
                    Text(&setting(value))
                )?;
            }
            out.write_all(b"</dl>")?;
        }
        for (title, values) in [
            ("Variables set", &record.variables),
            ("Outputs", &record.outputs),
        ] {
            if let Some(values) = values {
                json(out, title, values)?;
            }
        }
        let shown_above = self
            .collected
            .end
            .as_ref()
            .and_then(|end| end.error.as_ref());
        for artifact in &record.artifacts {
            let is_above = shown_above
                .is_some_and(|error| error.artifacts.iter().any(|name| is_named(artifact, name)));
            if !is_above {
                self.pictures.write(out, artifact)?;
            }
        }
        out.write_all(b"</div>")
    }

    /// The step as the workflow has it: told once, not in every pass.
    fn settings(&self, node: &Node<'_>) -> Option<&'a Step> {
        let is_first = node
            .path
            .lists()
            .iter()
            .all(|list| list.pass.unwrap_or(0) == 0);
        node.record
            .filter(|record| is_first && !matches!(record.state, StepState::Skipped(_)))?;
        written(self.workflow, &node.path).filter(|step| !step.with.is_empty())
    }

    fn frame_of(&self, record: &StepRecord) -> Frame {
        let began = self.clock.offset(record.began);
        let took = match record.state {
            StepState::Running => self.clock.total() as i64 - began,
            _ => record.took as i64,
        };
        Frame { began, took }
    }

    /// From the first to the last of several steps.
    fn span(&self, steps: &[usize]) -> Option<Frame> {
        let records = steps
            .iter()
            .filter_map(|step| self.tree.nodes.get(*step)?.record);
        let frames: Vec<Frame> = records.map(|record| self.frame_of(record)).collect();
        let began = frames.iter().map(|frame| frame.began).min()?;
        let ended = frames.iter().map(|frame| frame.began + frame.took).max()?;
        Some(Frame {
            began,
            took: ended - began,
        })
    }
}

fn class_of(record: &StepRecord) -> &'static str {
    match record.state {
        StepState::Done => "ok",
        StepState::Failed { continued: true } => "warn",
        StepState::Failed { continued: false } => "bad",
        StepState::Skipped(_) => "skipped",
        StepState::Running => "open",
    }
}

fn class_of_trouble(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::None => "ok",
        Trouble::PassedOver => "warn",
        Trouble::Failed => "bad",
    }
}

fn row(
    out: &mut impl Write,
    node: &Node<'_>,
    pass: Option<u64>,
    own: Option<Frame>,
    frame: Frame,
) -> io::Result<()> {
    let Some(record) = node.record else {
        return write!(
            out,
            "<span class=mark></span><span class=what><i>step {}</i></span>",
            node.path
        );
    };
    let words = match record.state {
        StepState::Done => "done",
        StepState::Failed { .. } => "failed",
        StepState::Skipped(SkipReason::When) => "skipped: its condition was not true",
        StepState::Skipped(SkipReason::Disabled) => "disabled",
        StepState::Running => "not finished",
    };
    write!(
        out,
        "<span class=mark role=img aria-label=\"{words}\" title=\"{words}\"></span><span class=what>"
    )?;
    if let Some(pass) = pass {
        write!(out, "<span class=nth>{}</span> ", grouped(pass + 1))?;
    }
    write!(out, "<b>{}</b>", Text(&record.info.title))?;
    if record.info.node != record.info.title {
        write!(out, " <i>{}</i>", Text(&record.info.node))?;
    }
    out.write_all(b"</span>")?;
    if !matches!(record.state, StepState::Skipped(_)) {
        write!(out, "<span class=took>{}</span>", time(record.took))?;
        if let Some(own) = own {
            bar(out, own, frame)?;
        }
    }
    Ok(())
}

/// The share of `frame` that `own` takes.
fn bar(out: &mut impl Write, own: Frame, frame: Frame) -> io::Result<()> {
    let whole = frame.took.max(1) as f64;
    let left = ((own.began - frame.began) as f64 / whole * 100.0).clamp(0.0, 100.0);
    let width = (own.took as f64 / whole * 100.0).clamp(0.0, 100.0 - left);
    write!(
        out,
        "<span class=bar aria-hidden=true><u style=\"left:{left:.2}%;width:{width:.2}%\"></u></span>"
    )
}

/// From when to when the bars below reach.
fn scale(out: &mut impl Write, frame: Frame) -> io::Result<()> {
    write!(
        out,
        "<div class=scale aria-hidden=true><span>{}</span><span>+{}</span></div>",
        time(frame.began.max(0) as u64),
        time(frame.took.max(0) as u64),
    )
}

/// `cases:paid` as people read it.
fn block_name(block: &str) -> String {
    block.replacen(':', ": ", 1)
}

/// The step at `path` as the workflow has it; `None` in a workflow that it calls.
fn written<'w>(workflow: &'w Workflow, path: &StepPath) -> Option<&'w Step> {
    let mut steps: &[Step] = &workflow.steps;
    for list in path.lists() {
        let step = steps.get(list.step.index as usize)?;
        let (block, name) = match list.block.split_once(':') {
            Some((block, name)) => (block, Some(name)),
            None => (&*list.block, None),
        };
        steps = match (step.blocks.get(block)?, name) {
            (Block::Steps(steps), None) => steps,
            (Block::Named(lists), Some(name)) => lists.get(name)?,
            _ => return None,
        };
    }
    steps.get(path.index as usize)
}
