//! Numbers as people write them: `1.234,56 €`, `(1,200.00)`, `5 %`, `1'000`.

use std::str::FromStr;

use casare_engine::NodeError;
use casare_workflow::Value;
use minijinja::value::ValueKind;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use schemars::JsonSchema;
use serde::Deserialize;

/// Longer texts are no numbers.
const LONGEST: usize = 100;

/// What stands before the fraction of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecimalMark {
    /// Found out: of two marks the last one is it, one that occurs again is not. `1,234` could be
    /// both and is refused.
    #[default]
    Auto,
    /// A comma: `1.234,56`.
    Comma,
    /// A point: `1,234.56`.
    Point,
}

/// A number that was read, exactly.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    pub(crate) number: Decimal,
    /// The currency that stood beside it: `EUR`, `€`.
    pub(crate) currency: Option<String>,
    /// Whether it was a percentage; `number` is the share (`5 %` is 0.05).
    pub(crate) percent: bool,
}

/// Reads a number that people wrote. The error says what is wrong with it.
pub(crate) fn read(text: &str, mark: DecimalMark) -> Result<Written, String> {
    if text.len() > LONGEST {
        return Err("is too long for a number".to_owned());
    }
    let no_number = || format!("`{}` is no number", text.trim());
    let mut rest = text.trim();
    let mut negative = false;
    // Accountants write negative amounts in parentheses.
    if let Some(inside) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
        negative = true;
        rest = inside.trim();
    }
    let first = rest
        .find(|c: char| c.is_ascii_digit())
        .ok_or_else(no_number)?;
    // `.5` begins with its mark; the point of `Fr.5` belongs to the word.
    let start = match rest[..first].strip_suffix(['.', ',']) {
        Some(before) if !before.ends_with(char::is_alphabetic) => before.len(),
        _ => first,
    };
    let end = rest
        .rfind(|c: char| c.is_ascii_digit())
        .ok_or_else(no_number)?
        + 1;
    let mut digits = &rest[start..end];
    let (before, mut after) = (&rest[..start], rest[end..].to_owned());
    // `12.-` and `1.50,-` are prices.
    if let Some(dashed) = after
        .strip_prefix([',', '.'])
        .and_then(|rest| rest.strip_prefix(['-', '–', '—']))
    {
        after = dashed.to_owned();
    }
    // `1.5e3` is what programs write.
    let exponent = digits.find(['e', 'E']).map(|at| {
        let (mantissa, exponent) = digits.split_at(at);
        digits = mantissa;
        exponent[1..].parse::<i32>()
    });
    let beside = Beside::of(before.chars().chain(after.chars())).ok_or_else(no_number)?;
    let negative = negative != beside.negative;
    let plain = plain(digits, mark).map_err(|why| why.unwrap_or_else(no_number))?;
    let mut number = Decimal::from_str(&plain).map_err(|_| no_number())?;
    if let Some(exponent) = exponent {
        let exponent = exponent.map_err(|_| no_number())?;
        number =
            Decimal::from_scientific(&format!("{plain}e{exponent}")).map_err(|_| no_number())?;
    }
    if negative {
        number.set_sign_positive(!number.is_sign_positive());
    }
    if beside.percent {
        number = number
            .checked_div(Decimal::ONE_HUNDRED)
            .ok_or_else(no_number)?;
    }
    Ok(Written {
        number,
        currency: (!beside.currency.is_empty()).then_some(beside.currency),
        percent: beside.percent,
    })
}

/// What stands beside the digits.
struct Beside {
    negative: bool,
    percent: bool,
    currency: String,
}

impl Beside {
    /// `None` for what belongs to no number.
    fn of(characters: impl Iterator<Item = char>) -> Option<Self> {
        let mut beside = Self {
            negative: false,
            percent: false,
            currency: String::new(),
        };
        for character in characters {
            match character {
                '-' | '−' | '–' => beside.negative = !beside.negative,
                '%' => beside.percent = true,
                '+' => {}
                _ if character.is_whitespace() => {}
                _ if character.is_alphabetic() || is_currency(character) || character == '.' => {
                    beside.currency.push(character);
                }
                _ => return None,
            }
        }
        let trimmed = beside.currency.trim_matches('.').to_owned();
        beside.currency = trimmed;
        let fits = beside.currency.is_empty() || is_currency_name(&beside.currency);
        fits.then_some(beside)
    }
}

fn is_currency(character: char) -> bool {
    matches!(
        character,
        '$' | '¢' | '£' | '¤' | '¥' | '֏' | '؋' | '৲' | '৳' | '฿' | '₠'..='₿'
    )
}

/// A sign, a code such as `EUR`, or what people write for a currency. Other words are units of
/// something else: `3 days` is no number.
fn is_currency_name(name: &str) -> bool {
    let has_sign = name.chars().any(is_currency);
    let letters: String = name.chars().filter(|c| c.is_alphabetic()).collect();
    let is_code = letters.len() == 3 && letters.chars().all(|c| c.is_ascii_uppercase());
    let is_known = matches!(
        letters.to_lowercase().as_str(),
        "kr" | "zł"
            | "kč"
            | "ft"
            | "lei"
            | "leu"
            | "fr"
            | "sfr"
            | "rs"
            | "tl"
            | "лв"
            | "руб"
            | "грн"
            | "eur"
            | "usd"
            | "euro"
            | "euros"
    );
    // `US$`, `R$`, `A$`
    is_code || is_known || (has_sign && letters.len() <= 3)
}

fn is_group_mark(character: char) -> bool {
    matches!(character, '\'' | '’' | '_') || character.is_whitespace()
}

/// The digits as programs write them. `Err(None)`: no number.
fn plain(digits: &str, mark: DecimalMark) -> Result<String, Option<String>> {
    let digits: String = digits.chars().filter(|c| !is_group_mark(*c)).collect();
    if digits
        .chars()
        .any(|c| !c.is_ascii_digit() && c != '.' && c != ',')
    {
        return Err(None);
    }
    let mark = match mark {
        DecimalMark::Comma => Some(','),
        DecimalMark::Point => Some('.'),
        DecimalMark::Auto => found_mark(&digits)?,
    };
    let (whole, fraction) = match mark {
        Some(mark) => match digits.split_once(mark) {
            Some((whole, fraction)) if fraction.contains(['.', ',']) => {
                let _ = whole;
                return Err(None);
            }
            Some((whole, fraction)) => (whole.to_owned(), fraction.to_owned()),
            None => (digits.clone(), String::new()),
        },
        None => (digits.clone(), String::new()),
    };
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    // Groups have three digits (two in India); the first has one to three.
    let are_groups = groups.len() == 1
        || (groups[1..]
            .iter()
            .all(|group| (2..=3).contains(&group.len()))
            && groups.last().is_some_and(|group| group.len() == 3)
            && (1..=3).contains(&groups[0].len()));
    if !are_groups {
        return Err(None);
    }
    let whole = groups.concat();
    let whole = if whole.is_empty() { "0" } else { &whole };
    Ok(if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    })
}

fn found_mark(digits: &str) -> Result<Option<char>, Option<String>> {
    let points = digits.matches('.').count();
    let commas = digits.matches(',').count();
    Ok(match (points, commas) {
        (1.., 1..) => digits.chars().rev().find(|c| matches!(c, '.' | ',')),
        (1, 0) => Some('.'),
        (0, 1) => {
            let (whole, fraction) = digits.split_once(',').unwrap_or_default();
            let could_be_groups =
                fraction.len() == 3 && (1..=3).contains(&whole.len()) && whole != "0";
            if could_be_groups {
                return Err(Some(format!(
                    "`{digits}` could be {whole}{fraction} or {whole}.{fraction}: say which mark \
                     stands before the fraction with `decimal: comma` or `decimal: point`"
                )));
            }
            Some(',')
        }
        // None, or one that occurs again and groups digits.
        _ => None,
    })
}

/// A number that a value is, exactly; texts as programs write them count too.
pub(crate) fn decimal_of(value: &Value) -> Option<Decimal> {
    match value.kind() {
        ValueKind::Number if value.is_integer() => {
            Some(Decimal::from(i64::try_from(value.clone()).ok()?))
        }
        // The shortest text that gives this number: 0.1 is a tenth.
        ValueKind::Number => of_float(f64::try_from(value.clone()).ok()?),
        ValueKind::String => {
            let text = value.as_str()?.trim();
            super::order::plain_number(text)?;
            Decimal::from_str(text)
                .or_else(|_| Decimal::from_scientific(text))
                .ok()
        }
        _ => None,
    }
}

/// The number that people see when this is written.
pub(crate) fn of_float(number: f64) -> Option<Decimal> {
    let text = number.to_string();
    Decimal::from_str(&text)
        .or_else(|_| Decimal::from_scientific(&format!("{number:e}")))
        .ok()
}

/// A whole number where it is one and fits, else a float.
pub(crate) fn to_value(number: Decimal) -> Value {
    let number = number.normalize();
    if number.scale() == 0
        && let Some(whole) = number.to_i64()
    {
        return Value::from(whole);
    }
    Value::from(to_float(number))
}

/// The float that is nearest.
pub(crate) fn to_float(number: Decimal) -> f64 {
    // By way of the text: this rounds once, `to_f64` may twice.
    number
        .to_string()
        .parse()
        .unwrap_or_else(|_| number.to_f64().unwrap_or(f64::NAN))
}

/// A number setting: a number, or a text that people wrote as one.
pub(crate) fn wanted(setting: &str, value: &Value) -> Result<f64, NodeError> {
    let number = match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value.as_str().and_then(super::order::plain_number),
        _ => None,
    };
    number.ok_or_else(|| {
        NodeError::invalid(format!(
            "setting `{setting}`: {} is no number",
            super::rules::shown(value)
        ))
        .with_help("`data.convert` reads numbers such as `1.234,56 €`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> String {
        match read(text, DecimalMark::Auto) {
            Ok(written) => written.number.normalize().to_string(),
            Err(why) => why,
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (written, meant) in [
            ("1.234,56 €", "1234.56"),
            ("$1,234.56", "1234.56"),
            ("1'234'567.5", "1234567.5"),
            ("1 234,5", "1234.5"),
            ("1\u{202f}234,5 EUR", "1234.5"),
            ("(1,200.00)", "-1200"),
            ("12,50-", "-12.5"),
            ("−3", "-3"),
            ("5 %", "0.05"),
            ("CHF 12.-", "12"),
            ("US$ 5", "5"),
            ("Fr. 12", "12"),
            ("Rs.500", "500"),
            ("12,50 zł", "12.5"),
            ("1.234.567", "1234567"),
            ("12,34,567", "1234567"),
            ("0,125", "0.125"),
            ("12.5", "12.5"),
            ("1.5e3", "1500"),
            (".5", "0.5"),
        ] {
            assert_eq!(number(written), meant, "{written}");
        }
    }

    #[test]
    fn what_is_ambiguous_or_no_number_is_refused() {
        assert!(number("1,234").contains("could be 1234 or 1.234"));
        for text in [
            "",
            "abc",
            "1.2.3,4,5",
            "12 apples each",
            "3 days",
            "5 kg",
            "1-2",
            "--",
            "1,23.456.7",
            "€",
        ] {
            assert!(
                number(text).contains("no number"),
                "{text}: {}",
                number(text)
            );
        }
        assert_eq!(
            read("1,234", DecimalMark::Comma)
                .unwrap()
                .number
                .to_string(),
            "1.234"
        );
    }
}
