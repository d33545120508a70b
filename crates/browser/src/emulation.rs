//! Pages as another device, place or person would see them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json, value::to_raw_value};
use tokio::time::timeout;

use crate::{
    cdp::{browser, emulation, network, runtime},
    connection::{CallError, Session},
    context::Context,
    core::Core,
    error::BrowserError,
    launch::Viewport,
    layout::Layout,
    page::{Page, PageCore},
};

/// How long a page may take to say whether it knows a place.
const ASKING: Duration = Duration::from_secs(2);

/// What pages of a context are made to believe. What is `None` stays as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Emulation {
    pub viewport: Option<Viewport>,
    /// Lay pages out as on a phone: with its zooming, and its `<meta name=viewport>`.
    pub mobile: Option<bool>,
    /// Whether the screen can be touched.
    pub touch: Option<bool>,
    pub user_agent: Option<String>,
    /// Such as `de-AT`: language, numbers, dates, and the `Accept-Language` of requests.
    pub locale: Option<String>,
    /// Such as `Europe/Vienna`.
    pub time_zone: Option<String>,
    pub geolocation: Option<Geolocation>,
    pub color_scheme: Option<ColorScheme>,
    pub reduced_motion: Option<bool>,
    /// Lay pages out as for paper.
    pub print: Option<bool>,
    /// Headers that every request carries as well.
    pub headers: Option<Vec<(String, String)>>,
    pub network: Option<Conditions>,
    /// The keyboard that text is typed on.
    pub keyboard: Option<Layout>,
}

/// A place on Earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Geolocation {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// In metres.
    pub accuracy: f64,
}

/// The colours that a person prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorScheme {
    Light,
    Dark,
}

/// How good the network is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    pub offline: bool,
    /// Milliseconds added to each request.
    pub latency: f64,
    /// Bytes in a second; as fast as it goes if `None`.
    pub download: Option<f64>,
    /// Bytes in a second; as fast as it goes if `None`.
    pub upload: Option<f64>,
}

/// What a page may do without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Permission {
    Geolocation,
    Notifications,
    /// Read and write the clipboard.
    Clipboard,
    Camera,
    Microphone,
    Midi,
    Sensors,
    StorageAccess,
    LocalFonts,
    WindowManagement,
    IdleDetection,
    WakeLock,
}

impl Permission {
    fn names(self) -> &'static [&'static str] {
        match self {
            Permission::Geolocation => &["geolocation"],
            Permission::Notifications => &["notifications"],
            Permission::Clipboard => &["clipboardReadWrite", "clipboardSanitizedWrite"],
            Permission::Camera => &["videoCapture"],
            Permission::Microphone => &["audioCapture"],
            Permission::Midi => &["midi", "midiSysex"],
            Permission::Sensors => &["sensors"],
            Permission::StorageAccess => &["storageAccess"],
            Permission::LocalFonts => &["localFonts"],
            Permission::WindowManagement => &["windowManagement"],
            Permission::IdleDetection => &["idleDetection"],
            Permission::WakeLock => &["wakeLockScreen", "wakeLockSystem"],
        }
    }
}

/// Name, width, height, device pixels for each CSS pixel, platform in the user agent.
type Device = (&'static str, u32, u32, f64, &'static str);

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const IPAD: &str = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                    (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/140.0.0.0 Mobile Safari/537.36";
const TABLET: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/140.0.0.0 Safari/537.36";

const DEVICES: &[Device] = &[
    ("iphone se", 375, 667, 2.0, IPHONE),
    ("iphone 15", 393, 852, 3.0, IPHONE),
    ("iphone 15 pro max", 430, 932, 3.0, IPHONE),
    ("ipad", 810, 1080, 2.0, IPAD),
    ("ipad pro", 1024, 1366, 2.0, IPAD),
    ("pixel 8", 412, 915, 2.625, ANDROID),
    ("galaxy s24", 360, 780, 3.0, ANDROID),
    ("galaxy tab s9", 800, 1280, 2.0, TABLET),
];

impl Emulation {
    /// What it takes to look like a well-known phone or tablet, such as `Pixel 8`; `None` for others.
    pub fn device(name: &str) -> Option<Emulation> {
        let (_, width, height, scale, user_agent) = DEVICES
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name.trim()))?;
        Some(Emulation {
            viewport: Some(Viewport {
                width: *width,
                height: *height,
                scale: *scale,
            }),
            mobile: Some(true),
            touch: Some(true),
            user_agent: Some((*user_agent).to_owned()),
            ..Emulation::default()
        })
    }

    /// The devices that [`Emulation::device`] knows.
    pub fn devices() -> impl Iterator<Item = &'static str> {
        DEVICES.iter().map(|(name, ..)| *name)
    }

    /// Lets `newer` have its way wherever it says something.
    pub(crate) fn update(&mut self, newer: &Emulation) {
        macro_rules! take {
            ($($field:ident),*) => { $(if newer.$field.is_some() { self.$field.clone_from(&newer.$field); })* };
        }
        take!(
            viewport,
            mobile,
            touch,
            user_agent,
            locale,
            time_zone,
            geolocation,
            color_scheme,
            reduced_motion,
            print,
            headers,
            network,
            keyboard
        );
    }

    /// Sends a session what it needs. `page` sessions hold the window, others a frame of it. Answers the
    /// replies of what a page may refuse.
    pub(crate) fn send(
        &self,
        session: &Session,
        page: bool,
        product: &str,
    ) -> Vec<(&'static str, Reply)> {
        let mut replies: Vec<(&'static str, Reply)> = Vec::new();
        if page && (self.viewport.is_some() || self.mobile.is_some()) {
            let viewport = self.viewport.unwrap_or_default();
            session.tell(&emulation::SetDeviceMetricsOverride {
                width: i64::from(viewport.width),
                height: i64::from(viewport.height),
                device_scale_factor: viewport.scale,
                mobile: self.mobile.unwrap_or_default(),
            });
        }
        if let Some(touch) = self.touch {
            session.tell(&emulation::SetTouchEmulationEnabled {
                enabled: touch,
                max_touch_points: touch.then_some(5),
            });
        }
        if self.user_agent.is_some() || self.locale.is_some() {
            session.tell(&emulation::SetUserAgentOverride {
                user_agent: self
                    .user_agent
                    .clone()
                    .unwrap_or_else(|| own_agent(product)),
                accept_language: self.locale.clone(),
            });
        }
        if let Some(locale) = &self.locale {
            // Frames share their page's process, in which one override is in effect already.
            let set = session.call(&emulation::SetLocaleOverride {
                locale: Some(locale.replace('-', "_")),
            });
            if page {
                replies.push(("locale", reply(set)));
            }
        }
        if let Some(zone) = &self.time_zone {
            let set = session.call(&emulation::SetTimezoneOverride {
                timezone_id: zone.clone(),
            });
            if page {
                replies.push(("time zone", reply(set)));
            }
        }
        if let Some(place) = self.geolocation {
            session.tell(&emulation::SetGeolocationOverride {
                latitude: Some(place.latitude),
                longitude: Some(place.longitude),
                accuracy: Some(place.accuracy),
            });
        }
        self.send_media(session);
        self.send_network(session, &mut replies, page);
        replies
    }

    fn send_media(&self, session: &Session) {
        let features: Vec<emulation::MediaFeature> = [
            self.color_scheme.map(|scheme| {
                let value = match scheme {
                    ColorScheme::Light => "light",
                    ColorScheme::Dark => "dark",
                };
                ("prefers-color-scheme", value)
            }),
            self.reduced_motion.map(|reduced| {
                let value = if reduced { "reduce" } else { "no-preference" };
                ("prefers-reduced-motion", value)
            }),
        ]
        .into_iter()
        .flatten()
        .map(|(name, value)| emulation::MediaFeature {
            name: name.into(),
            value: value.into(),
        })
        .collect();
        if !features.is_empty() || self.print.is_some() {
            session.tell(&emulation::SetEmulatedMedia {
                media: Some(
                    if self.print == Some(true) {
                        "print"
                    } else {
                        ""
                    }
                    .into(),
                ),
                features: Some(features),
            });
        }
    }

    fn send_network(
        &self,
        session: &Session,
        replies: &mut Vec<(&'static str, Reply)>,
        page: bool,
    ) {
        if let Some(headers) = &self.headers {
            let map: Map<String, Value> = headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect();
            if let Ok(headers) = to_raw_value(&map) {
                let set = session.call(&network::SetExtraHTTPHeaders { headers });
                if page {
                    replies.push(("headers", reply(set)));
                }
            }
        }
        if let Some(conditions) = self.network {
            let set = session.call(&network::EmulateNetworkConditions {
                offline: conditions.offline,
                latency: conditions.latency,
                download_throughput: conditions.download.unwrap_or(-1.0),
                upload_throughput: conditions.upload.unwrap_or(-1.0),
            });
            if page {
                replies.push(("network", reply(set)));
            }
        }
    }
}

/// Chromium's answer to a setting that it may refuse.
pub(crate) type Reply = futures::future::BoxFuture<'static, Result<(), CallError>>;

fn reply<T: 'static>(future: impl Future<Output = Result<T, CallError>> + Send + 'static) -> Reply {
    Box::pin(async move { future.await.map(drop) })
}

/// What the browser calls itself, without the word that it has no window; needed where only the language
/// of requests is set.
fn own_agent(product: &str) -> String {
    let major = product
        .rsplit('/')
        .next()
        .and_then(|version| version.split('.').next())
        .unwrap_or("140");
    let system = if cfg!(target_os = "windows") {
        "Windows NT 10.0; Win64; x64"
    } else if cfg!(target_os = "macos") {
        "Macintosh; Intel Mac OS X 10_15_7"
    } else {
        "X11; Linux x86_64"
    };
    format!(
        "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    )
}

impl Context {
    /// Changes what its pages are made to believe: those that are open, at once, and those to come.
    ///
    /// # Errors
    ///
    /// `Refused` for a locale, a time zone or a header that the browser does not take; noticed on pages that
    /// are open.
    pub async fn emulate(&self, emulation: &Emulation) -> Result<(), BrowserError> {
        self.check_places(emulation).await?;
        self.core.change_settings(self.id.as_ref(), |settings| {
            settings.emulation.update(emulation);
        });
        let whole = self
            .core
            .with_settings(self.id.as_ref(), |settings| settings.emulation.clone());
        let product = self.core.product();
        let mut replies = Vec::new();
        for page in self.core.pages_of(self.id.as_ref()) {
            replies.extend(whole.send(&page.session, true, &product));
            for session in page.frame_sessions() {
                whole.send(&session, false, &product);
            }
        }
        for (what, reply) in replies {
            match reply.await {
                Err(CallError::Refused { message, .. })
                    if !message.contains("already in effect") =>
                {
                    let reason = message;
                    return Err(BrowserError::Refused { what, reason });
                }
                Err(CallError::Gone) => return Err(self.core.explain(CallError::Gone)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Chromium takes a second time zone without a look at it: the page is asked whether there is such.
    async fn check_places(&self, emulation: &Emulation) -> Result<(), BrowserError> {
        let (zone, locale) = (&emulation.time_zone, &emulation.locale);
        let Some(page) = self.core.pages_of(self.id.as_ref()).into_iter().next() else {
            return Ok(());
        };
        if zone.is_none() && locale.is_none() {
            return Ok(());
        }
        let expression = format!(
            "(() => {{ try {{ new Intl.DateTimeFormat({} ?? [], {{ timeZone: {} ?? undefined }}); return '' }} \
             catch (error) {{ return error.message }} }})()",
            json!(locale),
            json!(zone),
        );
        let asked = page.session.call(&runtime::Evaluate {
            expression,
            return_by_value: Some(true),
            ..runtime::Evaluate::default()
        });
        // A page that is busy or gone cannot say; then the browser's own answer has to do.
        let Ok(Ok(answer)) = timeout(ASKING, asked).await else {
            return Ok(());
        };
        let reason = answer
            .result
            .value
            .and_then(|value| serde_json::from_str::<String>(value.get()).ok())
            .unwrap_or_default();
        if reason.is_empty() {
            return Ok(());
        }
        Err(BrowserError::Refused {
            what: "locale or time zone",
            reason,
        })
    }

    /// Lets pages do something without asking a person: those of one origin (such as
    /// `https://example.com`), or all.
    pub async fn grant(
        &self,
        permissions: &[Permission],
        origin: Option<&str>,
    ) -> Result<(), BrowserError> {
        let names = permissions
            .iter()
            .flat_map(|permission| permission.names())
            .map(|name| (*name).to_owned());
        let grant = browser::GrantPermissions {
            permissions: names.collect(),
            origin: origin.map(str::to_owned),
            browser_context_id: self.id.clone(),
        };
        self.core.call(&grant).await.map(drop)
    }

    /// Takes all permissions back.
    pub async fn revoke_permissions(&self) -> Result<(), BrowserError> {
        let reset = browser::ResetPermissions {
            browser_context_id: self.id.clone(),
        };
        self.core.call(&reset).await.map(drop)
    }
}

impl Page {
    pub(crate) fn keyboard_layout(&self) -> Layout {
        let core = self.core.browser.upgrade();
        core.and_then(|core| {
            core.with_settings(self.core.context_id.as_ref(), |settings| {
                settings.emulation.keyboard
            })
        })
        .unwrap_or_default()
    }
}

impl PageCore {
    /// Sends a new session what its context's pages are made to believe.
    pub(crate) fn emulate_in(&self, core: &Core, session: &Session) {
        let emulation = core.with_settings(self.context_id.as_ref(), |settings| {
            settings.emulation.clone()
        });
        let page = session.id() == self.session.id();
        // Nobody can be told of a refusal here; it was told when the setting was made.
        emulation.send(session, page, &core.product());
    }
}
