//! Targets: which element of a page is meant, in so many ways that it is known again after the page has changed.
//!
//! A target is a bundle: the selector that is tried first, others that found the same element when it was
//! recorded, a fingerprint of the element itself and its anchors, which are texts around it. Only the selector is
//! needed; empty parts are not written.
//!
//! ```yaml
//! selector: role=button[name="Save"]
//! alternatives: [testid="save-order", css=#save]
//! fingerprint:
//!   tag: button
//!   role: button
//!   name: Save
//! anchors:
//!   heading: Order 7
//!   others: [Cancel, Delete]
//! ```

mod objects;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::objects::{MergeRule, ObjectError, ObjectName, Objects};
use crate::locator::Locator;

/// An element as workflows and object repositories remember it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// Tried first.
    pub selector: Locator,
    /// Selectors that found the same element and nothing else, the stablest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Locator>,
    /// What the element itself was like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What stood around it.
    #[serde(skip_serializing_if = "Anchors::is_empty")]
    pub anchors: Anchors,
    /// A picture of it: a path beside the file that the target stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// What an element was like. Ids, names and classes that a program made up are not in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fingerprint {
    pub tag: String,
    /// The ARIA role, given or by its tag.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// The accessible name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The text inside it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Of a field, what labels it: its label, or else the text right before it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What its picture shows, by the markup: `fa-trash`, `logo.svg`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// Attributes that tell elements apart: `id`, `name`, `type`, `href`, `testid`, `data-…`
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// From the document down: `/html/body/form/button[2]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// From the nearest ancestor that has an id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id_path: String,
    /// Left, top, width and height in CSS pixels, from the corner of the document.
    pub area: [i32; 4],
    /// The texts nearby.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub around: String,
    /// Whether it is pressed: a button or a link.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub presses: bool,
    /// Whether people act on it; the others are only read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interactive: bool,
    /// How many others of its role had the same name.
    #[serde(skip_serializing_if = "is_zero")]
    pub twins: usize,
    /// Which of its surroundings told it from these: `item`, `heading`, …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told_by: Vec<String>,
    /// Attributes whose values others had as well: they prove nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<String>,
    /// Its place among its like in the smallest box that holds another one, from 0, and how many these were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<usize>,
}

/// What stood around an element: texts and places that change more rarely than its own markup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anchors {
    /// The last heading before it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub heading: String,
    /// The landmarks and forms that it stands in, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// The name of its fieldset or radio group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// What tells its row, list item or card from the others.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub item: String,
    /// The header of its column.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub column: String,
    /// The text right before it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// The text right after it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// Names of elements of its kind nearby: what has one of these names is not the one meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Attributes of these neighbours, as `id=last-name`: what has one of them is not the one meant either.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Anchors {
    /// One of the texts, by its name.
    pub(crate) fn part(&self, name: &str) -> &str {
        match name {
            "item" => &self.item,
            "group" => &self.group,
            "heading" => &self.heading,
            "column" => &self.column,
            "before" => &self.before,
            "after" => &self.after,
            _ => "",
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Anchors::default()
    }
}

impl Target {
    /// A target that is nothing but a selector: it can be found, but not healed.
    pub fn plain(selector: Locator) -> Self {
        Target {
            selector,
            alternatives: Vec::new(),
            fingerprint: None,
            anchors: Anchors::default(),
            picture: None,
        }
    }

    /// Whether there is more than a selector.
    pub fn can_heal(&self) -> bool {
        self.fingerprint.is_some() || !self.alternatives.is_empty()
    }
}

impl<'de> Deserialize<'de> for Target {
    /// Either a selector, or the whole bundle.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Bundle {
            selector: Locator,
            #[serde(default)]
            alternatives: Vec<Locator>,
            #[serde(default)]
            fingerprint: Option<Fingerprint>,
            #[serde(default)]
            anchors: Anchors,
            #[serde(default)]
            picture: Option<String>,
        }
        struct Either;
        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Target;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a selector, or a target with `selector` and more ways to know it")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Target, E> {
                text.parse().map(Target::plain).map_err(E::custom)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
                let bundle =
                    Bundle::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Target {
                    selector: bundle.selector,
                    alternatives: bundle.alternatives,
                    fingerprint: bundle.fingerprint,
                    anchors: bundle.anchors,
                    picture: bundle.picture,
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_selector_or_a_bundle_and_empty_parts_are_not_written() {
        let plain: Target = serde_json::from_str(r#""label=Email""#).unwrap();
        assert_eq!(plain, Target::plain("label=Email".parse().unwrap()));
        assert_eq!(
            serde_json::to_string(&plain).unwrap(),
            r#"{"selector":"label=Email"}"#
        );

        let bundle = r#"{"selector":"css=#save","alternatives":["text=Save"],"fingerprint":{"tag":"button","area":[0,0,10,20]},"anchors":{"heading":"Order 7"}}"#;
        let target: Target = serde_json::from_str(bundle).unwrap();
        assert_eq!(serde_json::to_string(&target).unwrap(), bundle);
    }
}
