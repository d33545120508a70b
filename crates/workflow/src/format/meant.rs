//! "Did you mean".

/// The one of `known` that `name` was probably meant to be.
pub(super) fn closest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > 60 {
        return None;
    }
    let name = name.to_lowercase().replace(['-', ' '], "_");
    let mut best = None;
    for other in known {
        let likeness = strsim::normalized_damerau_levenshtein(&name, other);
        let begins = name.len() >= 3 && other.starts_with(&name)
            || other.len() >= 3 && name.starts_with(other);
        let likeness = if begins || letters(&name) == letters(other) {
            likeness.max(0.65)
        } else {
            likeness
        };
        if likeness >= 0.6 && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, other));
        }
    }
    best.map(|(_, other)| other)
}

/// `whit` has the letters of `with`.
fn letters(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = name.chars().collect();
    letters.sort_unstable();
    letters
}

/// `` `a`, `b`, `c` ``
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
