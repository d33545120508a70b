//! The engine as its users see it: workflows in, events, outcomes and files out.

mod control;
mod failure;
mod harness;
mod resume;
mod scale;
