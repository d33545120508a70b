//! Boxes, lines and text on pictures.

use ab_glyph::{FontRef, PxScale};
use casare_engine::NodeError;
use image::{Rgba, RgbaImage};
use imageproc::{
    drawing::{Blend, draw_filled_rect_mut, draw_text_mut, text_size},
    rect::Rect,
};

/// The letters that are drawn.
pub(crate) const FONT: &[u8] = include_bytes!("../../fonts/LiberationSans-Regular.ttf");

/// A picture that is drawn on; colours that let something through do.
pub(super) struct Canvas {
    blend: Blend<RgbaImage>,
}

impl Canvas {
    pub(super) fn of(picture: RgbaImage) -> Self {
        Self {
            blend: Blend(picture),
        }
    }

    pub(super) fn into_picture(self) -> RgbaImage {
        self.blend.0
    }

    /// Fills a rectangle; what lies outside of the picture is left out.
    pub(super) fn fill(&mut self, x: i64, y: i64, width: i64, height: i64, colour: Rgba<u8>) {
        let (w, h) = self.blend.0.dimensions();
        let (left, top) = (x.clamp(0, i64::from(w)), y.clamp(0, i64::from(h)));
        let right = (x + width).clamp(0, i64::from(w));
        let bottom = (y + height).clamp(0, i64::from(h));
        if right > left && bottom > top {
            let size = ((right - left) as u32, (bottom - top) as u32);
            let rect = Rect::at(left as i32, top as i32).of_size(size.0, size.1);
            draw_filled_rect_mut(&mut self.blend, rect, colour);
        }
    }

    /// Draws the sides of a rectangle inside of it.
    pub(super) fn frame(&mut self, area: [i64; 4], thickness: i64, colour: Rgba<u8>) {
        let [x, y, width, height] = area;
        let thick = thickness.clamp(1, 200).min(width).min(height);
        self.fill(x, y, width, thick, colour);
        self.fill(x, y + height - thick, width, thick, colour);
        self.fill(x, y + thick, thick, height - 2 * thick, colour);
        self.fill(
            x + width - thick,
            y + thick,
            thick,
            height - 2 * thick,
            colour,
        );
    }

    /// Writes `text`, its top left at `x`, `y`, and answers its width and height.
    pub(super) fn text(
        &mut self,
        x: i64,
        y: i64,
        size: f32,
        text: &str,
        colour: Rgba<u8>,
    ) -> Result<(u32, u32), NodeError> {
        let font = FontRef::try_from_slice(FONT)
            .map_err(|error| NodeError::bug(format!("the font can't be read: {error}")))?;
        let scale = PxScale::from(size);
        let (x, y) = (
            i32::try_from(x).unwrap_or(i32::MAX / 2),
            i32::try_from(y).unwrap_or(i32::MAX / 2),
        );
        draw_text_mut(&mut self.blend, colour, x, y, scale, &font, text);
        Ok(text_size(scale, &font, text))
    }
}
