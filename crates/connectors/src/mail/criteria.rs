//! Which mails are meant, as IMAP asks for them.

use casare_engine::NodeError;
use indexmap::IndexMap;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;

use super::imap::set;

/// Which mails are meant: those for which all of it holds. Texts may stand anywhere in their
/// field; case does not matter.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Criteria {
    /// A text in the sender.
    #[serde(default)]
    from: Option<String>,
    /// A text in the recipients.
    #[serde(default)]
    to: Option<String>,
    /// A text in the recipients of copies.
    #[serde(default)]
    cc: Option<String>,
    /// A text in the subject.
    #[serde(default)]
    subject: Option<String>,
    /// A text in the body.
    #[serde(default)]
    body: Option<String>,
    /// A text anywhere, headers included.
    #[serde(default)]
    text: Option<String>,
    /// Received on this date or later, such as `2026-03-01`; with a time, to the second.
    #[serde(default)]
    since: Option<String>,
    /// Received before this date.
    #[serde(default)]
    before: Option<String>,
    /// Received on this date.
    #[serde(default)]
    on: Option<String>,
    /// Not read yet, or read.
    #[serde(default)]
    unread: Option<bool>,
    /// Flagged, or not.
    #[serde(default)]
    flagged: Option<bool>,
    /// Answered, or not.
    #[serde(default)]
    answered: Option<bool>,
    /// With this keyword of the server.
    #[serde(default)]
    keyword: Option<String>,
    /// Larger than these bytes.
    #[serde(default)]
    larger: Option<u32>,
    /// Smaller than these bytes.
    #[serde(default)]
    smaller: Option<u32>,
    /// Texts in other headers, by their names.
    #[serde(default)]
    headers: IndexMap<String, String>,
    /// This Message-ID.
    #[serde(default)]
    message_id: Option<String>,
    /// Later than the mail with this number.
    #[serde(default)]
    after_uid: Option<u32>,
    /// Not matching this.
    #[serde(default)]
    not: Option<Box<Criteria>>,
    /// Matching at least one of these.
    #[serde(default)]
    any: Vec<Criteria>,
    /// Criteria in IMAP's own words, such as `UNKEYWORD done`.
    #[serde(default)]
    query: Option<String>,
}

/// Numbers of mails: one, or a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Uids {
    /// One mail.
    One(u32),
    /// Several mails.
    More(Vec<u32>),
}

impl Uids {
    pub(super) fn list(&self) -> Vec<u32> {
        match self {
            Self::One(uid) => vec![*uid],
            Self::More(uids) => uids.clone(),
        }
    }
}

/// How texts are written to this server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing {
    /// Whether it takes texts by their length without being asked (LITERAL+, LITERAL-).
    pub(super) literals: bool,
}

impl Criteria {
    /// The arguments of `UID SEARCH`.
    pub(super) fn query(&self, writing: Writing) -> Result<String, NodeError> {
        let keys = self.keys(writing)?;
        let keys = if keys.is_empty() {
            "ALL".to_owned()
        } else {
            keys.join(" ")
        };
        Ok(if keys.is_ascii() {
            keys
        } else {
            format!("CHARSET UTF-8 {keys}")
        })
    }

    /// The time from which on mails count, if it is given to the second.
    pub(super) fn since_time(&self) -> Option<Timestamp> {
        self.since.as_deref()?.trim().parse().ok()
    }

    /// The latest number that does not count.
    pub(super) fn after_uid(&self) -> Option<u32> {
        self.after_uid
    }

    fn keys(&self, writing: Writing) -> Result<Vec<String>, NodeError> {
        let mut keys = Vec::new();
        let texts = [
            ("FROM", &self.from),
            ("TO", &self.to),
            ("CC", &self.cc),
            ("SUBJECT", &self.subject),
            ("BODY", &self.body),
            ("TEXT", &self.text),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                keys.push(format!("{key} {}", written(text, writing)?));
            }
        }
        let dates = [
            ("SINCE", &self.since),
            ("BEFORE", &self.before),
            ("ON", &self.on),
        ];
        for (key, given) in dates {
            if let Some(given) = given {
                keys.push(format!("{key} {}", date(given)?.strftime("%-d-%b-%Y")));
            }
        }
        let flags = [
            (self.unread, "UNSEEN", "SEEN"),
            (self.flagged, "FLAGGED", "UNFLAGGED"),
            (self.answered, "ANSWERED", "UNANSWERED"),
        ];
        for (wanted, yes, no) in flags {
            if let Some(wanted) = wanted {
                keys.push(if wanted { yes } else { no }.to_owned());
            }
        }
        if let Some(keyword) = &self.keyword {
            keys.push(format!("KEYWORD {}", atom(keyword)?));
        }
        keys.extend(self.larger.map(|size| format!("LARGER {size}")));
        keys.extend(self.smaller.map(|size| format!("SMALLER {size}")));
        for (name, text) in &self.headers {
            keys.push(format!(
                "HEADER {} {}",
                atom(name)?,
                written(text, writing)?
            ));
        }
        if let Some(id) = &self.message_id {
            keys.push(format!("HEADER Message-ID {}", written(id, writing)?));
        }
        if let Some(uid) = self.after_uid {
            keys.push(format!("UID {}:*", uid.saturating_add(1)));
        }
        if let Some(not) = &self.not {
            keys.push(format!("NOT ({})", not.inner(writing)?));
        }
        if let Some((last, others)) = self.any.split_last() {
            let mut either = format!("({})", last.inner(writing)?);
            for other in others.iter().rev() {
                either = format!("OR ({}) {either}", other.inner(writing)?);
            }
            keys.push(either);
        }
        if let Some(query) = &self.query {
            one_line(query)?;
            keys.push(format!("({})", query.trim()));
        }
        Ok(keys)
    }

    fn inner(&self, writing: Writing) -> Result<String, NodeError> {
        let keys = self.keys(writing)?;
        Ok(if keys.is_empty() {
            "ALL".to_owned()
        } else {
            keys.join(" ")
        })
    }
}

/// The query for these mails only.
pub(super) fn of_uids(uids: &[u32]) -> String {
    format!("UID {}", set(uids))
}

fn one_line(text: &str) -> Result<(), NodeError> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(NodeError::invalid("a text in `where` holds a line break")
            .with_help("give one line; what is sought stands within one"));
    }
    Ok(())
}

fn written(text: &str, writing: Writing) -> Result<String, NodeError> {
    one_line(text)?;
    if text.is_ascii() || !writing.literals {
        return Ok(format!(
            "\"{}\"",
            text.replace('\\', "\\\\").replace('"', "\\\"")
        ));
    }
    Ok(format!("{{{}+}}\r\n{text}", text.len()))
}

fn atom(text: &str) -> Result<&str, NodeError> {
    let fits = |c: char| {
        c.is_ascii_graphic() && !matches!(c, '(' | ')' | '{' | '%' | '*' | '"' | '\\' | ']')
    };
    if !text.is_empty() && text.chars().all(fits) {
        return Ok(text);
    }
    Err(NodeError::invalid(format!(
        "`{text}` is no name of a header or keyword"
    )))
}

fn date(text: &str) -> Result<Date, NodeError> {
    let text = text.trim();
    let date = text.parse::<Date>().ok().or_else(|| {
        Some(
            text.parse::<Timestamp>()
                .ok()?
                .to_zoned(TimeZone::UTC)
                .date(),
        )
    });
    date.ok_or_else(|| {
        NodeError::invalid(format!("`{text}` is no date"))
            .with_help("write it as `2026-03-01`, or with a time as `2026-03-01T10:00:00Z`")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn query(criteria: Json) -> Result<String, String> {
        let criteria: Criteria = serde_json::from_value(criteria).unwrap();
        criteria
            .query(Writing { literals: true })
            .map_err(|error| error.to_string())
    }

    #[test]
    fn criteria_become_a_search() {
        assert_eq!(query(json!({})).unwrap(), "ALL");
        assert_eq!(
            query(json!({
                "from": "ada", "subject": "say \"hi\"", "since": "2026-03-01", "unread": true,
                "headers": { "X-Case": "7" },
            }))
            .unwrap(),
            r#"FROM "ada" SUBJECT "say \"hi\"" SINCE 1-Mar-2026 UNSEEN HEADER X-Case "7""#
        );
        assert_eq!(
            query(json!({ "any": [{ "from": "a" }, { "from": "b" }, { "to": "c" }], "not": { "flagged": true } })).unwrap(),
            "NOT (FLAGGED) OR (FROM \"a\") OR (FROM \"b\") (TO \"c\")"
        );
        assert_eq!(
            query(json!({ "subject": "Grüße" })).unwrap(),
            "CHARSET UTF-8 SUBJECT {7+}\r\nGrüße"
        );
    }

    #[test]
    fn nothing_breaks_out_of_the_command() {
        assert!(query(json!({ "from": "a\r\nA1 DELETE INBOX" })).is_err());
        assert!(query(json!({ "query": "ALL\nA1 LOGOUT" })).is_err());
        assert!(query(json!({ "headers": { "X\r\n": "a" } })).is_err());
        assert!(
            query(json!({ "since": "yesterday" }))
                .unwrap_err()
                .contains("no date")
        );
    }
}
