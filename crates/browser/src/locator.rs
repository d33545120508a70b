//! Locators: how a person writes down which element is meant.
//!
//! | written | finds |
//! |---|---|
//! | `role=button[name=Submit]` | by ARIA role and accessible name; also `[name="exact"]`, `[name*=part]`, `[name=/regex/i]`, `[checked]`, `[level=2]`, … |
//! | `label=First name` | the field with this label |
//! | `placeholder=Search`, `alt=Logo`, `title=Close` | by placeholder, by a picture's text, by title |
//! | `testid=save` | by `data-testid` (also `data-test-id`, `data-test`, `data-cy`) |
//! | `text=Welcome` | the innermost elements with this text |
//! | `css=form.login input`, `xpath=//td[2]` | by selector |
//! | `nth=0`, `nth=-1` | of all matches the first, the last |
//! | `has-text=Invoice 7` | of all matches those that contain this text |
//! | `has=css=img`, `has=(role=link >> nth=0)` | of all matches those that contain what the locator finds |
//! | `near=Total`, `right-of=…`, `left-of=…`, `above=…`, `below=…` | of all matches the one nearest to an anchor, on that side: text, or `(a locator)` |
//! | `field=First name` | the form field that people call so: by label, placeholder, name, autocomplete or what stands beside it |
//! | `visual=play.png`, `ocr=Play` | a place on the screen: where a picture can be seen, a text can be read; inside of what the steps before find |
//! | `frame=payment` | enters the frame of this name, id, title or CSS selector |
//!
//! Steps are chained with ` >> `, each searching inside what the one before found. Text patterns: `"quoted"`
//! is the whole text in this spelling; `/regex/i` a regular expression; bare text ignores case, and takes
//! elements whose whole text it is, or else those that contain it. White space counts as one space.
//!
//! Text without a prefix is XPath if it begins with `//`, `(/` or `./`; CSS if it begins with `#`, `.`, `[`,
//! `*`, `:` or the name of an HTML tag (or of a custom element); and a `text=` otherwise.

mod ocr;
mod parse;
mod picture;
mod sighted;

pub(crate) use parse::nearest;
pub(crate) use sighted::unfit;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A parsed locator; written and serialised as its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Locator {
    pub(crate) steps: Vec<Step>,
}

/// One step of a locator, in the form the page's script reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub(crate) enum Step {
    Css {
        value: String,
    },
    Xpath {
        value: String,
    },
    Text {
        pattern: Pattern,
    },
    HasText {
        pattern: Pattern,
    },
    Label {
        pattern: Pattern,
    },
    Placeholder {
        pattern: Pattern,
    },
    Testid {
        pattern: Pattern,
    },
    Alt {
        pattern: Pattern,
    },
    Title {
        pattern: Pattern,
    },
    Has {
        inner: Vec<Step>,
    },
    Anchor {
        side: Side,
        inner: Vec<Step>,
    },
    Role {
        role: String,
        name: Option<Pattern>,
        states: Vec<(String, String)>,
    },
    Nth {
        value: i64,
    },
    Frame {
        value: String,
    },
    /// Where a picture can be seen: a path beside the workflow.
    Visual {
        value: String,
    },
    /// Where a text can be read on the screen.
    Ocr {
        pattern: Pattern,
    },
    /// The form field that people call so.
    Field {
        value: String,
    },
}

/// Where something is, seen from its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Side {
    Near,
    RightOf,
    LeftOf,
    Above,
    Below,
}

impl Side {
    pub(crate) const ALL: [Self; 5] = [
        Self::Near,
        Self::RightOf,
        Self::LeftOf,
        Self::Above,
        Self::Below,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::RightOf => "right-of",
            Self::LeftOf => "left-of",
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

/// How a text is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Pattern {
    /// The whole text in this spelling.
    Exact {
        value: String,
    },
    /// The whole text if any has it, else part of it; in any case of letters.
    Loose {
        value: String,
    },
    /// Part of the text, in any case of letters.
    Part {
        value: String,
    },
    Regex {
        source: String,
        flags: String,
    },
}

/// Text that is not a locator: where it goes wrong and what may have been meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a locator: {message} (at character {})", position + 1)]
pub struct LocatorError {
    text: String,
    position: usize,
    message: String,
    suggestion: Option<String>,
}

impl LocatorError {
    /// Where it goes wrong, in characters from the start.
    pub fn position(&self) -> usize {
        self.position
    }

    /// What may have been meant.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl Locator {
    /// The key of a form's field: a locator where it is written as one, else the name that people call the
    /// field by.
    ///
    /// # Errors
    ///
    /// Where it is written as a locator and is none.
    pub fn of_field(key: &str) -> Result<Self, LocatorError> {
        if parse::is_plain_name(key) {
            let value = key.trim().to_owned();
            return Ok(Locator {
                steps: vec![Step::Field { value }],
            });
        }
        key.parse()
    }

    /// Whether it is a field's name and nothing else.
    pub fn is_field_name(&self) -> bool {
        matches!(self.steps[..], [Step::Field { .. }])
    }

    /// Whether a part of the page has to be understood to find it.
    pub(crate) fn needs_understanding(&self) -> bool {
        fn any(steps: &[Step]) -> bool {
            steps.iter().any(|step| match step {
                Step::Field { .. } => true,
                Step::Has { inner } | Step::Anchor { inner, .. } => any(inner),
                _ => false,
            })
        }
        any(&self.steps)
    }
}

impl FromStr for Locator {
    type Err = LocatorError;

    fn from_str(text: &str) -> Result<Self, LocatorError> {
        parse::locator(text)
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(&self.steps, out)
    }
}

fn write_chain(steps: &[Step], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, step) in steps.iter().enumerate() {
        if at > 0 {
            out.write_str(" >> ")?;
        }
        write!(out, "{step}")?;
    }
    Ok(())
}

/// A locator inside of another, in parentheses; those in its own text are escaped.
struct Nested<'a>(&'a [Step]);

impl fmt::Display for Nested<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Chain<'a>(&'a [Step]);
        impl fmt::Display for Chain<'_> {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_chain(self.0, out)
            }
        }
        let inner = Chain(self.0).to_string();
        out.write_str("(")?;
        for letter in inner.chars() {
            if matches!(letter, '(' | ')' | '\\') {
                out.write_str("\\")?;
            }
            write!(out, "{letter}")?;
        }
        out.write_str(")")
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Css { value } => write!(out, "css={value}"),
            Step::Xpath { value } => write!(out, "xpath={value}"),
            Step::Text { pattern } => write!(out, "text={pattern}"),
            Step::HasText { pattern } => write!(out, "has-text={pattern}"),
            Step::Label { pattern } => write!(out, "label={pattern}"),
            Step::Placeholder { pattern } => write!(out, "placeholder={pattern}"),
            Step::Testid { pattern } => write!(out, "testid={pattern}"),
            Step::Alt { pattern } => write!(out, "alt={pattern}"),
            Step::Title { pattern } => write!(out, "title={pattern}"),
            Step::Has { inner } => write!(out, "has={}", Nested(inner)),
            Step::Anchor { side, inner } => write!(out, "{}={}", side.name(), Nested(inner)),
            Step::Nth { value } => write!(out, "nth={value}"),
            Step::Frame { value } => write!(out, "frame={value}"),
            Step::Field { value } => write!(out, "field={value}"),
            Step::Visual { value } => write!(out, "visual={value}"),
            Step::Ocr { pattern } => write!(out, "ocr={pattern}"),
            Step::Role { role, name, states } => {
                write!(out, "role={role}")?;
                match name {
                    Some(Pattern::Part { value }) => write!(out, "[name*={}]", bracketed(value))?,
                    Some(Pattern::Loose { value }) => write!(out, "[name={}]", bracketed(value))?,
                    Some(pattern) => write!(out, "[name={pattern}]")?,
                    None => {}
                }
                states
                    .iter()
                    .try_for_each(|(state, value)| write!(out, "[{state}={value}]"))
            }
        }
    }
}

/// Inside brackets a closing bracket has to be escaped.
fn bracketed(value: &str) -> String {
    value.replace('\\', r"\\").replace(']', r"\]")
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Exact { value } => {
                write!(
                    out,
                    "\"{}\"",
                    value.replace('\\', r"\\").replace('"', "\\\"")
                )
            }
            Pattern::Loose { value } | Pattern::Part { value } => out.write_str(value),
            Pattern::Regex { source, flags } => write!(out, "/{source}/{flags}"),
        }
    }
}

impl Serialize for Locator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Locator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Locator>().unwrap().to_string()
    }

    fn complaint(text: &str) -> String {
        let error = text.parse::<Locator>().unwrap_err();
        match error.suggestion() {
            Some(suggestion) => format!("{error}; {suggestion}"),
            None => error.to_string(),
        }
    }

    #[test]
    fn every_form_keeps_its_meaning_when_written_again() {
        for text in [
            "css=form.login > input[name='a >> b']",
            "xpath=//td[text()='a >> b']",
            "text=Save as",
            "text=\"Save\\\"d\"",
            "text=/^sa+ve$/i",
            "role=button",
            "role=button[name=Submit]",
            "role=button[name=\"Sub[m]it\"]",
            "role=button[name*=mit]",
            "role=heading[name=/^a]b/i][level=2]",
            "role=checkbox[checked=mixed]",
            "label=First Name",
            "placeholder=Search",
            "testid=save",
            "css=tr >> has-text=Invoice 7 >> role=link >> nth=-1",
            "frame=payment >> label=Card number",
            "text=5\" disk >> nth=0",
            "alt=Logo",
            "field=Date of birth",
            "css=canvas >> visual=pictures/play.png >> nth=1",
            "ocr=\"Sign in\"",
            "title=/^Close/",
            "css=tr >> has=(role=link[name=Open] >> nth=0)",
            "role=textbox >> right-of=(text=First Name)",
            r"css=li >> has=(css=a:not\(.old\))",
            r"css=li >> has=(css=b >> has=\(css=i\))",
        ] {
            assert_eq!(canonical(text), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_written_as_it_was_meant(text in locator_like()) {
            if let Ok(locator) = text.parse::<Locator>() {
                let written = locator.to_string();
                proptest::prop_assert_eq!(written.parse::<Locator>(), Ok(locator), "{}", written);
            }
        }
    }

    /// Text out of the pieces that locators are made of, in any order.
    fn locator_like() -> impl proptest::strategy::Strategy<Value = String> {
        let pieces = [
            "css=",
            "text=",
            "role=",
            "label=",
            "nth=",
            "xpath=",
            "button",
            "[",
            "]",
            "name",
            "=",
            "*=",
            "\"",
            "'",
            "/",
            "\\",
            "i",
            " ",
            " >> ",
            ">>",
            ">",
            "(",
            ")",
            "é",
            "ﬀ",
            "0",
            "-1",
            "#a",
            ".b",
            "checked",
            "has-text=",
            "has=",
            "near=",
            "Save",
        ];
        let piece = proptest::sample::select(pieces.to_vec());
        proptest::strategy::Strategy::prop_map(proptest::collection::vec(piece, 0..9), |pieces| {
            pieces.concat()
        })
    }

    #[test]
    fn bare_text_is_css_xpath_or_text_by_how_it_begins() {
        assert_eq!(canonical("#a"), "css=#a");
        assert_eq!(canonical("button.primary"), "css=button.primary");
        assert_eq!(canonical("form input"), "css=form input");
        assert_eq!(canonical("my-app >> //td"), "css=my-app >> xpath=//td");
        assert_eq!(canonical("Submit"), "text=Submit");
        assert_eq!(canonical("\"Submit\""), "text=\"Submit\"");
        assert_eq!(canonical("Save as"), "text=Save as");
        assert_eq!(canonical("text=/home/ada"), "text=/home/ada");
        assert_eq!(
            canonical("input >> below=Name"),
            "css=input >> below=(text=Name)"
        );
        assert_eq!(canonical("css=li >> has_text=a"), "css=li >> has-text=a");
        assert_eq!(
            canonical("role=checkbox[checked]"),
            "role=checkbox[checked=true]"
        );
    }

    #[test]
    fn what_is_no_locator_is_refused_with_its_place_and_a_suggestion() {
        assert_snapshot!(complaint(""), @"`` is not a locator: nothing is named here (at character 1); write for example `role=button[name=Submit]`, `label=Email` or `css=#save`");
        assert_snapshot!(complaint("css=a >>  >> b"), @"`css=a >>  >> b` is not a locator: nothing is named here (at character 11); write for example `role=button[name=Submit]`, `label=Email` or `css=#save`");
        assert_snapshot!(complaint("rol=button"), @"`rol=button` is not a locator: `rol=` is not known (at character 1); did you mean `role=button`?");
        assert_snapshot!(complaint("role=buton[name=Go]"), @"`role=buton[name=Go]` is not a locator: `buton` is not a role (at character 6); did you mean `role=button`?");
        assert_snapshot!(complaint("role=button[name=Go"), @"`role=button[name=Go` is not a locator: this `[` is not closed (at character 12); add a `]`");
        assert_snapshot!(complaint("role=button[title=Go]"), @"`role=button[title=Go]` is not a locator: `[title…]` is not known for roles (at character 13); known are name, checked, selected, expanded, pressed, disabled, level");
        assert_snapshot!(complaint("role=button >> nth=first"), @"`role=button >> nth=first` is not a locator: `first` is not a whole number (at character 20); `nth=0` is the first match, `nth=-1` the last");
        assert_snapshot!(complaint("id=save"), @"`id=save` is not a locator: `id=` is not known (at character 1); write `css=#save`");
        assert_snapshot!(complaint("text=\"Save"), @r#"`text="Save` is not a locator: this quote is not closed (at character 6); add the closing `"`"#);
        assert_snapshot!(complaint("css=a>>text=b"), @"`css=a>>text=b` is not a locator: `>>` is not CSS (at character 6); put spaces around `>>` to chain");
        assert_snapshot!(complaint("css=a >> has=(css=b"), @"`css=a >> has=(css=b` is not a locator: this `(` is not closed (at character 14)");
        assert_snapshot!(complaint("css=a >> has=(rol=b)"), @"`css=a >> has=(rol=b)` is not a locator: `rol=` is not known (at character 15); did you mean `role=b`?");
        assert_snapshot!(complaint("near=Name"), @"`near=Name` is not a locator: `near=` chooses among what was found before (at character 1); write for example `role=textbox >> near=Name`");
        assert_snapshot!(complaint("css=a[href"), @"`css=a[href` is not a locator: this `[` is not closed (at character 6)");
    }
}
