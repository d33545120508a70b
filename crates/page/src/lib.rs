//! The page: what `web/` was built to, kept in the binary and answered over HTTP.
//!
//! `cargo xtask web` builds it. Without that, everything compiles all the same, and the page says
//! what to do. Builds without optimisation read the files from `web/dist` at each request.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        ETAG, IF_NONE_MATCH, VARY,
    },
};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// What is replaced in the page by a value that is fresh with each answer: only styles that carry
/// it are applied, because the code editor makes some while it runs.
const NONCE: &str = "CASARE-NONCE";
const INDEX: &str = "index.html";
/// Files in here have their hash in the name.
const HASHED: &str = "assets/";
const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Casare</title>\
    <body><h1>The page is not in this binary</h1>\
    <p>Run <code>cargo xtask web</code> and build it again. The API is at \
    <a href=/api/v1/openapi.json>/api/v1/openapi.json</a>.";

/// Whether the page was built.
pub fn is_built() -> bool {
    Built::get(INDEX).is_some()
}

/// The file at this path, else the page itself, which knows what to show there.
pub fn answer(path: &str, headers: &HeaderMap) -> Response<Cow<'static, [u8]>> {
    let path = path.trim_start_matches('/');
    if path.is_empty() || path == INDEX || packed(path) {
        return index();
    }
    match Built::get(path) {
        Some(plain) => file(path, plain, headers),
        // An old page asks for what a newer binary no longer has.
        None if path.starts_with(HASHED) => {
            let mut gone = Response::new(Cow::Borrowed(&b"no such file"[..]));
            *gone.status_mut() = StatusCode::NOT_FOUND;
            set(&mut gone, &CONTENT_TYPE, "text/plain; charset=utf-8");
            gone
        }
        None => index(),
    }
}

fn packed(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    matches!(ending, Some("br" | "gz"))
}

fn index() -> Response<Cow<'static, [u8]>> {
    let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
    let text = match Built::get(INDEX) {
        Some(index) => String::from_utf8_lossy(&index.data).replace(NONCE, &nonce),
        None => NOT_BUILT.to_owned(),
    };
    let mut page = Response::new(Cow::Owned(text.into_bytes()));
    set(&mut page, &CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut page, &CACHE_CONTROL, "no-cache");
    set(
        &mut page,
        &CONTENT_SECURITY_POLICY,
        &format!(
            "default-src 'none'; script-src 'self'; style-src-elem 'self' 'nonce-{nonce}'; \
             style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; \
             connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
        ),
    );
    page
}

fn file(path: &str, plain: EmbeddedFile, headers: &HeaderMap) -> Response<Cow<'static, [u8]>> {
    let hash = plain.metadata.sha256_hash();
    let tag = format!("\"{}\"", STANDARD.encode(&hash[..12]));
    let smaller = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(coding, _)| takes(headers, coding))
        .find_map(|(coding, ending)| Some((coding, Built::get(&format!("{path}.{ending}"))?)));
    let (coding, bytes) = match smaller {
        Some((coding, packed)) => (Some(coding), packed.data),
        None => (None, plain.data),
    };
    let is_known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut answer = Response::new(if is_known {
        Cow::Borrowed(&[][..])
    } else {
        bytes
    });
    if is_known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    } else if let Some(coding) = coding {
        set(&mut answer, &CONTENT_ENCODING, coding);
    }
    set(&mut answer, &CONTENT_TYPE, media_type(path));
    set(&mut answer, &ETAG, &tag);
    set(&mut answer, &VARY, "accept-encoding");
    let keep = if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    set(&mut answer, &CACHE_CONTROL, keep);
    answer
}

fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|it| it.to_str().ok());
    accepted.is_some_and(|accepted| {
        accepted.split(',').any(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, ""));
            name.trim() == coding && weight.trim() != "q=0"
        })
    })
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn set(response: &mut Response<Cow<'static, [u8]>>, name: &http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_page_answers_the_page_with_a_fresh_nonce() {
        let first = answer("/workflows/hello.v2/edit", &HeaderMap::new());
        let second = answer("/", &HeaderMap::new());

        assert_eq!(first.status(), StatusCode::OK);
        let policy = |page: &Response<_>| page.headers().get(CONTENT_SECURITY_POLICY).cloned();
        assert_ne!(policy(&first), policy(&second));
    }

    #[test]
    fn a_file_that_is_gone_is_not_answered_with_the_page() {
        let gone = answer("/assets/old-1234.js", &HeaderMap::new());

        assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn codings_that_are_refused_are_not_used() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("br;q=0, gzip"));

        assert!(!takes(&headers, "br"));
        assert!(takes(&headers, "gzip"));
    }
}
