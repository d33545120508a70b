//! Finding Chromium and its command line.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{error::BrowserError, network::login::Login, process};

/// How to start a browser.
#[derive(Debug, Clone)]
pub struct LaunchOptions {
    /// The program; without it Chromium, Chrome or Edge is looked for.
    pub executable: Option<PathBuf>,
    /// Without a window.
    pub headless: bool,
    /// A profile folder to keep between sessions; without it a fresh one that is deleted afterwards.
    pub profile: Option<PathBuf>,
    /// Where temporary profiles are made; the system's temporary folder if `None`.
    pub temporary: Option<PathBuf>,
    /// Proxy for every request.
    pub proxy: Option<Proxy>,
    /// The size of pages; headless pages are 1280 × 720 if `None`.
    pub viewport: Option<Viewport>,
    /// Where downloads are saved; inside the profile (and gone with it) if `None`.
    pub downloads: Option<PathBuf>,
    /// More arguments for the program.
    pub args: Vec<String>,
    /// How long the program may take to answer.
    pub timeout: Duration,
}

impl Default for LaunchOptions {
    fn default() -> Self {
        LaunchOptions {
            executable: None,
            headless: true,
            profile: None,
            temporary: None,
            proxy: None,
            viewport: None,
            downloads: None,
            args: Vec::new(),
            timeout: Duration::from_secs(30),
        }
    }
}

/// A proxy server and the hosts that are reached without it.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Such as `http://proxy.example.com:3128` or `socks5://127.0.0.1:1080`.
    pub server: String,
    /// Hosts to reach directly, such as `*.example.com`.
    pub bypass: Vec<String>,
    /// What the proxy is told when it asks who is there (`http` and `https` proxies).
    pub login: Option<Login>,
}

/// The size of a page in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    pub width: u32,
    pub height: u32,
    /// Device pixels for each CSS pixel.
    pub scale: f64,
}

impl Default for Viewport {
    fn default() -> Self {
        Viewport {
            width: 1280,
            height: 720,
            scale: 1.0,
        }
    }
}

const NAMES: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
];

/// Places of installations that do not put themselves into `PATH`.
const PLACES: &[&str] = &[
    "/usr/lib/chromium/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
];

/// Looks for an installed Chromium, Chrome or Edge.
///
/// # Errors
///
/// [`BrowserError::NotInstalled`], whose help says how to install one.
pub fn find_browser() -> Result<PathBuf, BrowserError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| {
            NAMES
                .iter()
                .map(move |name| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
        })
        .chain(PLACES.iter().map(PathBuf::from))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| BrowserError::NotInstalled {
            looked_for: NAMES.join(", "),
        })
}

/// The command line that starts a browser on `profile`, steered through a pipe.
pub(crate) fn command_line(executable: &Path, options: &LaunchOptions, profile: &Path) -> Command {
    let mut command = Command::new(executable);
    command.args([
        "--remote-debugging-pipe",
        "--no-startup-window",
        // Nothing that asks, updates, reports or phones home.
        "--no-first-run",
        "--no-default-browser-check",
        "--no-service-autorun",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-component-extensions-with-background-pages",
        "--disable-default-apps",
        "--disable-domain-reliability",
        "--disable-sync",
        "--disable-breakpad",
        "--disable-crash-reporter",
        "--disable-search-engine-choice-screen",
        "--metrics-recording-only",
        "--propagate-iph-for-testing",
        "--password-store=basic",
        "--use-mock-keychain",
        // Pages that lie behind other windows must go on working.
        "--disable-background-timer-throttling",
        "--disable-back-forward-cache",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
        "--disable-ipc-flooding-protection",
        "--disable-hang-monitor",
        "--disable-popup-blocking",
        "--disable-prompt-on-repost",
        "--disable-quic",
        "--force-color-profile=srgb",
        // PaintHolding would show the old page for a while after a navigation.
        "--disable-features=Translate,MediaRouter,OptimizationHints,PaintHolding,HttpsUpgrades,\
         DestroyProfileOnBrowserClose,GlobalMediaControls,DialMediaRouteProvider,InterestFeedContentSuggestions,\
         CertificateTransparencyComponentUpdater,AutofillServerCommunication",
    ]);
    let mut data = std::ffi::OsString::from("--user-data-dir=");
    data.push(profile);
    command.arg(data);
    if options.headless {
        command.args([
            "--headless=new",
            "--disable-gpu",
            "--hide-scrollbars",
            "--mute-audio",
        ]);
    }
    if process::is_root() {
        // Chromium's sandbox refuses to run as root. Anyone else keeps it: it is the wall between
        // a hostile page and this machine.
        command.arg("--no-sandbox");
    }
    if shared_memory_is_small() {
        command.arg("--disable-dev-shm-usage");
    }
    if let Some(proxy) = &options.proxy {
        command.arg(format!("--proxy-server={}", proxy.server));
        if !proxy.bypass.is_empty() {
            command.arg(format!("--proxy-bypass-list={}", proxy.bypass.join(";")));
        }
    }
    if let Some(viewport) = &options.viewport {
        command.arg(format!(
            "--window-size={},{}",
            viewport.width, viewport.height
        ));
    }
    command.args(&options.args);
    command
}

/// Containers often have a `/dev/shm` of 64 MiB, on which Chromium's pages crash.
fn shared_memory_is_small() -> bool {
    const ENOUGH: u64 = 512 << 20;
    // SAFETY: `info` is plain data that statvfs fills; the path is a constant.
    unsafe {
        let mut info: libc::statvfs = std::mem::zeroed();
        libc::statvfs(c"/dev/shm".as_ptr(), &raw mut info) == 0
            && (info.f_bavail as u64).saturating_mul(info.f_frsize as u64) < ENOUGH
    }
}
