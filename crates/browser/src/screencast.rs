//! What a person would have seen: pictures of pages while they change.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::{
    cdp::page as cdp_page,
    connection::{Session, parse},
    context::Context,
    page::PageCore,
};

/// How to take pictures of pages while they change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Screencast {
    /// The largest width, in pixels.
    pub width: u32,
    /// The largest height, in pixels.
    pub height: u32,
    /// The quality of its JPEG pictures, from 0 to 100.
    pub quality: u8,
    /// The least time between two pictures.
    pub every: Duration,
}

impl Default for Screencast {
    fn default() -> Self {
        Screencast {
            width: 1280,
            height: 720,
            quality: 60,
            every: Duration::from_millis(200),
        }
    }
}

/// A picture of a page that has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ScreencastFrame {
    pub taken: SystemTime,
    /// The address of the page.
    pub url: String,
    pub jpeg: Vec<u8>,
}

/// How many pictures may wait to be taken away before further ones are dropped.
const WAITING: usize = 32;

/// Where the pictures of a context's pages go.
#[derive(Debug)]
pub(crate) struct Camera {
    settings: Screencast,
    frames: mpsc::Sender<ScreencastFrame>,
    last: Mutex<Option<f64>>,
}

impl Camera {
    pub(crate) fn start(&self, session: &Session) {
        session.tell(&cdp_page::StartScreencast {
            format: Some("jpeg".into()),
            quality: Some(i64::from(self.settings.quality.min(100))),
            max_width: Some(i64::from(self.settings.width)),
            max_height: Some(i64::from(self.settings.height)),
            every_nth_frame: None,
        });
    }
}

impl Context {
    /// Takes pictures of its pages whenever they change, until the receiver is dropped. Pages that rest cost
    /// nothing; what is not taken away in time is dropped.
    pub fn screencast(&self, settings: Screencast) -> mpsc::Receiver<ScreencastFrame> {
        let (frames, receiver) = mpsc::channel(WAITING);
        let camera = Arc::new(Camera {
            settings,
            frames,
            last: Mutex::new(None),
        });
        self.core.change_settings(self.id.as_ref(), |settings| {
            settings.camera = Some(Arc::clone(&camera));
        });
        for page in self.core.pages_of(self.id.as_ref()) {
            camera.start(&page.session);
        }
        receiver
    }
}

impl PageCore {
    pub(crate) fn take_frame(&self, session: &Session, params: &RawValue) {
        let Some(event) = parse::<cdp_page::ScreencastFrame>(params) else {
            return;
        };
        session.tell(&cdp_page::ScreencastFrameAck {
            session_id: event.session_id,
        });
        let camera = self.browser.upgrade().and_then(|core| {
            core.with_settings(self.context_id.as_ref(), |settings| settings.camera.clone())
        });
        let wanted = camera.filter(|camera| !camera.frames.is_closed());
        let Some(camera) = wanted else {
            session.tell(&cdp_page::StopScreencast {});
            return;
        };
        let Some(taken) = event.metadata.timestamp else {
            return;
        };
        {
            let mut last = camera.last.lock();
            let every = camera.settings.every.as_secs_f64();
            if last.is_some_and(|last| (0.0..every).contains(&(taken - last))) {
                return;
            }
            *last = Some(taken);
        }
        if let Ok(jpeg) = STANDARD.decode(event.data) {
            // A full channel drops the picture: the page must not wait for who looks at it.
            let _ = camera.frames.try_send(ScreencastFrame {
                taken: UNIX_EPOCH + Duration::from_secs_f64(taken.max(0.0)),
                url: self.url(),
                jpeg,
            });
        }
    }
}
