//! Reads a locator's text.

use super::{Locator, LocatorError, Pattern, Side, Step};

const ENGINES: &[&str] = &[
    "css",
    "xpath",
    "text",
    "has-text",
    "role",
    "label",
    "placeholder",
    "testid",
    "alt",
    "title",
    "has",
    "near",
    "right-of",
    "left-of",
    "above",
    "below",
    "nth",
    "frame",
    "field",
    "visual",
    "ocr",
];

const STATES: &[&str] = &[
    "checked", "selected", "expanded", "pressed", "disabled", "level",
];

#[rustfmt::skip]
const ROLES: &[&str] = &[
    "alert", "alertdialog", "application", "article", "banner", "blockquote", "button", "caption", "cell",
    "checkbox", "code", "columnheader", "combobox", "complementary", "contentinfo", "definition",
    "deletion", "dialog", "document", "emphasis", "feed", "figure", "form", "generic", "grid", "gridcell",
    "group", "heading", "img", "insertion", "link", "list", "listbox", "listitem", "log", "main", "mark",
    "marquee", "math", "menu", "menubar", "menuitem", "menuitemcheckbox", "menuitemradio", "meter",
    "navigation", "none", "note", "option", "paragraph", "presentation", "progressbar", "radio",
    "radiogroup", "region", "row", "rowgroup", "rowheader", "scrollbar", "search", "searchbox",
    "separator", "slider", "spinbutton", "status", "strong", "subscript", "superscript", "switch", "tab",
    "table", "tablist", "tabpanel", "term", "textbox", "time", "timer", "toolbar", "tooltip", "tree",
    "treegrid", "treeitem",
];

/// Tags that a bare locator may begin with; it is CSS then.
#[rustfmt::skip]
const TAGS: &[&str] = &[
    "a", "abbr", "address", "article", "aside", "audio", "b", "blockquote", "body", "br", "button",
    "canvas", "caption", "code", "col", "dd", "details", "dialog", "div", "dl", "dt", "em", "embed",
    "fieldset", "figcaption", "figure", "footer", "form", "frame", "h1", "h2", "h3", "h4", "h5", "h6",
    "head", "header", "hr", "html", "i", "iframe", "img", "input", "label", "legend", "li", "link",
    "main", "map", "meta", "nav", "object", "ol", "optgroup", "option", "output", "p", "pre", "progress",
    "section", "select", "small", "span", "strong", "style", "sub", "summary", "sup", "svg", "table",
    "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "u", "ul",
    "video",
];

/// Flags of a regular expression that mean something here.
const FLAGS: [char; 4] = ['i', 'm', 's', 'u'];

/// How deep locators may stand inside each other.
const DEEPEST: usize = 8;

/// Where the reading stands. `at` counts bytes; errors count characters.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// How many locators this one stands in.
    depth: usize,
}

pub(super) fn locator(text: &str) -> Result<Locator, LocatorError> {
    nested(text, 0)
}

fn nested(text: &str, depth: usize) -> Result<Locator, LocatorError> {
    let mut reader = Reader { text, at: 0, depth };
    let mut steps = Vec::new();
    loop {
        reader.skip_space();
        let start = reader.at;
        let step = reader.step()?;
        if let (true, Step::Anchor { side, .. }) = (steps.is_empty(), &step) {
            let side = side.name();
            let message = format!("`{side}=` chooses among what was found before");
            let hint = format!("write for example `role=textbox >> {side}=Name`");
            return Err(reader.error(start, message, Some(hint)));
        }
        let after_place = steps.iter().any(Step::is_sighted);
        if after_place && (!matches!(step, Step::Nth { .. }) || steps.len() > 1 + place_of(&steps))
        {
            let hint = "only `nth=` can follow; steps before it say where to look".to_owned();
            return Err(reader.error(start, "a place on the screen has nothing in it", Some(hint)));
        }
        if depth > 0 && step.is_sighted() {
            let message = "a place on the screen cannot stand in another locator";
            return Err(reader.error(start, message, None));
        }
        steps.push(step);
        reader.skip_space();
        if reader.rest().is_empty() {
            return Ok(Locator { steps });
        }
        // A step ends only at the end or before a `>>`.
        reader.at += ">>".len();
    }
}

/// Whether a key of a form is a name such as `First name` or `Title`, and not a locator. Tags stand for
/// themselves only where they are fields; `title` and `address` are names.
pub(super) fn is_plain_name(key: &str) -> bool {
    let key = key.trim();
    let begins_as_selector = key.starts_with(['#', '.', '[', '*', ':', '/', '(', '"']);
    let chained = key.contains(" >> ");
    let prefixed = engine_of(key).is_some();
    let tag = ["input", "select", "textarea"].contains(&key);
    let css = matches!(nested(key, 0), Ok(Locator { ref steps }) if matches!(steps[..], [Step::Css { .. }]))
        && key.contains(['#', '.', '[', '>', ':', '~', '+']);
    !(key.is_empty() || begins_as_selector || chained || prefixed || tag || css)
}

/// Which step looks at the screen.
fn place_of(steps: &[Step]) -> usize {
    steps
        .iter()
        .position(Step::is_sighted)
        .unwrap_or(steps.len())
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn error(
        &self,
        at: usize,
        message: impl Into<String>,
        suggestion: Option<String>,
    ) -> LocatorError {
        LocatorError {
            text: self.text.to_owned(),
            position: self.text[..at].chars().count(),
            message: message.into(),
            suggestion,
        }
    }

    fn step(&mut self) -> Result<Step, LocatorError> {
        let start = self.at;
        if self.rest().is_empty() || self.rest().starts_with(">>") {
            let hint = "write for example `role=button[name=Submit]`, `label=Email` or `css=#save`";
            return Err(self.error(start, "nothing is named here", Some(hint.into())));
        }
        let Some((engine, after)) = engine_of(self.rest()) else {
            return self.bare();
        };
        self.at = start + after;
        let engine = &*engine.replace('_', "-");
        if let Some(side) = Side::ALL.into_iter().find(|side| side.name() == engine) {
            let inner = self.inner()?;
            return Ok(Step::Anchor { side, inner });
        }
        match engine {
            "css" => self.css(),
            "xpath" => Ok(Step::Xpath {
                value: self.until_chain(Quotes::Anywhere)?.to_owned(),
            }),
            "text" => Ok(Step::Text {
                pattern: self.pattern()?,
            }),
            "has-text" => Ok(Step::HasText {
                pattern: self.pattern()?,
            }),
            "label" => Ok(Step::Label {
                pattern: self.pattern()?,
            }),
            "placeholder" => Ok(Step::Placeholder {
                pattern: self.pattern()?,
            }),
            "testid" => Ok(Step::Testid {
                pattern: self.pattern()?,
            }),
            "alt" => Ok(Step::Alt {
                pattern: self.pattern()?,
            }),
            "title" => Ok(Step::Title {
                pattern: self.pattern()?,
            }),
            "has" => Ok(Step::Has {
                inner: self.inner()?,
            }),
            "frame" => Ok(Step::Frame {
                value: self.until_chain(Quotes::InBrackets)?.to_owned(),
            }),
            "visual" => Ok(Step::Visual {
                value: self.until_chain(Quotes::None)?.to_owned(),
            }),
            "ocr" => Ok(Step::Ocr {
                pattern: self.pattern()?,
            }),
            "field" => Ok(Step::Field {
                value: self.until_chain(Quotes::None)?.to_owned(),
            }),
            "role" => self.role(),
            "nth" => self.nth(),
            unknown => Err(self.error(
                start,
                format!("`{unknown}=` is not known"),
                Some(instead_of(unknown, self.rest())),
            )),
        }
    }

    /// `(a locator)`, or a locator of one step up to the next ` >> `.
    fn inner(&mut self) -> Result<Vec<Step>, LocatorError> {
        let open = self.at;
        if self.depth == DEEPEST {
            return Err(self.error(open, "locators stand too deep in each other here", None));
        }
        let (text, start) = if self.rest().starts_with('(') {
            let Some(end) = closing(self.rest(), ')') else {
                return Err(self.error(open, "this `(` is not closed", None));
            };
            let text = unescape(&self.rest()[1..end]);
            self.at += end + 1;
            self.skip_space();
            if !self.rest().is_empty() && !is_chain(self.rest(), 0, ' ') {
                let hint = "chain with ` >> `".to_owned();
                return Err(self.error(self.at, "text after the closing `)`", Some(hint)));
            }
            (text, open + 1)
        } else {
            (self.until_chain(Quotes::InBrackets)?.to_owned(), open)
        };
        let locator = nested(&text, self.depth + 1).map_err(|error| LocatorError {
            position: self.text[..start].chars().count() + error.position,
            text: self.text.to_owned(),
            ..error
        })?;
        Ok(locator.steps)
    }

    /// A step without a prefix: see the module's documentation for the rule.
    fn bare(&mut self) -> Result<Step, LocatorError> {
        let rest = self.rest();
        if ["//", "(/", "./", "..", "(./"]
            .iter()
            .any(|start| rest.starts_with(start))
        {
            return Ok(Step::Xpath {
                value: self.until_chain(Quotes::Anywhere)?.to_owned(),
            });
        }
        let word = rest
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'))
            .map_or(rest, |end| &rest[..end]);
        let custom = word.contains('-') && word == word.to_ascii_lowercase();
        let tag =
            TAGS.contains(&word) || (custom && word.starts_with(|c: char| c.is_ascii_lowercase()));
        if rest.starts_with(['#', '.', '[', '*', ':']) || tag {
            return self.css();
        }
        Ok(Step::Text {
            pattern: self.pattern()?,
        })
    }

    fn css(&mut self) -> Result<Step, LocatorError> {
        let start = self.at;
        let value = self.until_chain(Quotes::InBrackets)?;
        if let Some(at) = find_outside_brackets(value, ">>") {
            let hint = "put spaces around `>>` to chain".to_owned();
            return Err(self.error(start + at, "`>>` is not CSS", Some(hint)));
        }
        Ok(Step::Css {
            value: value.to_owned(),
        })
    }

    fn nth(&mut self) -> Result<Step, LocatorError> {
        let start = self.at;
        let value = self.until_chain(Quotes::None)?;
        match value.parse() {
            Ok(value) => Ok(Step::Nth { value }),
            Err(_) => Err(self.error(
                start,
                format!("`{value}` is not a whole number"),
                Some("`nth=0` is the first match, `nth=-1` the last".into()),
            )),
        }
    }

    fn role(&mut self) -> Result<Step, LocatorError> {
        let start = self.at;
        let end = self
            .rest()
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(self.rest().len());
        let role = self.rest()[..end].to_owned();
        self.at += end;
        if !ROLES.contains(&role.as_str()) {
            let hint = nearest(&role, ROLES).map(|near| format!("did you mean `role={near}`?"));
            return Err(self.error(start, format!("`{role}` is not a role"), hint));
        }
        let (mut name, mut states) = (None, Vec::new());
        while self.rest().starts_with('[') {
            self.attribute(&mut name, &mut states)?;
        }
        self.skip_space();
        if !self.rest().is_empty() && !self.rest().starts_with(">>") {
            let hint = format!("write `role={role}[name=…]`, and ` >> ` before the next step");
            return Err(self.error(self.at, "expected `[` or ` >> `", Some(hint)));
        }
        Ok(Step::Role { role, name, states })
    }

    /// `[name=…]`, `[name*=…]`, `[checked]`, `[level=2]`; the reader stands at the bracket.
    fn attribute(
        &mut self,
        name: &mut Option<Pattern>,
        states: &mut Vec<(String, String)>,
    ) -> Result<(), LocatorError> {
        let open = self.at;
        self.at += 1;
        let start = self.at;
        let end = self
            .rest()
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(self.rest().len());
        let attribute = &self.rest()[..end];
        self.at += end;
        let part = self.rest().starts_with("*=");
        let has_value = part || self.rest().starts_with('=');
        self.at += if part { 2 } else { usize::from(has_value) };
        if attribute == "name" && has_value {
            let pattern = self.bracket_pattern(open)?;
            *name = Some(match (part, pattern) {
                (true, Pattern::Loose { value } | Pattern::Exact { value }) => {
                    Pattern::Part { value }
                }
                (_, pattern) => pattern,
            });
        } else if STATES.contains(&attribute) && !part {
            let value = if has_value {
                self.until_bracket(open)?
            } else {
                "true".into()
            };
            states.push((attribute.to_owned(), value));
        } else {
            let known = match nearest(attribute, &[STATES, &["name"]].concat()) {
                Some(near) => format!("did you mean `[{near}=…]`?"),
                None => format!("known are name, {}", STATES.join(", ")),
            };
            let message = format!("`[{attribute}…]` is not known for roles");
            return Err(self.error(start, message, Some(known)));
        }
        if !self.rest().starts_with(']') {
            return Err(self.unclosed(open));
        }
        self.at += 1;
        Ok(())
    }

    fn unclosed(&self, open: usize) -> LocatorError {
        self.error(open, "this `[` is not closed", Some("add a `]`".into()))
    }

    fn bracket_pattern(&mut self, open: usize) -> Result<Pattern, LocatorError> {
        if self.rest().starts_with(['"', '\'']) || self.is_regex() {
            return self.delimited();
        }
        Ok(Pattern::Loose {
            value: self.until_bracket(open)?,
        })
    }

    /// Bare text up to the closing bracket, with `\]` for a bracket in it.
    fn until_bracket(&mut self, open: usize) -> Result<String, LocatorError> {
        let mut value = String::new();
        let mut letters = self.rest().char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                ']' => {
                    self.at += at;
                    return Ok(value.trim().to_owned());
                }
                '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
                letter => value.push(letter),
            }
        }
        Err(self.unclosed(open))
    }

    /// A text pattern that reaches to the end of the step.
    fn pattern(&mut self) -> Result<Pattern, LocatorError> {
        let start = self.at;
        if self.rest().starts_with('"') || self.is_regex() {
            let pattern = self.delimited()?;
            self.skip_space();
            if self.rest().is_empty() || self.rest().starts_with(">>") {
                return Ok(pattern);
            }
            let hint = "chain with ` >> `, or leave the quotes away".to_owned();
            return Err(self.error(self.at, "text after the closing quote", Some(hint)));
        }
        let value = self.until_chain(Quotes::None)?.to_owned();
        if value.is_empty() {
            return Err(self.error(start, "the text is empty", None));
        }
        Ok(Pattern::Loose { value })
    }

    /// `/…/flags` and then an end. (A path such as `/home/ada` is plain text.)
    fn is_regex(&self) -> bool {
        let rest = self.rest();
        let Some(end) = closing(rest, '/').filter(|_| rest.starts_with('/')) else {
            return false;
        };
        let after = rest[end + 1..].trim_start_matches(FLAGS);
        end > 1 && (after.is_empty() || after.starts_with([' ', ']']))
    }

    /// `"…"`, `'…'` or `/…/flags`.
    fn delimited(&mut self) -> Result<Pattern, LocatorError> {
        let start = self.at;
        let quote = self.rest().chars().next().unwrap_or('"');
        let Some(end) = closing(self.rest(), quote) else {
            let hint = format!("add the closing `{quote}`");
            return Err(self.error(start, "this quote is not closed", Some(hint)));
        };
        let inner = &self.rest()[1..end];
        self.at += end + 1;
        if quote != '/' {
            return Ok(Pattern::Exact {
                value: unescape(inner),
            });
        }
        let after = self.rest();
        let flags = &after[..after.len() - after.trim_start_matches(FLAGS).len()];
        self.at += flags.len();
        let (source, flags) = (inner.to_owned(), flags.to_owned());
        Ok(Pattern::Regex { source, flags })
    }

    /// The text up to the next ` >> ` or the end, trimmed.
    fn until_chain(&mut self, quotes: Quotes) -> Result<&'a str, LocatorError> {
        let rest = self.rest();
        let (mut depth, mut quote, mut opened) = (0_usize, None, 0);
        let mut end = rest.len();
        let mut before = ' ';
        for (at, letter) in rest.char_indices() {
            let quotable =
                quotes == Quotes::Anywhere || (quotes == Quotes::InBrackets && depth > 0);
            match (quote, letter) {
                (Some(open), letter) if letter == open && before != '\\' => quote = None,
                (None, '"' | '\'') if quotable => (quote, opened) = (Some(letter), at),
                (None, '[' | '(') if quotes == Quotes::InBrackets => {
                    (depth, opened) = (depth + 1, if depth == 0 { at } else { opened });
                }
                (None, ']' | ')') if quotes == Quotes::InBrackets => {
                    depth = depth.saturating_sub(1);
                }
                (None, '>') if depth == 0 && is_chain(rest, at, before) => {
                    end = at;
                    break;
                }
                _ => {}
            }
            before = letter;
        }
        if quote.is_some() || depth > 0 {
            let message = format!("this `{}` is not closed", &rest[opened..=opened]);
            return Err(self.error(self.at + opened, message, None));
        }
        let start = self.at;
        self.at += end;
        let value = rest[..end].trim();
        if value.is_empty() {
            return Err(self.error(start, "nothing follows the `=`", None));
        }
        Ok(value)
    }
}

/// Where quotes keep a `>>` from ending a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    InBrackets,
    Anywhere,
}

fn is_chain(text: &str, at: usize, before: char) -> bool {
    let rest = &text[at..];
    before.is_whitespace()
        && rest.starts_with(">>")
        && rest[2..].chars().next().is_none_or(char::is_whitespace)
}

/// The prefix before `=` if there is one, and where the value begins.
fn engine_of(text: &str) -> Option<(&str, usize)> {
    let end = text.find('=')?;
    let name = &text[..end];
    let plain = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c == '-' || c == '_');
    plain.then_some((name, end + 1))
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, letter)| {
        if letter == quote && !escaped {
            return Some(at);
        }
        escaped = letter == '\\' && !escaped;
        None
    })
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            out.extend(letters.next());
        } else {
            out.push(letter);
        }
    }
    out
}

fn find_outside_brackets(text: &str, what: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.char_indices().find_map(|(at, letter)| {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 && text[at..].starts_with(what) => return Some(at),
            _ => {}
        }
        None
    })
}

fn instead_of(engine: &str, value: &str) -> String {
    let value = value.split(" >> ").next().unwrap_or_default().trim();
    match engine {
        "id" => format!("write `css=#{value}`"),
        "name" | "type" | "class" | "href" | "value" => {
            format!("write `css=[{engine}=\"{value}\"]`")
        }
        _ => match nearest(engine, ENGINES) {
            Some(near) => format!("did you mean `{near}={value}`?"),
            None => format!(
                "write `text={engine}={value}` if text is meant; known are {}",
                ENGINES.join(", ")
            ),
        },
    }
}

/// The known word that `word` is probably a misspelling of.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(word, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}
