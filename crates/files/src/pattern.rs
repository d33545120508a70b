//! File patterns such as `*.pdf` and `2026/**/*.{csv,xlsx}`.

use casare_engine::NodeError;
use regex::{Regex, RegexBuilder};

/// A compiled pattern, matched against paths written with `/`.
#[derive(Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// `*` is any part of a name, `**` any folders, `?` one character, `{a,b}` either, `[a-z]` one
    /// of these. Small and capital letters are the same.
    pub fn new(pattern: &str) -> Result<Self, NodeError> {
        let wrong = || {
            NodeError::invalid(format!("setting `pattern`: `{pattern}` is no file pattern"))
                .with_help("examples: `*.pdf`, `**/*.{csv,xlsx}`, `invoice-??.txt`")
        };
        let mut text = String::from("^");
        let mut depth = 0_u32;
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '*' if rest.peek() == Some(&'*') => {
                    rest.next();
                    if rest.peek() == Some(&'/') {
                        rest.next();
                        text.push_str("(?:.*/)?");
                    } else {
                        text.push_str(".*");
                    }
                }
                '*' => text.push_str("[^/]*"),
                '?' => text.push_str("[^/]"),
                '{' => {
                    depth += 1;
                    text.push_str("(?:");
                }
                '}' if depth > 0 => {
                    depth -= 1;
                    text.push(')');
                }
                ',' if depth > 0 => text.push('|'),
                '[' => {
                    let class: String = rest.by_ref().take_while(|c| *c != ']').collect();
                    let (not, class) = match class.strip_prefix('!') {
                        Some(class) => ("^", class),
                        None => ("", class.as_str()),
                    };
                    if class.is_empty() {
                        return Err(wrong());
                    }
                    let class = class.replace(['\\', '^', '['], "");
                    text.extend(["[", not, &class, "]"]);
                }
                '\\' => text.push('/'),
                other => text.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        text.push('$');
        RegexBuilder::new(&text)
            .case_insensitive(true)
            .build()
            .map(Self)
            .map_err(|_| wrong())
    }

    /// Whether `path`, relative to the folder that is listed, matches.
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_and_folders() {
        let matches = |pattern, path| Pattern::new(pattern).unwrap().matches(path);

        assert!(matches("*.pdf", "Invoice 1.PDF"));
        assert!(!matches("*.pdf", "2026/invoice.pdf"));
        assert!(matches("**/*.pdf", "invoice.pdf"));
        assert!(matches("**/*.pdf", "2026/03/invoice.pdf"));
        assert!(matches("2026/**", "2026/03/invoice.pdf"));
        assert!(matches("report-??.{csv,xlsx}", "report-07.xlsx"));
        assert!(matches("[!~]*.docx", "letter.docx"));
        assert!(!matches("[!~]*.docx", "~letter.docx"));
        assert!(!matches("a.c", "abc"));
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        assert!(Pattern::new("*.{csv").is_err());
        assert!(Pattern::new("[]").is_err());
    }
}
