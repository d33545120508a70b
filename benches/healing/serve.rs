//! Serves the fetched pages: without scripts, and without the outside.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
};

/// Answers the address that pages are served at, for as long as the process lives.
pub(crate) fn serve(root: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let root = root.clone();
            // The browser may have gone on already: an answer that does not arrive is no harm.
            std::thread::spawn(move || drop(answer(connection, &root)));
        }
    });
    address
}

/// One request a connection.
fn answer(mut connection: TcpStream, root: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_start_matches('/').replace("%20", " ");
    let inside = !path.split('/').any(|part| part == "..");
    let (status, kind, body) = match std::fs::read(root.join(&path)) {
        Ok(bytes) if inside => match path.rsplit('.').next() {
            Some("html") => ("200 OK", "text/html; charset=utf-8", still(&bytes)),
            Some("css") => ("200 OK", "text/css", bytes),
            _ => ("200 OK", "application/octet-stream", bytes),
        },
        _ => ("404 Not Found", "text/plain", Vec::new()),
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )?;
    connection.write_all(&body)?;
    connection.flush()
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
