//! The real binary, as a person or a script calls it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod check;
mod debug;
mod heal;
mod import;
mod init;
mod nodes;
mod objects;
mod record;
mod run;
mod runs;
mod testing;
mod usage;
mod versions;
mod world;
