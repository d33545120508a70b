//! Selectors that stop finding their elements: what a run may do about it, and what it writes down.
//!
//! Files lie in the project's `.casare/healing/`:
//!
//! | file | what it holds |
//! |---|---|
//! | `proposals/<id>.json`, `<id>-after.png` | a repair that a person accepts or rejects |
//! | `known/<workflow>.json` | what the elements were like that plain selectors found |
//! | `attempts.jsonl` | one line for each attempt to heal |
//!
//! | module | what it does |
//! |---|---|
//! | [`project`] | which folder is the project; its object repository and its workflows |
//! | [`proposal`] | repairs, written whole, the same one once |
//! | [`patch`] | a repair put into the workflow or the object repository |
//! | [`attempts`] | the statistics |
//! | [`known`](mod@known) | what plain selectors found in green runs |
//! | [`uses`] | which settings of a workflow are targets |
//! | [`probe`] | what becomes of a workflow's targets on the pages as they are now |
//! | `attempt`, `report`, `risk`, `picture` | healing while a workflow runs |

pub(super) mod attempt;
pub mod attempts;
mod format;
pub mod known;
pub mod patch;
mod picture;
pub mod probe;
pub mod project;
pub mod proposal;
mod report;
pub(super) mod risk;
pub mod uses;

pub use format::formats;
