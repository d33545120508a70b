//! Takes out secrets that are no credentials: headers that log in, inputs and environment variables
//! that are called like secrets.

use serde_json::Value as Json;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// Headers that log in or keep logged in.
const HEADERS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "api-key",
];
/// Parts of names that secrets have.
const NAMES: [&str; 8] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "access_key",
];
/// Shorter ones would be found in ordinary text.
const SHORTEST: usize = 4;

/// Whether something of this name is likely to be secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    NAMES.iter().any(|part| name.contains(part))
}

/// Empties the headers that log in.
pub(crate) fn headers(head: &mut Json) {
    let Some(headers) = head.get_mut("headers").and_then(Json::as_object_mut) else {
        return;
    };
    for (name, value) in headers {
        if HEADERS.contains(&name.as_str()) || is_secret_name(name) {
            *value = Json::from(REDACTED);
        }
    }
}

/// Replaces secrets wherever they stand.
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// The values that are secret by their names.
    pub(crate) fn of<'v>(named: impl Iterator<Item = (&'v str, &'v str)>) -> Self {
        let values = named.filter(|(name, value)| is_secret_name(name) && value.len() >= SHORTEST);
        let mut values: Vec<String> = values.map(|(_, value)| value.to_owned()).collect();
        // A secret may be a part of another one.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    pub(crate) fn text(&self, text: &mut String) {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), REDACTED);
            }
        }
    }

    pub(crate) fn json(&self, json: &mut Json) {
        if self.0.is_empty() {
            return;
        }
        match json {
            Json::String(text) => self.text(text),
            Json::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Json::Object(map) => map.values_mut().for_each(|value| self.json(value)),
            _ => {}
        }
    }
}
