//! Where work waits: the lanes that have some, and from where on.
//!
//! PostgreSQL keeps the index entries of leased jobs until it cleans up, and a search for the first
//! waiting job walks over all of them. Knowing where a lane's first job is, the search begins
//! there, and costs the same whatever was leased before. The knowledge is a hint: it is made anew
//! every second, whenever another process says that it has something, and whenever it does not hold.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use casare_store::Moment;
use uuid::Uuid;

/// Where a job stands in its lane: the smallest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) rank: i16,
    pub(crate) due: Moment,
    pub(crate) id: Uuid,
}

impl Position {
    const LAST: Self = Self {
        rank: i16::MAX,
        due: Moment::from_micros(i64::MAX),
        id: Uuid::max(),
    };
}

#[derive(Debug, Default)]
pub(crate) struct Ready {
    lanes: HashMap<i64, Position>,
    /// What came while a statement was under way that may not have seen it.
    meanwhile: Option<HashMap<i64, Position>>,
    scanned: Option<Instant>,
    /// How many wakes of other processes the last scan knows of.
    foreign: u64,
    next_timer: Option<Moment>,
    timer_meanwhile: Option<Moment>,
}

/// How old the hint may be.
pub(crate) const REFRESH: Duration = Duration::from_secs(1);
/// How long work that is known goes before looking at what another process has put in.
const REFRESH_WHEN_BUSY: Duration = Duration::from_millis(20);

impl Ready {
    /// A job waits here now.
    pub(crate) fn offer(&mut self, lane: i64, position: Position) {
        lower(&mut self.lanes, lane, position);
        if let Some(meanwhile) = &mut self.meanwhile {
            lower(meanwhile, lane, position);
        }
    }

    /// Something is to be done at `at`.
    pub(crate) fn timer(&mut self, at: Moment) {
        self.next_timer = Some(self.next_timer.map_or(at, |next| next.min(at)));
        self.timer_meanwhile = Some(self.timer_meanwhile.map_or(at, |next| next.min(at)));
    }

    /// It is read again: what is said from now on counts, too.
    pub(crate) fn forget_timer(&mut self) {
        self.next_timer = None;
    }

    pub(crate) fn next_timer(&self) -> Option<Moment> {
        self.next_timer
    }

    /// Whether to look at the table again, given what others have said so far.
    pub(crate) fn is_stale(&self, foreign: u64) -> bool {
        let Some(scanned) = self.scanned else {
            return true;
        };
        let age = scanned.elapsed();
        age > REFRESH
            || foreign != self.foreign && (self.lanes.is_empty() || age > REFRESH_WHEN_BUSY)
    }

    /// It did not hold: look again before the next use.
    pub(crate) fn doubt(&mut self) {
        self.scanned = None;
    }

    /// Before a statement that reads or leases: what is offered from now on it may not see.
    pub(crate) fn begin(&mut self) {
        self.meanwhile = Some(HashMap::new());
        self.timer_meanwhile = None;
    }

    /// What a scan found that began with [`Ready::begin`].
    pub(crate) fn scanned(
        &mut self,
        heads: impl Iterator<Item = (i64, Position)>,
        next_timer: Option<Moment>,
        foreign: u64,
    ) {
        self.lanes = heads.collect();
        for (lane, position) in self.meanwhile.take().unwrap_or_default() {
            lower(&mut self.lanes, lane, position);
        }
        self.next_timer = [next_timer, self.timer_meanwhile]
            .into_iter()
            .flatten()
            .min();
        self.scanned = Some(Instant::now());
        self.foreign = foreign;
    }

    /// What leasing found that began with [`Ready::begin`]: the last job that was got from a lane,
    /// or `None` if it had less than was asked for.
    pub(crate) fn leased(&mut self, lanes: impl Iterator<Item = (i64, Option<Position>)>) {
        let meanwhile = self.meanwhile.take().unwrap_or_default();
        for (lane, last) in lanes {
            match (last, meanwhile.get(&lane).copied()) {
                (None, None) => {
                    self.lanes.remove(&lane);
                }
                (last, came) => {
                    let next = last
                        .unwrap_or(Position::LAST)
                        .min(came.unwrap_or(Position::LAST));
                    self.lanes.insert(lane, next);
                }
            }
        }
    }

    /// Lanes with work, and from where on.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = (i64, Position)> + '_ {
        self.lanes.iter().map(|(lane, position)| (*lane, *position))
    }
}

fn lower(lanes: &mut HashMap<i64, Position>, lane: i64, position: Position) {
    lanes
        .entry(lane)
        .and_modify(|first| *first = position.min(*first))
        .or_insert(position);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(due: i64) -> Position {
        Position {
            rank: 50,
            due: Moment::from_micros(due),
            id: Uuid::nil(),
        }
    }

    fn lanes(ready: &Ready) -> Vec<(i64, i64)> {
        let mut lanes: Vec<(i64, i64)> = ready
            .lanes()
            .map(|(lane, first)| (lane, first.due.micros()))
            .collect();
        lanes.sort_unstable();
        lanes
    }

    #[test]
    fn what_is_offered_while_a_scan_looks_elsewhere_is_not_forgotten() {
        let mut ready = Ready::default();
        ready.begin();
        ready.offer(7, at(3));

        ready.scanned([(1, at(5))].into_iter(), None, 0);

        assert_eq!(lanes(&ready), [(1, 5), (7, 3)]);
    }

    #[test]
    fn a_lane_is_searched_from_the_last_job_that_was_got_unless_an_earlier_one_came() {
        let mut ready = Ready::default();
        for lane in [1, 2, 3, 4] {
            ready.offer(lane, at(1));
        }
        ready.begin();
        ready.offer(2, at(4));
        ready.offer(4, at(6));

        ready.leased([(1, Some(at(9))), (2, Some(at(9))), (3, None), (4, None)].into_iter());

        assert_eq!(lanes(&ready), [(1, 9), (2, 4), (4, 6)]);
    }
}
