//! What goes over HTTP beside the tunnel: what earlier attempts told, and the files that runs keep.

use std::{path::Path, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use casare_tunnel::Lease;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::{identity::refusal, pipe::KEPT};

/// Longer files stay on the robot.
const MOST_BYTES: u64 = 256 << 20;

/// The server's files of robots. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    client: Client,
    server: Arc<str>,
    key: SecretString,
}

/// How a file came to the server, or not.
pub(crate) enum Sent {
    Done,
    /// It stays here, for this reason.
    Kept(String),
}

impl Files {
    pub(crate) fn new(server: &str, key: SecretString) -> Self {
        Self {
            client: Client::new(),
            server: server.into(),
            key,
        }
    }

    fn of(&self, lease: Lease, run: Uuid, rest: &str) -> String {
        let Lease { tenant, job, epoch } = lease;
        format!(
            "{}/api/v1/robot/{tenant}/{job}/{epoch}/runs/{run}/{rest}",
            self.server
        )
    }

    /// Writes what these attempts told into `to`, in order. Outputs that they keep as files are fetched, too, and
    /// found beside it.
    pub(crate) async fn history(
        &self,
        lease: Lease,
        runs: &[Uuid],
        folder: &Path,
        to: &Path,
    ) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("cannot write {}: {error}", to.display());
        let mut file = tokio::fs::File::create(to).await.map_err(failed)?;
        for run in runs {
            let mut after: i64 = -1;
            loop {
                let page = self.page(lease, *run, after).await?;
                let Some(last) = page.last() else { break };
                after = last["seq"].as_i64().unwrap_or(i64::MAX);
                for told in page {
                    let mut line = told["event"].to_string();
                    self.fetch_outputs(lease, *run, &told["event"], folder)
                        .await?;
                    replace_places(&mut line, folder);
                    line.push('\n');
                    file.write_all(line.as_bytes()).await.map_err(failed)?;
                }
            }
        }
        file.flush().await.map_err(failed)
    }

    async fn page(&self, lease: Lease, run: Uuid, after: i64) -> Result<Vec<Value>, String> {
        let url = self.of(lease, run, &format!("events?after={after}"));
        let answer = self.get(&url).await?;
        let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    }

    /// Outputs that are too large for an event lie in a file of the run that told them.
    async fn fetch_outputs(
        &self,
        lease: Lease,
        run: Uuid,
        event: &Value,
        folder: &Path,
    ) -> Result<(), String> {
        let name = event["artifact"]["name"].as_str().unwrap_or_default();
        if event["event"] != "artifact" || !name.contains("outputs-") || name.contains('/') {
            return Ok(());
        }
        let answer = self
            .get(&self.of(lease, run, &format!("artifacts/{}", encoded(name))))
            .await?;
        let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
        let kept = folder.join(KEPT);
        let written = async {
            tokio::fs::create_dir_all(&kept).await?;
            tokio::fs::write(kept.join(name), &bytes).await
        };
        written
            .await
            .map_err(|error| format!("cannot write {}: {error}", kept.display()))
    }

    async fn get(&self, url: &str) -> Result<reqwest::Response, String> {
        let mut waits = waits();
        loop {
            let answer = self
                .client
                .get(url)
                .bearer_auth(self.key.expose_secret())
                .send()
                .await;
            let error = match answer {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) if answer.status().is_client_error() => {
                    return Err(refusal(answer).await);
                }
                Ok(answer) => answer.status().to_string(),
                Err(error) => casare_engine::chain(&error),
            };
            let wait = waits.next().ok_or(error)?;
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends a file that a run keeps, until the server has it or says no.
    pub(crate) async fn send(
        &self,
        lease: Lease,
        run: Uuid,
        name: &str,
        media_type: &str,
        path: &Path,
    ) -> Sent {
        let content = match tokio::fs::metadata(path).await {
            Ok(found) if found.len() > MOST_BYTES => {
                return Sent::Kept(format!(
                    "it has {} bytes, and {MOST_BYTES} are sent",
                    found.len()
                ));
            }
            Ok(_) => tokio::fs::read(path).await,
            Err(error) => Err(error),
        };
        let content = match content {
            Ok(content) => content,
            Err(error) => return Sent::Kept(error.to_string()),
        };
        let url = self.of(lease, run, &format!("artifacts/{}", encoded(name)));
        let mut waits = waits();
        loop {
            let answer = self
                .client
                .put(&url)
                .bearer_auth(self.key.expose_secret())
                .header(reqwest::header::CONTENT_TYPE, media_type)
                .body(content.clone())
                .send()
                .await;
            match answer {
                Ok(answer) if answer.status().is_success() => return Sent::Done,
                Ok(answer)
                    if answer.status().is_client_error()
                        && answer.status() != StatusCode::TOO_MANY_REQUESTS =>
                {
                    return Sent::Kept(refusal(answer).await);
                }
                _ => {}
            }
            let Some(wait) = waits.next() else {
                return Sent::Kept("the server did not take it for an hour".to_owned());
            };
            tokio::time::sleep(wait).await;
        }
    }
}

/// For about an hour.
fn waits() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(30))
        .with_max_times(120)
        .build()
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// Paths of outputs on another robot become those on this one.
fn replace_places(line: &mut String, folder: &Path) {
    if !line.contains("outputs-") {
        return;
    }
    let Ok(mut event) = serde_json::from_str::<Value>(line) else {
        return;
    };
    replace(&mut event, folder);
    *line = event.to_string();
}

fn replace(value: &mut Value, folder: &Path) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(path)) = map.get_mut("$artifact") {
                let name = Path::new(path.as_str())
                    .file_name()
                    .map(std::ffi::OsStr::to_owned);
                if let Some(name) = name {
                    *path = folder.join(KEPT).join(name).display().to_string();
                }
            }
            map.values_mut().for_each(|inner| replace(inner, folder));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| replace(inner, folder)),
        _ => {}
    }
}
