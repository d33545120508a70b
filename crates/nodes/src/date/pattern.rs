//! How dates are written: by names (`long`), letters (`DD.MM.YYYY`) or `strftime` (`%d.%m.%Y`).

use casare_engine::NodeError;
use jiff::{Zoned, civil::Date, fmt::rfc2822, fmt::strtime::BrokenDownTime, tz::TimeZone};

use super::{
    moment::Moment,
    names::{self, Language},
};
use crate::data::order::folded;

const LONGEST: usize = 500;

/// A part of a pattern of letters.
enum Piece {
    Strftime(&'static str),
    Quarter,
    Ordinal,
    Literal(String),
}

#[rustfmt::skip]
const LETTERS: [(&str, &str); 33] = [
    ("YYYY", "%Y"), ("yyyy", "%Y"), ("YY", "%y"), ("yy", "%y"), ("GGGG", "%G"),
    ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"), ("M", "%-m"),
    ("DD", "%d"), ("D", "%-d"), ("dddd", "%A"), ("ddd", "%a"), ("dd", "%d"), ("d", "%-d"),
    ("EEEE", "%A"), ("EEE", "%a"),
    ("HH", "%H"), ("H", "%-H"), ("hh", "%I"), ("h", "%-I"),
    ("mm", "%M"), ("m", "%-M"), ("ss", "%S"), ("s", "%-S"),
    ("SSSSSS", "%6f"), ("SSS", "%3f"), ("A", "%p"), ("a", "%P"),
    ("ZZ", "%z"), ("Z", "%:z"), ("WW", "%V"), ("W", "%-V"),
];

/// A pattern of letters in pieces. A word that is no letters of it stays as it is, as does what
/// stands in `[brackets]`.
fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if first == '['
            && let Some((literal, after)) = rest[1..].split_once(']')
        {
            pieces.push(Piece::Literal(literal.to_owned()));
            rest = after;
            continue;
        }
        let is_word = first.is_alphabetic();
        let end = rest
            .find(|c: char| c.is_alphabetic() != is_word || c == '[')
            .filter(|end| *end > 0)
            .unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        match word(part).filter(|_| is_word) {
            Some(word) => pieces.extend(word),
            None => pieces.push(Piece::Literal(part.to_owned())),
        }
        rest = after;
    }
    pieces
}

/// The letters of a word, if all of it is.
fn word(word: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let (piece, length) = if rest.starts_with("Do") {
            (Piece::Ordinal, 2)
        } else if rest.starts_with('Q') {
            (Piece::Quarter, 1)
        } else if rest.starts_with('T') && !pieces.is_empty() && rest.len() > 1 {
            (Piece::Literal("T".to_owned()), 1)
        } else {
            let (letters, directive) = LETTERS
                .iter()
                .find(|(letters, _)| rest.starts_with(letters))?;
            (Piece::Strftime(directive), letters.len())
        };
        pieces.push(piece);
        rest = &rest[length..];
    }
    Some(pieces)
}

fn checked(setting: &str, pattern: &str) -> Result<(), NodeError> {
    if pattern.is_empty() || pattern.len() > LONGEST {
        return Err(NodeError::invalid(format!(
            "setting `{setting}`: a format has 1 to {LONGEST} characters"
        )));
    }
    Ok(())
}

/// `moment` as a text; one without a zone is in `zone` where the format says a zone.
pub(super) fn write(
    moment: &Moment,
    pattern: &str,
    language: Language,
    zone: &TimeZone,
) -> Result<String, NodeError> {
    checked("format", pattern)?;
    let zoned = || moment.zoned(zone);
    let date = moment.date();
    let day = date.day();
    let preset = match pattern {
        "iso" => return Ok(moment.written()),
        "unix" => return Ok(zoned()?.timestamp().as_second().to_string()),
        "unix_ms" => return Ok(zoned()?.timestamp().as_millisecond().to_string()),
        "excel" => return excel(moment),
        "rfc2822" => {
            return rfc2822::to_string(&zoned()?).map_err(|error| {
                NodeError::invalid(format!("the date can't be written: {error}"))
            });
        }
        "rfc3339" => "%Y-%m-%dT%H:%M:%S%:z",
        "date" => "%Y-%m-%d",
        "time" => "%H:%M:%S",
        "datetime" => "%Y-%m-%d %H:%M:%S",
        "compact" => "%Y%m%d",
        "file" => "%Y-%m-%d_%H-%M-%S",
        "month" => "%B",
        "weekday" => "%A",
        "long" => match language {
            Language::De => "%-d. %B %Y",
            Language::Es | Language::Pt => "%-d de %B de %Y",
            _ => "%-d %B %Y",
        },
        other => other,
    };
    let pattern = if preset.contains('%') {
        preset.to_owned()
    } else {
        let mut strftime = String::new();
        for piece in pieces(preset) {
            match piece {
                Piece::Strftime(directive) => strftime.push_str(directive),
                Piece::Quarter => strftime.push_str(&((date.month() - 1) / 3 + 1).to_string()),
                Piece::Ordinal => strftime.push_str(&ordinal(day, language)),
                Piece::Literal(text) => strftime.push_str(&text.replace('%', "%%")),
            }
        }
        strftime
    };
    let pattern = in_language(&pattern, date, language);
    let parts = match moment {
        Moment::Zoned(zoned) => BrokenDownTime::from(zoned),
        // A zone is written only if the pattern wants one.
        other
            if ["%z", "%:z", "%Z", "%Q", "%:Q", "%s"]
                .iter()
                .any(|one| pattern.contains(one)) =>
        {
            BrokenDownTime::from(&other.zoned(zone)?)
        }
        other => BrokenDownTime::from(other.civil()),
    };
    parts.to_string(&pattern).map_err(|error| {
        NodeError::invalid(format!(
            "setting `format`: `{preset}` can't be used: {error}"
        ))
        .with_help("write `DD.MM.YYYY HH:mm`, `%d.%m.%Y %H:%M`, or a name such as `iso` or `long`")
    })
}

fn ordinal(day: i8, language: Language) -> String {
    let end = match (language, day) {
        (Language::En, 1 | 21 | 31) => "st",
        (Language::En, 2 | 22) => "nd",
        (Language::En, 3 | 23) => "rd",
        (Language::En, _) => "th",
        (Language::Fr, 1) => "er",
        (Language::De | Language::Pl, _) => ".",
        (Language::Es | Language::It | Language::Pt, _) => "º",
        (Language::Fr | Language::Nl, _) => "",
    };
    format!("{day}{end}")
}

/// The names that `strftime` would write in English, in another language.
fn in_language(pattern: &str, date: Date, language: Language) -> String {
    if language == Language::En {
        return pattern.to_owned();
    }
    let month = language.month(date.month());
    let day = language.day(date.weekday().to_monday_zero_offset());
    let short = |name: &str| name.chars().take(3).collect::<String>();
    pattern
        .replace("%B", month)
        .replace("%b", &short(month))
        .replace("%A", day)
        .replace("%a", &short(day))
}

/// Days since 1899-12-30, as spreadsheets count.
fn excel(moment: &Moment) -> Result<String, NodeError> {
    let civil = moment.civil();
    let start = Date::constant(1899, 12, 30);
    let days = start
        .until(civil.date())
        .map_err(super::moment::out_of_range)?
        .get_days();
    let time = civil.time();
    let seconds =
        i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second());
    Ok(if seconds == 0 {
        days.to_string()
    } else {
        (f64::from(days) + f64::from(seconds) / 86_400.0).to_string()
    })
}

/// The date that `text` is by a pattern.
pub(super) fn read(text: &str, pattern: &str) -> Result<Moment, String> {
    checked("format", pattern).map_err(|error| error.to_string())?;
    let strftime = if pattern.contains('%') {
        pattern.to_owned()
    } else {
        let mut strftime = String::new();
        for piece in pieces(pattern) {
            match piece {
                Piece::Strftime(directive) => strftime.push_str(directive),
                Piece::Quarter | Piece::Ordinal => {
                    return Err(format!(
                        "`{pattern}` has a letter that is written only, not read"
                    ));
                }
                Piece::Literal(text) => strftime.push_str(&text.replace('%', "%%")),
            }
        }
        strftime
    };
    let plain = if ["%B", "%b", "%A", "%a", "%h"]
        .iter()
        .any(|name| strftime.contains(name))
    {
        in_english(text)
    } else {
        text.to_owned()
    };
    let unreadable =
        |error: jiff::Error| format!("`{text}` is not written as `{pattern}`: {error}");
    let parsed = BrokenDownTime::parse(&strftime, plain.trim()).map_err(unreadable)?;
    if parsed.offset().is_some() || parsed.timestamp().is_some() {
        let zoned: Result<Zoned, jiff::Error> = parsed.to_zoned().or_else(|_| {
            parsed
                .to_timestamp()
                .map(|moment| moment.to_zoned(TimeZone::UTC))
        });
        return zoned.map(Moment::Zoned).map_err(unreadable);
    }
    // A month alone begins on its first.
    let mut parsed = parsed;
    if parsed.day().is_none() && parsed.month().is_some() {
        parsed.set_day(Some(1)).map_err(unreadable)?;
    }
    let date = parsed.to_date().map_err(unreadable)?;
    if parsed.hour().is_some() {
        let time = parsed.to_time().map_err(unreadable)?;
        return Ok(Moment::Civil(date.to_datetime(time)));
    }
    Ok(Moment::Date(date))
}

/// Names of months and days in English, whatever language they were in.
fn in_english(text: &str) -> String {
    let mut english = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, english: &mut String| {
        let name = folded(word);
        let long = word.chars().count() > 3;
        let found = names::month_named(&name)
            .map(|month| Language::En.month(month))
            .or_else(|| names::day_named(&name).map(|day| Language::En.day(day)));
        match found {
            Some(name) if long => english.push_str(name),
            Some(name) => english.push_str(&name[..3]),
            None => english.push_str(word),
        }
        word.clear();
    };
    for character in text.chars() {
        if character.is_alphabetic() {
            word.push(character);
        } else {
            flush(&mut word, &mut english);
            english.push(character);
        }
    }
    flush(&mut word, &mut english);
    english
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pattern: &str, language: Language) -> String {
        let moment = Moment::Zoned("2026-03-03T14:05:09+01:00[Europe/Berlin]".parse().unwrap());
        match write(&moment, pattern, language, &TimeZone::UTC) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn letters_names_and_strftime_say_the_same() {
        for (pattern, text) in [
            ("%d.%m.%Y", "03.03.2026"),
            ("DD.MM.YYYY", "03.03.2026"),
            ("dd.MM.yyyy HH:mm", "03.03.2026 14:05"),
            ("YYYYMMDD", "20260303"),
            ("YYYY-MM-DDTHH:mm:ssZ", "2026-03-03T14:05:09+01:00"),
            ("dddd, MMMM Do YYYY", "Tuesday, March 3rd 2026"),
            ("D MMM YY h:mm A", "3 Mar 26 2:05 PM"),
            ("[Q]Q YYYY", "Q1 2026"),
            ("long", "3 March 2026"),
            ("iso", "2026-03-03T14:05:09+01:00"),
            ("unix", "1772543109"),
            ("rfc2822", "Tue, 3 Mar 2026 14:05:09 +0100"),
            ("file", "2026-03-03_14-05-09"),
        ] {
            assert_eq!(written(pattern, Language::En), text, "{pattern}");
        }
        assert_eq!(
            written("dddd, D. MMMM YYYY um H:mm Uhr", Language::De),
            "Dienstag, 3. März 2026 um 14:05 Uhr"
        );
        assert!(written("%!", Language::En).contains("can't be used"));
    }

    #[test]
    fn what_is_written_by_a_pattern_is_read_by_it() {
        let date = |text, pattern| read(text, pattern).map(|moment| moment.written());

        assert_eq!(date("03/04/26", "MM/DD/YY"), Ok("2026-03-04".into()));
        assert_eq!(
            date("3. März 2026", "D. MMMM YYYY"),
            Ok("2026-03-03".into())
        );
        assert_eq!(
            date("20260303 1405", "%Y%m%d %H%M"),
            Ok("2026-03-03T14:05:00".into())
        );
        assert_eq!(date("2026-03", "YYYY-MM"), Ok("2026-03-01".into()));
        assert!(
            date("2026", "DD.MM.YYYY")
                .unwrap_err()
                .contains("not written as")
        );
    }
}
