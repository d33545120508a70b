use std::{
    fmt::Write as _,
    io::{Read, Write as _},
    path::{Path, PathBuf},
};

use casare_engine::{Artifact, ErrorKind, LogLevel, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::make_folder;
use casare_workflow::Any;
use futures::StreamExt;
use indexmap::IndexMap;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_RANGE, ETAG, HeaderMap, LAST_MODIFIED},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    client::shown,
    request::LONG,
    response,
    send::{Call, Caller, failed},
    settings::{http_settings, yes},
};

http_settings! {
    /// Downloads a file, and goes on where it was cut off.
    ///
    /// The file takes its place only when it is whole and, where `sha256` or `size` say so, right.
    /// What has come of an interrupted download is kept beside it and used by the next attempt, if
    /// the other side can give the rest and says that the file is still the same.
    pub(super) struct Download {
        /// The address.
        url: String,
        /// Parameters that are added to the address.
        #[serde(default)]
        query: IndexMap<String, Any>,
        /// The file to write. One that ends in `/` is a folder: the file gets its name from the
        /// address.
        save_to: String,
        /// Whether a file that is there is replaced; otherwise the step fails with `conflict`.
        #[serde(default = "yes")]
        overwrite: bool,
        /// Whether an interrupted download goes on where it was cut off.
        #[serde(default = "yes")]
        resume: bool,
        /// The SHA-256 that the file must have, in hexadecimal digits.
        #[serde(default)]
        sha256: Option<String>,
        /// The bytes that the file must have.
        #[serde(default)]
        size: Option<u64>,
        /// Bytes after which the download fails, so that it fills no disk (10 GiB).
        #[serde(default = "most")]
        max_file_size: u64,
    }
}

fn most() -> u64 {
    10 * 1024 * 1024 * 1024
}

/// The file.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Downloaded {
    /// The file.
    file: Artifact,
    /// Its path.
    path: String,
    /// Its bytes.
    size: u64,
    /// Its SHA-256.
    sha256: String,
    /// Bytes that had come before and were not fetched again.
    resumed_from: u64,
}

pub(super) fn node() -> Node {
    Node::action("http.download", download)
        .pure()
        .icon("download")
        .fails_writing()
        .fails(
            ErrorKind::Business,
            "The file is not the one that `sha256` or the server says.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: rates
  use: http.download
  with:
    url: https://files.example.com/rates.csv
    save_to: rates.csv
- use: log.write
  with: { message: "{{ steps.rates.size }} bytes" }
"#;

/// What was fetched so far, and how the other side knows the file.
struct Partial {
    target: PathBuf,
    data: PathBuf,
    note: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct NoteOfPartial {
    url: String,
    /// A strong ETag, or a date.
    version: String,
}

impl Partial {
    fn of(target: &Path) -> Self {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let beside = |end: &str| target.with_file_name(format!(".{name}.casare-{end}"));
        Self {
            target: target.to_owned(),
            data: beside("part"),
            note: beside("part.json"),
        }
    }

    /// The bytes that are there of `url`, and their version.
    fn known(&self, url: &str) -> Option<(u64, String)> {
        let note = std::fs::read(&self.note).ok()?;
        let note: NoteOfPartial = serde_json::from_slice(&note).ok()?;
        let size = std::fs::metadata(&self.data).ok()?.len();
        (note.url == url && size > 0).then_some((size, note.version))
    }

    fn remember(&self, url: &str, version: Option<String>) -> std::io::Result<()> {
        if let Some(version) = version {
            let url = url.to_owned();
            let note = serde_json::to_vec(&NoteOfPartial { url, version })?;
            std::fs::write(&self.note, note)
        } else {
            self.forget_note();
            Ok(())
        }
    }

    fn forget_note(&self) {
        // A note that is left without its data is not believed.
        let _ = std::fs::remove_file(&self.note);
    }

    fn forget(&self) {
        let _ = std::fs::remove_file(&self.data);
        self.forget_note();
    }

    fn failed(&self, error: &std::io::Error) -> NodeError {
        NodeError::io(
            format_args!("could not write {}", self.target.display()),
            error,
        )
    }
}

async fn download(cx: &StepContext, settings: Download) -> Result<Downloaded, NodeError> {
    let caller = Caller::new(cx, settings.common(), LONG).await?;
    let url = caller.url(&settings.url, &settings.query)?;
    let target = target(cx, &settings.save_to, &url);
    if !settings.overwrite && target.exists() {
        return Err(
            NodeError::conflict(format!("{} is there already", target.display()))
                .with_help("set `overwrite: true` to replace it"),
        );
    }
    make_folder(target.parent().unwrap_or(Path::new(".")))?;
    let partial = Partial::of(&target);
    let mut call = Call::new(Method::GET, url);
    // The bytes of the file itself: those of a packed transfer could not be counted on.
    call.header("accept-encoding", "identity")?;
    let mut resumed_from = None;
    let mut left = if settings.resume { settings.retries } else { 0 };
    let media_type = loop {
        let (began, ended) = fetch(cx, &caller, &settings, &mut call, &partial).await?;
        resumed_from.get_or_insert(began);
        match ended {
            Ok(media_type) => break media_type,
            Err(error) if left > 0 && partial.note.exists() => {
                left -= 1;
                cx.log(LogLevel::Debug, format!("{}; going on", error.message()));
            }
            Err(error) => {
                if !partial.note.exists() {
                    partial.forget();
                }
                return Err(error);
            }
        }
    };
    let data = partial.data.clone();
    let (size, sha256) = cx.blocking(move || measured(&data)).await?;
    if let Err(error) = settings.check(&call.shown(), size, &sha256) {
        partial.forget();
        return Err(error);
    }
    std::fs::rename(&partial.data, &target).map_err(|error| partial.failed(&error))?;
    partial.forget_note();
    Ok(Downloaded {
        file: cx.describe_file(&target, &media_type)?,
        path: target.display().to_string(),
        size,
        sha256,
        resumed_from: resumed_from.unwrap_or(0),
    })
}

/// Where the file goes; one without a name gets that of the address.
fn target(cx: &StepContext, save_to: &str, url: &url::Url) -> PathBuf {
    let path = cx.file(save_to);
    if !save_to.ends_with(['/', '\\']) && !path.is_dir() {
        return path;
    }
    let last = url
        .path_segments()
        .and_then(Iterator::last)
        .unwrap_or_default();
    let name = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
    let name: String = name
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '/' | '\\' | ':'))
        .collect();
    match name.trim_matches(['.', ' ']) {
        "" => path.join("download"),
        name => path.join(name),
    }
}

/// Fetches what is missing. Answers where it began, and how it ended.
async fn fetch(
    cx: &StepContext,
    caller: &Caller<'_>,
    settings: &Download,
    call: &mut Call,
    partial: &Partial,
) -> Result<(u64, Result<String, NodeError>), NodeError> {
    let address = call.url.to_string();
    let known = settings.resume.then(|| partial.known(&address)).flatten();
    call.headers.remove("range");
    call.headers.remove("if-range");
    if let Some((size, version)) = &known {
        call.header("range", &format!("bytes={size}-"))?;
        call.header("if-range", version)?;
    }
    let response = caller.send(call).await?;
    let (began, response) = match (response.status(), &known) {
        (StatusCode::PARTIAL_CONTENT, Some((size, _))) if starts_at(&response, *size) => {
            (*size, response)
        }
        // All of it is there already, or the file has become shorter: begin again.
        (StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT, Some(_)) => {
            partial.forget();
            call.headers.remove("range");
            call.headers.remove("if-range");
            (0, caller.send(call).await?)
        }
        _ => (0, response),
    };
    if !response.status().is_success() {
        let status = response.status();
        let body = caller.bytes(response).await?;
        return Err(response::refusal(call, status, &body));
    }
    let media_type = response::media_type(response.headers());
    partial
        .remember(&address, version(response.headers()))
        .map_err(|error| partial.failed(&error))?;
    let written = write(cx, settings, response, partial, began).await;
    Ok((began, written.map(|()| media_type)))
}

async fn write(
    cx: &StepContext,
    settings: &Download,
    response: Response,
    partial: &Partial,
    began: u64,
) -> Result<(), NodeError> {
    let from = shown(response.url());
    let total = response.content_length().map(|rest| began + rest);
    let too_long = || {
        NodeError::invalid(format!(
            "{from} is longer than {} bytes",
            settings.max_file_size
        ))
        .with_help("raise `max_file_size`")
    };
    if total.is_some_and(|total| total > settings.max_file_size) {
        partial.forget();
        return Err(too_long());
    }
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .append(began > 0)
        .truncate(began == 0)
        .open(&partial.data)
        .map_err(|error| partial.failed(&error))?;
    let mut done = began;
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| failed(&from, error))?;
        done += chunk.len() as u64;
        if done > settings.max_file_size {
            partial.forget();
            return Err(too_long());
        }
        file.write_all(&chunk)
            .map_err(|error| partial.failed(&error))?;
        cx.progress(done, total);
    }
    file.sync_all().map_err(|error| partial.failed(&error))?;
    match total {
        Some(total) if total != done => Err(NodeError::unavailable(format!(
            "{from} broke off after {done} of {total} bytes"
        ))),
        _ => Ok(()),
    }
}

impl Download {
    fn check(&self, from: &str, size: u64, sha256: &str) -> Result<(), NodeError> {
        if let Some(wanted) = self.size.filter(|wanted| *wanted != size) {
            return Err(NodeError::business(format!(
                "{from} has {size} bytes, not {wanted}"
            )));
        }
        let wanted = self.sha256.as_deref().map(str::trim);
        match wanted.filter(|wanted| !wanted.eq_ignore_ascii_case(sha256)) {
            Some(wanted) => Err(NodeError::business(format!(
                "{from} has the SHA-256 {sha256}, not {wanted}"
            ))
            .with_help("the file was changed on its way, or `sha256` is that of another one")),
            None => Ok(()),
        }
    }
}

fn starts_at(response: &Response, wanted: u64) -> bool {
    let range = response
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.trim().starts_with(&format!("bytes {wanted}-")))
}

/// How the other side knows that the file is still the same: a weak ETag does not say it.
fn version(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    text(ETAG)
        .filter(|tag| tag.starts_with('"'))
        .or_else(|| text(LAST_MODIFIED))
        .map(str::to_owned)
}

fn measured(path: &Path) -> Result<(u64, String), NodeError> {
    let unread = |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
    let mut file = std::fs::File::open(path).map_err(unread)?;
    let (mut hash, mut buffer, mut size) = (Sha256::new(), vec![0; 256 * 1024], 0);
    loop {
        match file.read(&mut buffer).map_err(unread)? {
            0 => break,
            read => {
                hash.update(&buffer[..read]);
                size += read as u64;
            }
        }
    }
    let hex = hash
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a text can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
    Ok((size, hex))
}
