//! Values as JSON text of bounded length, whatever their size.

use std::cell::Cell;

use casare_workflow::{
    Value,
    value::{Stream, pairs, to_json},
};
use minijinja::value::ValueKind;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

/// `value` as indented JSON of about `limit` bytes at most. What is left out is marked by `…`.
pub(super) fn preview(value: &Value, limit: usize) -> String {
    let left = Cell::new(limit);
    serde_json::to_string_pretty(&Bounded { value, left: &left }).unwrap_or_default()
}

/// `text` without what is beyond `limit` bytes; says how much that is.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(limit);
    format!("{}… ({} more bytes)", &text[..end], text.len() - end)
}

struct Bounded<'a> {
    value: &'a Value,
    left: &'a Cell<usize>,
}

impl<'a> Bounded<'a> {
    fn inside(&self, value: &'a Value) -> Bounded<'a> {
        Bounded {
            value,
            left: self.left,
        }
    }

    /// Takes `bytes` off what is left.
    fn spend(&self, bytes: usize) {
        self.left.set(self.left.get().saturating_sub(bytes));
    }

    fn text<S: Serializer>(&self, text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = cut(text, self.left.get());
        self.spend(shown.len() + 2);
        serializer.serialize_str(&shown)
    }
}

impl Serialize for Bounded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value.kind() {
            ValueKind::String => self.text(self.value.as_str().unwrap_or_default(), serializer),
            ValueKind::Bytes => {
                let length = self.value.as_bytes().map_or(0, <[u8]>::len);
                self.text(&format!("<{length} bytes>"), serializer)
            }
            ValueKind::Map => {
                let mut map = serializer.serialize_map(None)?;
                for (key, item) in pairs(self.value) {
                    if self.left.get() == 0 {
                        map.serialize_entry("…", "…")?;
                        break;
                    }
                    let key = cut(&key.to_string(), self.left.get());
                    self.spend(key.len() + 6);
                    map.serialize_entry(&key, &self.inside(&item))?;
                }
                map.end()
            }
            ValueKind::Seq | ValueKind::Iterable
                if self.value.downcast_object_ref::<Stream>().is_none() =>
            {
                let mut list = serializer.serialize_seq(None)?;
                let length = self.value.len();
                for (place, item) in self.value.try_iter().into_iter().flatten().enumerate() {
                    if self.left.get() == 0 {
                        let more = length.map(|length| format!("… ({} more)", length - place));
                        list.serialize_element(more.as_deref().unwrap_or("…"))?;
                        break;
                    }
                    self.spend(4);
                    list.serialize_element(&self.inside(&item))?;
                }
                list.end()
            }
            _ => {
                self.spend(8);
                to_json(self.value).serialize(serializer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_value_is_cut_where_the_room_ends() {
        let rows: Vec<Value> = (0..100_000)
            .map(|n| Value::from(format!("row {n}")))
            .collect();

        let text = preview(&Value::from(rows), 40);

        assert!(text.len() < 200, "{text}");
        assert!(text.contains("row 0") && text.contains("more)"), "{text}");
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(cut("häh", 2), "h… (3 more bytes)");
    }
}
