//! Locators that look at the screen as a person does: `visual=` a picture, `ocr=` a text. They find places, not elements.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageReader, RgbaImage, imageops};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::{Locator, Step, ocr, picture};
use crate::{
    cdp::page::{self as cdp_page, CaptureScreenshot},
    context::Context,
    error::{BrowserError, Check},
    page::Page,
    program::{Found, Point, Program},
    read::Expect,
};

/// Between two looks at the screen, which cost more than a look at elements.
const PAUSE: Duration = Duration::from_millis(150);
/// Pictures larger than this are no part of a page.
const LARGEST: u64 = 8 << 20;
/// How much surer the best of several places has to be.
const MARGIN: f64 = 0.04;

/// A place on the page, in CSS pixels of the viewport.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spot {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    sure: f64,
}

impl Locator {
    /// Whether it finds a place on the screen and not an element.
    pub fn is_sighted(&self) -> bool {
        self.steps.iter().any(Step::is_sighted)
    }
}

impl Step {
    pub(crate) fn is_sighted(&self) -> bool {
        matches!(self, Step::Visual { .. } | Step::Ocr { .. })
    }
}

impl Context {
    /// Where the pictures are that `visual=` names.
    pub fn set_pictures(&self, folder: PathBuf) {
        let mut contexts = self.core.contexts.lock();
        contexts.entry(self.id.clone()).or_default().pictures = folder;
    }
}

impl Page {
    /// Where to point at what a sighted locator names, as soon as it can be seen.
    pub(crate) async fn spot(
        &self,
        locator: &Locator,
        position: Option<Point>,
        deadline: Instant,
    ) -> Result<Point, BrowserError> {
        let found = self
            .look_until(locator, deadline, |found| !found.is_empty())
            .await?;
        let Some((best, others)) = found.split_first() else {
            return Err(BrowserError::Unusable {
                locator: std::boxed::Box::new(locator.clone()),
                reason: "nothing was looked for".to_owned(),
            });
        };
        let rivals = others
            .iter()
            .filter(|other| best.sure - other.sure < MARGIN);
        let matches: Vec<String> = std::iter::once(best)
            .chain(rivals)
            .map(|spot| {
                format!(
                    "{:.0} × {:.0} at ({:.0}, {:.0})",
                    spot.width, spot.height, spot.x, spot.y
                )
            })
            .collect();
        if matches.len() > 1 {
            return Err(BrowserError::Ambiguous {
                locator: std::boxed::Box::new(locator.clone()),
                total: matches.len(),
                url: self.url(),
                matches,
            });
        }
        Ok(match position {
            Some(at) => Point {
                x: best.x + at.x,
                y: best.y + at.y,
            },
            None => Point {
                x: best.x + best.width / 2.0,
                y: best.y + best.height / 2.0,
            },
        })
    }

    /// Waits until what a sighted locator names can be seen, or no longer.
    pub(crate) async fn watch_for(
        &self,
        locator: &Locator,
        expect: &Expect,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let wanted = match expect {
            Expect::Visible | Expect::Attached => true,
            Expect::Hidden | Expect::Detached => false,
            Expect::Enabled | Expect::Text(_) => return Err(unfit(locator)),
        };
        self.look_until(locator, deadline, |found| found.is_empty() != wanted)
            .await
            .map(drop)
    }

    /// Looks until what is found is as `enough` wants it.
    async fn look_until(
        &self,
        locator: &Locator,
        deadline: Instant,
        enough: impl Fn(&[Spot]) -> bool,
    ) -> Result<Vec<Spot>, BrowserError> {
        let started = Instant::now();
        loop {
            // One look at least, however short the time.
            let found = self
                .look(locator, deadline.max(started + PAUSE * 20))
                .await?;
            if enough(&found) {
                return Ok(found);
            }
            if Instant::now() >= deadline {
                let check = match found.first() {
                    None => Check::NotAttached,
                    Some(spot) => Check::NotYet(format!("seen at ({:.0}, {:.0})", spot.x, spot.y)),
                };
                return Err(BrowserError::NotActionable {
                    locator: std::boxed::Box::new(locator.clone()),
                    check,
                    waited: started.elapsed(),
                    url: self.url(),
                    nearest: Vec::new(),
                });
            }
            sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now()))).await;
        }
    }

    /// One look at the screen.
    async fn look(&self, locator: &Locator, deadline: Instant) -> Result<Vec<Spot>, BrowserError> {
        let at = locator
            .steps
            .iter()
            .position(Step::is_sighted)
            .unwrap_or_default();
        let (around, rest) = locator.steps.split_at(at);
        let region = match around {
            [] => None,
            steps => Some(self.region_of(steps, deadline).await?),
        };
        let larger = match rest.first() {
            Some(Step::Ocr { .. }) => ocr::LARGER,
            _ => 1.0,
        };
        let (screen, left, top) = self.screen(region, larger, deadline).await?;
        let mut found = match rest.first() {
            Some(Step::Visual { value }) => {
                let file = self.picture_folder().join(value);
                see(locator, screen, file).await?
            }
            Some(Step::Ocr { pattern }) => ocr::find(&screen, pattern)
                .await?
                .into_iter()
                .map(|area| Spot {
                    x: area.x,
                    y: area.y,
                    width: area.width,
                    height: area.height,
                    sure: 1.0,
                })
                .collect(),
            _ => Vec::new(),
        };
        for spot in &mut found {
            spot.x += left;
            spot.y += top;
        }
        if let Some(Step::Nth { value }) = rest.get(1) {
            // From the top of the screen down, as people count.
            found.sort_by(|a, b| {
                (a.y.round(), a.x)
                    .partial_cmp(&(b.y.round(), b.x))
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
            let at = if *value < 0 { count + value } else { *value };
            let one = usize::try_from(at)
                .ok()
                .and_then(|at| found.get(at).copied());
            found = one.into_iter().collect();
        }
        Ok(found)
    }

    fn picture_folder(&self) -> PathBuf {
        let folder = self.browser_core().ok().map(|core| {
            core.with_settings(self.core.context_id.as_ref(), |settings| {
                settings.pictures.clone()
            })
        });
        folder.unwrap_or_default()
    }

    /// The part of the viewport that an element takes.
    async fn region_of(
        &self,
        steps: &[Step],
        deadline: Instant,
    ) -> Result<(f64, f64, f64, f64), BrowserError> {
        #[derive(Deserialize)]
        struct Area {
            x: f64,
            y: f64,
            width: f64,
            height: f64,
            #[serde(default)]
            framed: bool,
        }
        let element = Locator {
            steps: steps.to_vec(),
        };
        let program = Program::new("box", &element).repeatable();
        let Found { value, offset, .. } = self.run::<Area>(&program, deadline).await?;
        // It answers places in the document; those of frames are in the viewport already.
        let scrolled: Point = if value.framed {
            Point::default()
        } else {
            self.run_here("scrolled", deadline).await?
        };
        Ok((
            value.x + offset.x - scrolled.x,
            value.y + offset.y - scrolled.y,
            value.width,
            value.height,
        ))
    }

    /// A picture of what can be seen, `larger` times one pixel for each CSS pixel, and where its corner lies.
    async fn screen(
        &self,
        region: Option<(f64, f64, f64, f64)>,
        larger: f64,
        deadline: Instant,
    ) -> Result<(Vec<u8>, f64, f64), BrowserError> {
        #[derive(Deserialize)]
        struct View {
            x: f64,
            y: f64,
            width: f64,
            height: f64,
            ratio: f64,
        }
        let view: View = self.run_here("view", deadline).await?;
        let (left, top, right, bottom) = match region {
            Some((x, y, width, height)) => (
                x.max(0.0),
                y.max(0.0),
                (x + width).min(view.width),
                (y + height).min(view.height),
            ),
            None => (0.0, 0.0, view.width, view.height),
        };
        let (left, top) = (left.floor(), top.floor());
        let command = CaptureScreenshot {
            format: Some("png".into()),
            quality: None,
            capture_beyond_viewport: Some(false),
            clip: Some(cdp_page::Viewport {
                x: left + view.x,
                y: top + view.y,
                width: (right - left).max(1.0),
                height: (bottom - top).max(1.0),
                scale: larger / view.ratio.max(0.1),
            }),
        };
        let picture = self.core.call(&command, deadline).await?;
        let bytes = STANDARD
            .decode(picture.data)
            .map_err(|error| BrowserError::Protocol {
                method: "Page.captureScreenshot",
                message: error.to_string(),
            })?;
        Ok((bytes, left, top))
    }
}

/// What a locator that finds a place cannot be used for.
pub(crate) fn unfit(locator: &Locator) -> BrowserError {
    BrowserError::Unusable {
        locator: std::boxed::Box::new(locator.clone()),
        reason: "it finds a place on the screen, which can be clicked, hovered over and waited for, but not \
                 filled or read; click it and type without a target"
            .to_owned(),
    }
}

/// Where the picture in `file` can be seen.
async fn see(locator: &Locator, screen: Vec<u8>, file: PathBuf) -> Result<Vec<Spot>, BrowserError> {
    let unusable = |reason: String| BrowserError::Unusable {
        locator: std::boxed::Box::new(locator.clone()),
        reason,
    };
    let work = move || -> Result<_, String> {
        let picture = load(&file)?;
        let screen = image::load_from_memory(&screen).map_err(|error| error.to_string())?;
        let screen = screen.to_rgba8();
        let found = picture::find(&screen, &picture).map_err(|unfit| match unfit {
            picture::Unfit::Plain => "the picture is all of one colour".to_owned(),
            picture::Unfit::Small => "the picture is smaller than 4 × 4 pixels".to_owned(),
        })?;
        Ok((
            found,
            f64::from(picture.width()),
            f64::from(picture.height()),
        ))
    };
    let (found, width, height) = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| unusable(error.to_string()))?
        .map_err(unusable)?;
    let spot = |place: picture::Match| Spot {
        x: f64::from(place.x),
        y: f64::from(place.y),
        width,
        height,
        sure: place.likeness,
    };
    Ok(found.into_iter().map(spot).collect())
}

/// A picture in CSS pixels: `name@2x.png` was taken with two pixels for each.
fn load(file: &Path) -> Result<RgbaImage, String> {
    let shown = file.display();
    let size = std::fs::metadata(file)
        .map_err(|error| format!("{shown}: {error}"))?
        .len();
    if size > LARGEST {
        return Err(format!("{shown} is larger than 8 MiB"));
    }
    let bytes = std::fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| format!("{shown}: {error}"))?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(4096);
    limits.max_image_height = Some(4096);
    reader.limits(limits);
    let picture: DynamicImage = reader
        .decode()
        .map_err(|error| format!("{shown}: {error}"))?;
    let stem = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let scale = stem
        .rsplit_once('@')
        .and_then(|(_, scale)| scale.strip_suffix('x')?.parse::<f64>().ok())
        .filter(|scale| (0.5..=8.0).contains(scale));
    Ok(scaled(picture.to_rgba8(), scale.unwrap_or(1.0)))
}

fn scaled(picture: RgbaImage, scale: f64) -> RgbaImage {
    if (scale - 1.0).abs() < 0.01 {
        return picture;
    }
    let size = |pixels: u32| ((f64::from(pixels) / scale).round() as u32).max(1);
    let (width, height) = (size(picture.width()), size(picture.height()));
    imageops::resize(&picture, width, height, imageops::FilterType::Triangle)
}
