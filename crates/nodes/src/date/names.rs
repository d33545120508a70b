//! Names of months and weekdays in the languages that Casare reads and writes.

use schemars::JsonSchema;
use serde::Deserialize;

/// A language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Italian.
    It,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
    /// Portuguese.
    Pt,
}

struct Names {
    months: [&'static str; 12],
    /// From Monday.
    days: [&'static str; 7],
}

#[rustfmt::skip]
const NAMES: [Names; 8] = [
    Names { // English
        months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
        days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    },
    Names { // German
        months: ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"],
        days: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    },
    Names { // French
        months: ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"],
        days: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    },
    Names { // Spanish
        months: ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"],
        days: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    },
    Names { // Italian
        months: ["gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"],
        days: ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
    },
    Names { // Dutch
        months: ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"],
        days: ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"],
    },
    Names { // Polish, in the form that stands in dates
        months: ["stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia"],
        days: ["poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"],
    },
    Names { // Portuguese
        months: ["janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"],
        days: ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"],
    },
];

impl Language {
    pub(super) fn month(self, month: i8) -> &'static str {
        let index = usize::try_from(month - 1).unwrap_or_default();
        NAMES[self as usize]
            .months
            .get(index)
            .copied()
            .unwrap_or_default()
    }

    /// The name of a weekday, 0 for Monday.
    pub(super) fn day(self, day: i8) -> &'static str {
        let index = usize::try_from(day).unwrap_or_default();
        NAMES[self as usize]
            .days
            .get(index)
            .copied()
            .unwrap_or_default()
    }
}

/// The month from 1 that `word` (folded) names, whole or by three letters or more.
pub(super) fn month_named(word: &str) -> Option<i8> {
    if word == "sept" {
        return Some(9);
    }
    named(word, |names| &names.months).map(|index| index + 1)
}

/// The weekday from 0 for Monday that `word` (folded) names.
pub(super) fn day_named(word: &str) -> Option<i8> {
    match word {
        "sonnabend" => return Some(5),
        "tues" | "tue" => return Some(1),
        "thurs" | "thur" | "thu" => return Some(3),
        _ => {}
    }
    named(word, |names| &names.days)
}

fn named<const N: usize>(word: &str, of: impl Fn(&Names) -> &[&'static str; N]) -> Option<i8> {
    let word = word.trim_end_matches('.');
    if word.chars().count() < 3 {
        return None;
    }
    // English first: `mar` is March before it is Tuesday in French.
    let find = |matches: &dyn Fn(&str) -> bool| {
        NAMES.iter().find_map(|names| {
            of(names)
                .iter()
                .position(|name| matches(&crate::data::order::folded(name)))
        })
    };
    let found = find(&|name| name == word)
        .or_else(|| find(&|name| name.starts_with(word) && word.chars().count() <= 5));
    found.and_then(|index| i8::try_from(index).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_several_languages() {
        assert_eq!(month_named("marz"), Some(3));
        assert_eq!(month_named("mar"), Some(3));
        assert_eq!(month_named("dez"), Some(12));
        assert_eq!(month_named("fevrier"), Some(2));
        assert_eq!(month_named("marchand"), None);
        assert_eq!(day_named("donnerstag"), Some(3));
        assert_eq!(day_named("fri"), Some(4));
        assert_eq!(Language::De.month(3), "März");
    }
}
