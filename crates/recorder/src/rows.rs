//! The same done to one row after the other: a loop is proposed.

use crate::steps::Written;

/// Passes after which a loop is worth a word.
const FEWEST: usize = 3;
/// Steps that one pass may have.
const LONGEST: usize = 20;

/// Where the same steps follow each other for one row after the other, the first of them says how a
/// loop would do it. What was recorded stays: whether the other rows are meant, only the person knows.
pub(crate) fn propose_loops(steps: &mut [Written]) {
    let mut at = 0;
    while at < steps.len() {
        let found = (1..=LONGEST).find_map(|length| {
            let passes = passes(&steps[at..], length);
            (passes >= FEWEST).then_some((length, passes))
        });
        let Some((length, passes)) = found else {
            at += 1;
            continue;
        };
        if let Some(row) = steps[at].row.clone() {
            let note = format!(
                "The next {} steps do the same to {passes} rows. For all of them: `browser.extract` with `target: {}` and \
                 `all: true`, then `flow.for_each`, whose steps begin their targets with `{} >> nth={{{{ loop.index0 }}}} >> `.",
                length * passes,
                row.rows,
                row.rows,
            );
            steps[at].step.note = Some(note);
        }
        at += length * passes;
    }
}

/// How many times the first `length` steps come again, each time for the next row.
fn passes(steps: &[Written], length: usize) -> usize {
    let mut passes = 1;
    while steps.len() >= (passes + 1) * length {
        let one = &steps[(passes - 1) * length..passes * length];
        let next = &steps[passes * length..(passes + 1) * length];
        if !one.iter().zip(next).all(|(one, next)| follows(one, next)) {
            break;
        }
        passes += 1;
    }
    passes
}

fn follows(one: &Written, next: &Written) -> bool {
    let (Some(here), Some(there)) = (&one.row, &next.row) else {
        return false;
    };
    one.step.uses == next.step.uses
        && here.rows == there.rows
        && here.inside == there.inside
        && there.index == here.index + 1
}
