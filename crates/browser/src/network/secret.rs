//! Names that say that a value is nobody's business.

use serde_json::Value;

/// What a secret is replaced by.
pub(crate) const MASK: &str = "•••••";

const HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
    "x-xsrf-token",
    "x-amz-security-token",
];

const FIELDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "credential",
    "private_key",
    "signature",
    "session_id",
    "sessionid",
    "otp",
];

/// Whether a header of this name carries a secret.
pub(crate) fn is_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    HEADERS.contains(&name.as_str()) || is_field(&name)
}

/// Whether a field of a form, of a query or of an object is a secret by its name.
pub(crate) fn is_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FIELDS.iter().any(|secret| match name.find(secret) {
        // `token` hides `access_token` and `csrfToken`, but `otp` is not in `hotplate`.
        Some(_) if secret.len() <= 3 => name == *secret,
        Some(_) => true,
        None => false,
    })
}

/// A query or the body of a form without the values of secret fields.
pub(crate) fn mask_form(form: &str) -> String {
    form.split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_field(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}

/// An address without the values of secret fields of its query, and without a password.
pub(crate) fn mask_url(url: &str) -> String {
    let (rest, fragment) = match url.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (url, None),
    };
    let mut masked = match rest.split_once('?') {
        Some((path, query)) => format!("{path}?{}", mask_form(query)),
        None => rest.to_owned(),
    };
    if let Some(fragment) = fragment {
        // Tokens come in fragments too.
        masked = format!("{masked}#{}", mask_form(fragment));
    }
    if let Ok(mut parsed) = url::Url::parse(&masked)
        && parsed.password().is_some()
        && parsed.set_password(Some("hidden")).is_ok()
    {
        return parsed.into();
    }
    masked
}

/// A body without the values of secret fields: JSON by its keys, forms by their fields; other text as it is.
pub(crate) fn mask_body(body: &str, media_type: &str) -> String {
    if media_type.contains("json") {
        let Ok(mut value) = serde_json::from_str::<Value>(body) else {
            return body.to_owned();
        };
        return if mask_json(&mut value) {
            value.to_string()
        } else {
            body.to_owned()
        };
    }
    if media_type.contains("x-www-form-urlencoded") {
        return mask_form(body);
    }
    body.to_owned()
}

/// Whether anything was replaced.
fn mask_json(value: &mut Value) -> bool {
    match value {
        Value::Object(map) => {
            let mut changed = false;
            for (key, value) in map {
                if is_field(key) && (value.is_string() || value.is_number()) {
                    *value = MASK.into();
                    changed = true;
                } else {
                    changed |= mask_json(value);
                }
            }
            changed
        }
        Value::Array(items) => {
            let mut changed = false;
            for item in items {
                changed |= mask_json(item);
            }
            changed
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        assert!(is_header("Authorization") && is_header("X-My-Api-Key"));
        assert!(!is_header("content-type") && !is_field("hotplate"));
        assert_eq!(
            mask_url("https://example.com/in?user=ada&access_token=abc#id_token=x"),
            "https://example.com/in?user=ada&access_token=•••••#id_token=•••••"
        );
        assert_eq!(
            mask_url("https://ada:pw@example.com/"),
            "https://ada:hidden@example.com/"
        );
        assert_eq!(
            mask_body(
                r#"{"user":"ada","password":"pw","in":[{"otp":1}]}"#,
                "application/json"
            ),
            r#"{"user":"ada","password":"•••••","in":[{"otp":"•••••"}]}"#
        );
        assert_eq!(
            mask_body("user=ada&pwd=x", "application/x-www-form-urlencoded"),
            "user=ada&pwd=•••••"
        );
        assert_eq!(mask_body(r#"{"a": 1}"#, "application/json"), r#"{"a": 1}"#);
    }
}
