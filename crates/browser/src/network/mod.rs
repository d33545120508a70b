//! What pages ask of servers: watched, answered in their place, blocked, recorded.

pub(crate) mod har;
pub(crate) mod login;
pub(crate) mod route;
pub(crate) mod secret;
pub(crate) mod traffic;

/// Whether an address matches: `pattern` is an address in which `*` stands for anything, or a part of one.
pub(crate) fn matches_address(pattern: &str, url: &str) -> bool {
    if !pattern.contains('*') {
        return url.contains(pattern);
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| url.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::matches_address;

    #[test]
    fn an_address_matches_by_part_or_with_stars() {
        let url = "https://example.com/orders/17?tab=items";

        assert!(matches_address("/orders/", url));
        assert!(matches_address("https://*/orders/*", url));
        assert!(matches_address("*tab=items", url));
        assert!(!matches_address("*/orders", url));
        assert!(!matches_address("/invoices/", url));
    }
}
