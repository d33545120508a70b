//! What is captured of one page pair, and read again to measure.

use std::{collections::BTreeMap, sync::Arc};

use casare_browser::{
    Target,
    healing::look::{Look, Sight},
};
use serde::{Deserialize, Serialize};

/// The corpus as `corpus.json` says it.
#[derive(Debug, Deserialize)]
pub(crate) struct Corpus {
    /// Pages to be changed by program, `package@version/path`.
    pub(crate) pages: Vec<String>,
    /// Ways to change them: what, and how much of it.
    pub(crate) recipes: BTreeMap<String, serde_json::Value>,
}

/// Pages of two releases with elements that were marked by hand.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) marks: Vec<Mark>,
}

/// One element: a CSS selector on the old page, and on the new one; null where it has gone.
#[derive(Debug, Deserialize)]
pub(crate) struct Mark(pub(crate) String, pub(crate) Option<String>);

/// A page before and after.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pair {
    pub(crate) page: String,
    /// The recipe, or `release`.
    pub(crate) change: String,
    pub(crate) looks: Arc<Vec<Look>>,
    pub(crate) total: usize,
    pub(crate) cases: Vec<Case>,
    /// The new page as Similo sees it.
    pub(crate) similo: Vec<SimiloLook>,
}

/// One element to be found again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) target: Target,
    pub(crate) primary: Vec<usize>,
    pub(crate) matches: Vec<Vec<usize>>,
    pub(crate) known: Vec<bool>,
    /// Where it is now; nothing if it has gone.
    pub(crate) truth: Option<String>,
    /// What the five locators of the multi-locator find now.
    pub(crate) located: Vec<Option<String>>,
    /// As Similo saw it on the old page.
    pub(crate) similo: Option<SimiloLook>,
}

/// The fourteen properties of Similo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SimiloLook {
    pub(crate) tag: String,
    pub(crate) class: String,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) alt: String,
    pub(crate) path: String,
    pub(crate) id_path: String,
    pub(crate) button: bool,
    pub(crate) area: [i32; 4],
    pub(crate) text: String,
    pub(crate) near: String,
}

impl Pair {
    pub(crate) fn sight(&self, case: &Case) -> Sight {
        Sight {
            looks: Arc::clone(&self.looks),
            primary: case.primary.clone(),
            matches: case.matches.clone(),
            total: self.total,
            known: case.known.clone(),
        }
    }

    /// Pages of one product are either all for finding weights, or all for the figures.
    pub(crate) fn held_out(&self) -> bool {
        let family = self.page.split('@').next().unwrap_or_default();
        let sum = family.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        (sum >> 7) & 1 == 1
    }
}
