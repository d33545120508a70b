//! Where a text can be read on a screen, by the program `tesseract`.

use std::{io, process::Stdio};

use tokio::{io::AsyncWriteExt, process::Command};

use crate::{error::BrowserError, locator::Pattern};

/// A text on the screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Box {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Text on screens is smaller than what the program was made for: how many times larger it gets it.
pub(crate) const LARGER: f64 = 2.0;
/// Below this the program guesses.
const SURE: f64 = 30.0;

#[derive(Debug, Clone, PartialEq)]
struct Word {
    text: String,
    line: (u32, u32, u32),
    area: Box,
}

/// The places where a text like `pattern` can be read on a PNG that is [`LARGER`] than the screen.
pub(crate) async fn find(png: &[u8], pattern: &Pattern) -> Result<Vec<Box>, BrowserError> {
    let test = Test::of(pattern)?;
    Ok(places(&read(png).await?, &test))
}

async fn read(png: &[u8]) -> Result<Vec<Word>, BrowserError> {
    let mut child = Command::new("tesseract")
        .args(["stdin", "stdout", "--psm", "11", "--dpi", "150", "tsv"])
        // Its own threads gain little and cost much where several steps run at a time.
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BrowserError::NoOcr,
            _ => unread(error.to_string()),
        })?;
    let mut input = child.stdin.take();
    let feed = async move {
        if let Some(input) = &mut input {
            // A program that ends early says why itself.
            let _ = input.write_all(png).await;
        }
        drop(input);
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output.map_err(|error| unread(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().rfind(|line| !line.trim().is_empty());
        return Err(unread(reason.unwrap_or("it gave no reason").to_owned()));
    }
    let table = String::from_utf8_lossy(&output.stdout);
    Ok(table.lines().filter_map(word).collect())
}

fn unread(reason: String) -> BrowserError {
    BrowserError::Refused {
        what: "picture for `tesseract`",
        reason,
    }
}

/// A line of the program's table; words are its fifth level.
fn word(line: &str) -> Option<Word> {
    let columns: Vec<&str> = line.split('\t').collect();
    let number = |at: usize| columns.get(at)?.parse::<u32>().ok();
    let text = columns.get(11)?.trim();
    let sure: f64 = columns.get(10)?.parse().ok()?;
    let scaled = |at: usize| Some(f64::from(number(at)?) / LARGER);
    if number(0)? != 5 || text.is_empty() || sure < SURE {
        return None;
    }
    Some(Word {
        text: text.to_owned(),
        line: (number(2)?, number(3)?, number(4)?),
        area: Box {
            x: scaled(6)?,
            y: scaled(7)?,
            width: scaled(8)?,
            height: scaled(9)?,
        },
    })
}

/// How a text is compared; white space counts as one space.
enum Test {
    Exact(String),
    Loose(String),
    Regex(regex::Regex),
}

impl Test {
    fn of(pattern: &Pattern) -> Result<Self, BrowserError> {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(match pattern {
            Pattern::Exact { value } => Test::Exact(squeezed(value)),
            Pattern::Loose { value } | Pattern::Part { value } => {
                Test::Loose(squeezed(value).to_lowercase())
            }
            Pattern::Regex { source, flags } => {
                let built = regex::RegexBuilder::new(source)
                    .case_insensitive(flags.contains('i'))
                    .build();
                Test::Regex(built.map_err(|error| BrowserError::Refused {
                    what: "regular expression",
                    reason: error.to_string(),
                })?)
            }
        })
    }

    fn passes(&self, text: &str) -> bool {
        match self {
            Test::Exact(wanted) => text == wanted,
            Test::Loose(wanted) => {
                let text = text.to_lowercase();
                let plain = |text: &str| {
                    text.trim_matches(|c: char| c.is_ascii_punctuation())
                        .to_owned()
                };
                text == *wanted || plain(&text) == plain(wanted)
            }
            Test::Regex(wanted) => wanted.is_match(text),
        }
    }
}

/// The shortest rows of words that pass, line by line.
fn places(words: &[Word], test: &Test) -> Vec<Box> {
    let mut found = Vec::new();
    for line in words.chunk_by(|a, b| a.line == b.line) {
        let mut start = 0;
        while start < line.len() {
            let row = (start + 1..=line.len()).find(|end| {
                let texts: Vec<&str> = line[start..*end].iter().map(|word| &*word.text).collect();
                test.passes(&texts.join(" "))
            });
            match row {
                Some(end) => {
                    // A pattern that a longer row passes passes its end alone as well.
                    let shortest = (start..end).rev().find(|first| {
                        let texts: Vec<&str> =
                            line[*first..end].iter().map(|word| &*word.text).collect();
                        test.passes(&texts.join(" "))
                    });
                    found.push(around(&line[shortest.unwrap_or(start)..end]));
                    start = end;
                }
                None => start += 1,
            }
        }
    }
    found
}

fn around(words: &[Word]) -> Box {
    let edge = |side: fn(&Box) -> f64, most: fn(f64, f64) -> f64, from: f64| {
        words.iter().map(|word| side(&word.area)).fold(from, most)
    };
    let left = edge(|area| area.x, f64::min, f64::INFINITY);
    let top = edge(|area| area.y, f64::min, f64::INFINITY);
    let right = edge(|area| area.x + area.width, f64::max, 0.0);
    let bottom = edge(|area| area.y + area.height, f64::max, 0.0);
    Box {
        x: left,
        y: top,
        width: right - left,
        height: bottom - top,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_words_is_where_its_words_stand() {
        let table = "5\t1\t1\t1\t1\t1\t20\t40\t60\t20\t96\tSave\n5\t1\t1\t1\t1\t2\t90\t42\t40\t20\t95\tas…\n\
            5\t1\t1\t1\t2\t1\t20\t80\t60\t20\t91\tSave\n5\t1\t1\t1\t2\t2\t90\t80\t60\t20\t12\tnoise\n";
        let words: Vec<Word> = table.lines().filter_map(word).collect();
        let found = |pattern: Pattern| places(&words, &Test::of(&pattern).unwrap());
        let loose = |value: &str| Pattern::Loose {
            value: value.to_owned(),
        };

        assert_eq!(
            found(loose("save as…")),
            [Box {
                x: 10.0,
                y: 20.0,
                width: 55.0,
                height: 11.0
            }]
        );
        assert_eq!(found(loose("Save")).len(), 2);
        let regex = Pattern::Regex {
            source: "^Save a".into(),
            flags: String::new(),
        };
        assert_eq!(found(regex).len(), 1);
    }
}
