//! Texts.

use std::borrow::Cow;

use minijinja::{
    Environment, Error,
    value::{Kwargs, Rest, ValueKind, ValueOrKwargs},
};

use super::{Function, table, wrong};
use crate::{Value, expression::ops::MAX_TEXT};

pub(super) const FUNCTIONS: &[Function] = table! {"text", Filter:
    "upper", "In capital letters.", "'Straße 1' | upper" => r#""STRASSE 1""#;
    "lower", "In small letters.", "'ÄB' | lower" => r#""äb""#;
    "title", "Each word with a capital letter.", "'jane van dyk' | title" => r#""Jane Van Dyk""#;
    "capitalize", "The first letter capital, the others small.", "'hELLO world' | capitalize" => r#""Hello world""#;
    "trim(chars)", "Without white space (or the given characters) at both ends.", "'  a b ' | trim" => r#""a b""#;
    "replace(from, to)", "With every `from` replaced.", "'1,5' | replace(',', '.')" => r#""1.5""#;
    "split(separator, max)", "The parts between separators (white space if none is given).", "'a;b;c' | split(';')" => r#"["a","b","c"]"#;
    "lines", "The lines as a list.", "'a\nb' | lines" => r#"["a","b"]"#;
    "pad_left(width, fill)", "Filled up on the left, with blanks unless told otherwise.", "42 | pad_left(5, '0')" => r#""00042""#;
    "pad_right(width, fill)", "Filled up on the right.", "'ab' | pad_right(4, '.')" => r#""ab..""#;
    "truncate(length, end)", "At most `length` characters, with `end` (`…`) where something is cut.", "'Invoice 2026' | truncate(8)" => r#""Invoice…""#;
    "slug", "Small letters, digits and hyphens, for names of files and addresses.", "'Año Nuevo: 2026!' | slug" => r#""ano-nuevo-2026""#;
    "starts_with(text)", "Whether the text starts so.", "'INV-7' | starts_with('INV')" => "true";
    "ends_with(text)", "Whether the text ends so.", "'a.xlsx' | ends_with('.xlsx')" => "true";
    "contains(part)", "Whether a text, list or map has the part, item or key.", "'invoice' | contains('voi')" => "true";
    "format(values…)", "The text with `%s`, `%d`, `%.2f` filled in.", "'%s: %.2f' | format('VAT', 1.5)" => r#""VAT: 1.50""#;
    "indent(width, first)", "Each line (also the first, if `true`) moved to the right.", "'a\nb' | indent(2)" => r#""a\n  b""#;
    "escape", "With `<`, `>`, `&` and quotes as HTML writes them.", "'<b>' | escape" => r#""&lt;b&gt;""#;
    "e", "Short for `escape`.", "'a&b' | e" => r#""a&amp;b""#;
    "string", "As text, as it would stand in a text.", "2.0 | string" => r#""2""#;
};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("replace", replace);
    environment.add_filter(
        "pad_left",
        |text: Cow<'_, str>, width, fill: Option<Cow<'_, str>>| {
            pad(&text, width, fill.as_deref()).map(|padding| padding + &text)
        },
    );
    environment.add_filter(
        "pad_right",
        |text: Cow<'_, str>, width, fill: Option<Cow<'_, str>>| {
            pad(&text, width, fill.as_deref()).map(|padding| text.into_owned() + &padding)
        },
    );
    environment.add_filter("truncate", truncate);
    environment.add_filter("slug", |text: Cow<'_, str>| slug(&text));
    environment.add_filter("starts_with", starts_with);
    environment.add_filter("ends_with", ends_with);
    environment.add_filter("contains", contains);
    environment.add_test("starts_with", starts_with);
    environment.add_test("ends_with", ends_with);
    environment.add_test("contains", contains);
    environment.add_filter("format", format);
    environment.add_filter("indent", indent);
    environment.add_filter("string", |value: &Value| written(value));
}

/// A value as it stands in a text: lists and maps as JSON, no `.0` after whole numbers.
pub(super) fn written(value: &Value) -> Result<Value, Error> {
    if value.kind() == ValueKind::String {
        return Ok(value.clone());
    }
    plain(value).map(Value::from)
}

pub(super) fn plain(value: &Value) -> Result<String, Error> {
    let mut text = String::new();
    let no_names = Value::from(());
    let mut run = crate::expression::eval::Evaluation::new(&no_names);
    crate::expression::render::write(&mut run, value, &mut text, 0)
        .map_err(|fault| wrong(fault.message()))?;
    Ok(text)
}

fn replace(text: Cow<'_, str>, from: Cow<'_, str>, to: Cow<'_, str>) -> Result<String, Error> {
    let count = if from.is_empty() {
        return Err(wrong("the text to replace is empty"));
    } else {
        text.matches(&*from).count()
    };
    if text.len().saturating_add(count.saturating_mul(to.len())) > MAX_TEXT {
        return Err(too_large());
    }
    Ok(text.replace(&*from, &to))
}

pub(super) fn too_large() -> Error {
    wrong("this makes a text of more than 64 MiB")
}

fn pad(text: &str, width: usize, fill: Option<&str>) -> Result<String, Error> {
    let mut letters = fill.unwrap_or(" ").chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return Err(wrong("fill with one character, such as '0'"));
    };
    if width > 1_000_000 {
        return Err(wrong("the width is too large"));
    }
    let missing = width.saturating_sub(text.chars().count());
    Ok(std::iter::repeat_n(letter, missing).collect())
}

fn truncate(text: Cow<'_, str>, length: usize, end: Option<Cow<'_, str>>) -> String {
    if text.chars().nth(length).is_none() {
        return text.into_owned();
    }
    let end = end.as_deref().unwrap_or("…");
    let kept = length.saturating_sub(end.chars().count());
    let mut short: String = text.chars().take(kept).collect();
    short.push_str(end);
    short
}

fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            other => match without_accent(other) {
                Some(plain) => slug.push_str(plain),
                None if slug.ends_with('-') || slug.is_empty() => {}
                None => slug.push('-'),
            },
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Letters of European languages in ASCII.
fn without_accent(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' | 'ľ' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
        'ö' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'þ' => "th",
        '\'' | '’' | '\u{300}'..='\u{36f}' => "",
        _ => return None,
    })
}

fn starts_with(text: Cow<'_, str>, start: Cow<'_, str>) -> bool {
    text.starts_with(&*start)
}

fn ends_with(text: Cow<'_, str>, end: Cow<'_, str>) -> bool {
    text.ends_with(&*end)
}

fn contains(whole: &Value, part: &Value) -> Result<bool, Error> {
    match whole.kind() {
        ValueKind::String => Ok(whole.as_str().unwrap_or_default().contains(&plain(part)?)),
        ValueKind::Map => Ok(!whole.get_item(part)?.is_undefined()),
        ValueKind::Seq | ValueKind::Iterable => {
            for item in whole.try_iter()?.checked() {
                if item? == *part {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(wrong(format!(
            "can't look into {}",
            crate::expression::fault::an(whole)
        ))),
    }
}

fn format(
    state: &mut minijinja::State<'_, '_>,
    pattern: &Value,
    values: Rest<ValueOrKwargs>,
) -> Result<Value, Error> {
    let text = pattern
        .as_str()
        .ok_or_else(|| wrong("write the pattern first, as in `'%s of %s' | format(1, 2)`"))?;
    let widest = text
        .split(|letter: char| !letter.is_ascii_digit())
        .map(str::len)
        .max();
    if widest > Some(4) || text.contains('*') {
        return Err(wrong("widths above 9999 and `*` are not supported"));
    }
    minijinja::filters::format(state, pattern, values)
}

fn indent(
    text: Cow<'_, str>,
    width: usize,
    options: Rest<Value>,
    named: Kwargs,
) -> Result<String, Error> {
    let first = match options.first() {
        Some(first) => first.is_true(),
        None => named.get::<Option<bool>>("first")?.unwrap_or(false),
    };
    named.assert_all_used()?;
    if width > 1000 {
        return Err(wrong("the width is too large"));
    }
    let lines = text.matches('\n').count() + 1;
    if text.len().saturating_add(lines * width) > MAX_TEXT {
        return Err(too_large());
    }
    let margin = " ".repeat(width);
    let mut indented = String::with_capacity(text.len() + lines * width);
    for (place, line) in text.split('\n').enumerate() {
        if place > 0 {
            indented.push('\n');
        }
        if (place > 0 || first) && !line.trim().is_empty() {
            indented.push_str(&margin);
        }
        indented.push_str(line);
    }
    Ok(indented)
}
