//! Groups of rows with the same key, and what is worked out for each.

use std::sync::Arc;

use casare_engine::{Cancel, NodeError};
use casare_files::rows::{Header, Row};
use casare_workflow::Value;

use super::{
    key::{ByKey, Key},
    measure::{Known, Measure, Tally},
    source::{Source, stop_if},
};

/// Groups in the order in which they came.
pub(super) struct Groups {
    key: Key,
    measures: Vec<Measure>,
    index: ByKey<usize>,
    /// The cells of each group's key, as its first row had them.
    cells: Vec<Vec<Value>>,
    /// The tallies of all groups, one group after the other.
    tallies: Vec<Tally>,
    buffer: Vec<u8>,
}

impl Groups {
    pub(super) fn new(key: Key, measures: Vec<Measure>) -> Self {
        Self {
            key,
            measures,
            index: ByKey::default(),
            cells: Vec::new(),
            tallies: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// Puts all rows into groups; holds the groups, not the rows.
    pub(super) fn fill(&mut self, source: &Source, cancel: &Cancel) -> Result<(), NodeError> {
        for (index, row) in source.rows()?.enumerate() {
            self.add(&*row?, index + 1)?;
            stop_if(cancel, index + 1)?;
        }
        Ok(())
    }

    fn add(&mut self, row: &Row, number: usize) -> Result<(), NodeError> {
        self.key.write(row, &mut self.buffer);
        let group = match self.index.get(self.buffer.as_slice()) {
            Some(group) => *group,
            None => self.begin(row),
        };
        let start = group * self.measures.len();
        let mut known = Known::default();
        for (measure, tally) in self.measures.iter().zip(&mut self.tallies[start..]) {
            measure.add(row, number, tally, &mut known)?;
        }
        Ok(())
    }

    fn begin(&mut self, row: &Row) -> usize {
        let group = self.cells.len();
        self.index.insert(self.buffer.as_slice().into(), group);
        self.cells.push(self.key.cells(row));
        self.tallies
            .extend(self.measures.iter().map(Measure::tally));
        group
    }

    /// Each group's key and results.
    pub(super) fn results(self) -> impl Iterator<Item = (Vec<Value>, Vec<Value>)> {
        let width = self.measures.len();
        let mut tallies = self.tallies.into_iter();
        self.cells.into_iter().map(move |cells| {
            let results = tallies.by_ref().take(width).map(Tally::result).collect();
            (cells, results)
        })
    }

    /// The groups as rows: the key's cells, then the results.
    pub(super) fn rows(self, header: &Arc<Header>) -> Vec<Value> {
        self.results()
            .map(|(mut cells, results)| {
                cells.extend(results);
                Row::of_values(header.clone(), cells)
            })
            .collect()
    }
}
