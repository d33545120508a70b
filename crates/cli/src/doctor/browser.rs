//! Whether there is a browser, whether it starts, and whether its window would be seen.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use casare_browser::{Browser, ContextOptions, LaunchOptions, find_browser};

use super::{Check, system::System};
use crate::{config::Config, terminal::time};

const NEEDED_FOR: &str = "browser.session and all steps in it";
/// A browser that needs longer to start than this has a fault.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn checks(config: &Config, system: System) -> Vec<Check> {
    let executable = config.chromium.value.clone().map_or_else(find_browser, Ok);
    let browser = match executable {
        Ok(executable) => start(executable).await,
        Err(_) => Check::missing(
            "chromium",
            "not found",
            NEEDED_FOR,
            system.install("chromium"),
        ),
    };
    std::iter::once(browser).chain(display(config)).collect()
}

async fn start(executable: PathBuf) -> Check {
    let shown = executable.display().to_string();
    let options = LaunchOptions {
        executable: Some(executable),
        timeout: PATIENCE,
        ..LaunchOptions::default()
    };
    let began = Instant::now();
    match Browser::launch(options).await {
        Ok(browser) => {
            let took = time(began.elapsed().as_micros() as u64);
            let each = context_memory(&browser).await;
            let each = each.map(|bytes| {
                let megabytes = bytes.div_ceil(1 << 20);
                format!("; each session that shares a browser takes {megabytes} MB")
            });
            let found = format!(
                "{} at {shown}, started without a window in {took}{}",
                browser.version(),
                each.unwrap_or_default()
            );
            // It has started, which is all that was asked; what is left of it is killed.
            let _ = browser.close().await;
            Check::ok("chromium", found)
        }
        Err(error) => {
            let get = error
                .help()
                .unwrap_or_else(|| format!("start {shown} by hand to see why"));
            Check::missing("chromium", error.to_string(), NEEDED_FOR, get)
        }
    }
}

/// What one more session in a browser that is open already takes of the memory; unknown outside of Linux.
async fn context_memory(browser: &Browser) -> Option<u64> {
    const SESSIONS: u64 = 3;
    let until = tokio::time::Instant::now() + PATIENCE;
    let open = async || {
        let context = browser.new_context(ContextOptions::default()).await.ok()?;
        context.new_page(until).await.ok()
    };
    // The first one brings what all have in common.
    open().await?;
    let before = browser.memory()?;
    for _ in 0..SESSIONS {
        open().await?;
    }
    Some(browser.memory()?.saturating_sub(before) / SESSIONS)
}

/// Only Linux has machines without a display as a rule.
fn display(config: &Config) -> Option<Check> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    Some(match &config.display.value {
        Some(display) => Check::ok("display", display),
        None => Check::missing(
            "display",
            "none",
            "`--headed`: browsers with a window",
            "xvfb-run casare …, or a desktop session".to_owned(),
        ),
    })
}
