//! What tests of nodes stand on.
//!
//! | module | what it holds |
//! |---|---|
//! | `office` | a folder to run workflows in, with an engine that knows the nodes under test |
//! | [`catalogue`] | what every node owes |
//! | `postgres` | a PostgreSQL server of Debian's, started for one test and gone with it |
//! | `python` | servers from the Python package index |

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

pub mod catalogue;
mod office;
mod postgres;
mod python;

pub use office::Office;
pub use postgres::Postgres;
pub use python::python_peer;
