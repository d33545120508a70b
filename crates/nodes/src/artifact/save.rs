use std::{
    fs::{self, File},
    io,
};

use casare_engine::{Artifact, ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, value::to_json};
use schemars::JsonSchema;
use serde::Deserialize;

use super::media_type;

/// Keeps a file or a text with the run, where its report shows it.
///
/// Give either `path`, a file that is copied, or `content`. The copy stays as it is whatever
/// happens to the file later.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Save {
    /// The file to keep.
    path: Option<String>,
    /// What to keep: a text as it is, other data as JSON.
    #[serde(default)]
    content: Any,
    /// Its name among the run's files; that of the file if not set.
    name: Option<String>,
    /// Its media type, such as `application/pdf`; what the name suggests if not set.
    media_type: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("artifact.save", save)
        .pure()
        .icon("archive")
        .fails(ErrorKind::NotFound, "There is no file at `path`.")
        .fails(
            ErrorKind::Denied,
            "The file may not be read, or nothing may be kept in the folder of the run.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk is full, or does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: artifact.save
  with: { content: "Total: 1,250.00", name: summary.txt }
"#;

async fn save(cx: &StepContext, settings: Save) -> Result<Artifact, NodeError> {
    let content = settings.content.0;
    let has_content = !content.is_undefined() && !content.is_none();
    match (settings.path, has_content) {
        (Some(path), false) => {
            let from = cx.file(&path);
            let name = settings.name.unwrap_or_else(|| {
                from.file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default()
            });
            let media_type = settings
                .media_type
                .unwrap_or_else(|| media_type::of_name(&name).to_owned());
            let to = cx.artifact_path(&name)?;
            let kept = to.clone();
            cx.blocking(move || {
                copy(&from, &to).map_err(|error| {
                    // The first error is the one to report.
                    let _ = fs::remove_file(&to);
                    NodeError::io(format_args!("could not keep {}", from.display()), &error)
                })
            })
            .await?;
            cx.keep_file(&kept, &media_type)
        }
        (None, true) => {
            let (text, default_name) = match content.as_str() {
                Some(text) => (text.to_owned(), "text.txt"),
                None => (format!("{:#}", to_json(&content)), "data.json"),
            };
            let name = settings.name.as_deref().unwrap_or(default_name);
            let media_type = settings.media_type.as_deref();
            let media_type = media_type.unwrap_or_else(|| media_type::of_name(name));
            cx.artifact(name, media_type, text.as_bytes())
        }
        (given, _) => Err(NodeError::invalid(match given {
            Some(_) => "both `path` and `content` are set: one of them is kept",
            None => "neither `path` nor `content` is set: there is nothing to keep",
        })),
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    if source.metadata()?.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder; keep its files one by one",
        ));
    }
    let mut target = File::create(to)?;
    io::copy(&mut source, &mut target)?;
    Ok(())
}
