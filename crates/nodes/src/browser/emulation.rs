//! What pages are made to believe, as settings that several nodes share.

use std::{collections::BTreeMap, time::Duration};

use casare_browser as browser;
use casare_engine::NodeError;
use casare_workflow::Span;
use schemars::JsonSchema;
use serde::Deserialize;

/// Makes the pages of the session believe that they are on another device, in another place, or on a bad
/// network.
///
/// It holds for the pages that are open and those to come, until another such step changes it; what is
/// not set stays as it is. Some of it (device, user agent, locale) is seen by a page when it is loaded
/// the next time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Emulated {
    /// A phone or tablet whose screen, fingers and name pages see, such as `iPhone 15`, `Pixel 8`,
    /// `iPad`. The settings below go before what it brings.
    device: Option<String>,
    /// The size of pages.
    viewport: Option<Size>,
    /// Device pixels for each pixel of a page.
    scale: Option<f64>,
    /// Lay pages out as on a phone.
    mobile: Option<bool>,
    /// Whether the screen can be touched.
    touch: Option<bool>,
    /// What the browser calls itself.
    user_agent: Option<String>,
    /// Language and region, such as `de-AT`: texts, numbers, dates, and what servers are asked for.
    locale: Option<String>,
    /// Such as `Europe/Vienna`.
    time_zone: Option<String>,
    /// Where on Earth; pages may know it without asking.
    geolocation: Option<Place>,
    /// The colours that a person prefers.
    color_scheme: Option<ColorScheme>,
    /// Whether a person prefers pages that don't move.
    reduced_motion: Option<bool>,
    /// Lay pages out as for paper.
    print: Option<bool>,
    /// Headers that every request carries as well.
    headers: Option<BTreeMap<String, String>>,
    /// Whether there is no network.
    offline: Option<bool>,
    /// Time added to each request.
    latency: Option<Span>,
    /// How fast data comes, in kilobytes a second.
    download_speed: Option<f64>,
    /// How fast data goes, in kilobytes a second.
    upload_speed: Option<f64>,
    /// The keyboard that text is typed on.
    keyboard: Option<Keyboard>,
    /// What pages may do without asking a person.
    #[serde(default)]
    permissions: Vec<Permission>,
}

/// The size of a page.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Size {
    /// In pixels.
    pub(super) width: u32,
    /// In pixels.
    pub(super) height: u32,
}

/// A place on Earth.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Place {
    /// Degrees north.
    latitude: f64,
    /// Degrees east.
    longitude: f64,
    /// How exactly it is known, in metres.
    #[serde(default = "near")]
    accuracy: f64,
}

fn near() -> f64 {
    10.0
}

/// The colours that a person prefers.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ColorScheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// The keyboard of a country.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Keyboard {
    /// United States.
    Us,
    /// United Kingdom.
    Uk,
    /// Germany and Austria.
    De,
    /// France.
    Fr,
    /// Spain.
    Es,
}

/// What a page may do without asking.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Permission {
    /// Know where the machine is.
    Geolocation,
    /// Show notifications.
    Notifications,
    /// Read and write the clipboard.
    Clipboard,
    /// See.
    Camera,
    /// Hear.
    Microphone,
    /// Use musical instruments.
    Midi,
    /// Feel movement.
    Sensors,
    /// Use its storage inside other sites.
    StorageAccess,
    /// List the fonts of the machine.
    LocalFonts,
    /// Know all screens and place windows.
    WindowManagement,
}

impl Emulated {
    fn to_browser(&self) -> Result<browser::Emulation, NodeError> {
        let mut all = match &self.device {
            Some(name) => browser::Emulation::device(name).ok_or_else(|| {
                let known: Vec<&str> = browser::Emulation::devices().collect();
                NodeError::invalid(format!("`{name}` is not a device that is known here"))
                    .with_help(format!(
                        "take one of {}, or set `viewport`, `mobile`, `touch` and `user_agent`",
                        known.join(", ")
                    ))
            })?,
            None => browser::Emulation::default(),
        };
        if self.viewport.is_some() || self.scale.is_some() {
            let mut view = all.viewport.unwrap_or_default();
            if let Some(size) = self.viewport {
                (view.width, view.height) = (size.width, size.height);
            }
            view.scale = self.scale.unwrap_or(view.scale);
            all.viewport = Some(view);
        }
        all.mobile = self.mobile.or(all.mobile);
        all.touch = self.touch.or(all.touch);
        all.user_agent = self.user_agent.clone().or(all.user_agent);
        all.locale.clone_from(&self.locale);
        all.time_zone.clone_from(&self.time_zone);
        all.geolocation = self.geolocation.map(|place| browser::Geolocation {
            latitude: place.latitude,
            longitude: place.longitude,
            accuracy: place.accuracy,
        });
        all.color_scheme = self.color_scheme.map(|scheme| match scheme {
            ColorScheme::Light => browser::ColorScheme::Light,
            ColorScheme::Dark => browser::ColorScheme::Dark,
        });
        all.reduced_motion = self.reduced_motion;
        all.print = self.print;
        all.headers = self
            .headers
            .as_ref()
            .map(|headers| headers.clone().into_iter().collect());
        all.network = self.conditions();
        all.keyboard = self.keyboard.map(|keyboard| match keyboard {
            Keyboard::Us => browser::Layout::Us,
            Keyboard::Uk => browser::Layout::Uk,
            Keyboard::De => browser::Layout::De,
            Keyboard::Fr => browser::Layout::Fr,
            Keyboard::Es => browser::Layout::Es,
        });
        Ok(all)
    }

    fn conditions(&self) -> Option<browser::Conditions> {
        let said = self.offline.is_some()
            || self.latency.is_some()
            || self.download_speed.is_some()
            || self.upload_speed.is_some();
        said.then(|| browser::Conditions {
            offline: self.offline.unwrap_or_default(),
            latency: self
                .latency
                .map_or(0.0, |time| Duration::from(time).as_secs_f64() * 1000.0),
            download: self.download_speed.map(|speed| speed * 1000.0),
            upload: self.upload_speed.map(|speed| speed * 1000.0),
        })
    }

    fn granted(&self) -> Vec<browser::Permission> {
        let place = self.geolocation.map(|_| browser::Permission::Geolocation);
        self.permissions
            .iter()
            .map(|permission| match permission {
                Permission::Geolocation => browser::Permission::Geolocation,
                Permission::Notifications => browser::Permission::Notifications,
                Permission::Clipboard => browser::Permission::Clipboard,
                Permission::Camera => browser::Permission::Camera,
                Permission::Microphone => browser::Permission::Microphone,
                Permission::Midi => browser::Permission::Midi,
                Permission::Sensors => browser::Permission::Sensors,
                Permission::StorageAccess => browser::Permission::StorageAccess,
                Permission::LocalFonts => browser::Permission::LocalFonts,
                Permission::WindowManagement => browser::Permission::WindowManagement,
            })
            .chain(place)
            .collect()
    }

    /// Makes the pages of a context believe it.
    pub(super) async fn apply(&self, context: &browser::Context) -> Result<(), NodeError> {
        let explain = |error| super::fault::explain(&error);
        context
            .emulate(&self.to_browser()?)
            .await
            .map_err(explain)?;
        let granted = self.granted();
        if granted.is_empty() {
            return Ok(());
        }
        context.grant(&granted, None).await.map_err(explain)
    }
}
