//! Other ways to find an element again, written from their published descriptions.

use crate::record::{Case, Pair, SimiloLook};

/// Similo (Nass et al. 2022): the candidate with the highest weighted sum, with its published weights. It has no
/// notion of not being there; `bar` is the least sum that is taken.
pub(crate) fn similo(pair: &Pair, case: &Case) -> Option<(f64, String)> {
    let target = case.similo.as_ref()?;
    pair.similo
        .iter()
        .map(|look| (similarity(target, look), look.path.clone()))
        .max_by(|a, b| a.0.total_cmp(&b.0))
}

fn similarity(a: &SimiloLook, b: &SimiloLook) -> f64 {
    let equal = |a: &str, b: &str| f64::from(u8::from(!a.is_empty() && a.eq_ignore_ascii_case(b)));
    let letters = |a: &str, b: &str| {
        let cut = |text: &str| -> String { text.to_lowercase().chars().take(50).collect() };
        if a.is_empty() || b.is_empty() {
            0.0
        } else {
            strsim::normalized_levenshtein(&cut(a), &cut(b))
        }
    };
    let number = |a: f64, b: f64| {
        if a.max(b) > 0.0 {
            a.min(b) / a.max(b)
        } else {
            1.0
        }
    };
    let size = |look: &SimiloLook| f64::from(look.area[2]) * f64::from(look.area[3]);
    let shape = |look: &SimiloLook| f64::from(look.area[2]) / f64::from(look.area[3].max(1));
    let apart = f64::from(a.area[0] - b.area[0]).hypot(f64::from(a.area[1] - b.area[1]));
    1.5 * equal(&a.tag, &b.tag)
        + 0.5 * letters(&a.class, &b.class)
        + 1.5 * equal(&a.name, &b.name)
        + 1.5 * equal(&a.id, &b.id)
        + 0.5 * letters(&a.href, &b.href)
        + 0.5 * letters(&a.alt, &b.alt)
        + 0.5 * letters(&a.path, &b.path)
        + 0.5 * letters(&a.id_path, &b.id_path)
        + 0.5 * f64::from(u8::from(a.button == b.button))
        + 0.5 * (1.0 - apart / 100.0).max(0.0)
        + 0.5 * number(size(a), size(b))
        + 0.5 * number(shape(a), shape(b))
        + 1.5 * letters(&a.text, &b.text)
        + 1.5 * shared_words(&a.near, &b.near)
}

fn shared_words(a: &str, b: &str) -> f64 {
    let letters = |text: &str| text.split_whitespace().map(str::len).sum::<usize>();
    let longest = letters(a).max(letters(b));
    if longest == 0 || a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let other: std::collections::HashSet<&str> = b.split_whitespace().collect();
    let shared: usize = a
        .split_whitespace()
        .filter(|word| other.contains(word))
        .map(str::len)
        .sum();
    (shared as f64 / longest as f64).min(1.0)
}

/// The weighted multi-locator (Leotta et al. 2015): five locators vote, each with its weight.
pub(crate) fn multi_locator(case: &Case, weights: &[f64; 5]) -> Option<String> {
    let mut votes: Vec<(f64, &String)> = Vec::new();
    for (found, weight) in case.located.iter().zip(weights) {
        let Some(path) = found else { continue };
        match votes.iter_mut().find(|(_, known)| *known == path) {
            Some((sum, _)) => *sum += weight,
            None => votes.push((*weight, path)),
        }
    }
    votes
        .into_iter()
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, path)| path.clone())
}

/// The XPath from the nearest ancestor that has an id.
pub(crate) fn nearest_id(case: &Case) -> Option<String> {
    case.located.get(1).cloned().flatten()
}

/// How often each locator is right, on the pages for finding weights: its weight in the vote.
pub(crate) fn weights(pairs: &[Pair]) -> [f64; 5] {
    let mut right = [0.0; 5];
    let mut count = 0.0;
    for case in pairs
        .iter()
        .filter(|pair| !pair.held_out())
        .flat_map(|pair| &pair.cases)
    {
        let Some(truth) = &case.truth else { continue };
        count += 1.0;
        for (sum, found) in right.iter_mut().zip(&case.located) {
            *sum += f64::from(u8::from(found.as_ref() == Some(truth)));
        }
    }
    right.map(|sum| sum / f64::max(count, 1.0))
}

/// The least sum at which taking Similo's best is worth it, on the pages for finding weights.
pub(crate) fn similo_bar(pairs: &[Pair]) -> f64 {
    let mut found: Vec<(f64, bool)> = Vec::new();
    for pair in pairs.iter().filter(|pair| !pair.held_out()) {
        for case in &pair.cases {
            if let Some((sum, path)) = similo(pair, case) {
                found.push((sum, case.truth.as_ref() == Some(&path)));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut best, mut bar, mut net) = (0, f64::INFINITY, 0);
    for (sum, right) in found {
        net += if right { 1 } else { -1 };
        if net > best {
            (best, bar) = (net, sum);
        }
    }
    bar
}
