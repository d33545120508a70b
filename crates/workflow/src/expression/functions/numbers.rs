//! Numbers.

use minijinja::{
    Environment, Error,
    value::{Kwargs, ValueKind},
};

use super::{Function, quoted, table, wrong};
use crate::Value;

pub(super) const FUNCTIONS: &[Function] = table! {"numbers", Filter:
    "int(default)", "As a whole number; a fraction is cut off.", "'42' | int" => "42";
    "float(default)", "As a number.", "'1.5' | float" => "1.5";
    "round(digits, method)", "Rounded, halves away from zero, or by `'ceil'` or `'floor'`; without digits to a whole number.", "2.5 | round" => "3";
    "abs", "Without its sign.", "-3 | abs" => "3";
    "bool", "As true or false, from texts such as `yes`, `no`, `true`, `0`.", "'no' | bool" => "false";
    "format_number(decimals, thousands, decimal)", "As text with digits grouped: `,` and `.` unless told otherwise.", "1234567.891 | format_number(2, '.', ',')" => r#""1.234.567,89""#;
    "parse_number(thousands, decimal)", "A number from text written so: `,` and `.` unless told otherwise.", "'1.234,56' | parse_number('.', ',')" => "1234.56";
};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_filter("bool", truth);
    environment.add_filter("round", round);
    environment.add_filter("format_number", format_number);
    environment.add_filter("parse_number", parse_number);
}

fn default_of(given: Option<Value>, named: &Kwargs) -> Result<Option<Value>, Error> {
    let default = match given {
        Some(default) => Some(default),
        None => named.get::<Option<Value>>("default")?,
    };
    named.assert_all_used()?;
    Ok(default)
}

fn int(value: &Value, default: Option<Value>, named: Kwargs) -> Result<Value, Error> {
    let default = default_of(default, &named)?;
    match whole(value) {
        Some(whole) => Ok(whole),
        None => default.ok_or_else(|| unreadable(value, "a whole number")),
    }
}

fn whole(value: &Value) -> Option<Value> {
    match value.kind() {
        ValueKind::Bool => Some(Value::from(i64::from(value.is_true()))),
        ValueKind::Number if value.is_integer() => Some(value.clone()),
        ValueKind::Number => cut(f64::try_from(value.clone()).ok()?),
        ValueKind::String => {
            let text = value.as_str()?.trim();
            match text.parse::<i64>() {
                Ok(whole) => Some(Value::from(whole)),
                Err(_) => cut(number_in(text)?),
            }
        }
        _ => None,
    }
}

fn cut(float: f64) -> Option<Value> {
    // Beyond this, floats are not exact anyway.
    (float.is_finite() && float.abs() < 9.2e18).then(|| Value::from(float.trunc() as i64))
}

/// A number as programs write it; not `inf`, `NaN`.
fn number_in(text: &str) -> Option<f64> {
    let starts_well = text
        .trim_start_matches(['-', '+'])
        .starts_with(|letter: char| letter.is_ascii_digit() || letter == '.');
    if starts_well { text.parse().ok() } else { None }
}

fn float(value: &Value, default: Option<Value>, named: Kwargs) -> Result<Value, Error> {
    let default = default_of(default, &named)?;
    let number = match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value.as_str().and_then(|text| number_in(text.trim())),
        _ => None,
    };
    match number {
        Some(number) => Ok(Value::from(number)),
        None => default.ok_or_else(|| unreadable(value, "a number")),
    }
}

fn unreadable(value: &Value, wanted: &str) -> Error {
    match value.as_str() {
        Some(text) => wrong(format!(
            "can't read {} as {wanted}; give a default, as in `| int(0)`, or see `| parse_number`",
            quoted(text)
        )),
        None => wrong(format!(
            "{} is not {wanted}",
            crate::expression::fault::an(value)
        )),
    }
}

fn truth(value: &Value) -> Result<bool, Error> {
    let Some(text) = value.as_str() else {
        return Ok(value.is_true());
    };
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Ok(true),
        "false" | "no" | "n" | "off" | "0" | "" => Ok(false),
        _ => Err(wrong(format!(
            "can't read {} as true or false",
            quoted(text)
        ))),
    }
}

fn round(
    value: &Value,
    digits: Option<usize>,
    method: Option<&str>,
    named: Kwargs,
) -> Result<Value, Error> {
    let digits = match digits {
        Some(digits) => digits,
        None => named.get::<Option<usize>>("precision")?.unwrap_or(0),
    };
    let method = match method {
        Some(method) => method,
        None => named.get::<Option<&str>>("method")?.unwrap_or("common"),
    };
    named.assert_all_used()?;
    if value.is_integer() {
        return Ok(value.clone());
    }
    let number = match value.kind() {
        ValueKind::Number => f64::try_from(value.clone())?,
        _ => {
            return Err(wrong(format!(
                "{} is not a number; convert it with `| float`",
                crate::expression::fault::an(value)
            )));
        }
    };
    if digits > 15 || !number.is_finite() {
        return Ok(value.clone());
    }
    let scale = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
    let result = match method {
        "common" => rounded(number, digits).parse::<f64>().unwrap_or(number),
        "ceil" => (number * scale).ceil() / scale,
        "floor" => (number * scale).floor() / scale,
        other => {
            return Err(wrong(format!(
                "there is no method {}; write `'common'`, `'ceil'` or `'floor'`",
                quoted(other)
            )));
        }
    };
    match cut(result) {
        Some(whole) if digits == 0 => Ok(whole),
        _ => Ok(Value::from(result)),
    }
}

fn format_number(
    value: &Value,
    decimals: Option<usize>,
    thousands: Option<&str>,
    decimal: Option<&str>,
    named: Kwargs,
) -> Result<String, Error> {
    let decimals = match decimals {
        Some(decimals) => decimals,
        None => named.get::<Option<usize>>("decimals")?.unwrap_or(0),
    };
    let thousands = match thousands {
        Some(thousands) => thousands,
        None => named.get::<Option<&str>>("thousands")?.unwrap_or(","),
    };
    let decimal = match decimal {
        Some(decimal) => decimal,
        None => named.get::<Option<&str>>("decimal")?.unwrap_or("."),
    };
    named.assert_all_used()?;
    if decimals > 30 || thousands.len() > 8 || decimal.len() > 8 {
        return Err(wrong("at most 30 decimals and short separators"));
    }
    let digits = if value.is_integer() {
        let mut digits = value.to_string();
        if decimals > 0 {
            digits.push('.');
            digits.push_str(&"0".repeat(decimals));
        }
        digits
    } else if value.is_number() {
        let number = f64::try_from(value.clone())?;
        if !number.is_finite() {
            return Err(wrong("the number is not finite"));
        }
        // Rounding the shortest text of the number, so that 2.675 becomes 2.68 as people expect.
        rounded(number, decimals)
    } else {
        return Err(wrong(format!(
            "{} is not a number; convert it with `| float`",
            crate::expression::fault::an(value)
        )));
    };
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", &*digits), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut text = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push_str(thousands);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push_str(decimal);
        text.push_str(fraction);
    }
    Ok(text)
}

/// `number` with that many decimals, half away from zero, going by its shortest decimal form.
fn rounded(number: f64, decimals: usize) -> String {
    let shortest = format!("{}", number.abs());
    let (whole, fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
    let up = fraction
        .as_bytes()
        .get(decimals)
        .is_some_and(|digit| *digit >= b'5');
    let mut digits: Vec<u8> = whole
        .bytes()
        .chain(
            fraction
                .bytes()
                .chain(std::iter::repeat(b'0'))
                .take(decimals),
        )
        .collect();
    if up {
        let mut carried = true;
        for digit in digits.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                carried = false;
                break;
            }
        }
        if carried {
            digits.insert(0, b'1');
        }
    }
    let point = digits.len() - decimals;
    let is_zero = digits.iter().all(|digit| *digit == b'0');
    let mut text = String::with_capacity(digits.len() + 2);
    if number < 0.0 && !is_zero {
        text.push('-');
    }
    for (place, digit) in digits.into_iter().enumerate() {
        if place == point {
            text.push('.');
        }
        text.push(char::from(digit));
    }
    text
}

fn parse_number(
    value: &Value,
    thousands: Option<&str>,
    decimal: Option<&str>,
    named: Kwargs,
) -> Result<Value, Error> {
    if value.is_number() {
        return Ok(value.clone());
    }
    let thousands = match thousands {
        Some(thousands) => thousands,
        None => named.get::<Option<&str>>("thousands")?.unwrap_or(","),
    };
    let decimal = match decimal {
        Some(decimal) => decimal,
        None => named.get::<Option<&str>>("decimal")?.unwrap_or("."),
    };
    named.assert_all_used()?;
    let Some(text) = value.as_str() else {
        return Err(wrong(format!(
            "{} is no text",
            crate::expression::fault::an(value)
        )));
    };
    if thousands == decimal || decimal.is_empty() {
        return Err(wrong("the two separators must differ"));
    }
    let compact: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let (whole, fraction) = compact.split_once(decimal).unwrap_or((&compact, ""));
    let whole = if thousands.is_empty() {
        whole.to_owned()
    } else {
        whole.replace(thousands, "")
    };
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(&whole);
    if !(is_number(unsigned) && is_number(fraction)) || (unsigned.is_empty() && fraction.is_empty())
    {
        return Err(wrong(format!(
            "can't read {} as a number with `{thousands}` between thousands and `{decimal}` before decimals",
            quoted(text)
        )));
    }
    let number = if fraction.is_empty() {
        whole.parse::<i64>().ok().map(Value::from)
    } else {
        None
    };
    match number {
        Some(number) => Ok(number),
        None => format!("{whole}.{fraction}0")
            .parse::<f64>()
            .map(Value::from)
            .map_err(|_| wrong(format!("can't read {} as a number", quoted(text)))),
    }
}
