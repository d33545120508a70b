//! One browser for many sessions of this process, each in a context of its own, one of which is always ready.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, LazyLock, Weak},
    time::Duration,
};

use casare_browser::{Browser, BrowserError, Context, ContextOptions, LaunchOptions, Page};
use tokio::{sync::Mutex, time::Instant};

/// How long a context that is made ready in advance may take.
const READYING: Duration = Duration::from_secs(20);

/// What sessions have to have in common to share a browser.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Manner {
    executable: Option<PathBuf>,
    headless: bool,
    args: Vec<String>,
}

/// A browser that several sessions use; it ends with the last of them.
pub(super) struct SharedBrowser {
    browser: Browser,
    /// Ready for the next session.
    spare: Mutex<Option<(Context, Page)>>,
}

static OPEN: LazyLock<Mutex<HashMap<Manner, Weak<SharedBrowser>>>> = LazyLock::new(Mutex::default);

impl SharedBrowser {
    /// The browser that is open already, or a new one.
    pub(super) async fn get(launch: LaunchOptions) -> Result<Arc<Self>, BrowserError> {
        let manner = Manner {
            executable: launch.executable.clone(),
            headless: launch.headless,
            args: launch.args.clone(),
        };
        let mut open = OPEN.lock().await;
        open.retain(|_, browser| browser.strong_count() > 0);
        let known = open.get(&manner).and_then(Weak::upgrade);
        if let Some(known) = known.filter(|known| !known.browser.is_gone()) {
            return Ok(known);
        }
        let shared = Arc::new(SharedBrowser {
            browser: Browser::launch(launch).await?,
            spare: Mutex::default(),
        });
        open.insert(manner, Arc::downgrade(&shared));
        Ok(shared)
    }

    pub(super) fn version(&self) -> &str {
        self.browser.version()
    }

    /// A context for one session: the one that is ready, unless it has to be another.
    pub(super) async fn context(
        self: &Arc<Self>,
        options: ContextOptions,
    ) -> Result<(Context, Option<Page>), BrowserError> {
        let usual =
            options.viewport.is_none() && options.downloads.is_none() && options.proxy.is_none();
        let spare = if usual {
            self.spare.lock().await.take()
        } else {
            None
        };
        let this = Arc::downgrade(self);
        tokio::spawn(async move {
            if let Some(this) = this.upgrade() {
                this.make_ready().await;
            }
        });
        match spare {
            Some((context, page)) if !page.is_closed() => Ok((context, Some(page))),
            _ => Ok((self.browser.new_context(options).await?, None)),
        }
    }

    async fn make_ready(&self) {
        let mut spare = self.spare.lock().await;
        if spare.is_some() {
            return;
        }
        // A session that finds none makes one itself, and tells what is wrong.
        let Ok(context) = self.browser.new_context(ContextOptions::default()).await else {
            return;
        };
        if let Ok(page) = context.new_page(Instant::now() + READYING).await {
            *spare = Some((context, page));
        }
    }
}
