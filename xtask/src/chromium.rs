//! Finds Chromium, and installs it where it is missing.

use std::path::PathBuf;

use crate::{debian, failure::Failure, paths};

const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

/// The Chromium that Casare will use, installed first if there is none.
pub(crate) fn ensure() -> Result<PathBuf, Failure> {
    if let Some(found) = find() {
        return Ok(found);
    }
    debian::install(
        // The sandbox lets people who are not root run it; without fonts a page is empty boxes.
        &["chromium", "chromium-sandbox", "fonts-liberation"],
        "Chromium, the browser that workflows drive",
        "install Chromium or Google Chrome so that it is in PATH",
    )?;
    find().ok_or_else(|| Failure::Missing {
        what: "`chromium` in PATH".to_owned(),
        how: "its installation reported success; is /usr/bin in PATH?".to_owned(),
    })
}

fn find() -> Option<PathBuf> {
    NAMES
        .iter()
        .find_map(|name| paths::in_path(name))
        .or_else(|| {
            [
                "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
                "/Applications/Chromium.app/Contents/MacOS/Chromium",
            ]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
        })
}
