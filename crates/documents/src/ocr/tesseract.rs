//! The program `tesseract`: calling it, and what it writes.

use std::{path::Path, process::Stdio};

use casare_engine::NodeError;
use tokio::process::Command;

/// A word that was read, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) confidence: f64,
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The numbers of its block, its paragraph and its line.
    pub(super) place: (u32, u32, u32),
}

/// Reads the words of the picture at `path`.
pub(super) async fn words(
    path: &Path,
    languages: &[String],
    layout: &str,
    dpi: Option<u32>,
) -> Result<Vec<Word>, NodeError> {
    let mut command = Command::new("tesseract");
    command
        .arg(path)
        .arg("stdout")
        .args(["-l", &languages.join("+"), "--psm", layout]);
    if let Some(dpi) = dpi {
        command.args(["--dpi", &dpi.to_string()]);
    }
    command
        .arg("tsv")
        // Its own threads gain little and cost much where several steps run at a time.
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command
        .output()
        .await
        .map_err(|error| not_started(&error))?;
    if output.status.success() {
        return Ok(parse(&String::from_utf8_lossy(&output.stdout)));
    }
    let told = String::from_utf8_lossy(&output.stderr);
    if told.contains("Failed loading language") || told.contains("couldn't load any languages") {
        return Err(missing_language(languages).await);
    }
    let reason = told
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("it gave no reason")
        .to_owned();
    Err(NodeError::invalid(format!(
        "tesseract could not read the picture: {reason}"
    )))
}

fn not_started(error: &std::io::Error) -> NodeError {
    if error.kind() == std::io::ErrorKind::NotFound {
        return NodeError::unavailable(
            "the program `tesseract`, which reads text, is not installed",
        )
        .permanent()
        .with_help(
            "install it: Debian and Ubuntu `apt install tesseract-ocr`, macOS `brew install \
                 tesseract`, Windows from its setup; then see that it is in PATH",
        );
    }
    NodeError::io("could not start tesseract", error)
}

async fn missing_language(languages: &[String]) -> NodeError {
    let listed = Command::new("tesseract")
        .arg("--list-langs")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let there: Vec<String> = listed
        .map(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().skip(1).map(str::to_owned).collect()
        })
        .unwrap_or_default();
    let missing: Vec<&str> = languages
        .iter()
        .filter(|language| !there.contains(language))
        .map(String::as_str)
        .collect();
    NodeError::not_found(format!(
        "tesseract has no data for {}; there are: {}",
        missing.join(", "),
        there.join(", ")
    ))
    .with_help("install the language, on Debian for German `apt install tesseract-ocr-deu`")
}

/// The words in tesseract's table.
fn parse(table: &str) -> Vec<Word> {
    table.lines().filter_map(word).collect()
}

fn word(line: &str) -> Option<Word> {
    let columns: Vec<&str> = line.split('\t').collect();
    let number = |at: usize| columns.get(at)?.parse::<u32>().ok();
    let text = columns.get(11)?.trim();
    let confidence: f64 = columns.get(10)?.parse().ok()?;
    if number(0)? != 5 || text.is_empty() || confidence < 0.0 {
        return None;
    }
    Some(Word {
        text: text.to_owned(),
        confidence: (confidence * 10.0).round() / 10.0,
        left: number(6)?,
        top: number(7)?,
        width: number(8)?,
        height: number(9)?,
        place: (number(2)?, number(3)?, number(4)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_fifth_level_of_the_table() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t640\t480\t-1\t\n\
            5\t1\t1\t1\t2\t1\t36\t92\t60\t24\t96.06\tHello\n\
            5\t1\t1\t1\t2\t2\t109\t92\t90\t24\t95.0\t \n";

        let words = parse(table);

        assert_eq!(words.len(), 1);
        assert_eq!(words[0].text, "Hello");
        assert_eq!((words[0].left, words[0].confidence), (36, 96.1));
        assert_eq!(words[0].place, (1, 1, 2));
    }
}
