//! Rows that are read ahead by another thread, while those before them are worked on.

use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread, vec,
};

use casare_engine::NodeError;
use casare_workflow::Value;

use super::records::Rows;

/// Rows that are read without another thread: whoever wants a few is not worth one.
const AT_HAND: usize = 2_000;
/// Rows that go over at once.
const BATCH: usize = 512;
/// Batches that wait at most.
const WAITING: usize = 4;

type Read = Result<Value, NodeError>;

/// The rows of one pass, in order.
pub(super) struct Ahead {
    state: State,
}

enum State {
    Here {
        rows: Box<Rows>,
        left: usize,
    },
    There {
        // The lock makes it shareable; it is never contended.
        batches: Mutex<Receiver<Vec<Read>>>,
        batch: vec::IntoIter<Read>,
    },
    Over,
}

impl Ahead {
    pub(super) fn new(rows: Rows) -> Self {
        let alone = thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
        let left = if alone { usize::MAX } else { AT_HAND };
        Self {
            state: State::Here {
                rows: Box::new(rows),
                left,
            },
        }
    }
}

impl Iterator for Ahead {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        loop {
            match &mut self.state {
                State::Here { rows, left } if *left > 0 => {
                    *left -= 1;
                    return rows.next();
                }
                State::Here { .. } => {
                    self.state = hand_over(std::mem::replace(&mut self.state, State::Over));
                }
                State::There { batches, batch } => {
                    if let Some(row) = batch.next() {
                        return Some(row);
                    }
                    let batches = batches.get_mut().unwrap_or_else(PoisonError::into_inner);
                    match batches.recv() {
                        Ok(next) => *batch = next.into_iter(),
                        Err(_) => self.state = State::Over,
                    }
                }
                State::Over => return None,
            }
        }
    }
}

/// Goes on in another thread, which ends when nobody takes its rows any more.
fn hand_over(state: State) -> State {
    let State::Here { mut rows, .. } = state else {
        return state;
    };
    let (sender, batches) = sync_channel(WAITING);
    let work = move || {
        loop {
            let batch: Vec<Read> = rows.by_ref().take(BATCH).collect();
            if batch.is_empty() || sender.send(batch).is_err() {
                return;
            }
        }
    };
    let started = thread::Builder::new()
        .name("csv rows".to_owned())
        .spawn(work);
    let first = match started {
        Ok(_) => Vec::new(),
        Err(error) => vec![Err(NodeError::unavailable(format!(
            "no thread can be started to read the rows: {error}"
        )))],
    };
    State::There {
        batches: Mutex::new(batches),
        batch: first.into_iter(),
    }
}
