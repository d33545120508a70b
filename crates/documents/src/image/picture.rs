//! Reading pictures within bounds, and writing them.

use std::{fs::File, io::BufReader, path::Path};

use casare_engine::NodeError;
use casare_files::AtomicFile;
use image::{
    DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Rgb, RgbImage,
    codecs::jpeg::JpegEncoder,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A picture of more pixels is not opened: a small file can claim to be as large as it likes.
pub(crate) const MOST_PIXELS: u64 = 150_000_000;

/// A picture that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Written {
    /// The file, as a full path.
    pub(crate) path: String,
    /// How wide it is, in pixels.
    pub(crate) width: u32,
    /// How high it is, in pixels.
    pub(crate) height: u32,
    /// The file's size, in bytes.
    pub(crate) size: u64,
}

/// A part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Region {
    /// How far its left side is from the left of the picture, in pixels.
    pub(crate) x: u32,
    /// How far its top is from the top of the picture, in pixels.
    pub(crate) y: u32,
    /// How wide it is, in pixels.
    pub(crate) width: u32,
    /// How high it is, in pixels.
    pub(crate) height: u32,
}

impl Region {
    /// Refuses a region that is not all inside a picture of that size.
    pub(crate) fn check(self, width: u32, height: u32) -> Result<Self, NodeError> {
        let inside = self.width > 0
            && self.height > 0
            && u64::from(self.x) + u64::from(self.width) <= u64::from(width)
            && u64::from(self.y) + u64::from(self.height) <= u64::from(height);
        if inside {
            return Ok(self);
        }
        Err(NodeError::invalid(format!(
            "the region {}×{} at {},{} does not lie inside the picture, which is {width}×{height}",
            self.width, self.height, self.x, self.y
        )))
    }
}

/// What a file says of the picture in it.
pub(crate) struct Described {
    pub(crate) format: ImageFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) alpha: bool,
    pub(crate) bits: u16,
    pub(crate) gray: bool,
}

fn reader(path: &Path) -> Result<(ImageReader<BufReader<File>>, ImageFormat), NodeError> {
    let failed = |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
    let file = File::open(path).map_err(failed)?;
    let reader = ImageReader::new(BufReader::new(file))
        .with_guessed_format()
        .map_err(failed)?;
    let format = reader.format().ok_or_else(|| {
        NodeError::invalid(format!("{} is no picture that can be read", path.display())).with_help(
            "PNG, JPEG, GIF, BMP, TIFF, WebP, ICO and PNM can; pages of a PDF become pictures with \
             pdf.to_images",
        )
    })?;
    Ok((reader, format))
}

/// What the file at `path` says of its picture, whose pixels are not read.
pub(crate) fn describe(path: &Path) -> Result<Described, NodeError> {
    let (reader, format) = reader(path)?;
    let decoder = reader
        .into_decoder()
        .map_err(|error| damaged(path, &error))?;
    let (width, height) = decoder.dimensions();
    let color = decoder.color_type();
    Ok(Described {
        format,
        width,
        height,
        alpha: color.has_alpha(),
        bits: color.bits_per_pixel(),
        gray: !color.has_color(),
    })
}

/// Reads the picture at `path`, turned as its camera says.
pub(crate) fn read(path: &Path) -> Result<DynamicImage, NodeError> {
    let described = describe(path)?;
    let pixels = u64::from(described.width) * u64::from(described.height);
    if pixels > MOST_PIXELS {
        return Err(NodeError::invalid(format!(
            "{} is {}×{} pixels large; no more than {} million are read",
            path.display(),
            described.width,
            described.height,
            MOST_PIXELS / 1_000_000
        ))
        .with_help("make it smaller with the program it comes from"));
    }
    let (mut reader, _) = reader(path)?;
    let mut limits = image::Limits::no_limits();
    // 16 bits a channel are the most that is decoded; decoders need some room of their own.
    limits.max_alloc = Some(MOST_PIXELS * 8 + (64 << 20));
    reader.limits(limits);
    let mut decoder = reader
        .into_decoder()
        .map_err(|error| damaged(path, &error))?;
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| damaged(path, &error))?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(picture)
}

fn damaged(path: &Path, error: &ImageError) -> NodeError {
    NodeError::invalid(format!(
        "{} can't be read as a picture: {error}",
        path.display()
    ))
    .with_help("the file is damaged, cut off, or of a kind that can't be read")
}

/// The kind of picture that a file's name says.
pub(crate) fn format_of(path: &Path) -> Result<ImageFormat, NodeError> {
    ImageFormat::from_path(path)
        .ok()
        .filter(ImageFormat::writing_enabled)
        .ok_or_else(|| {
            NodeError::invalid(format!(
                "{}: the name says no kind of picture that can be written",
                path.display()
            ))
            .with_help("end it in .png, .jpg, .gif, .bmp, .tiff, .webp or .ico")
        })
}

/// Writes a picture; `quality` is for JPEG, from 1 to 100.
pub(crate) fn write(
    picture: &DynamicImage,
    path: &Path,
    quality: u8,
) -> Result<Written, NodeError> {
    let format = format_of(path)?;
    let mut file = AtomicFile::create(path)?;
    let written = match format {
        ImageFormat::Jpeg => {
            // JPEG has no transparency: what is transparent becomes white.
            let flat = flattened(picture);
            JpegEncoder::new_with_quality(&mut file, quality.clamp(1, 100)).encode_image(&flat)
        }
        ImageFormat::WebP | ImageFormat::Gif | ImageFormat::Ico => {
            DynamicImage::ImageRgba8(picture.to_rgba8()).write_to(&mut file, format)
        }
        _ => picture
            .write_to(&mut file, format)
            .or_else(|_| DynamicImage::ImageRgb8(flattened(picture)).write_to(&mut file, format)),
    };
    written.map_err(|error| match error {
        ImageError::IoError(error) => file.failed(&error),
        error => NodeError::invalid(format!("{} can't be written: {error}", path.display())),
    })?;
    let size = file.commit()?;
    Ok(Written {
        path: path.display().to_string(),
        width: picture.width(),
        height: picture.height(),
        size,
    })
}

/// The picture on white.
pub(crate) fn flattened(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, alpha] = picture.get_pixel(x, y).0;
        let on_white = |channel: u8| {
            let alpha = u32::from(alpha);
            ((u32::from(channel) * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        Rgb([on_white(r), on_white(g), on_white(b)])
    })
}

/// A colour written as `#C00000`, `#C0000080` or a name.
pub(crate) fn colour(setting: &str, written: &str) -> Result<[u8; 4], NodeError> {
    const NAMES: [(&str, [u8; 4]); 10] = [
        ("black", [0, 0, 0, 255]),
        ("white", [255, 255, 255, 255]),
        ("red", [255, 0, 0, 255]),
        ("green", [0, 128, 0, 255]),
        ("blue", [0, 0, 255, 255]),
        ("yellow", [255, 255, 0, 255]),
        ("orange", [255, 165, 0, 255]),
        ("gray", [128, 128, 128, 255]),
        ("purple", [128, 0, 128, 255]),
        ("transparent", [0, 0, 0, 0]),
    ];
    let lower = written.to_lowercase();
    if let Some((_, colour)) = NAMES.iter().find(|(name, _)| *name == lower) {
        return Ok(*colour);
    }
    let digits = written.strip_prefix('#').unwrap_or(written);
    let byte = |at: usize| {
        digits
            .get(at..at + 2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
    };
    match (digits.len(), byte(0), byte(2), byte(4)) {
        (6, Some(r), Some(g), Some(b)) => Ok([r, g, b, 255]),
        (8, Some(r), Some(g), Some(b)) if byte(6).is_some() => {
            Ok([r, g, b, byte(6).unwrap_or(255)])
        }
        _ => Err(
            NodeError::invalid(format!("setting `{setting}`: `{written}` is no colour"))
                .with_help("write it as `#C00000`, or as a name such as `red`"),
        ),
    }
}

/// The quality of JPEG files where nothing else is said.
pub(crate) fn usual_quality() -> u8 {
    85
}
