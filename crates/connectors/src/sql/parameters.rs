//! Parameters of a statement, by place or by name, as each database wants them.

use casare_engine::NodeError;
use casare_workflow::{
    Any, Value,
    value::{kind_name, pairs},
};
use minijinja::value::ValueKind;

use super::connection::Dialect;

/// A statement and the values for its places.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

/// A statement whose parameters have been found; values can be put in many times.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) sql: String,
    order: Order,
}

#[derive(Debug, Clone)]
enum Order {
    /// As they are given.
    Given,
    /// By the numbers that `$1`, `$2` had, from 0.
    Numbers(Vec<usize>),
    /// By name.
    Names(Vec<String>),
}

/// The schema of parameters: a list or a map.
pub(super) fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": ["array", "object"] })
}

/// `sql` with the values that `parameters` gives: a list for `$1`, `$2`, … or a map for `:name`.
pub(super) fn prepared(
    sql: &str,
    dialect: Dialect,
    parameters: &Any,
) -> Result<Prepared, NodeError> {
    let template = template(sql, dialect, &parameters.0);
    let values = template.values(&parameters.0)?;
    if let Order::Names(names) = &template.order {
        let unused = pairs(&parameters.0)
            .map(|(name, _)| name.to_string())
            .find(|name| !names.contains(name));
        if let Some(unused) = unused {
            return Err(
                NodeError::invalid(format!("the statement has no parameter `:{unused}`"))
                    .with_help(format!("it has: {}", list(names))),
            );
        }
    }
    Ok(Prepared {
        sql: template.sql,
        values,
    })
}

/// `sql` as `dialect` takes it when it is given parameters such as `like`.
pub(super) fn template(sql: &str, dialect: Dialect, like: &Value) -> Template {
    let by_name = like.kind() == ValueKind::Map;
    if !by_name && dialect != Dialect::MySql {
        return Template {
            sql: sql.to_owned(),
            order: Order::Given,
        };
    }
    let mut text = String::with_capacity(sql.len());
    let (mut names, mut numbers) = (Vec::<String>::new(), Vec::new());
    let mut copied = 0;
    for place in places(sql, dialect) {
        let name = &sql[place.start + 1..place.end];
        let sign = sql.as_bytes()[place.start];
        if by_name != (sign == b':') {
            continue;
        }
        text.push_str(&sql[copied..place.start]);
        copied = place.end;
        if !by_name {
            numbers.push(name.parse::<usize>().unwrap_or(1).saturating_sub(1));
            text.push('?');
            continue;
        }
        // MySQL counts places; the others can use one value at several.
        let known = names.iter().position(|known| known == name);
        let number = if let Some(index) = known.filter(|_| dialect != Dialect::MySql) {
            index + 1
        } else {
            names.push(name.to_owned());
            names.len()
        };
        match dialect {
            Dialect::MySql => text.push('?'),
            Dialect::Postgres => text.push_str(&format!("${number}")),
            Dialect::Sqlite => text.push_str(&format!("?{number}")),
        }
    }
    text.push_str(&sql[copied..]);
    let order = match (by_name, numbers.is_empty()) {
        (true, _) => Order::Names(names),
        (false, false) => Order::Numbers(numbers),
        (false, true) => Order::Given,
    };
    Template { sql: text, order }
}

impl Template {
    /// The values for its places.
    pub(super) fn values(&self, given: &Value) -> Result<Vec<Value>, NodeError> {
        if given.is_none() || given.is_undefined() {
            return Ok(Vec::new());
        }
        match &self.order {
            Order::Names(names) => names
                .iter()
                .map(|name| {
                    let value = given.get_attr(name).unwrap_or_default();
                    if value.is_undefined() {
                        return Err(NodeError::invalid(format!(
                            "there is no value for the parameter `:{name}`"
                        ))
                        .with_help(format!(
                            "given are: {}",
                            list(
                                &pairs(given)
                                    .map(|(key, _)| key.to_string())
                                    .collect::<Vec<_>>()
                            )
                        )));
                    }
                    Ok(value)
                })
                .collect(),
            order => {
                let unfit = || {
                    NodeError::invalid(format!(
                        "parameters are a list or a map, not a {}",
                        kind_name(given)
                    ))
                };
                if !matches!(given.kind(), ValueKind::Seq | ValueKind::Iterable) {
                    return Err(unfit());
                }
                let values: Vec<Value> = given.try_iter().map_err(|_| unfit())?.collect();
                let Order::Numbers(numbers) = order else {
                    return Ok(values);
                };
                numbers
                    .iter()
                    .map(|number| {
                        values.get(*number).cloned().ok_or_else(|| {
                            NodeError::invalid(format!("there is no value for ${}", number + 1))
                        })
                    })
                    .collect()
            }
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

/// Where `:name` and `$1` stand in `sql`, outside of texts, quoted names and comments.
fn places(sql: &str, dialect: Dialect) -> Vec<std::ops::Range<usize>> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(end) = beyond_quoted(sql, at, dialect) {
            at = end;
            continue;
        }
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let joined = before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'));
        let wanted: fn(&u8) -> bool = match bytes[at] {
            b':' => |b| b.is_ascii_alphanumeric() || *b == b'_',
            b'$' => u8::is_ascii_digit,
            _ => {
                at += 1;
                continue;
            }
        };
        let length = bytes[at + 1..].iter().take_while(|b| wanted(b)).count();
        let begins_well = bytes
            .get(at + 1)
            .is_some_and(|b| bytes[at] == b'$' || !b.is_ascii_digit());
        if length > 0 && !joined && begins_well {
            found.push(at..at + 1 + length);
        }
        at += 1 + length;
    }
    found
}

/// The end of the text, quoted name or comment that begins at `at`, if one does.
fn beyond_quoted(sql: &str, at: usize, dialect: Dialect) -> Option<usize> {
    let rest = &sql.as_bytes()[at..];
    let until = |end: &str, from: usize| {
        sql.get(at + from..)
            .and_then(|rest| rest.find(end))
            .map_or(sql.len(), |found| at + from + found + end.len())
    };
    match rest {
        [b'-', b'-', ..] => Some(until("\n", 2)),
        [b'#', ..] if dialect == Dialect::MySql => Some(until("\n", 1)),
        [b'/', b'*', ..] => Some(until("*/", 2)),
        [quote @ (b'\'' | b'"' | b'`'), ..] => {
            let mut end = 1;
            while end < rest.len() {
                match rest[end] {
                    b'\\' if dialect == Dialect::MySql => end += 2,
                    b if b == *quote && rest.get(end + 1) == Some(quote) => end += 2,
                    b if b == *quote => return Some(at + end + 1),
                    _ => end += 1,
                }
            }
            Some(sql.len())
        }
        [b'$', ..] if dialect == Dialect::Postgres => {
            let tag = rest[1..]
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count();
            let is_tag =
                rest.get(tag + 1) == Some(&b'$') && !rest.get(1).is_some_and(u8::is_ascii_digit);
            is_tag.then(|| until(&sql[at..at + tag + 2], tag + 2))
        }
        _ => None,
    }
}

/// Whether a statement only reads, as far as its words tell.
pub(super) fn only_reads(sql: &str) -> bool {
    const READING: [&str; 8] = [
        "SELECT", "VALUES", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "TABLE", "WITH",
    ];
    const WRITING: [&str; 8] = [
        "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "DROP", "ALTER", "TRUNCATE",
    ];
    let words = words(sql);
    words
        .first()
        .is_some_and(|first| READING.contains(&first.as_str()))
        && !words.iter().any(|word| WRITING.contains(&word.as_str()))
}

fn words(sql: &str) -> Vec<String> {
    let bytes = sql.as_bytes();
    let (mut words, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if let Some(end) = beyond_quoted(sql, at, Dialect::Postgres) {
            at = end;
        } else if bytes[at].is_ascii_alphabetic() {
            let length = bytes[at..]
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count();
            words.push(sql[at..at + length].to_ascii_uppercase());
            at += length;
        } else {
            at += 1;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::from_json;
    use serde_json::{Value as Json, json};

    use super::*;

    fn read(
        sql: &str,
        dialect: Dialect,
        parameters: &Json,
    ) -> Result<(String, Vec<String>), String> {
        prepared(sql, dialect, &Any(from_json(parameters)))
            .map(|prepared| {
                let values = prepared.values.iter().map(ToString::to_string).collect();
                (prepared.sql, values)
            })
            .map_err(|error| error.to_string())
    }

    #[test]
    fn names_become_the_places_of_each_database() {
        let sql = "SELECT a::text, ':x', t[1:n] -- :y\nFROM t WHERE a = :who OR b = :who AND c > :n /* :z */";
        let given = json!({ "who": "Ada", "n": 7 });

        let (postgres, values) = read(sql, Dialect::Postgres, &given).unwrap();
        assert!(
            postgres.ends_with("WHERE a = $1 OR b = $1 AND c > $2 /* :z */"),
            "{postgres}"
        );
        assert!(postgres.starts_with("SELECT a::text, ':x', t[1:n] -- :y\n"));
        assert_eq!(values, ["Ada", "7"]);
        let (mysql, values) = read(sql, Dialect::MySql, &given).unwrap();
        assert!(mysql.contains("a = ? OR b = ? AND c > ?"), "{mysql}");
        assert_eq!(values, ["Ada", "Ada", "7"]);
    }

    #[test]
    fn numbers_work_everywhere() {
        let sql = "SELECT $2, '$1', $1, $2";
        let given = json!([1, 2]);

        assert_eq!(read(sql, Dialect::Postgres, &given).unwrap().0, sql);
        let (mysql, values) = read(sql, Dialect::MySql, &given).unwrap();
        assert_eq!(
            (mysql.as_str(), values.join(",").as_str()),
            ("SELECT ?, '$1', ?, ?", "2,1,2")
        );
        assert_eq!(
            read("SELECT $3", Dialect::MySql, &given).unwrap_err(),
            "there is no value for $3"
        );
    }

    #[test]
    fn a_name_that_is_missing_or_too_much_is_told() {
        let missing = read("SELECT :a", Dialect::Sqlite, &json!({ "b": 1 })).unwrap_err();
        let unused = read("SELECT :a", Dialect::Sqlite, &json!({ "a": 1, "b": 1 })).unwrap_err();

        assert_eq!(missing, "there is no value for the parameter `:a`");
        assert_eq!(unused, "the statement has no parameter `:b`");
    }

    #[test]
    fn what_writes_is_told_from_what_reads() {
        assert!(only_reads("  /* DELETE */ select 'insert' from \"update\""));
        assert!(only_reads("WITH a AS (SELECT 1) SELECT * FROM a"));
        assert!(!only_reads(
            "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a"
        ));
        assert!(!only_reads("INSERT INTO t VALUES (1) RETURNING id"));
    }

    #[test]
    fn dollar_quotes_and_broken_texts_hold_no_parameters() {
        assert_eq!(places("$$ :a $1 $$ :b", Dialect::Postgres).len(), 1);
        assert_eq!(places("$q$ :a $$ $q$", Dialect::Postgres).len(), 0);
        assert_eq!(places("'it''s :a' :b", Dialect::Sqlite).len(), 1);
        assert_eq!(places("'\\' :a' :b", Dialect::MySql).len(), 1);
        assert_eq!(places("'never closed :a", Dialect::Sqlite).len(), 0);
    }
}
