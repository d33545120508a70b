use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Tidies a text: one way of writing each letter, plain quotes, no invisible characters.
///
/// Texts from web pages, mails and Macs look alike and are not: `é` can be one character or two,
/// a blank can be one that keeps lines together. After this they can be compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Normalize {
    /// The text.
    text: String,
    /// How letters with accents are written.
    #[serde(default)]
    form: Form,
    /// Whether accents are removed: `Zoë` becomes `Zoe`, `Größe` `Grosse`.
    #[serde(default)]
    remove_accents: bool,
    /// Whether curly quotes and long dashes become plain ones.
    #[serde(default)]
    plain_quotes: bool,
    /// Whether characters that nobody sees are removed.
    #[serde(default = "yes")]
    remove_invisible: bool,
    /// What happens to white space.
    #[serde(default)]
    spaces: Spaces,
    /// What ends a line.
    #[serde(default)]
    line_ends: LineEnds,
    /// Whether all that is not ASCII afterwards is replaced by this.
    replace_others: Option<String>,
}

fn yes() -> bool {
    true
}

/// How letters with accents are written: the forms of Unicode.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// As one character.
    #[default]
    Nfc,
    /// As a letter and its accent.
    Nfd,
    /// As one character; signs that are other signs in disguise (`ﬁ`, `①`, `㎡`) become those.
    Nfkc,
    /// As a letter and its accent; signs in disguise become what they are.
    Nfkd,
}

/// What happens to white space.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Spaces {
    /// Each kind of blank becomes a plain one.
    #[default]
    Plain,
    /// It stays as it is.
    Keep,
    /// Any amount of it becomes one blank, line breaks too, and none is left at the ends.
    Collapse,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LineEnds {
    /// A line feed, as on Linux and Macs.
    #[default]
    Lf,
    /// Carriage return and line feed, as on Windows.
    Crlf,
    /// What is there.
    Keep,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Normal {
    /// The tidy text.
    result: String,
    /// Whether anything was changed.
    changed: bool,
}

pub(super) fn node() -> Node {
    Node::action("text.normalize", normalize)
        .pure()
        .icon("sparkles")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: name
  use: text.normalize
  with: { text: "Zoë  “Größe”", remove_accents: true, plain_quotes: true, spaces: collapse }
- use: log.write
  with: { message: "{{ steps.name.result }}" }
"#;

async fn normalize(cx: &StepContext, settings: Normalize) -> Result<Normal, NodeError> {
    cx.blocking(move || {
        let result = normal(&settings);
        Ok(Normal {
            changed: result != settings.text,
            result,
        })
    })
    .await
}

fn normal(settings: &Normalize) -> String {
    let mut text = match settings.form {
        Form::Nfc => settings.text.nfc().collect::<String>(),
        Form::Nfd => settings.text.nfd().collect(),
        Form::Nfkc => settings.text.nfkc().collect(),
        Form::Nfkd => settings.text.nfkd().collect(),
    };
    if settings.remove_accents {
        text = without_accents(&text);
    }
    if settings.line_ends != LineEnds::Keep {
        text = text
            .replace("\r\n", "\n")
            .replace(['\r', '\u{2028}', '\u{85}'], "\n");
    }
    let mut tidy = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{feff}'
            | '\u{0}'..='\u{8}'
            | '\u{b}'
            | '\u{e}'..='\u{1f}'
            | '\u{7f}'
                if settings.remove_invisible => {}
            '‘' | '’' | '‚' | '‛' | '′' if settings.plain_quotes => tidy.push('\''),
            '“' | '”' | '„' | '‟' | '«' | '»' | '″' if settings.plain_quotes => {
                tidy.push('"');
            }
            '‐'..='―' | '−' if settings.plain_quotes => tidy.push('-'),
            '…' if settings.plain_quotes => tidy.push_str("..."),
            blank
                if blank.is_whitespace()
                    && !matches!(blank, '\n' | '\r' | '\t')
                    && matches!(settings.spaces, Spaces::Plain) =>
            {
                tidy.push(' ');
            }
            other => tidy.push(other),
        }
    }
    if matches!(settings.spaces, Spaces::Collapse) {
        tidy = tidy.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    if settings.line_ends == LineEnds::Crlf {
        tidy = tidy.replace('\n', "\r\n");
    }
    if let Some(other) = &settings.replace_others {
        tidy = tidy
            .chars()
            .map(|c| {
                if c.is_ascii() {
                    c.to_string()
                } else {
                    other.clone()
                }
            })
            .collect();
    }
    tidy
}

fn without_accents(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text
        .nfd()
        .filter(|character| !is_combining_mark(*character))
    {
        match character {
            'ß' => plain.push_str("ss"),
            'ẞ' => plain.push_str("SS"),
            'Æ' => plain.push_str("AE"),
            'æ' => plain.push_str("ae"),
            'Œ' => plain.push_str("OE"),
            'œ' => plain.push_str("oe"),
            'Ø' => plain.push('O'),
            'ø' => plain.push('o'),
            'Ł' => plain.push('L'),
            'ł' => plain.push('l'),
            'Đ' | 'Ð' => plain.push('D'),
            'đ' | 'ð' => plain.push('d'),
            'ı' => plain.push('i'),
            other => plain.push(other),
        }
    }
    plain.nfc().collect()
}
