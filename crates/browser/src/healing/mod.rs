//! Healing: finds the element that a target means after its selector has stopped finding it, or says that it
//! cannot be sure. A wrong element is worse than none, so every candidate needs evidence and passes vetoes.
//!
//! One look at the page brings all candidates; everything else is comparing values, without a browser:
//!
//! - [`look`]: what a page tells of its elements
//! - [`likeness`], [`meaning`]: how alike texts, paths and places are; words that mean the same or the opposite
//! - [`traits`]: what is compared, and what it weighs
//! - [`veto`]: what a candidate must not be
//! - [`decide`]: the tiers, and when a candidate is good enough
//! - [`page`]: healing on a real page

pub mod decide;
pub mod likeness;
pub mod look;
mod meaning;
mod page;
mod traits;
mod veto;

pub use self::{
    decide::{Candidate, HealOptions, Purpose, Refusal, Tier, decide},
    page::{Healed, Healing, Refused},
    traits::Evidence,
    veto::Veto,
};
