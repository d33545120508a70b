//! Pictures of a page.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    cdp::page as cdp_page,
    error::BrowserError,
    locator::Locator,
    page::Page,
    program::{Found, Point, Program},
};

/// What to take a picture of, and how.
#[derive(Debug, Clone, Default)]
pub struct Shot {
    pub area: Area,
    pub format: ImageFormat,
}

/// The part of a page that a picture shows.
#[derive(Debug, Clone, Default)]
pub enum Area {
    /// What a person sees now.
    #[default]
    Viewport,
    /// From top to bottom.
    FullPage,
    /// One element.
    Element(Locator),
}

/// The format of a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImageFormat {
    #[default]
    Png,
    /// Quality from 0 to 100.
    Jpeg { quality: u8 },
}

/// Chromium draws nothing larger than this in one piece.
const LARGEST: f64 = 16_384.0;

impl Page {
    /// Takes a picture.
    pub async fn screenshot(
        &self,
        shot: &Shot,
        deadline: Instant,
    ) -> Result<Vec<u8>, BrowserError> {
        #[derive(Deserialize)]
        struct Box {
            x: f64,
            y: f64,
            width: f64,
            height: f64,
            #[serde(default)]
            framed: bool,
        }
        let clip = match &shot.area {
            Area::Viewport => None,
            Area::FullPage => {
                let metrics = self
                    .core
                    .call(&cdp_page::GetLayoutMetrics {}, deadline)
                    .await?;
                let size = metrics.css_content_size;
                Some(Box {
                    x: 0.0,
                    y: 0.0,
                    width: size.width,
                    height: size.height,
                    framed: false,
                })
            }
            Area::Element(locator) => {
                let program = Program::new("box", locator).repeatable();
                let Found { value, offset, .. } = self.run::<Box>(&program, deadline).await?;
                // A frame of another origin does not know how far the page around it is scrolled.
                let scrolled: Point = if value.framed {
                    self.run_here("scrolled", deadline).await?
                } else {
                    Point::default()
                };
                Some(Box {
                    x: value.x + offset.x + scrolled.x,
                    y: value.y + offset.y + scrolled.y,
                    ..value
                })
            }
        };
        let (format, quality) = match shot.format {
            ImageFormat::Png => ("png", None),
            ImageFormat::Jpeg { quality } => ("jpeg", Some(i64::from(quality.min(100)))),
        };
        let command = cdp_page::CaptureScreenshot {
            format: Some(format.into()),
            quality,
            capture_beyond_viewport: Some(clip.is_some()),
            clip: clip.map(|area| cdp_page::Viewport {
                x: area.x.max(0.0),
                y: area.y.max(0.0),
                width: area.width.clamp(1.0, LARGEST),
                height: area.height.clamp(1.0, LARGEST),
                scale: 1.0,
            }),
        };
        let picture = self.core.call(&command, deadline).await?;
        STANDARD
            .decode(picture.data)
            .map_err(|error| BrowserError::Protocol {
                method: "Page.captureScreenshot",
                message: error.to_string(),
            })
    }
}
