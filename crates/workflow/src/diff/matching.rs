//! Which step of one document is which of another: by id, then by likeness.

use std::collections::HashMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::outline::{Outline, Place, StepNo, hash};

/// Pairs of more steps than this are not compared one by one.
const MOST_PAIRS: usize = 250_000;
/// How alike two steps have to be to be one in the place of the other.
const ALIKE: u32 = 50;
/// How alike they have to be in different places.
const ALIKE_ELSEWHERE: u32 = 75;

/// Which step of the old document is which of the new one.
#[derive(Debug)]
pub(crate) struct Matching {
    pub(crate) to_new: Vec<Option<StepNo>>,
    pub(crate) to_old: Vec<Option<StepNo>>,
}

impl Matching {
    /// Matches the steps of two documents. The documents themselves (number 0) always match.
    pub(crate) fn of(old: &Outline<'_>, new: &Outline<'_>) -> Self {
        let mut work = Work {
            old,
            new,
            found: Self {
                to_new: vec![None; old.len()],
                to_old: vec![None; new.len()],
            },
            open: Vec::new(),
        };
        work.pair(0, 0);
        let (old_ids, new_ids) = (old.ids(), new.ids());
        for (id, step) in &old_ids {
            if let Some(same) = new_ids.get(id) {
                work.pair(*step, *same);
            }
        }
        work.drain();
        work.moved_unchanged();
        work.moved_and_changed();
        work.found
    }
}

struct Work<'a, 'd> {
    old: &'a Outline<'d>,
    new: &'a Outline<'d>,
    found: Matching,
    /// Pairs whose blocks were not compared yet.
    open: Vec<(StepNo, StepNo)>,
}

impl Work<'_, '_> {
    fn pair(&mut self, old: StepNo, new: StepNo) {
        self.found.to_new[old] = Some(new);
        self.found.to_old[new] = Some(old);
        self.open.push((old, new));
    }

    fn is_free(&self, old: StepNo, new: StepNo) -> bool {
        self.found.to_new[old].is_none() && self.found.to_old[new].is_none()
    }

    /// Aligns the blocks of all pairs, and of those that this finds.
    fn drain(&mut self) {
        while let Some((old, new)) = self.open.pop() {
            for (key, list) in &self.old.places[old].lists {
                self.align(list, self.new.places[new].list(key));
            }
        }
    }

    fn align(&mut self, old: &[StepNo], new: &[StepNo]) {
        // Steps that are matched already are the same only as each other.
        let token = |step: StepNo, matched: Option<StepNo>, whole: u64| match matched {
            Some(_) => (true, step as u64),
            None => (false, whole),
        };
        let old_tokens: Vec<_> = old
            .iter()
            .map(|step| {
                let matched = self.found.to_new[*step];
                token(*step, matched, self.old.places[*step].whole)
            })
            .collect();
        let new_tokens: Vec<_> = new
            .iter()
            .map(|step| {
                let matched = self.found.to_old[*step];
                token(
                    matched.unwrap_or_default(),
                    matched,
                    self.new.places[*step].whole,
                )
            })
            .collect();
        for op in capture_diff_slices(Algorithm::Myers, &old_tokens, &new_tokens) {
            match op {
                DiffOp::Equal {
                    old_index,
                    new_index,
                    len,
                } => {
                    for offset in 0..len {
                        let (old, new) = (old[old_index + offset], new[new_index + offset]);
                        if self.is_free(old, new) {
                            self.pair(old, new);
                        }
                    }
                }
                DiffOp::Replace {
                    old_index,
                    old_len,
                    new_index,
                    new_len,
                } => self.replaced(
                    &old[old_index..old_index + old_len],
                    &new[new_index..new_index + new_len],
                ),
                DiffOp::Delete { .. } | DiffOp::Insert { .. } => {}
            }
        }
    }

    /// Pairs, in order, the steps that are most alike.
    fn replaced(&mut self, old: &[StepNo], new: &[StepNo]) {
        let free = |steps: &[StepNo], matched: &[Option<StepNo>]| -> Vec<StepNo> {
            let steps = steps.iter().copied();
            steps.filter(|step| matched[*step].is_none()).collect()
        };
        let old = free(old, &self.found.to_new);
        let new = free(new, &self.found.to_old);
        if old.len().saturating_mul(new.len()) > MOST_PAIRS {
            for (old, new) in old.into_iter().zip(new) {
                if self.likeness(old, new) >= ALIKE {
                    self.pair(old, new);
                }
            }
            return;
        }
        let width = new.len() + 1;
        let mut best = vec![0u32; (old.len() + 1) * width];
        let mut scores = vec![0u32; old.len() * new.len()];
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                let score = self.likeness(old[i], new[j]);
                let score = if score < ALIKE { 0 } else { score };
                scores[i * new.len() + j] = score;
                let paired = if score == 0 {
                    0
                } else {
                    best[(i + 1) * width + j + 1] + score
                };
                best[i * width + j] = paired
                    .max(best[(i + 1) * width + j])
                    .max(best[i * width + j + 1]);
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < old.len() && j < new.len() {
            let score = scores[i * new.len() + j];
            let here = best[i * width + j];
            if score > 0 && here == best[(i + 1) * width + j + 1] + score {
                self.pair(old[i], new[j]);
                (i, j) = (i + 1, j + 1);
            } else if here == best[(i + 1) * width + j] {
                i += 1;
            } else {
                j += 1;
            }
        }
    }

    /// Steps that are elsewhere now, with all that is in them as it was.
    fn moved_unchanged(&mut self) {
        let mut waiting: HashMap<u64, Vec<StepNo>> = HashMap::new();
        for (number, place) in self.new.places.iter().enumerate().rev() {
            if self.found.to_old[number].is_none() {
                waiting.entry(place.whole).or_default().push(number);
            }
        }
        for (number, place) in self.old.places.iter().enumerate() {
            let Some(steps) = waiting.get_mut(&place.whole) else {
                continue;
            };
            while self.found.to_new[number].is_none()
                && let Some(step) = steps.pop()
            {
                if self.found.to_old[step].is_none() {
                    self.pair(number, step);
                    self.drain();
                    break;
                }
            }
        }
    }

    /// Steps that are elsewhere and were changed too, the most alike first.
    fn moved_and_changed(&mut self) {
        let mut waiting: HashMap<&str, Vec<StepNo>> = HashMap::new();
        for (number, place) in self.new.places.iter().enumerate() {
            if self.found.to_old[number].is_none() {
                waiting.entry(place.uses()).or_default().push(number);
            }
        }
        let mut pairs = Vec::new();
        let mut compared = 0;
        for (old, place) in self.old.places.iter().enumerate() {
            if self.found.to_new[old].is_some() {
                continue;
            }
            for new in waiting.get(place.uses()).into_iter().flatten() {
                compared += 1;
                if compared > MOST_PAIRS {
                    break;
                }
                let likeness = self.likeness(old, *new);
                if likeness >= ALIKE_ELSEWHERE {
                    pairs.push((u32::MAX - likeness, old, *new));
                }
            }
        }
        pairs.sort_unstable();
        for (_, old, new) in pairs {
            if self.is_free(old, new) {
                self.pair(old, new);
                self.drain();
            }
        }
    }

    /// How alike two steps are, from 0 to 110.
    fn likeness(&self, old: StepNo, new: StepNo) -> u32 {
        let (old, new) = (&self.old.places[old], &self.new.places[new]);
        let named = |key: &str, worth: u32| match (old.text(key), new.text(key)) {
            (None, None) => 5,
            (Some(old), Some(new)) if old == new => worth,
            _ => 0,
        };
        let uses = if old.uses() == new.uses() { 50 } else { 0 };
        uses + named("name", 15) + named("id", 15) + settings(old, new) + self.inside(old, new)
    }

    /// How many of the steps inside are the same, up to 10.
    fn inside(&self, old: &Place<'_>, new: &Place<'_>) -> u32 {
        let hashes = |outline: &Outline<'_>, place: &Place<'_>| -> Vec<u64> {
            let steps = place.lists.iter().flat_map(|(_, list)| list);
            steps.map(|step| outline.places[*step].whole).collect()
        };
        let (mut old, mut new) = (hashes(self.old, old), hashes(self.new, new));
        old.sort_unstable();
        new.sort_unstable();
        share(&old, &new, 10)
    }
}

/// How many of the settings are the same, up to 30.
fn settings(old: &Place<'_>, new: &Place<'_>) -> u32 {
    share(&setting_hashes(old), &setting_hashes(new), 30)
}

/// The share that two sorted lists have in common, as a part of `worth`; half of it if both are
/// empty.
fn share<T: Ord>(old: &[T], new: &[T], worth: u32) -> u32 {
    let most = old.len().max(new.len());
    if most == 0 {
        return worth / 2;
    }
    let (mut i, mut j, mut common) = (0, 0, 0);
    while i < old.len() && j < new.len() {
        match old[i].cmp(&new[j]) {
            std::cmp::Ordering::Equal => {
                common += 1;
                (i, j) = (i + 1, j + 1);
            }
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
        }
    }
    (common * u64::from(worth) / most as u64) as u32
}

/// The settings by name, each as a hash.
fn setting_hashes<'d>(place: &Place<'d>) -> Vec<(&'d str, u64)> {
    let entries = place.settings().into_iter().flat_map(|map| &map.entries);
    let mut hashes: Vec<_> = entries
        .map(|(key, entry)| (&**key, hash(&entry.child.node)))
        .collect();
    hashes.sort_unstable();
    hashes
}
