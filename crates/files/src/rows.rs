//! Tables in memory: rows that share their header, and rows on their way into a file.
//!
//! No category of nodes; `csv` and `excel` stand on it.

mod columns;
mod row;

pub use columns::{Columns, cell_text, rows_of};
pub use row::{Cell, Header, Place, Row, column_letters};

/// The candidate that `wanted` was probably meant to be.
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(score, _)| *score > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}
