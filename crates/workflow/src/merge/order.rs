//! One order out of three.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use super::Side;

/// Lists longer than this, in which both sides moved something, are not merged.
const MOST_MOVED: usize = 1_000;

/// The merged order of what both sides have.
#[derive(Debug, PartialEq)]
pub(super) struct Ordered<T> {
    pub(super) order: Vec<T>,
    /// Both sides moved the same things, differently.
    pub(super) clash: bool,
    /// Something new of ours and something new of theirs that are neighbours now.
    pub(super) neighbours: Vec<(T, T)>,
}

/// Merges the orders of `ours` and `theirs`, which both come from `base`. Every item of the two is
/// in the result once; items are in each list at most once.
pub(super) fn merge_order<T: Copy + Eq + Hash>(
    base: &[T],
    ours: &[T],
    theirs: &[T],
    prefer: Side,
) -> Ordered<T> {
    let (in_base, in_ours, in_theirs) = (set(base), set(ours), set(theirs));
    let common = |list: &[T]| -> Vec<T> {
        let list = list.iter().copied();
        list.filter(|item| {
            in_base.contains(item) && in_ours.contains(item) && in_theirs.contains(item)
        })
        .collect()
    };
    let (was, our, their) = (common(base), common(ours), common(theirs));
    let mut clash = false;
    // Whoever moved nothing follows the other.
    let leader = if our == their || their == was {
        Side::Ours
    } else if our == was {
        Side::Theirs
    } else if let Some(order) = both_moved(&was, &our, &their) {
        let led = reordered(ours, &our, &order);
        return with_additions(led, &in_ours, theirs, &in_base, Side::Ours, false);
    } else {
        clash = true;
        prefer
    };
    match leader {
        Side::Ours => with_additions(ours.to_vec(), &in_ours, theirs, &in_base, leader, clash),
        Side::Theirs => with_additions(theirs.to_vec(), &in_theirs, ours, &in_base, leader, clash),
    }
}

fn set<T: Copy + Eq + Hash>(list: &[T]) -> HashSet<T> {
    list.iter().copied().collect()
}

/// Puts what only `follower` has behind what it follows there.
fn with_additions<T: Copy + Eq + Hash>(
    mut order: Vec<T>,
    in_leader: &HashSet<T>,
    follower: &[T],
    in_base: &HashSet<T>,
    leader: Side,
    clash: bool,
) -> Ordered<T> {
    let in_follower = set(follower);
    let mut neighbours = Vec::new();
    let mut before: Option<T> = None;
    for item in follower {
        if in_leader.contains(item) {
            before = Some(*item);
            continue;
        }
        let at = before.and_then(|before| order.iter().position(|known| *known == before));
        let mut at = at.map_or(0, |at| at + 1);
        // What is ours comes first.
        let is_new = |item: &T| !in_follower.contains(item) && !in_base.contains(item);
        let fresh = !in_base.contains(item);
        if let Some(other) = order.get(at).filter(|other| fresh && is_new(other)) {
            neighbours.push(match leader {
                Side::Ours => (*other, *item),
                Side::Theirs => (*item, *other),
            });
        }
        if leader == Side::Ours {
            while order.get(at).is_some_and(is_new) {
                at += 1;
            }
        }
        order.insert(at, *item);
        before = Some(*item);
    }
    Ordered {
        order,
        clash,
        neighbours,
    }
}

/// `list` with those of `old` in the order `new`; what stands between them stays behind what it
/// follows.
fn reordered<T: Copy + Eq + Hash>(list: &[T], old: &[T], new: &[T]) -> Vec<T> {
    let known = set(old);
    let mut behind: HashMap<Option<T>, Vec<T>> = HashMap::new();
    let mut before = None;
    for item in list {
        if known.contains(item) {
            before = Some(*item);
        } else {
            behind.entry(before).or_default().push(*item);
        }
    }
    let mut order = behind.remove(&None).unwrap_or_default();
    for item in new {
        order.push(*item);
        order.extend(behind.remove(&Some(*item)).unwrap_or_default());
    }
    order
}

/// Both sides moved something: each pair stands as the side has it that changed it. `None` if that
/// is no order, because both moved the same.
fn both_moved<T: Copy + Eq + Hash>(base: &[T], ours: &[T], theirs: &[T]) -> Option<Vec<T>> {
    if base.len() > MOST_MOVED {
        return None;
    }
    let places = |list: &[T]| -> HashMap<T, usize> {
        list.iter()
            .enumerate()
            .map(|(at, item)| (*item, at))
            .collect()
    };
    let (our, their) = (places(ours), places(theirs));
    let mut before = vec![0usize; base.len()];
    for (i, first) in base.iter().enumerate() {
        for (j, second) in base.iter().enumerate().skip(i + 1) {
            // Whoever turned the pair around decides; if both did, they agree.
            let turned = our[first] > our[second] || their[first] > their[second];
            before[if turned { i } else { j }] += 1;
        }
    }
    // A set of pairs is an order if it has a first, a second, …
    let mut order = vec![None; base.len()];
    for (item, count) in base.iter().zip(before) {
        let place = order.get_mut(count)?;
        if place.replace(*item).is_some() {
            return None;
        }
    }
    order.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> (String, bool) {
        let list = |text: &str| text.chars().collect::<Vec<_>>();
        let ordered = merge_order(&list(base), &list(ours), &list(theirs), Side::Ours);
        (ordered.order.into_iter().collect(), ordered.clash)
    }

    #[test]
    fn what_one_side_moved_and_the_other_added_is_both_there() {
        assert_eq!(merged("abc", "cab", "axbc"), ("caxb".into(), false));
        assert_eq!(merged("abc", "abcx", "yabc"), ("yabcx".into(), false));
        assert_eq!(merged("abc", "axbc", "aybc"), ("axybc".into(), false));
        assert_eq!(merged("abc", "axbc", "cayb"), ("caxyb".into(), false));
    }

    #[test]
    fn different_moves_are_both_made() {
        assert_eq!(merged("abcd", "bcda", "adbc"), ("dbca".into(), false));
    }

    #[test]
    fn moves_that_contradict_each_other_are_a_clash() {
        assert_eq!(merged("abc", "bac", "acb"), ("bac".into(), true));
    }
}
