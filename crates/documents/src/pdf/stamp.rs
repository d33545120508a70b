use std::path::PathBuf;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use krilla::{
    Document as NewDocument,
    geom::{Point, Size, Transform},
    num::NormalizedF32,
    page::PageSettings,
    text::TextDirection,
};
use lopdf::{Document, Object, ObjectId, Stream, dictionary};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    compose::{Faces, solid},
    file::{Source, pages, save, settle_page},
    from_images::image_of,
    merge::Written,
};
use crate::image::picture;

/// Puts a text or a picture on the pages of a PDF: a watermark, a stamp, a signature as a picture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Stamp {
    /// The PDF.
    path: String,
    /// The new file; it may be the same.
    to: String,
    /// The text. `{page}` stands for the number of the page, `{pages}` for how many there are.
    text: Option<String>,
    /// A picture in place of a text.
    image: Option<String>,
    /// Which pages, such as `1-3, 5`, `2-` or `-1`. All if not set.
    pages: Option<String>,
    /// Where it stands.
    #[serde(default)]
    position: Position,
    /// How far it is from the border, in points; 72 are an inch.
    #[serde(default = "usual_margin")]
    margin: f32,
    /// The size of the letters, in points.
    #[serde(default = "usual_size")]
    size: f32,
    /// How wide the picture is, in points.
    #[serde(default = "usual_width")]
    width: f32,
    /// How far it is turned, in degrees, upwards to the right: 45 for a watermark.
    #[serde(default)]
    degrees: f32,
    /// The colour of the text, such as `#C00000` or `red`.
    #[serde(default = "gray")]
    color: String,
    /// How much it covers what is behind, from 0 to 1.
    #[serde(default = "half")]
    opacity: f32,
    /// Whether it stands behind what is on the page.
    #[serde(default)]
    behind: bool,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

/// Where something stands on a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Position {
    /// In the middle.
    #[default]
    Center,
    /// At the top, to the left.
    TopLeft,
    /// At the top, in the middle.
    Top,
    /// At the top, to the right.
    TopRight,
    /// At the bottom, to the left.
    BottomLeft,
    /// At the bottom, in the middle.
    Bottom,
    /// At the bottom, to the right.
    BottomRight,
}

fn usual_margin() -> f32 {
    28.0
}

fn usual_size() -> f32 {
    48.0
}

fn usual_width() -> f32 {
    150.0
}

fn gray() -> String {
    "#808080".to_owned()
}

fn half() -> f32 {
    0.5
}

pub(super) fn node() -> Node {
    Node::action("pdf.stamp", stamp)
        .icon("stamp")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: pdf.stamp
  with: { path: invoice.pdf, to: out/draft.pdf, text: DRAFT, degrees: 45, opacity: 0.3 }
";

async fn stamp(cx: &StepContext, settings: Stamp) -> Result<Written, NodeError> {
    if settings.text.is_some() == settings.image.is_some() {
        return Err(NodeError::invalid("set one of `text` and `image`"));
    }
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let to = cx.file(&settings.to);
    let image = settings.image.as_ref().map(|image| cx.file(image));
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let reader = source.read()?;
        let sizes: Vec<(f32, f32)> = reader
            .pages()
            .iter()
            .map(hayro::hayro_syntax::page::Page::render_dimensions)
            .collect();
        drop(reader);
        let mut document = source.open()?;
        let all: Vec<ObjectId> = document.page_iter().collect();
        let faces = Faces::new(None)?;
        for index in pages(settings.pages.as_deref(), all.len())? {
            if cancel.is_cancelled() {
                return Err(NodeError::timeout("stamping was stopped"));
            }
            let size = sizes.get(index).copied().unwrap_or((595.0, 842.0));
            let text = settings.text.as_ref().map(|text| {
                text.replace("{page}", &(index + 1).to_string())
                    .replace("{pages}", &all.len().to_string())
            });
            let layer = settings.layer(size, text.as_deref(), image.as_ref(), &faces)?;
            lay(&mut document, all[index], &layer, settings.behind)?;
        }
        save(&mut document, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count: all.len(),
        })
    })
    .await
}

impl Stamp {
    /// A PDF of one page with the stamp on it.
    fn layer(
        &self,
        (width, height): (f32, f32),
        text: Option<&str>,
        image: Option<&PathBuf>,
        faces: &Faces,
    ) -> Result<Vec<u8>, NodeError> {
        let mut document = NewDocument::new();
        let settings = PageSettings::from_wh(width.max(3.0), height.max(3.0))
            .ok_or_else(|| NodeError::invalid("the page has no size"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        if let Some(text) = text {
            faces.check(text)?;
            let wide = faces.regular.width(text, self.size);
            let [red, green, blue, _] = picture::colour("color", &self.color)?;
            let (x, y) = self.place((width, height), (wide, self.size));
            let (middle_x, middle_y) = (x + wide / 2.0, y + self.size / 2.0);
            surface.push_transform(&Transform::from_rotate_at(
                -self.degrees,
                middle_x,
                middle_y,
            ));
            surface.set_fill(Some(solid([red, green, blue], self.opacity)));
            let start = Point::from_xy(x, y + self.size * 0.8);
            let font = faces.regular.font.clone();
            surface.draw_text(start, font, self.size, text, false, TextDirection::Auto);
            surface.pop();
        }
        if let Some(path) = image {
            let image = image_of(path)?;
            let (across, down) = image.size();
            let high = self.width * down as f32 / across.max(1) as f32;
            let size = Size::from_wh(self.width, high)
                .ok_or_else(|| NodeError::invalid("setting `width` is too small"))?;
            let (x, y) = self.place((width, height), (self.width, high));
            let turn =
                Transform::from_rotate_at(-self.degrees, x + self.width / 2.0, y + high / 2.0);
            surface.push_transform(&turn);
            surface.push_transform(&Transform::from_translate(x, y));
            let opacity = self.opacity.clamp(0.0, 1.0);
            surface.push_opacity(NormalizedF32::new(opacity).unwrap_or(NormalizedF32::ONE));
            surface.draw_image(image, size);
            surface.pop();
            surface.pop();
            surface.pop();
        }
        surface.finish();
        page.finish();
        document
            .finish()
            .map_err(|error| NodeError::invalid(format!("the stamp can't be made: {error:?}")))
    }

    fn place(&self, page: (f32, f32), own: (f32, f32)) -> (f32, f32) {
        use Position::{Bottom, BottomLeft, BottomRight, Center, Top, TopLeft, TopRight};
        let x = match self.position {
            TopLeft | BottomLeft => self.margin,
            TopRight | BottomRight => page.0 - own.0 - self.margin,
            Center | Top | Bottom => (page.0 - own.0) / 2.0,
        };
        let y = match self.position {
            TopLeft | Top | TopRight => self.margin,
            BottomLeft | Bottom | BottomRight => page.1 - own.1 - self.margin,
            Center => (page.1 - own.1) / 2.0,
        };
        (x, y)
    }
}

/// Lays the one page of `layer` over or under a page, the way up that the page is shown.
fn lay(
    document: &mut Document,
    page: ObjectId,
    layer: &[u8],
    behind: bool,
) -> Result<(), NodeError> {
    let broken = |error: lopdf::Error| NodeError::invalid(format!("the PDF is damaged: {error}"));
    let mut layer = Document::load_mem(layer).map_err(broken)?;
    layer.renumber_objects_with(document.max_id + 1);
    let own = layer
        .page_iter()
        .next()
        .ok_or_else(|| NodeError::bug("the stamp has no page"))?;
    settle_page(&mut layer, own);
    let content = layer.get_page_content(own);
    let dictionary = layer.get_dictionary(own).map_err(broken)?;
    let size = numbers(&layer, dictionary, b"MediaBox").unwrap_or([0.0, 0.0, 595.0, 842.0]);
    let mut form = Stream::new(
        dictionary! {
            "Type" => "XObject",
            "Subtype" => "Form",
            "BBox" => size.map(Object::Real).to_vec(),
            "Resources" => dictionary.get(b"Resources").cloned().unwrap_or(Object::Null),
            "Group" => dictionary! { "S" => "Transparency", "CS" => "DeviceRGB" },
        },
        content,
    );
    let _ = form.compress();
    document.max_id = document.max_id.max(layer.max_id);
    document.objects.extend(layer.objects);
    let form = document.add_object(form);
    settle_page(document, page);
    let dictionary = document.get_dictionary(page).map_err(broken)?;
    let area = numbers(document, dictionary, b"CropBox")
        .or_else(|| numbers(document, dictionary, b"MediaBox"))
        .unwrap_or(size);
    let turned = dictionary
        .get(b"Rotate")
        .and_then(Object::as_i64)
        .unwrap_or(0);
    let [left, bottom, right, top] = area;
    let place = match turned.rem_euclid(360) {
        90 => format!("0 1 -1 0 {right} {bottom}"),
        180 => format!("-1 0 0 -1 {right} {top}"),
        270 => format!("0 -1 1 0 {left} {top}"),
        _ => format!("1 0 0 1 {left} {bottom}"),
    };
    let name = add_form(document, page, form);
    draw(
        document,
        page,
        format!("q {place} cm /{name} Do Q").into_bytes(),
        !behind,
    );
    Ok(())
}

fn numbers(document: &Document, dictionary: &lopdf::Dictionary, key: &[u8]) -> Option<[f32; 4]> {
    let list = super::form::array(document, dictionary, key);
    let numbers: Vec<f32> = list.iter().filter_map(|n| n.as_float().ok()).collect();
    numbers.try_into().ok()
}

/// Lets the page draw `form`, by the name that is answered.
pub(super) fn add_form(document: &mut Document, page: ObjectId, form: ObjectId) -> String {
    let resolved = |document: &Document, object: Option<&Object>| {
        let (_, object) = document.dereference(object?).ok()?;
        object.as_dict().ok().cloned()
    };
    let own = document.get_dictionary(page).ok();
    let held = own.and_then(|page| page.get(b"Resources").ok());
    let mut resources = resolved(document, held).unwrap_or_default();
    let mut forms = resolved(document, resources.get(b"XObject").ok()).unwrap_or_default();
    let name = (1..=u32::MAX)
        .map(|number| format!("Casare{number}"))
        .find(|name| !forms.has(name.as_bytes()))
        .unwrap_or_default();
    forms.set(name.clone(), Object::Reference(form));
    resources.set("XObject", forms);
    if let Ok(page) = document.get_dictionary_mut(page) {
        page.set("Resources", resources);
    }
    name
}

/// Draws `content` after what is on the page, or before it.
pub(super) fn draw(document: &mut Document, page: ObjectId, content: Vec<u8>, above: bool) {
    if content.is_empty() {
        return;
    }
    let old: Vec<Object> = document
        .get_page_contents(page)
        .into_iter()
        .map(Object::Reference)
        .collect();
    let mut stream = |content: Vec<u8>| {
        Object::Reference(document.add_object(Stream::new(dictionary! {}, content)))
    };
    let mut all = Vec::with_capacity(old.len() + 3);
    if !above {
        all.push(stream(content.clone()));
    }
    // What the page leaves behind, such as a turned grid, must not turn the stamp.
    all.push(stream(b"q\n".to_vec()));
    all.extend(old);
    all.push(stream(b"\nQ\n".to_vec()));
    if above {
        all.push(stream(content));
    }
    if let Ok(page) = document.get_dictionary_mut(page) {
        page.set("Contents", all);
    }
}
