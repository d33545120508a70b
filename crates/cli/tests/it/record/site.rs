//! The web site that tasks are recorded on and replayed on.

use std::{
    hash::{BuildHasher, Hasher},
    io::Cursor,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tiny_http::{Header, Method, Request, Response, Server};

/// A site on a free port, under two names that are two sites to a browser. It remembers what was done on it.
pub(crate) struct Site {
    server: Arc<Server>,
    port: u16,
    done: Arc<Mutex<Vec<String>>>,
    slow: Arc<AtomicBool>,
}

const PAGES: &[(&str, &str)] = &[
    ("form", include_str!("pages/form.html")),
    ("login", include_str!("pages/login.html")),
    ("table", include_str!("pages/table.html")),
    ("choices", include_str!("pages/choices.html")),
    ("popup", include_str!("pages/popup.html")),
    ("chooser", include_str!("pages/chooser.html")),
    ("terms", include_str!("pages/terms.html")),
    ("frames", include_str!("pages/frames.html")),
    ("address", include_str!("pages/address.html")),
    ("bank", include_str!("pages/bank.html")),
    ("spa", include_str!("pages/spa.html")),
    ("drag", include_str!("pages/drag.html")),
    ("upload", include_str!("pages/upload.html")),
    ("download", include_str!("pages/download.html")),
    ("keyboard", include_str!("pages/keyboard.html")),
    ("dialogs", include_str!("pages/dialogs.html")),
];

impl Site {
    pub(crate) fn serve() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let port = server.server_addr().to_ip().unwrap().port();
        let site = Site {
            server,
            port,
            done: Arc::default(),
            slow: Arc::default(),
        };
        let (server, done, slow) = (
            Arc::clone(&site.server),
            Arc::clone(&site.done),
            Arc::clone(&site.slow),
        );
        std::thread::spawn(move || {
            for request in server.incoming_requests() {
                let (done, slow) = (Arc::clone(&done), Arc::clone(&slow));
                // Each waits for itself.
                std::thread::spawn(move || {
                    let wait = if slow.load(Ordering::SeqCst) {
                        Duration::from_millis(100 + random() % 200)
                    } else {
                        Duration::ZERO
                    };
                    answer(request, port, &done, wait);
                });
            }
        });
        site
    }

    pub(crate) fn url(&self, page: &str) -> String {
        format!("http://127.0.0.1:{}/pages/{page}.html", self.port)
    }

    /// Lets every request take 200 ms more or less.
    pub(crate) fn set_slow(&self, slow: bool) {
        self.slow.store(slow, Ordering::SeqCst);
    }

    /// What was done on the site since this was asked last.
    pub(crate) fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.done.lock().unwrap())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

fn answer(mut request: Request, port: u16, done: &Mutex<Vec<String>>, wait: Duration) {
    let address = request.url().to_owned();
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let mut body = Vec::new();
    if *request.method() == Method::Post {
        request.as_reader().read_to_end(&mut body).unwrap();
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let html = |text: &str| reply("text/html", text.as_bytes());
    let response = if let Some(page) = path
        .strip_prefix("/pages/")
        .and_then(|name| name.strip_suffix(".html"))
    {
        let found = PAGES.iter().find(|(name, _)| *name == page);
        let text = found.map_or("", |(_, text)| text);
        html(&text.replace("OTHER", &format!("http://localhost:{port}")))
    } else if let Some(what) = path.strip_prefix("/done/") {
        let mut line = format!("{what}?{query}");
        if body.contains("form-data") {
            // The boundary between the parts is another one each time.
            let parts = body.lines().filter(|line| !line.starts_with("--"));
            line.push_str(&parts.collect::<Vec<_>>().join("|"));
        } else {
            line.push_str(&body);
        }
        done.lock().unwrap().push(line);
        html("<!doctype html><title>Thank you</title><h1>Thank you</h1>")
    } else if path == "/sign-in" {
        let welcome = body == "user=ada&password=correct-horse";
        done.lock().unwrap().push(format!("signed in: {welcome}"));
        html(if welcome {
            "<!doctype html><title>Home</title><h1>Welcome</h1><a href=/done/paper>Paper</a>"
        } else {
            "<!doctype html><title>Sign in</title><h1>Who are you?</h1>"
        })
    } else if path == "/cities" {
        let names = if query == "of=pe" {
            r#"["Lima","Cusco"]"#
        } else {
            r#"["Paris"]"#
        };
        reply("application/json", names.as_bytes())
    } else if path == "/people" {
        let all = ["Ada", "Adam", "Bob"];
        let letters = query.trim_start_matches("q=").to_lowercase();
        let found: Vec<_> = all
            .iter()
            .filter(|name| !letters.is_empty() && name.to_lowercase().starts_with(&letters))
            .collect();
        reply(
            "application/json",
            serde_json::to_string(&found).unwrap().as_bytes(),
        )
    } else if let Some(name) = path.strip_prefix("/report/") {
        done.lock().unwrap().push(format!("sent {name}"));
        let saved = format!("attachment; filename=\"{name}\"");
        reply("application/octet-stream", b"month;total\n")
            .with_header(header("content-disposition", &saved))
    } else {
        reply("text/plain", b"not here").with_status_code(404)
    };
    #[expect(clippy::disallowed_methods, reason = "the network is slow on purpose")]
    std::thread::sleep(wait);
    // A browser that has gone does not want its answer.
    let _ = request.respond(response);
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap()
}

fn reply(kind: &str, bytes: &[u8]) -> Response<Cursor<Vec<u8>>> {
    Response::from_data(bytes.to_vec()).with_header(header("content-type", kind))
}
