//! What is wrong with a setting, for people.

use serde_json::Value as Json;

use super::{
    super::{
        control::STEP_KEYS,
        report::Finding,
        suggest::listed,
        trail::Trail,
        wanted::{got, literal, shortened, types, wanted},
    },
    Settings,
};

impl Settings<'_> {
    pub(super) fn wrong_type(&self, schema: &Json, value: &Json, trail: &Trail<'_>) -> Finding {
        let wanted = wanted(self.root, schema);
        let message = format!("`{}` wants {wanted}, got {}", trail.name(), got(value));
        let help = match value {
            Json::Null => Some("give it a value, or remove it if it is not needed".to_owned()),
            Json::String(_) | Json::Number(_) | Json::Bool(_)
                if types(schema).contains(&"array") =>
            {
                Some("write a list: `[…]`, or each item on a line of its own after `- `".to_owned())
            }
            _ => None,
        };
        Finding::error("setting-type", trail.path(), message)
            .label(format!("wants {wanted}"))
            .help(help)
    }

    pub(super) fn not_one_of(&self, value: &Json, allowed: &[&Json], trail: &Trail<'_>) -> Finding {
        let message = format!("`{}` can't be {}", trail.name(), shortened(&literal(value)));
        let names = allowed.iter().filter_map(|allowed| allowed.as_str());
        let meant = value
            .as_str()
            .and_then(|text| self.suggest.did_you_mean(text, names));
        let all: Vec<String> = allowed
            .iter()
            .map(|allowed| {
                allowed
                    .as_str()
                    .map_or_else(|| allowed.to_string(), str::to_owned)
            })
            .collect();
        let all = listed(all.iter().map(String::as_str));
        let help = match meant {
            Some(meant) => format!("{meant} It is one of {all}"),
            None => format!("it is one of {all}"),
        };
        Finding::error("setting-value", trail.path(), message)
            .label("no such value")
            .help(help)
    }

    pub(super) fn unknown(&self, key: &str, known: &[&str], trail: &Trail<'_>) -> Finding {
        let whole = trail.name();
        let owner = match whole.strip_suffix(key).map(|up| up.trim_end_matches('.')) {
            Some(up) if !up.is_empty() => up,
            _ => self.node,
        };
        let help = if owner == self.node && STEP_KEYS.contains(&key) {
            Some(format!(
                "`{key}` is a part of the step: write it beside `use`, not inside `with`"
            ))
        } else if known.is_empty() {
            Some(format!("`{owner}` has no settings"))
        } else {
            let all = format!("`{owner}` has {}", listed(known.iter().copied()));
            let meant = self.suggest.did_you_mean(key, known.iter().copied());
            Some(meant.unwrap_or(all))
        };
        Finding::error(
            "unknown-setting",
            trail.path(),
            format!("`{owner}` has no setting `{key}`"),
        )
        .at_key()
        .label("not known")
        .help(help)
    }

    pub(super) fn ignored(&self, key: &str, known: &[&str], trail: &Trail<'_>) -> Finding {
        let message = format!("`{}` has no setting `{key}`, so it is ignored", self.node);
        Finding::warning("unknown-setting", trail.path(), message)
            .at_key()
            .label("ignored")
            .help(self.suggest.did_you_mean(key, known.iter().copied()))
    }

    pub(super) fn missing(&self, schema: &Json, name: &str, trail: &Trail<'_>) -> Finding {
        let at = trail.name();
        let owner = if at.is_empty() { self.node } else { &at };
        let about = schema
            .get("properties")
            .and_then(|all| all.get(name)?.get("description")?.as_str())
            .and_then(|text| text.lines().next());
        let wants = schema
            .get("properties")
            .and_then(|all| all.get(name))
            .map(|schema| wanted(self.root, schema))
            .filter(|wanted| wanted != "another value");
        let help = match (about, wants) {
            (Some(about), Some(wants)) => Some(format!("`{name}` is {wants}: {about}")),
            (Some(about), None) => Some(format!("`{name}`: {about}")),
            (None, Some(wants)) => Some(format!("`{name}` is {wants}")),
            (None, None) => None,
        };
        Finding::error(
            "missing-setting",
            trail.path(),
            format!("`{owner}` needs the setting `{name}`"),
        )
        .at_key()
        .label(format!("`{name}` is missing"))
        .help(help)
    }
}
