//! `{{path}}`, `${path}` and `%path%` in texts.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    Plain(&'t str),
    /// The path inside, and the whole as it was written.
    Reference(&'t str, &'t str),
    /// `@{fn(…)}`: the inside, and the whole.
    Call(&'t str, &'t str),
}

/// `text` in parts.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let found = if let Some((path, after)) = at_start(rest) {
            let whole = &rest[..rest.len() - after.len()];
            Some((Part::Reference(path, whole), after))
        } else if let Some((inside, after)) = call(rest) {
            let whole = &rest[..rest.len() - after.len()];
            Some((Part::Call(inside, whole), after))
        } else {
            None
        };
        if let Some((part, after)) = found {
            if plain < at {
                parts.push(Part::Plain(&text[plain..at]));
            }
            parts.push(part);
            at = text.len() - after.len();
            plain = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    if plain < text.len() {
        parts.push(Part::Plain(&text[plain..]));
    }
    parts
}

/// The path of a reference at the start of `text`, and what follows it.
pub(crate) fn at_start(text: &str) -> Option<(&str, &str)> {
    for (open, close) in [("{{", "}}"), ("${", "}"), ("%", "%")] {
        let Some(inside) = text.strip_prefix(open) else {
            continue;
        };
        let end = inside.find(close)?;
        let path = &inside[..end];
        let is_path = is_path(path.trim())
            // Secrets and filters are only known in this form.
            || (open == "{{" && (path.trim().starts_with("$secret:") || is_filtered(path)));
        if is_path && (open == "{{" || path.trim() == path) {
            return Some((path.trim(), &inside[end + close.len()..]));
        }
    }
    None
}

fn is_filtered(path: &str) -> bool {
    path.split_once('|')
        .is_some_and(|(path, filter)| is_path(path.trim()) && is_name(filter.trim()))
}

/// Optional `$`, a name, then `.key` or `[index]` repeated.
pub(crate) fn is_path(text: &str) -> bool {
    let text = text.strip_prefix('$').unwrap_or(text);
    split_path(text).is_some()
}

fn is_name(text: &str) -> bool {
    text.chars()
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key<'t> {
    Name(&'t str),
    Index(i64),
}

/// The first name of a path and the keys after it.
pub(crate) fn split_path(text: &str) -> Option<(&str, Vec<Key<'_>>)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    // Ids of nodes may hold hyphens.
    if !name
        .chars()
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        || !name
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
    {
        return None;
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, next) = after.split_at(end);
            if key.is_empty()
                || !key
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
            {
                return None;
            }
            match key.parse::<i64>() {
                Ok(index) => keys.push(Key::Index(index)),
                Err(_) => keys.push(Key::Name(key)),
            }
            rest = next;
        } else {
            let inside = rest.strip_prefix('[')?;
            let end = inside.find(']')?;
            let key = inside[..end].trim();
            let unquoted = key.trim_matches(['\'', '"']);
            match key.parse::<i64>() {
                Ok(index) => keys.push(Key::Index(index)),
                Err(_) if unquoted.len() + 2 == key.len() => keys.push(Key::Name(unquoted)),
                Err(_) => return None,
            }
            rest = &inside[end + 1..];
        }
    }
    Some((name, keys))
}

/// `@{fn(…)}` at the start of `text`: the inside and what follows.
fn call(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix("@{")?;
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some((&inside[..at], &inside[at + 1..])),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}
