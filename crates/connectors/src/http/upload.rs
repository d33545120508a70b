use std::collections::BTreeMap;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, Effect};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    request::{As, Body, LONG, Verb},
    response,
    send::{Call, Caller, Part, PartContent, Payload},
    settings::{http_settings, yes},
};

http_settings! {
    /// Sends files, as a form in a browser does or as they are.
    ///
    /// Files are read while they are sent: their size does not matter. With `raw` the one file is
    /// the body of the request, otherwise they are parts of a form beside the `fields`.
    pub(super) struct Upload {
        /// The address.
        url: String,
        /// The method; `PUT` is usual with `raw`.
        #[serde(default = "post")]
        method: Verb,
        /// Parameters that are added to the address.
        #[serde(default)]
        query: IndexMap<String, Any>,
        /// A file, or several.
        file: OneOrMore,
        /// The form's field that holds the files.
        #[serde(default = "file")]
        field: String,
        /// The form's other fields.
        #[serde(default)]
        fields: IndexMap<String, String>,
        /// Whether the file is sent as it is, without a form.
        #[serde(default)]
        raw: bool,
        /// What the file is, such as `text/csv`; otherwise told by its name.
        #[serde(default)]
        media_type: Option<String>,
        /// What the answer is read as.
        #[serde(default, rename = "as")]
        read_as: As,
        /// Whether a status of 400 or above fails the step.
        #[serde(default = "yes")]
        fail_on_status: bool,
        /// A key by which the other side knows a repetition; sent as `Idempotency-Key`.
        #[serde(default)]
        idempotency_key: Option<String>,
    }
}

/// One path, or a list of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    /// One path.
    One(String),
    /// Several paths.
    More(Vec<String>),
}

/// What was answered.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Uploaded {
    /// The status, such as 201.
    status: u16,
    /// Whether the status is below 400.
    ok: bool,
    /// The headers; names in lower case.
    headers: BTreeMap<String, String>,
    /// The body of the answer.
    body: Body,
    /// Bytes of all files.
    sent: u64,
}

fn post() -> Verb {
    Verb::Post
}

fn file() -> String {
    "file".to_owned()
}

pub(super) fn node() -> Node {
    Node::action_with_effect("http.upload", upload, |upload: &Upload| {
        if upload.repeatable() {
            Effect::Pure
        } else {
            Effect::Once
        }
    })
    .icon("upload")
    .fails_reading()
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: sent
  use: http.upload
  with:
    url: https://files.example.com/inbox
    file: people.csv
    fields: { department: sales }
- use: log.write
  with: { message: "kept as {{ steps.sent.body }}" }
"#;

impl Upload {
    /// A PUT of a whole file ends in the same state however often it is done.
    fn repeatable(&self) -> bool {
        self.idempotency_key.is_some() || (self.raw && matches!(self.method, Verb::Put))
    }

    fn payload(&self, cx: &StepContext) -> Result<(Payload, u64), NodeError> {
        let files = match &self.file {
            OneOrMore::One(file) => std::slice::from_ref(file),
            OneOrMore::More(files) => files.as_slice(),
        };
        let mut size = 0;
        let mut parts: Vec<Part> = self
            .fields
            .iter()
            .map(|(field, value)| Part {
                field: field.clone(),
                content: PartContent::Text(value.clone()),
            })
            .collect();
        for file in files {
            let path = cx.file(file);
            let told = std::fs::metadata(&path).map_err(|error| {
                NodeError::io(format_args!("could not read {}", path.display()), &error)
            })?;
            size += told.len();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let content = PartContent::File {
                media_type: match &self.media_type {
                    Some(media_type) => media_type.clone(),
                    None => media_type_of(&name).to_owned(),
                },
                name: name.into_owned(),
                path,
            };
            parts.push(Part {
                field: self.field.clone(),
                content,
            });
        }
        if !self.raw {
            return Ok((Payload::Parts(parts), size));
        }
        match (parts.pop(), parts.is_empty()) {
            (
                Some(Part {
                    content:
                        PartContent::File {
                            path, media_type, ..
                        },
                    ..
                }),
                true,
            ) => Ok((
                Payload::File {
                    path,
                    media_type: Some(media_type),
                },
                size,
            )),
            _ => Err(NodeError::invalid(
                "with `raw`, give one `file` and no `fields`",
            )),
        }
    }
}

async fn upload(cx: &StepContext, settings: Upload) -> Result<Uploaded, NodeError> {
    let (payload, sent) = settings.payload(cx)?;
    let caller = Caller::new(cx, settings.common(), LONG).await?;
    let mut call = Call::new(
        settings.method.method(),
        caller.url(&settings.url, &settings.query)?,
    );
    call.payload = payload;
    call.repeatable = settings.repeatable();
    if let Some(key) = &settings.idempotency_key {
        call.header("idempotency-key", key)?;
    }
    let response = caller.send(&call).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = caller.bytes(response).await?;
    if settings.fail_on_status && status.as_u16() >= 400 {
        return Err(response::refusal(&call, status, &bytes));
    }
    Ok(Uploaded {
        status: status.as_u16(),
        ok: status.as_u16() < 400,
        body: response::body(settings.read_as, &headers, &bytes)?,
        headers: response::headers(&headers),
        sent,
    })
}

/// What a file of this name is, as far as others care.
pub(crate) fn media_type_of(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    match end.to_ascii_lowercase().as_str() {
        "csv" => "text/csv",
        "txt" | "log" | "md" => "text/plain",
        "htm" | "html" => "text/html",
        "ics" => "text/calendar",
        "json" => "application/json",
        "xml" => "application/xml",
        "yaml" | "yml" => "application/yaml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "eml" => "message/rfc822",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "tif" | "tiff" => "image/tiff",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        _ => "application/octet-stream",
    }
}
