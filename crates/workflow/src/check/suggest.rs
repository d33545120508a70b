//! "Did you mean".

use std::cell::Cell;

/// How many names one check compares in all: a file with thousands of unknown names is still
/// checked at once, its later problems just come without a suggestion.
const COMPARISONS: usize = 50_000;

/// How alike two names have to be, from 0 to 1.
const LIKENESS: f64 = 0.6;

/// Finds the names that were probably meant.
#[derive(Debug)]
pub(super) struct Suggest {
    left: Cell<usize>,
}

impl Default for Suggest {
    fn default() -> Self {
        Self {
            left: Cell::new(COMPARISONS),
        }
    }
}

impl Suggest {
    /// The one of `known` that `name` was probably meant to be.
    pub(super) fn closest<'c>(
        &self,
        name: &str,
        known: impl IntoIterator<Item = &'c str>,
    ) -> Option<&'c str> {
        if self.left.get() == 0 || name.is_empty() || name.len() > 100 {
            return None;
        }
        let wanted = plain(name);
        let mut best = None;
        let mut most = LIKENESS;
        for other in known {
            if self.left.get() == 0 {
                break;
            }
            self.left.set(self.left.get() - 1);
            if other.len() > 100 {
                continue;
            }
            let likeness = likeness(&wanted, &plain(other));
            if likeness > most || (best.is_none() && likeness >= most) {
                most = likeness;
                best = Some(other);
            }
        }
        best
    }

    /// ``did you mean `name`?``
    pub(super) fn did_you_mean<'c>(
        &self,
        name: &str,
        known: impl IntoIterator<Item = &'c str>,
    ) -> Option<String> {
        self.closest(name, known)
            .map(|meant| format!("did you mean `{meant}`?"))
    }
}

/// Case and the kind of dash say nothing about what was meant.
fn plain(name: &str) -> String {
    name.chars()
        .map(|letter| match letter {
            '-' | ' ' => '_',
            letter => letter.to_ascii_lowercase(),
        })
        .collect()
}

fn likeness(wanted: &str, other: &str) -> f64 {
    let likeness = strsim::normalized_damerau_levenshtein(wanted, other);
    let begins = wanted.len() >= 3 && other.starts_with(wanted)
        || other.len() >= 3 && wanted.starts_with(other);
    // `subj` is not like `subject` by its letters, but surely means it.
    if begins { likeness.max(0.65) } else { likeness }
}

/// Names for people: `` `a`, `b` and more``. Looks at no more of them than it shows.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 12;
    let mut names = names.into_iter();
    let shown: Vec<String> = names
        .by_ref()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.next().is_some() {
        " and more"
    } else {
        ""
    };
    shown.join(", ") + more
}
