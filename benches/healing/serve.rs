//! Serves the fetched pages: without scripts, and without the outside.

use std::{path::PathBuf, sync::Arc};

use tiny_http::{Header, Response, Server};

/// Answers the address that pages are served at, for as long as the process lives.
pub(crate) fn serve(root: PathBuf) -> String {
    let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
    let address = format!("http://{}", server.server_addr().to_ip().unwrap());
    for _ in 0..4 {
        let (server, root) = (Arc::clone(&server), root.clone());
        std::thread::spawn(move || {
            for request in server.incoming_requests() {
                let path = request.url().split(['?', '#']).next().unwrap_or_default();
                let path = path.trim_start_matches('/').replace("%20", " ");
                let inside = !path.split('/').any(|part| part == "..");
                let file = root.join(&path);
                let response = match std::fs::read(&file) {
                    Ok(bytes) if inside => {
                        let (kind, bytes) = match path.rsplit('.').next() {
                            Some("html") => ("text/html; charset=utf-8", still(&bytes)),
                            Some("css") => ("text/css", bytes),
                            _ => ("application/octet-stream", bytes),
                        };
                        let kind = Header::from_bytes("content-type", kind).unwrap();
                        Response::from_data(bytes).with_header(kind)
                    }
                    _ => Response::from_data(Vec::new()).with_status_code(404),
                };
                // The browser may have gone on already.
                let _ = request.respond(response);
            }
        });
    }
    address
}

/// A page without its scripts and its references to other sites.
fn still(bytes: &[u8]) -> Vec<u8> {
    let page = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(page.len());
    let mut rest: &str = &page;
    while let Some(start) = rest.find("<script") {
        out.push_str(&rest[..start]);
        let Some(end) = rest[start..].find("</script>") else {
            rest = "";
            break;
        };
        rest = &rest[start + end + "</script>".len()..];
    }
    out.push_str(rest);
    // Only what is loaded by itself; links keep their addresses.
    for (loads, instead) in [
        ("src=\"http", "data-was=\"http"),
        ("src=\"//", "data-was=\"//"),
        ("rel=\"stylesheet\" href=\"http", "data-was=\"http"),
    ] {
        out = out.replace(loads, instead);
    }
    let mut kept = String::with_capacity(out.len());
    for part in out.split_inclusive('>') {
        let outside = part.contains("<link")
            && (part.contains("http://") || part.contains("https://") || part.contains("\"//"));
        if outside {
            if let Some(start) = part.rfind("<link") {
                kept.push_str(&part[..start]);
            }
        } else {
            kept.push_str(part);
        }
    }
    kept.into_bytes()
}
