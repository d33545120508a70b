//! Why nothing was recorded.

use std::path::PathBuf;

use casare_browser::BrowserError;
use casare_import::ImportError;

use crate::failure::Exit;

#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("`{0}` is no address")]
    Address(String),
    #[error("there is no screen to show a browser on")]
    NoScreen,
    #[error(transparent)]
    Browser(Box<BrowserError>),
    #[error("nothing was recorded")]
    Nothing,
    #[error("`{}` is the record of an earlier recording", _0.display())]
    Leftover(PathBuf),
    #[error("`{}` is no recording of Casare's", _0.display())]
    NotOne(PathBuf),
    #[error(transparent)]
    Import(ImportError),
}

impl From<BrowserError> for RecordError {
    fn from(error: BrowserError) -> Self {
        Self::Browser(Box::new(error))
    }
}

impl RecordError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Browser(_) => Exit::Internal,
            Self::Import(_) => Exit::Invalid,
            Self::Nothing => Exit::Failed,
            Self::Address(_) | Self::NoScreen | Self::Leftover(_) | Self::NotOne(_) => Exit::Usage,
        }
    }

    pub(crate) fn help(&self) -> Option<String> {
        Some(match self {
            Self::Address(_) => "write one such as `https://shop.example.com/`".to_owned(),
            Self::NoScreen => "set DISPLAY or WAYLAND_DISPLAY, or record in a browser that runs elsewhere with \
                               `--connect http://HOST:PORT`"
                .to_owned(),
            Self::Browser(error) => return error.help(),
            Self::Nothing => return None,
            Self::Leftover(path) => format!(
                "`casare record --events {}` makes the workflow of it; `--force` begins anew",
                path.display()
            ),
            Self::NotOne(_) => {
                "`casare record` keeps them beside the workflow, as `NAME.recording.jsonl`; a recording of Chrome's \
                 DevTools is read with `--from`"
                    .to_owned()
            }
            Self::Import(error) => error.help().to_owned(),
        })
    }
}
