//! Measures healing on pages that change, beside other ways to find an element again.
//!
//! `capture` opens every page of the corpus, marks elements, changes the page and writes what the algorithms may
//! see; `measure` lets them choose from that, as often as one likes. `cargo xtask bench healing` does both.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on has failed"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to the person who started it"
)]

mod capture;
mod list;
mod measure;
mod record;
mod rivals;
mod serve;

use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_default();
    let folder = PathBuf::from(arguments.next().expect("capture|measure CORPUS-FOLDER"));
    let rest: Vec<String> = arguments.collect();
    match mode.as_str() {
        "capture" => capture::run(&folder, &rest),
        "list" => list::run(&folder, &rest),
        "measure" => measure::run(&folder, &rest),
        other => panic!("`{other}` is not capture, list or measure"),
    }
}
