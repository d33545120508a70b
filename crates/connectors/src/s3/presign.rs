use std::time::Duration;

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Span;
use object_store::signer::Signer;
use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    S3,
    fault::fault,
    remote_files::{S3Files, key},
};
use crate::remote::{Files, Protocol, RemotePath};

/// The longest time that services allow.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// Makes an address by which somebody without a login can download or upload one file for a while.
///
/// Whoever has the address can use it: it is as good as a key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Presign {
    /// The file.
    path: String,
    /// What the address is for.
    #[serde(default, rename = "for")]
    purpose: Purpose,
    /// How long it is good (`1h`), seven days (`168h`) at most.
    #[serde(default = "an_hour")]
    expires: Span,
}

/// What an address is for.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    /// Getting the file (`GET`).
    #[default]
    Download,
    /// Putting it there (`PUT`).
    Upload,
}

fn an_hour() -> Span {
    Span::from_secs(60 * 60)
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Presigned {
    /// The address.
    url: String,
}

pub(super) fn node() -> Node {
    Node::action("s3.presign", presign)
        .pure()
        .icon("link")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: s3.session
  with: { bucket: orders, endpoint: https://s3.example.com, credential: storage }
  do:
    - id: link
      use: s3.presign
      with: { path: inbox/orders.csv, expires: 24h }
";

async fn presign(cx: &StepContext, settings: Presign) -> Result<Presigned, NodeError> {
    let files = Files::<S3>::of(cx)?;
    let Some(files) = files.backend::<S3Files>() else {
        return Err(NodeError::bug(format!("no {} of S3", S3::SESSION)));
    };
    let expires: Duration = settings.expires.into();
    if expires > LONGEST || expires < Duration::from_secs(1) {
        return Err(NodeError::invalid(
            "setting `expires`: services allow one second to seven days (`168h`)",
        ));
    }
    let path = RemotePath::read("path", &settings.path)?;
    let method = match settings.purpose {
        Purpose::Download => Method::GET,
        Purpose::Upload => Method::PUT,
    };
    let url = files
        .store()
        .signed_url(method, &key(&path)?, expires)
        .await
        .map_err(|error| fault(&format!("could not sign an address for {path}"), &error))?;
    Ok(Presigned { url: url.into() })
}
