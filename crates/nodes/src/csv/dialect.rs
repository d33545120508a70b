//! Which CSV it is: there are as many as programs that write it.

use casare_engine::NodeError;

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter that a setting names.
pub(super) fn delimiter(setting: &str) -> Result<u8, NodeError> {
    match setting {
        "tab" | "\\t" => Ok(b'\t'),
        "semicolon" => Ok(b';'),
        "comma" => Ok(b','),
        "pipe" => Ok(b'|'),
        "space" => Ok(b' '),
        text => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
            _ => Err(
                NodeError::invalid(format!("setting `delimiter`: `{text}` is no delimiter"))
                    .with_help("it is one character such as `,` or `;`, or the word `tab`"),
            ),
        },
    }
}

/// What the beginning of a text says about its dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Whether the first line is `sep=;`, which tells Excel the delimiter and is no data.
    pub(super) has_sep_line: bool,
}

/// The dialect of a text that begins with `sample`.
pub(super) fn detect(sample: &str) -> Dialect {
    let first = sample.lines().next().unwrap_or_default().as_bytes();
    if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] = first {
        return Dialect {
            delimiter: *delimiter,
            has_sep_line: true,
        };
    }
    let lines = records(sample, 50);
    // The right one occurs equally often in all lines; of several such, the one that occurs more.
    let score = |delimiter: u8| {
        let count = |line: &str| delimiters(line, delimiter);
        let first = lines.first().map_or(0, |line| count(line));
        if first == 0 {
            return (0, 0);
        }
        let alike = lines.iter().filter(|line| count(line) == first).count();
        (alike, first)
    };
    let best = CANDIDATES
        .into_iter()
        .rev()
        .max_by_key(|delimiter| score(*delimiter))
        .filter(|delimiter| score(*delimiter).1 > 0);
    Dialect {
        delimiter: best.unwrap_or(b','),
        has_sep_line: false,
    }
}

/// The first complete records of `sample`, a line break inside quotes not ending one.
fn records(sample: &str, most: usize) -> Vec<&str> {
    let mut records = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in sample.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                let record = sample[start..at].trim_end_matches('\r');
                if !record.is_empty() {
                    records.push(record);
                }
                start = at + 1;
                if records.len() == most {
                    return records;
                }
            }
            _ => {}
        }
    }
    // The last one may be cut off; with nothing else there is no choice.
    if records.is_empty() {
        records.push(&sample[start..]);
    }
    records
}

fn delimiters(record: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    record
        .bytes()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == delimiter
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_all_lines_share() {
        let found = |sample| char::from(detect(sample).delimiter);

        assert_eq!(found("name;amount\nAda;1,50\nBo;2,75\n"), ';');
        assert_eq!(found("a\tb, c\n1\t2\n"), '\t');
        assert_eq!(found("\"x;y;z\",1\n\"multi\nline;\",2\n"), ',');
        assert_eq!(found("only one column\nof text\n"), ',');
    }

    #[test]
    fn excels_own_line_says_it() {
        let dialect = detect("sep=|\na|b\n");

        assert_eq!(
            dialect,
            Dialect {
                delimiter: b'|',
                has_sep_line: true
            }
        );
    }

    #[test]
    fn delimiters_have_names() {
        assert_eq!(delimiter("tab").unwrap(), b'\t');
        assert_eq!(
            delimiter("::").unwrap_err().message(),
            "setting `delimiter`: `::` is no delimiter"
        );
    }
}
