//! Where a picture can be seen on a screen.

use image::{
    GrayImage, RgbaImage,
    imageops::{self, FilterType},
};
use imageproc::template_matching::{MatchTemplateMethod, match_template_parallel};

/// A place where it can be seen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Match {
    pub(crate) x: u32,
    pub(crate) y: u32,
    /// 1 where it is the same.
    pub(crate) likeness: f64,
}

/// How alike a place has to be: text is drawn a little differently from machine to machine.
const ALIKE: f64 = 0.85;
/// How different its colours may be, of 255.
const COLOURS: f64 = 40.0;
/// How many places are looked at with some of the pixels, and how many of these with all.
const CANDIDATES: usize = 40;
const CLOSELY: usize = 12;

/// Why nothing can be looked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is one colour.
    Plain,
    Small,
}

/// The places where `picture` can be seen on `screen`, the surest first. What is transparent in it may be anything.
pub(crate) fn find(screen: &RgbaImage, picture: &RgbaImage) -> Result<Vec<Match>, Unfit> {
    let (width, height) = picture.dimensions();
    if width < 4 || height < 4 {
        return Err(Unfit::Small);
    }
    let wanted = Wanted::of(picture).ok_or(Unfit::Plain)?;
    if width > screen.width() || height > screen.height() {
        return Ok(Vec::new());
    }
    // First in small, then in full around the likeliest places.
    let factor = match width.min(height) {
        0..16 => 1,
        16..40 => 2,
        _ => 4,
    };
    let gray = imageops::grayscale(screen);
    let sparse = wanted.sparse();
    let closer = |wanted: &Wanted, (x, y): (u32, u32), reach| {
        best_around(screen, &gray, wanted, (x, y), reach)
    };
    let surest_first =
        |places: &mut Vec<Match>| places.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
    let mut likely: Vec<Match> = coarse(&gray, picture, factor)
        .into_iter()
        .filter_map(|(x, y)| closer(&sparse, (x * factor, y * factor), factor))
        .collect();
    surest_first(&mut likely);
    likely.truncate(CLOSELY);
    let mut found: Vec<Match> = likely
        .into_iter()
        .filter_map(|place| closer(&wanted, (place.x, place.y), 1))
        .filter(|place| place.likeness >= ALIKE)
        .collect();
    surest_first(&mut found);
    let mut apart: Vec<Match> = Vec::new();
    for place in found {
        let overlaps = |other: &Match| {
            place.x.abs_diff(other.x) < width / 2 && place.y.abs_diff(other.y) < height / 2
        };
        if !apart.iter().any(overlaps) {
            apart.push(place);
        }
    }
    Ok(apart)
}

/// The likeliest places on a screen that was made smaller.
fn coarse(screen: &GrayImage, picture: &RgbaImage, factor: u32) -> Vec<(u32, u32)> {
    let mut flat = RgbaImage::from_pixel(
        picture.width(),
        picture.height(),
        image::Rgba([255, 255, 255, 255]),
    );
    imageops::overlay(&mut flat, picture, 0, 0);
    let smaller = |image: &GrayImage| {
        let (width, height) = (image.width() / factor, image.height() / factor);
        imageops::resize(image, width.max(1), height.max(1), FilterType::Triangle)
    };
    let (small, pattern) = (smaller(screen), smaller(&imageops::grayscale(&flat)));
    if pattern.width() > small.width() || pattern.height() > small.height() {
        return Vec::new();
    }
    let differences = match_template_parallel(
        &small,
        &pattern,
        MatchTemplateMethod::SumOfSquaredErrorsNormalized,
    );
    let mut ranked: Vec<(f32, u32, u32)> = differences
        .enumerate_pixels()
        .map(|(x, y, difference)| (difference.0[0], x, y))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (apart_x, apart_y) = (pattern.width().div_ceil(3), pattern.height().div_ceil(3));
    let mut kept: Vec<(u32, u32)> = Vec::new();
    for (_, x, y) in ranked {
        if kept.len() == CANDIDATES {
            break;
        }
        let near = |(other_x, other_y): &(u32, u32)| {
            x.abs_diff(*other_x) < apart_x && y.abs_diff(*other_y) < apart_y
        };
        if !kept.iter().any(near) {
            kept.push((x, y));
        }
    }
    kept
}

/// What is compared of a picture.
struct Wanted {
    size: (u32, u32),
    /// Place, brightness and colour of some of its pixels.
    pixels: Vec<(u32, u32, f64, [u8; 3])>,
    mean: f64,
    spread: f64,
}

impl Wanted {
    /// `None` where it is one colour.
    fn of(picture: &RgbaImage) -> Option<Self> {
        const PIXELS: u32 = 6000;
        let gray = imageops::grayscale(picture);
        let size = picture.dimensions();
        let step = (size.0 * size.1).div_ceil(PIXELS).max(1) as usize;
        let pixels: Vec<_> = picture
            .enumerate_pixels()
            .filter(|(_, _, pixel)| pixel.0[3] > 127)
            .step_by(step)
            .map(|(x, y, pixel)| {
                let [red, green, blue, _] = pixel.0;
                (
                    x,
                    y,
                    f64::from(gray.get_pixel(x, y).0[0]),
                    [red, green, blue],
                )
            })
            .collect();
        let wanted = Wanted::with(size, pixels);
        let count = wanted.pixels.len() as f64;
        (count > 8.0 && wanted.spread / count > 9.0).then_some(wanted)
    }

    fn with(size: (u32, u32), pixels: Vec<(u32, u32, f64, [u8; 3])>) -> Self {
        let mean = pixels.iter().map(|one| one.2).sum::<f64>() / pixels.len() as f64;
        let spread = pixels.iter().map(|one| (one.2 - mean).powi(2)).sum::<f64>();
        Wanted {
            size,
            pixels,
            mean,
            spread,
        }
    }

    /// The same with some of its pixels, an odd step apart so that they don't all lie in few columns.
    fn sparse(&self) -> Self {
        let step = (self.pixels.len() / 250) | 1;
        Wanted::with(
            self.size,
            self.pixels.iter().step_by(step).copied().collect(),
        )
    }

    /// How alike a place is: whether light and dark lie as in the picture, and the colours are about the same.
    fn likeness(&self, screen: &RgbaImage, gray: &GrayImage, left: u32, top: u32) -> f64 {
        let count = self.pixels.len() as f64;
        let (mut sum, mut squares, mut product) = (0.0, 0.0, 0.0);
        // What stands out of a picture has the colour that matters, not the ground around it.
        let (mut colours, mut weight) = (0.0, 1.0);
        for (x, y, light, colour) in &self.pixels {
            let here = f64::from(gray.get_pixel(left + x, top + y).0[0]);
            sum += here;
            squares += here * here;
            product += here * (light - self.mean);
            let seen = screen.get_pixel(left + x, top + y).0;
            let stands_out = (light - self.mean).abs();
            let apart: f64 = (0..3)
                .map(|at| f64::from(seen[at].abs_diff(colour[at])))
                .sum();
            colours += stands_out * apart / 3.0;
            weight += stands_out;
        }
        let spread = squares - sum * sum / count;
        if spread <= f64::EPSILON || colours / weight > COLOURS {
            return 0.0;
        }
        product / (spread * self.spread).sqrt()
    }
}

fn best_around(
    screen: &RgbaImage,
    gray: &GrayImage,
    wanted: &Wanted,
    (x, y): (u32, u32),
    reach: u32,
) -> Option<Match> {
    let range = |at: u32, size: u32, all: u32| {
        at.saturating_sub(reach)..=(at + reach).min(all.saturating_sub(size))
    };
    let mut best: Option<Match> = None;
    for top in range(y, wanted.size.1, screen.height()) {
        for left in range(x, wanted.size.0, screen.width()) {
            let likeness = wanted.likeness(screen, gray, left, top);
            if best.is_none_or(|best| likeness > best.likeness) {
                best = Some(Match {
                    x: left,
                    y: top,
                    likeness,
                });
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    fn drawn(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, y| {
            let [red, green, blue] = pixel(x, y);
            Rgba([red, green, blue, 255])
        })
    }

    #[test]
    fn a_picture_is_found_where_it_is_and_not_where_only_its_shape_is() {
        let ring =
            |x: u32, y: u32| (x.abs_diff(12).pow(2) + y.abs_diff(12).pow(2)).abs_diff(90) < 30;
        let red = drawn(
            24,
            24,
            |x, y| if ring(x, y) { [200, 0, 0] } else { [255; 3] },
        );
        let blue = drawn(
            24,
            24,
            |x, y| if ring(x, y) { [0, 0, 250] } else { [255; 3] },
        );
        let mut screen = drawn(300, 200, |x, y| [(x % 200) as u8, 220, (y % 180) as u8]);
        imageops::overlay(&mut screen, &blue, 40, 30);
        imageops::overlay(&mut screen, &red, 201, 113);

        let found = find(&screen, &red).unwrap();

        assert_eq!(
            found.iter().map(|one| (one.x, one.y)).collect::<Vec<_>>(),
            [(201, 113)]
        );
        let plain = drawn(20, 20, |_, _| [9; 3]);
        assert_eq!(find(&screen, &plain), Err(Unfit::Plain));
    }
}
