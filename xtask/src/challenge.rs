//! Serves the challenge page and remembers the score that the page reports.

use std::{
    fs,
    io::Read,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use clap::Args;
use serde_json::Value;
use tiny_http::{Header, Method, Request, Response, Server};

use crate::{failure::Failure, paths};

/// The longest score report that is read, in bytes.
const LONGEST_REPORT: u64 = 64 * 1024;

/// Serve the challenge page, for benchmarks and by hand
#[derive(Debug, Args)]
pub(crate) struct Challenge {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 7331)]
    port: u16,
}

impl Challenge {
    pub(crate) fn exec(self) -> Result<(), Failure> {
        let page = ChallengePage::serve(self.port)?;
        println!("{}", page.url());
        eprintln!("GET /score answers the last score. Stop with Ctrl+C.");
        page.until_stopped();
        Ok(())
    }
}

/// What the page said about the ten rounds.
#[derive(Debug, Clone)]
pub(crate) struct Score {
    /// Fields that held the right value, in whole percent.
    pub(crate) percent: u64,
    /// From Start to the tenth Submit, by the page's own clock.
    pub(crate) milliseconds: u64,
    /// The report as it came.
    text: String,
}

impl Score {
    fn parse(text: String) -> Option<Self> {
        let report: Value = serde_json::from_str(&text).ok()?;
        let percent = report.get("percent")?.as_u64()?;
        let milliseconds = report.get("milliseconds")?.as_u64()?;
        Some(Self {
            percent,
            milliseconds,
            text,
        })
    }
}

/// The page, served on loopback until this is dropped.
pub(crate) struct ChallengePage {
    server: Arc<Server>,
    last: Arc<Mutex<Option<Score>>>,
    thread: Option<JoinHandle<()>>,
    url: String,
}

impl ChallengePage {
    /// Serves on `port` of 127.0.0.1; 0 takes a free one.
    pub(crate) fn serve(port: u16) -> Result<Self, Failure> {
        let file = paths::root().join("examples/rpa-challenge/challenge.html");
        let html = fs::read(&file).map_err(Failure::io(format!("read {}", file.display())))?;
        let server = Server::http(("127.0.0.1", port)).map_err(|error| {
            Failure::Unexpected(format!("could not listen on 127.0.0.1:{port}: {error}"))
        })?;
        let url = format!("http://{}/", server.server_addr());

        let server = Arc::new(server);
        let last = Arc::new(Mutex::new(None));
        let thread = thread::spawn({
            let (server, last) = (Arc::clone(&server), Arc::clone(&last));
            move || {
                for request in server.incoming_requests() {
                    answer(request, &html, &last);
                }
            }
        });
        Ok(Self {
            server,
            last,
            thread: Some(thread),
            url,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The last score reported since the page is served or since it was last taken.
    pub(crate) fn take_score(&self) -> Option<Score> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn until_stopped(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed by itself.
            let _ = thread.join();
        }
    }
}

impl Drop for ChallengePage {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut request: Request, html: &[u8], last: &Mutex<Option<Score>>) {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, kind, body) = match (request.method(), request.url()) {
        (Method::Get, "/score") => match &*last {
            Some(score) => (200, "application/json", score.text.clone().into_bytes()),
            None => (404, "application/json", b"null".to_vec()),
        },
        (Method::Post, "/score") => {
            let mut text = String::new();
            let read = request
                .as_reader()
                .take(LONGEST_REPORT)
                .read_to_string(&mut text);
            match read.ok().and_then(|_| Score::parse(text)) {
                Some(score) => {
                    *last = Some(score);
                    (204, "text/plain", Vec::new())
                }
                None => (400, "text/plain", b"not a score".to_vec()),
            }
        }
        // The query is the page's own business.
        (Method::Get, url) if url.split('?').next() == Some("/") => {
            (200, "text/html; charset=utf-8", html.to_vec())
        }
        _ => (404, "text/plain", b"not here".to_vec()),
    };
    let mut response = Response::from_data(body).with_status_code(status);
    if let Ok(header) = Header::from_bytes("content-type", kind) {
        response.add_header(header);
    }
    // A browser that has gone needs no answer.
    let _ = request.respond(response);
}
