use casare_engine::{ErrorKind, ErrorReport, NodeError, event::StepInfo};
use casare_workflow::{Effect, Value};

use super::*;

/// A run that was told by hand.
struct Run {
    collected: Collected,
    at: i64,
}

impl Run {
    fn begun() -> Self {
        let mut run = Self {
            collected: Collected::default(),
            at: 1_000_000,
        };
        run.tell(EventKind::RunStarted {
            run: "0193".into(),
            workflow: "invoices".into(),
            attempt: 1,
            inputs: serde_json::json!({}),
        });
        run
    }

    fn tell(&mut self, kind: EventKind) {
        self.at += 10;
        self.collected.take(&RunEvent { at: self.at, kind });
    }

    fn finished(&mut self, path: &StepPath, outputs: Value) {
        let step = step("book");
        self.tell(EventKind::StepStarted {
            path: path.clone(),
            step: step.clone(),
            effect: Effect::Pure,
        });
        self.tell(EventKind::StepFinished {
            path: path.clone(),
            step,
            effect: Effect::Pure,
            outputs: Outputs(Some(outputs)),
            variables: None,
            signal: None,
            again: false,
            took: 5,
        });
    }

    fn failed(&mut self, path: &StepPath) {
        let error = NodeError::new(ErrorKind::Business, "no such customer");
        self.tell(EventKind::StepFailed {
            path: path.clone(),
            step: step("book"),
            error: ErrorReport::of_step(&error, path, &step("book")),
            continued: true,
            took: 5,
        });
    }

    /// Told passes of the loop at `0`, by number.
    fn passes(&self) -> Vec<u64> {
        let mut passes: Vec<u64> = self
            .collected
            .steps
            .iter()
            .filter_map(|step| step.path.list.as_ref()?.pass)
            .collect();
        passes.sort_unstable();
        passes
    }
}

fn step(title: &str) -> Arc<StepInfo> {
    Arc::new(StepInfo {
        node: "data.set".into(),
        title: title.into(),
        id: None,
        line: 3,
    })
}

fn in_pass(outer: &StepPath, pass: u64) -> StepPath {
    StepPath::new(Some(outer.list(&"do".into(), Some(pass))), 0)
}

#[test]
fn of_a_long_loop_the_first_the_last_and_the_failed_passes_are_told() {
    let mut run = Run::begun();
    let the_loop = StepPath::new(None, 0);
    for pass in 0..50_000 {
        match pass {
            7_000 => run.failed(&in_pass(&the_loop, pass)),
            _ => run.finished(&in_pass(&the_loop, pass), Value::from(pass)),
        }
    }
    run.finished(&the_loop, Value::from(()));
    run.collected.settle();

    let expected: Vec<u64> = (0..100).chain([7_000]).chain(49_980..50_000).collect();
    assert_eq!(run.passes(), expected);
    let counts = run.collected.loops.values().next().unwrap();
    assert_eq!(
        (counts.last_pass, counts.steps),
        (Some(49_999), 50_000 - 121)
    );
}

#[test]
fn loops_in_loops_stay_within_bounds() {
    let mut run = Run::begun();
    let outer = StepPath::new(None, 0);
    for pass in 0..300 {
        let inner = in_pass(&outer, pass);
        for pass in 0..300 {
            run.finished(&in_pass(&inner, pass), Value::from("x".repeat(5_000)));
        }
        run.finished(&inner, Value::from(()));
    }
    run.finished(&outer, Value::from(()));
    run.collected.settle();

    assert!(run.collected.steps.len() <= STEPS + LAST_STEPS + FAILED_STEPS);
    let shown: usize = run
        .collected
        .steps
        .iter()
        .filter_map(|step| step.outputs.as_ref())
        .map(String::len)
        .sum();
    assert!(shown < 2 * VALUES, "{shown} bytes of outputs");
}

#[test]
fn a_step_that_a_resume_repeats_is_told_as_it_ended() {
    let mut run = Run::begun();
    let path = StepPath::new(None, 0);
    run.failed(&path);
    run.tell(EventKind::RunStarted {
        run: "0193".into(),
        workflow: "invoices".into(),
        attempt: 2,
        inputs: serde_json::json!({}),
    });
    run.finished(&path, Value::from(1));

    let told = run.collected.top_steps().next().unwrap();
    assert_eq!((told.state, told.error.is_none()), (StepState::Done, true));
}
