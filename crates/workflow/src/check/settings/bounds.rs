//! Texts and numbers: forms and bounds.

use serde_json::Value as Json;

use super::{
    super::{
        report::Finding,
        trail::Trail,
        wanted::{DURATION, got, shortened, types},
    },
    Flaws, PART, Settings,
};
use crate::Span;

impl Settings<'_> {
    pub(super) fn scalar(&self, schema: &Json, value: &Json, trail: &Trail<'_>, flaws: &mut Flaws) {
        if let Some(text) = as_text(value).filter(|_| types(schema).contains(&"string")) {
            self.text(schema, &text, trail, flaws);
        } else if let Some(number) = as_number(value) {
            bounded(schema, number, value, trail, flaws);
        }
    }

    fn text(&self, schema: &Json, text: &str, trail: &Trail<'_>, flaws: &mut Flaws) {
        let name = || trail.name();
        if schema.get("format").and_then(Json::as_str) == Some(DURATION)
            && let Err(error) = text.parse::<Span>()
        {
            flaws.add(PART, || {
                Finding::error(
                    "setting-format",
                    trail.path(),
                    format!("`{}`: {error}", name()),
                )
                .label("no duration")
            });
        }
        let format = schema.get("format").and_then(Json::as_str);
        if let Some(wrong) = format.and_then(|format| self.catalogue.misformed(format, text)) {
            flaws.add(PART, || {
                let message = format!("`{}`: {}", name(), wrong.message);
                Finding::error("setting-format", trail.path(), message)
                    .label("not of the right form")
                    .help(wrong.help)
            });
        }
        size(
            schema,
            text.chars().count(),
            ("minLength", "maxLength"),
            "character",
            trail,
            flaws,
        );
        if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
            && !self.matches(pattern, text)
        {
            flaws.add(PART, || {
                let message = format!("`{}` can't be `{}`", name(), shortened(text));
                Finding::error("setting-format", trail.path(), message)
                    .label("not of the right form")
                    .help(format!("it has to match the pattern `{pattern}`"))
            });
        }
    }
}

fn bounded(schema: &Json, number: f64, value: &Json, trail: &Trail<'_>, flaws: &mut Flaws) {
    let bound = |name: &str| schema.get(name).and_then(Json::as_f64);
    let wrong = if let Some(least) = bound("minimum").filter(|least| number < *least) {
        Some(format!("at least {least}"))
    } else if let Some(most) = bound("maximum").filter(|most| number > *most) {
        Some(format!("at most {most}"))
    } else if let Some(least) = bound("exclusiveMinimum").filter(|least| number <= *least) {
        Some(format!("more than {least}"))
    } else {
        bound("exclusiveMaximum")
            .filter(|most| number >= *most)
            .map(|most| format!("less than {most}"))
    };
    if let Some(wrong) = wrong {
        flaws.add(PART, || {
            let message = format!("`{}` is {wrong}, got {}", trail.name(), got(value));
            let range = match (bound("minimum"), bound("maximum")) {
                (Some(least), Some(most)) => Some(format!("it goes from {least} to {most}")),
                _ => None,
            };
            Finding::error("setting-range", trail.path(), message)
                .label("out of range")
                .help(range)
        });
    }
}

/// Bounds on how many `what` there are.
pub(super) fn size(
    schema: &Json,
    size: usize,
    (least, most): (&str, &str),
    what: &str,
    trail: &Trail<'_>,
    flaws: &mut Flaws,
) {
    let bound = |name: &str| schema.get(name).and_then(Json::as_u64);
    let wanted = match (bound(least), bound(most)) {
        (Some(least), _) if (size as u64) < least => format!("at least {least}"),
        (_, Some(most)) if size as u64 > most => format!("at most {most}"),
        _ => return,
    };
    let wanted = match (wanted.ends_with(" 1"), what) {
        (true, _) => format!("{wanted} {what}"),
        (false, "entry") => format!("{wanted} entries"),
        (false, _) => format!("{wanted} {what}s"),
    };
    flaws.add(PART, || {
        let message = format!("`{}` has {wanted}, got {size}", trail.name());
        Finding::error("setting-range", trail.path(), message).label(wanted)
    });
}

/// The engine takes numbers and booleans for text.
pub(super) fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

pub(super) fn as_number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
