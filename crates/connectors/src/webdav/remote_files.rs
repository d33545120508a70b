//! Files, as WebDAV's requests reach them.

use async_trait::async_trait;
use casare_engine::{ErrorKind, NodeError, chain};
use futures::{StreamExt, stream};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::{
    Body, Client, Method, Response, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, RANGE},
};
use tokio::io::AsyncReadExt;
use url::Url;

use super::listing::{self, Told};
use crate::{
    http::guard::Refused,
    remote::{Abilities, Entry, Remote, RemotePath, Source, Take},
};

/// What is not part of a path as it is.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The longest list of one folder, in bytes.
const LONGEST_LIST: usize = 64 * 1024 * 1024;

/// What is asked of each file.
const WANTED: &str = r#"<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getlastmodified/></prop></propfind>"#;

pub(super) struct DavFiles {
    client: Client,
    /// Where paths start, with `/` at the end.
    base: Url,
}

impl DavFiles {
    pub(super) fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }

    fn url(&self, path: &RemotePath, is_folder: bool) -> Url {
        let mut url = self.base.clone();
        let relative = path.as_str().trim_start_matches('/');
        let mut whole = format!("{}{}", url.path(), utf8_percent_encode(relative, ENCODED));
        if is_folder && !whole.ends_with('/') {
            whole.push('/');
        }
        url.set_path(&whole);
        url
    }

    async fn send(
        &self,
        doing: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<Response, NodeError> {
        let response = request
            .send()
            .await
            .map_err(|error| broken(doing, &error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refused(doing, &response))
    }

    fn request(&self, method: &str, url: Url) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
        self.client.request(method, url)
    }

    async fn propfind(
        &self,
        path: &RemotePath,
        depth: &'static str,
        is_folder: bool,
    ) -> Result<Vec<Told>, NodeError> {
        let doing = format!("could not list {path}");
        let request = self
            .request("PROPFIND", self.url(path, is_folder))
            .header("Depth", depth)
            .header("Content-Type", "application/xml; charset=utf-8")
            .body(WANTED);
        let response = self.send(&doing, request).await?;
        if response.status() != StatusCode::MULTI_STATUS {
            return Err(NodeError::invalid(format!(
                "{doing}: the server answers {} instead of a list",
                response.status()
            ))
            .with_help("is there a WebDAV server at this address?"));
        }
        let mut xml = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            xml.extend_from_slice(&piece.map_err(|error| broken(&doing, &error))?);
            if xml.len() > LONGEST_LIST {
                return Err(NodeError::invalid(format!(
                    "{doing}: the list has more than 64 MiB"
                )));
            }
        }
        listing::read(&String::from_utf8_lossy(&xml))
    }
}

#[async_trait]
impl Remote for DavFiles {
    async fn list(&self, folder: &RemotePath) -> Result<Vec<Entry>, NodeError> {
        let own = listing::path_of(self.url(folder, true).path());
        let told = self.propfind(folder, "1", true).await?;
        if let Some(itself) = told.iter().find(|told| told.path == own)
            && !itself.entry("").is_folder
        {
            return Err(NodeError::invalid(format!("{folder} is a file")));
        }
        Ok(told
            .iter()
            .filter(|told| told.path != own)
            .map(|told| {
                // What does not lie right in the folder keeps its `/`, by which it is left out.
                let below = told.path.strip_prefix(&own);
                let name = below.map_or(told.name(), |below| below.trim_start_matches('/'));
                told.entry(name)
            })
            .collect())
    }

    async fn info(&self, path: &RemotePath) -> Result<Option<Entry>, NodeError> {
        match self.propfind(path, "0", path.name().is_empty()).await {
            Ok(told) => Ok(told.first().map(|told| told.entry(path.name()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn download(
        &self,
        path: &RemotePath,
        offset: u64,
        take: Take<'_>,
    ) -> Result<(), NodeError> {
        let doing = format!("could not download {path}");
        let mut request = self
            .request("GET", self.url(path, false))
            .header(ACCEPT_ENCODING, "identity");
        if offset > 0 {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        let response = self.send(&doing, request).await?;
        // A server that knows no ranges sends all of it.
        let mut known = match response.status() {
            StatusCode::PARTIAL_CONTENT => 0,
            _ => offset,
        };
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| broken(&doing, &error))?;
            let skipped = known.min(piece.len() as u64);
            known -= skipped;
            if (skipped as usize) < piece.len() {
                take(&piece[skipped as usize..])?;
            }
        }
        Ok(())
    }

    async fn upload(
        &self,
        path: &RemotePath,
        source: &Source,
        offset: u64,
    ) -> Result<(), NodeError> {
        let doing = format!("could not upload {path}");
        let reader = source.open(offset).await?;
        let pieces = stream::try_unfold(reader, |mut reader| async move {
            let mut piece = vec![0; 128 * 1024];
            let read = reader.read(&mut piece).await?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((read > 0).then_some((piece, reader)))
        });
        let request = self
            .request("PUT", self.url(path, false))
            .header(CONTENT_LENGTH, source.size() - offset)
            .body(Body::wrap_stream(pieces));
        self.send(&doing, request).await.map(drop)
    }

    async fn delete(&self, path: &RemotePath) -> Result<(), NodeError> {
        let request = self.request("DELETE", self.url(path, false));
        let done = self
            .send(&format!("could not delete {path}"), request)
            .await;
        done.map(drop)
    }

    async fn rename(&self, from: &RemotePath, to: &RemotePath) -> Result<(), NodeError> {
        let request = self
            .request("MOVE", self.url(from, false))
            .header("Destination", self.url(to, false).as_str())
            .header("Overwrite", "T");
        let doing = format!("could not move {from} to {to}");
        self.send(&doing, request).await.map(drop)
    }

    async fn make_folder(&self, path: &RemotePath) -> Result<(), NodeError> {
        let request = self.request("MKCOL", self.url(path, true));
        let doing = format!("could not make the folder {path}");
        self.send(&doing, request).await.map(drop)
    }

    async fn remove_folder(&self, path: &RemotePath) -> Result<(), NodeError> {
        let request = self.request("DELETE", self.url(path, true));
        let doing = format!("could not remove the folder {path}");
        self.send(&doing, request).await.map(drop)
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            resumes_downloads: true,
            resumes_uploads: false,
            uploads_whole: false,
            has_folders: true,
        }
    }
}

fn broken(doing: &str, error: &reqwest::Error) -> NodeError {
    if let Some(refused) = Refused::behind(error) {
        return refused.into();
    }
    let kind = if error.is_timeout() {
        ErrorKind::Timeout
    } else {
        ErrorKind::Unavailable
    };
    NodeError::new(kind, format!("{doing}: {}", chain(error)))
        .with_help("check that the server runs and that its address is right")
}

fn refused(doing: &str, response: &Response) -> NodeError {
    let status = response.status();
    let (kind, help) = match status.as_u16() {
        401 => (ErrorKind::Denied, "check the credential"),
        403 => (ErrorKind::Denied, "the login has no right to do this"),
        404 | 410 => (ErrorKind::NotFound, "check the path"),
        405 if doing.contains("make the folder") => (
            ErrorKind::Conflict,
            "there is something of this name already",
        ),
        409 | 412 => (
            ErrorKind::Conflict,
            "a folder above it is missing, or something is there already",
        ),
        423 => (ErrorKind::Conflict, "it is locked: somebody has it open"),
        413 | 507 => (ErrorKind::Unavailable, "the server has no space for it"),
        300..=399 => (
            ErrorKind::Invalid,
            "the server names another address: put that into `url`",
        ),
        408 | 425 | 429 | 500.. => (ErrorKind::Unavailable, "try again later"),
        _ => (
            ErrorKind::Invalid,
            "is there a WebDAV server at this address?",
        ),
    };
    NodeError::new(kind, format!("{doing}: the server answers {status}")).with_help(help)
}
