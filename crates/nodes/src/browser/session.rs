use std::{sync::Arc, time::Duration};

use casare_browser::{
    Browser, BrowserError, Checkpoint, Context, ContextOptions, DialogPolicy, Expect,
    LaunchOptions, Login, Page, Proxy, Until, Viewport, understanding::LoginStage,
};
use casare_engine::{ErrorKind, HealingPolicy, LogLevel, Node, NodeError, Opened, StepContext};
use casare_workflow::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{
    aim::{Aim, Intent},
    emulation::{Emulated, Size},
    fault,
    goto::WaitUntil,
    healing::attempt::Healer,
    kept::{KeptLogin, KeptState},
    live::{Hold, LiveBrowser},
    recording::{Console, Recording},
    shared::SharedBrowser,
    target::deadline,
};

/// Opens a browser for the steps in its `do` block and closes it afterwards, however they end.
///
/// Chromium, Chrome or Edge must be installed. Each session is a browser of its own with a fresh
/// profile, unless `profile` names a folder to keep. When a run is resumed, the session is opened
/// again with its cookies, its storage and its address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    /// The address to open first; an empty page if not set.
    url: Option<String>,
    /// Without a window. `casare run --headed` shows the window anyway.
    #[serde(default = "yes")]
    headless: bool,
    /// How far the first page must have come before the steps begin.
    #[serde(default)]
    until: WaitUntil,
    /// The size of pages in pixels; 1280 × 720 without a window, else that of the window.
    viewport: Option<Size>,
    /// A profile folder to keep between sessions: log-ins, cookies, settings. Or a log-in that is kept encrypted and
    /// used again, for example `{ credential: shop, valid_for: 8h, check: "role=link[name*=Log out]" }`: `restored`
    /// says whether it was; a block that fails ends it.
    profile: Option<Profile>,
    /// Whether the browser is shared with other sessions of this process that say so too: each has cookies and
    /// storage of its own, and opens at once.
    #[serde(default)]
    shared: bool,
    /// How often the site hears of a session in which nothing happens, so that it does not end it: the page's own
    /// address is asked for, without showing it again. Never if not set.
    keep_alive: Option<Span>,
    /// The folder for downloads; among the run's files if not set.
    downloads: Option<String>,
    /// A proxy server for all requests.
    proxy: Option<ProxyServer>,
    /// The credential (`username`, `password`) for servers that ask for a name by the browser's own
    /// dialog. Only the site of `url` is told it; every site if there is no `url`.
    login: Option<String>,
    /// What pages are made to believe: another device, place, language, network.
    emulate: Option<Emulated>,
    /// What is kept of what pages say to their consoles.
    #[serde(default)]
    console: Console,
    /// Whether the traffic is kept as `traffic.har` among the run's files; secrets are masked.
    #[serde(default)]
    record_har: bool,
    /// Whether pictures of what pages showed are kept as `pictures.html` among the run's files.
    #[serde(default)]
    record_pictures: bool,
    /// How pages' own dialogs (`alert`, `confirm`, `prompt`) are answered.
    #[serde(default)]
    dialogs: Dialogs,
    /// The browser's program, if it should not be looked for.
    executable: Option<String>,
    /// More arguments for the browser's program.
    #[serde(default)]
    args: Vec<String>,
    /// The debugging address of a browser that runs already (`http://host:9222`, `ws://…`, `wss://…`).
    /// None is started then; the steps work on a tab of their own in that browser, which is closed at
    /// the end, and `browser.tab` chooses those that are open.
    connect: Option<String>,
    /// What is done when a selector finds nothing any more: `propose` if not set, which fails and writes the
    /// repair down for `casare heal`. `casare run --healing` goes before it.
    healing: Option<HealingPolicy>,
    /// Whether elements that plain selectors find are remembered in the project, so that they can be found again
    /// when the page has changed. It costs a look at each of them, once in a while.
    learn: Option<bool>,
}

fn yes() -> bool {
    true
}

/// What is kept between sessions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Profile {
    /// A folder with all that a browser keeps.
    Folder(String),
    /// A log-in.
    Login(KeptLogin),
}

/// A proxy server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProxyServer {
    /// Such as `http://proxy.example.com:3128`.
    server: String,
    /// Hosts that are reached without it, such as `*.example.com`.
    #[serde(default)]
    bypass: Vec<String>,
    /// The credential (`username`, `password`) for a proxy that asks who is there.
    credential: Option<String>,
}

/// How dialogs are answered.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Dialogs {
    /// By `Cancel`.
    #[default]
    Dismiss,
    /// By `OK`.
    Accept,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Started {
    /// The address of the page, after redirects.
    url: String,
    /// Its title.
    title: String,
    /// The HTTP status of its document.
    status: Option<u16>,
    /// The browser's product and version.
    browser: String,
    /// Whether a log-in that was kept is used again.
    restored: bool,
}

pub(super) fn node() -> Node {
    fault::of_pages(Node::session("browser.session", open))
        .fails(
            ErrorKind::Denied,
            "The site asks for a name and a password and is given none, or there is no such credential.",
        )
        .fails(
            ErrorKind::Conflict,
            "Another browser uses the `profile`, or another session the log-in that is kept.",
        )
        .icon("app-window")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - id: title
      use: browser.extract
      with: { target: "role=heading" }
    - use: log.write
      with: { message: "{{ steps.title.value }}" }
"#;

async fn open(cx: &StepContext, settings: Session) -> Result<Opened<Started>, NodeError> {
    let until = deadline(cx);
    let kept = match &settings.profile {
        Some(Profile::Login(login)) => {
            Some(KeptState::take(cx, login, settings.url.as_deref()).await?)
        }
        _ => None,
    };
    let saved = match (&kept, &settings.profile) {
        (Some(kept), Some(Profile::Login(login))) => kept.load(cx.now(), login.valid_for.get()),
        _ => None,
    };
    let Begun {
        browser,
        version,
        context,
        page,
    } = begin(cx, &settings, until).await?;
    // Pictures that locators name stand beside the workflow.
    context.set_pictures(cx.file(""));
    if let Some(name) = &settings.login {
        let login = login(cx, name, settings.url.as_deref()).await?;
        let set = context.set_logins(vec![login]).await;
        set.map_err(|error| fault::explain(&error))?;
    }
    let mut recording = Recording::new(cx.reporter(), settings.console);
    if settings.record_har {
        recording.record_traffic(&context);
    }
    if settings.record_pictures {
        recording.take_pictures(&context)?;
    }
    let page = if let Some(page) = page {
        page
    } else {
        let opened = context.new_page(until).await;
        opened.map_err(|error| fault::explain(&error))?
    };
    recording.listen_to(&page);
    if let Some(emulate) = &settings.emulate {
        emulate.apply(&context).await?;
    }
    if let Dialogs::Accept = settings.dialogs {
        page.set_dialog_policy(DialogPolicy::Accept { text: None });
    }
    let mut status = None;
    let before: Option<Checkpoint> = cx
        .checkpoint()
        .and_then(|data| serde_json::from_value(data.clone()).ok());
    let mut restored = false;
    let arrived = match (&before, &settings.url) {
        (None, _) if saved.is_some() => {
            let again = Again {
                cx,
                page: &page,
                context: &context,
                settings: &settings,
                until,
            };
            again.restore(saved.unwrap_or_default()).await.map(|valid| {
                restored = valid;
                if let (false, Some(kept)) = (valid, &kept) {
                    kept.forget();
                }
            })
        }
        (Some(checkpoint), _) => {
            cx.log(
                LogLevel::Info,
                format!("opened again at {}", checkpoint.url),
            );
            page.restore(checkpoint, until).await
        }
        (None, Some(url)) => page
            .goto(url, Until::from(settings.until), until)
            .await
            .map(|arrived| {
                status = arrived.status;
            }),
        (None, None) => Ok(()),
    };
    if let Err(error) = arrived {
        let failure = fault::on_page(cx, &page, error).await;
        // What was recorded is wanted most of all when something failed.
        let _ = recording.finish().await;
        // The failure to open is what matters; the browser is killed in any case.
        let _ = browser.close(context).await;
        return Err(failure);
    }
    let title = page
        .title(until)
        .await
        .map_err(|error| fault::explain(&error))?;
    let healer = Healer::new(cx, settings.healing, settings.learn);
    let outputs = Started {
        url: page.url(),
        title,
        status,
        browser: version,
        restored,
    };
    let resource = LiveBrowser::new(browser, context, page, recording, healer);
    if let Some(kept) = kept {
        resource.keep_at_the_end(kept);
    }
    let resource = Arc::new(resource);
    if let Some(every) = settings.keep_alive {
        resource.keep_alive(every.get(), cx.reporter());
    }
    Ok(Opened { resource, outputs })
}

/// A browser, and the context in it that is the session's.
struct Begun {
    browser: Hold,
    version: String,
    context: Context,
    /// Where one is ready.
    page: Option<Page>,
}

async fn begin(cx: &StepContext, settings: &Session, until: Instant) -> Result<Begun, NodeError> {
    let failed = |error| fault::explain(&error);
    if settings.shared {
        return begin_shared(cx, settings, until).await;
    }
    let browser = match &settings.connect {
        Some(address) => Browser::connect(address, until).await,
        None => Browser::launch(launch(cx, settings, until).await?).await,
    };
    let browser = browser.map_err(failed)?;
    Ok(Begun {
        version: browser.version().to_owned(),
        context: browser.default_context(),
        browser: Hold::Own(browser),
        page: None,
    })
}

async fn begin_shared(
    cx: &StepContext,
    settings: &Session,
    until: Instant,
) -> Result<Begun, NodeError> {
    if settings.connect.is_some() || matches!(settings.profile, Some(Profile::Folder(_))) {
        return Err(NodeError::invalid(
            "a `shared` browser has no profile folder, and is none that is connected to",
        )
        .with_help("leave `shared` away"));
    }
    let failed = |error| fault::explain(&error);
    let launch = launch(cx, settings, until).await?;
    let options = ContextOptions {
        proxy: launch.proxy.clone(),
        viewport: launch.viewport,
        downloads: launch.downloads.clone(),
        ..ContextOptions::default()
    };
    let usual = LaunchOptions {
        proxy: None,
        viewport: None,
        downloads: None,
        ..launch
    };
    let browser = SharedBrowser::get(usual).await.map_err(failed)?;
    let (context, page) = browser.context(options).await.map_err(failed)?;
    Ok(Begun {
        version: browser.version().to_owned(),
        browser: Hold::Shared(browser),
        context,
        page,
    })
}

async fn launch(
    cx: &StepContext,
    settings: &Session,
    until: Instant,
) -> Result<LaunchOptions, NodeError> {
    let proxy = match &settings.proxy {
        Some(proxy) => Some(Proxy {
            server: proxy.server.clone(),
            bypass: proxy.bypass.clone(),
            login: match &proxy.credential {
                Some(name) => Some(login(cx, name, None).await?),
                None => None,
            },
        }),
        None => None,
    };
    let viewport = settings.viewport.as_ref().map(|size| Viewport {
        width: size.width,
        height: size.height,
        scale: 1.0,
    });
    Ok(LaunchOptions {
        executable: match &settings.executable {
            Some(path) => Some(cx.file(path)),
            None => cx.browser().map(ToOwned::to_owned),
        },
        headless: cx.headed().map_or(settings.headless, |headed| !headed),
        profile: match &settings.profile {
            Some(Profile::Folder(path)) => Some(cx.file(path)),
            _ => None,
        },
        temporary: None,
        proxy,
        viewport,
        downloads: settings.downloads.as_ref().map(|path| cx.file(path)),
        args: settings.args.clone(),
        timeout: until
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(5)),
    })
}

/// Going on with a log-in that was kept.
struct Again<'a> {
    cx: &'a StepContext,
    page: &'a Page,
    context: &'a Context,
    settings: &'a Session,
    until: Instant,
}

/// How long the sign of a log-in may take to show.
const SIGN: Duration = Duration::from_secs(5);

impl Again<'_> {
    /// Whether it is still one; without it the page is opened as if nothing had been kept.
    async fn restore(&self, mut saved: Checkpoint) -> Result<bool, BrowserError> {
        if let Some(url) = &self.settings.url {
            saved.url.clone_from(url);
            saved.scroll = (0.0, 0.0);
        }
        self.page.restore(&saved, self.until).await?;
        if self.is_valid().await? {
            return Ok(true);
        }
        let ended = "the log-in that was kept is no longer one";
        self.cx.log(LogLevel::Info, ended);
        self.context
            .delete_cookies(&self.context.cookies().await?)
            .await?;
        let empty = "() => { localStorage.clear(); sessionStorage.clear(); }";
        // Pages without storage have nothing to empty.
        let _ = self.page.evaluate(empty, &[], self.until).await;
        let until = Until::from(self.settings.until);
        self.page.goto(&saved.url, until, self.until).await?;
        Ok(false)
    }

    async fn is_valid(&self) -> Result<bool, BrowserError> {
        let Some(Profile::Login(KeptLogin {
            check: Some(check), ..
        })) = &self.settings.profile
        else {
            let sight = self.page.login_sight(None, self.until).await?;
            return Ok(sight.stage == LoginStage::None);
        };
        let healer = Healer::new(self.cx, self.settings.healing, self.settings.learn);
        let aim = Aim::new("profile", check, Intent::Assert);
        let Ok(known) = healer.known(self.cx, &aim, Some(false)) else {
            return Ok(false);
        };
        let soon = self.until.min(Instant::now() + SIGN);
        match self
            .page
            .wait_for(known.selector(), &Expect::Visible, soon)
            .await
        {
            Ok(()) => Ok(true),
            Err(BrowserError::NotActionable { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The name and password of a credential, for the site of `url`.
async fn login(cx: &StepContext, name: &str, url: Option<&str>) -> Result<Login, NodeError> {
    let credential = cx.credential(name).await?;
    // Another site that asks must not be told.
    let origin = url
        .and_then(|url| url::Url::parse(url).ok())
        .map(|url| url.origin().ascii_serialization());
    Ok(Login {
        origin,
        username: credential.field("username")?.to_owned(),
        password: credential.field("password")?.to_owned(),
    })
}
