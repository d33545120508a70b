//! What a session keeps of what happened between its steps: what pages said to their consoles, the
//! traffic, and pictures.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use casare_browser::{
    Context, HarOptions, HarRecording, Page, PageEvent, Screencast, ScreencastFrame,
};
use casare_engine::{LogLevel, NodeError, Reporter};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    task::JoinHandle,
    time::Instant,
};

/// How long the last bodies of answers may take to come.
const LAST_BODIES: Duration = Duration::from_secs(3);
/// A page that talks without end is not listened to without end.
const LINES: u32 = 500;
const LONGEST_LINE: usize = 2000;
/// The most that pictures may take on the disk, in bytes.
const PICTURES: usize = 64 << 20;

/// What is kept of what pages say to their consoles; it goes to the run's log at the level `debug`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Console {
    /// Errors, and exceptions that nobody caught.
    #[default]
    Errors,
    /// Everything.
    All,
    /// Nothing.
    Nothing,
}

/// What a session records until it ends.
pub(super) struct Recording {
    reporter: Reporter,
    console: Console,
    said: Arc<AtomicU32>,
    listened: Vec<(Page, Listening)>,
    har: Option<HarRecording>,
    pictures: Option<JoinHandle<Result<(), NodeError>>>,
}

/// A task that ends with its owner.
struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Recording {
    pub(super) fn new(reporter: Reporter, console: Console) -> Self {
        Recording {
            reporter,
            console,
            said: Arc::default(),
            listened: Vec::new(),
            har: None,
            pictures: None,
        }
    }

    /// Records the traffic of a context.
    pub(super) fn record_traffic(&mut self, context: &Context) {
        self.har = Some(context.record_har(HarOptions::default()));
    }

    /// Takes pictures of a context's pages.
    pub(super) fn take_pictures(&mut self, context: &Context) -> Result<(), NodeError> {
        let album = Album::create(self.reporter.clone())?;
        let frames = context.screencast(Screencast::default());
        self.pictures = Some(tokio::spawn(fill(album, frames)));
        Ok(())
    }

    /// Listens to what a page says, unless that is done already.
    pub(super) fn listen_to(&mut self, page: &Page) {
        if self.console == Console::Nothing {
            return;
        }
        self.listened.retain(|(page, _)| !page.is_closed());
        if self.listened.iter().any(|(known, _)| known.is_same(page)) {
            return;
        }
        let mut events = page.events();
        let (reporter, said, all) = (
            self.reporter.clone(),
            Arc::clone(&self.said),
            self.console == Console::All,
        );
        let task = tokio::spawn(async move {
            loop {
                let line = match events.recv().await {
                    Ok(PageEvent::Error { message }) => format!("the page failed: {message}"),
                    Ok(PageEvent::Console { level, text }) if all || level == "error" => {
                        format!("the page said ({level}): {text}")
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return,
                };
                let line: String = line.chars().take(LONGEST_LINE).collect();
                match said.fetch_add(1, Ordering::Relaxed) {
                    before if before < LINES => reporter.log(LogLevel::Debug, line),
                    LINES => reporter.log(
                        LogLevel::Debug,
                        "what the pages said further was left out".to_owned(),
                    ),
                    _ => {}
                }
            }
        });
        self.listened.push((page.clone(), Listening(task)));
    }

    /// Ends it, and keeps what was recorded among the run's files.
    pub(super) async fn finish(mut self) -> Result<(), NodeError> {
        self.listened.clear();
        let mut outcome = Ok(());
        if let Some(har) = self.har.take() {
            let mut archive = har.finish(Instant::now() + LAST_BODIES).await;
            self.reporter.mask(&mut archive);
            let reporter = self.reporter.clone();
            outcome = blocking(move || {
                let path = reporter.artifact_path("traffic.har")?;
                let failed = |error| could_not_write(&path, &error);
                let mut file = BufWriter::new(File::create(&path).map_err(failed)?);
                serde_json::to_writer(&mut file, &archive).map_err(|error| failed(error.into()))?;
                file.flush().map_err(failed)?;
                drop(file);
                reporter.keep_file(&path, "application/json").map(drop)
            })
            .await;
        }
        if let Some(pictures) = self.pictures.take() {
            // The pictures end when the browser does; what has come until now is what there is.
            pictures.abort();
            if let Ok(written) = pictures.await {
                outcome = outcome.and(written);
            }
        }
        outcome
    }
}

async fn blocking(
    work: impl FnOnce() -> Result<(), NodeError> + Send + 'static,
) -> Result<(), NodeError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(NodeError::bug(format!("the recording was lost: {error}"))))
}

fn could_not_write(path: &std::path::Path, error: &std::io::Error) -> NodeError {
    NodeError::io(format_args!("could not write {}", path.display()), error)
}

async fn fill(
    mut album: Album,
    mut frames: mpsc::Receiver<ScreencastFrame>,
) -> Result<(), NodeError> {
    while let Some(frame) = frames.recv().await {
        // A picture is written in far less time than the next one takes to come.
        if !album.add(&frame)? {
            break;
        }
    }
    Ok(())
}

/// Pictures in one page of HTML that shows them one after another, written as they come.
struct Album {
    reporter: Reporter,
    path: PathBuf,
    file: File,
    size: usize,
    began: Option<SystemTime>,
}

const PLAYER: &str = r#"<!doctype html><meta charset="utf-8"><title>What the browser showed</title>
<style>body{font:14px sans-serif;margin:1em;background:#222;color:#eee}img{max-width:100%;border:1px solid #555}input{width:60%}</style>
<p><button id="play">Play</button> <input id="at" type="range" min="0" value="0"> <span id="time"></span> <span id="url"></span></p><img id="picture" alt="">
<script>
const frames = [], get = (id) => document.getElementById(id);
let timer = null;
function show(at) {
  const [time, url, data] = frames[at];
  get('at').value = at; get('time').textContent = time.toFixed(1) + ' s'; get('url').textContent = url;
  get('picture').src = 'data:image/jpeg;base64,' + data;
}
function next() {
  const at = +get('at').value;
  if (at + 1 >= frames.length) { timer = null; return; }
  timer = setTimeout(() => { show(at + 1); next(); }, Math.min(2000, (frames[at + 1][0] - frames[at][0]) * 1000));
}
get('play').onclick = () => { if (timer) { clearTimeout(timer); timer = null; } else { if (+get('at').value + 1 >= frames.length) show(0); next(); } };
get('at').oninput = () => show(+get('at').value);
function frame(time, url, data) { frames.push([time, url, data]); get('at').max = frames.length - 1; if (frames.length === 1) show(0); }
</script>
"#;

impl Album {
    fn create(reporter: Reporter) -> Result<Self, NodeError> {
        let path = reporter.artifact_path("pictures.html")?;
        let failed = |error| could_not_write(&path, &error);
        let mut file = File::create(&path).map_err(failed)?;
        file.write_all(PLAYER.as_bytes()).map_err(failed)?;
        Ok(Album {
            reporter,
            size: PLAYER.len(),
            path,
            file,
            began: None,
        })
    }

    /// Whether there is room for more.
    fn add(&mut self, frame: &ScreencastFrame) -> Result<bool, NodeError> {
        let began = *self.began.get_or_insert(frame.taken);
        let since = frame.taken.duration_since(began).unwrap_or_default();
        let mut url = serde_json::Value::from(frame.url.as_str());
        self.reporter.mask(&mut url);
        let line = format!(
            "<script>frame({:.2},{},\"{}\")</script>\n",
            since.as_secs_f64(),
            // An address must not end the script that it stands in.
            url.to_string().replace('<', "\\u003c"),
            STANDARD.encode(&frame.jpeg)
        );
        self.size += line.len();
        if self.size > PICTURES {
            return Ok(false);
        }
        self.file
            .write_all(line.as_bytes())
            .map_err(|error| could_not_write(&self.path, &error))?;
        Ok(true)
    }
}

impl Drop for Album {
    fn drop(&mut self) {
        // The run may have ended by an error that matters more than this file.
        let _ = self.reporter.keep_file(&self.path, "text/html");
    }
}
