//! How alike texts, paths and places are, from 0 to 1.

use std::collections::BTreeSet;

/// A text as it is compared: small letters, single spaces, without the marks that end labels.
pub fn plain(text: &str) -> String {
    let small = text.to_lowercase();
    let words: Vec<&str> = small.split_whitespace().collect();
    words
        .join(" ")
        .trim_end_matches([' ', '*', ':', '：', '…', '.', '»', '→', '›'])
        .trim_start_matches(['«', '←', '‹', ' '])
        .to_owned()
}

/// Words of letters or digits.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    text.to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// By the words that two texts share, of all that they have.
pub fn by_words(a: &str, b: &str) -> f64 {
    let (a, b) = (words(a), words(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let shared = a.intersection(&b).count();
    2.0 * shared as f64 / (a.len() + b.len()) as f64
}

/// By how many letters have to be changed.
pub fn by_letters(a: &str, b: &str) -> f64 {
    let cut = |text: &str| -> String { plain(text).chars().take(80).collect() };
    strsim::normalized_levenshtein(&cut(a), &cut(b))
}

/// Of two texts that people read.
pub fn text(a: &str, b: &str) -> f64 {
    let (x, y) = (plain(a), plain(b));
    if x.is_empty() || y.is_empty() {
        return 0.0;
    }
    if x == y {
        return 1.0;
    }
    by_words(&x, &y).max(by_letters(&x, &y)) * 0.95
}

/// Of two lists whose order says nothing.
pub fn sets(a: &[String], b: &[String]) -> f64 {
    let (a, b): (BTreeSet<&String>, BTreeSet<&String>) = (a.iter().collect(), b.iter().collect());
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    2.0 * a.intersection(&b).count() as f64 / (a.len() + b.len()) as f64
}

/// Of two paths: step by step from both ends, and by the tags alone.
pub fn paths(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (whole_a, whole_b): (Vec<&str>, Vec<&str>) =
        (a.split('/').collect(), b.split('/').collect());
    let tags = |steps: &[&'_ str]| -> Vec<String> {
        let tag = |step: &&str| step.split('[').next().unwrap_or_default().to_owned();
        steps.iter().map(tag).collect()
    };
    let by_tags = in_order(&tags(&whole_a), &tags(&whole_b));
    f64::midpoint(in_order(&whole_a, &whole_b), by_tags)
}

/// Of two lists, by how many parts have to be changed.
fn in_order<T: AsRef<str>>(a: &[T], b: &[T]) -> f64 {
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 1.0;
    }
    let parts =
        |list: &[T]| -> Vec<String> { list.iter().map(|one| one.as_ref().to_owned()).collect() };
    1.0 - strsim::generic_levenshtein(&parts(a), &parts(b)) as f64 / longest as f64
}

/// Of two addresses: the last part says most.
pub fn addresses(a: &str, b: &str) -> f64 {
    let bare = |address: &str| -> String {
        let path = address.split(['?']).next().unwrap_or_default();
        path.trim_start_matches("./")
            .trim_end_matches('/')
            .trim_end_matches(".html")
            .to_lowercase()
    };
    let (x, y) = (bare(a), bare(b));
    if x == y {
        return 1.0;
    }
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    if !last(&x).is_empty() && last(&x) == last(&y) {
        return 0.9;
    }
    0.6 * strsim::normalized_levenshtein(&x, &y)
}

/// Of two areas' sizes.
pub fn sizes(a: [i32; 4], b: [i32; 4]) -> f64 {
    let like = |a: i32, b: i32| f64::from(a.min(b).max(0)) / f64::from(a.max(b).max(1));
    like(a[2], b[2]) * like(a[3], b[3])
}

/// Of two areas' places: 500 pixels apart is far.
pub fn positions(a: [i32; 4], b: [i32; 4]) -> f64 {
    let (across, down) = (f64::from(a[0] - b[0]), f64::from(a[1] - b[1]));
    (1.0 - across.hypot(down) / 500.0).max(0.0)
}

/// Of two lists of places, from the inside out.
pub fn places(a: &[String], b: &[String]) -> f64 {
    in_order(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_alike_by_words_or_by_letters() {
        assert_eq!(text("First  Name *", "first name"), 1.0);
        assert!(text("Save order", "Save the order") > 0.7);
        assert!(text("Save", "Delete") < 0.4);
    }

    #[test]
    fn a_moved_block_leaves_most_of_a_path() {
        let before = "/html/body/div[2]/form/div[1]/input";
        assert!(paths(before, "/html/body/main/div[2]/form/div[1]/input") > 0.8);
        assert!(paths(before, "/html/body/footer/ul/li[3]/a") < 0.5);
    }
}
