//! A small web site for one test, and a browser to look at it.

use std::{
    collections::HashMap,
    io::Cursor,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use casare_browser::{Browser, BrowserError, LaunchOptions, Locator, Page};
use tiny_http::{Header, Request, Response, Server};
use tokio::time::Instant;

/// What a path answers.
pub(crate) enum Reply {
    Html(String),
    /// A file that the browser saves under this name.
    File {
        name: &'static str,
        bytes: Vec<u8>,
    },
    Redirect(String),
    /// Any other content.
    Raw(&'static str, String),
    /// What the request's headers were, as text; the browser must have said `ada:pw` first.
    Guarded,
    /// What the request's headers were, as text.
    Echo,
    /// Never anything.
    Silence,
}

/// A site on a free port, reachable under two names that are two sites to a browser.
pub(crate) struct Site {
    server: Arc<Server>,
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Site {
    pub(crate) fn serve(pages: Vec<(&'static str, Reply)>) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let port = server.server_addr().to_ip().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let pages: HashMap<_, _> = pages.into_iter().collect();
        let (listening, counted) = (Arc::clone(&server), Arc::clone(&requests));
        std::thread::spawn(move || {
            let mut unanswered = Vec::new();
            for request in listening.incoming_requests() {
                counted.fetch_add(1, Ordering::SeqCst);
                let path = request
                    .url()
                    .split('?')
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                match pages.get(path.as_str()) {
                    Some(Reply::Silence) => unanswered.push(request),
                    reply => answer(request, reply, port),
                }
            }
        });
        Site {
            server,
            port,
            requests,
        }
    }

    /// A site with one page.
    pub(crate) fn page(body: &str) -> Self {
        Site::serve(vec![("/", html(body))])
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn headers_of(request: &Request) -> String {
    let line = |header: &Header| format!("{}: {}\n", header.field, header.value);
    request.headers().iter().map(line).collect()
}

pub(crate) fn html(body: &str) -> Reply {
    Reply::Html(format!(
        "<!doctype html><meta charset=utf-8><title>Test</title>{body}"
    ))
}

fn answer(request: Request, reply: Option<&Reply>, port: u16) {
    let header = |name: &str, value: &str| Header::from_bytes(name, value).unwrap();
    let body = |bytes: &[u8]| Response::from_data(bytes.to_vec());
    let response: Response<Cursor<Vec<u8>>> = match reply {
        Some(Reply::Html(text)) => {
            // `OTHER` is this site under another name: another origin, in another process.
            let text = text.replace("OTHER", &format!("http://localhost:{port}"));
            body(text.as_bytes()).with_header(header("content-type", "text/html"))
        }
        Some(Reply::File { name, bytes }) => body(bytes)
            .with_header(header("content-type", "application/octet-stream"))
            .with_header(header(
                "content-disposition",
                &format!("attachment; filename=\"{name}\""),
            )),
        Some(Reply::Raw(kind, text)) => {
            body(text.as_bytes()).with_header(header("content-type", kind))
        }
        Some(Reply::Echo) => body(headers_of(&request).as_bytes()),
        // `ada:pw` in Base64.
        Some(Reply::Guarded) if headers_of(&request).contains("Basic YWRhOnB3") => body(b"welcome"),
        Some(Reply::Guarded) => body(b"who are you?")
            .with_status_code(401)
            .with_header(header("www-authenticate", "Basic realm=here")),
        Some(Reply::Redirect(to)) => body(b"")
            .with_status_code(302)
            .with_header(header("location", to)),
        _ => body(b"not here").with_status_code(404),
    };
    // A browser that has gone does not want its answer.
    let _ = request.respond(response);
}

/// A headless browser with one page.
pub(crate) async fn open(site: &Site) -> (Browser, Page) {
    let browser = Browser::launch(LaunchOptions::default()).await.unwrap();
    let page = browser.default_context().new_page(soon()).await.unwrap();
    page.goto(&site.url("/"), casare_browser::Until::Load, soon())
        .await
        .unwrap();
    (browser, page)
}

pub(crate) fn at(locator: &str) -> Locator {
    locator.parse().unwrap()
}

/// Long enough for anything that works.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// Soon over, for what is expected to fail.
pub(crate) fn brief() -> Instant {
    Instant::now() + Duration::from_millis(400)
}

/// An error as a person reads it, without what differs from run to run.
pub(crate) fn told(error: &BrowserError, site: &Site) -> String {
    let mut text = error
        .to_string()
        .replace(&format!(":{}", site.port), ":PORT");
    if let Some(help) = error.help() {
        text = format!("{text}\nhelp: {help}");
    }
    text.lines()
        .map(|line| {
            // Places depend on the machine's fonts.
            let line = match (line.rfind(" at ("), line.rfind(')')) {
                (Some(start), Some(end)) if start < end => {
                    format!("{} at (X, Y{}", &line[..start], &line[end..])
                }
                _ => line.to_owned(),
            };
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            for at in 1..words.len() {
                let unit = words[at].trim_matches([',', ':', ')', ';']);
                if (unit == "ms" || unit == "s") && words[at - 1].parse::<f64>().is_ok() {
                    words[at - 1] = "N".into();
                }
            }
            words.join(" ")
        })
        .collect::<Vec<_>>()
        .join("\n")
}
