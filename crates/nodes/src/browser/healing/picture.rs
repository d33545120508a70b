//! Pictures of elements for proposals, without secrets.

use std::time::Duration;

use casare_browser::{Area, Fingerprint, ImageFormat, Locator, Page, Shot};
use tokio::time::Instant;

/// How long a picture may take.
const TIME: Duration = Duration::from_secs(2);
/// A larger picture is not kept.
const LARGEST: usize = 2 << 20;

/// Whether somebody may have written into it, or something in it.
const WRITTEN_INTO: &str = "css=:is(input:not([type=checkbox],[type=radio],[type=button],[type=submit],[type=reset],[type=image]), textarea, [contenteditable]):not(:placeholder-shown)";

/// A picture of the element, unless it is or holds a field that somebody has written into: the text may be a
/// secret.
pub(super) async fn of_element(
    page: &Page,
    selector: &Locator,
    print: Option<&Fingerprint>,
) -> Option<Vec<u8>> {
    if print.is_none_or(is_field) {
        return None;
    }
    let until = Instant::now() + TIME;
    let inside: Locator = format!("{selector} >> {WRITTEN_INTO}").parse().ok()?;
    // What can't be told is not shown.
    if page.count(&inside, until).await.ok()? > 0 {
        return None;
    }
    let shot = Shot {
        area: Area::Element(selector.clone()),
        format: ImageFormat::Png,
    };
    let picture = page.screenshot(&shot, until).await.ok()?;
    (picture.len() <= LARGEST).then_some(picture)
}

/// Text that people have put into a field is nobody's business.
fn is_field(print: &Fingerprint) -> bool {
    let kind = print.attributes.get("type").map_or("", String::as_str);
    let is_pressed = matches!(
        kind,
        "checkbox" | "radio" | "button" | "submit" | "reset" | "image"
    );
    match print.tag.as_str() {
        "input" => !is_pressed,
        "textarea" => true,
        _ => matches!(print.role.as_str(), "textbox" | "searchbox" | "combobox"),
    }
}
