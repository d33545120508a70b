//! A serde deserializer over [`Value`] that says where it failed, takes text for numbers and back,
//! and hands whole values through to [`super::Any`].

use std::{cell::RefCell, fmt};

use minijinja::value::ValueKind;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use super::{Value, kind_name, pairs};

/// Why settings could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// The path of the setting, such as `headers.Accept` or `fields[2]`; empty for all settings.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "setting `{}`: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for SettingsError {}

impl de::Error for SettingsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            path: String::new(),
            message: message.to_string(),
        }
    }
}

impl SettingsError {
    fn below(mut self, key: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path = format!("{key}{dot}{}", self.path);
        self
    }
}

pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, SettingsError> {
    T::deserialize(ValueReader(value))
}

/// The name that [`super::Any`] asks for: `ValueReader` answers it with the value itself.
const ANY: &str = "$casare::Any";

thread_local! {
    static HANDED_OVER: RefCell<Option<Value>> = const { RefCell::new(None) };
}

pub(super) fn deserialize_any_value<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Value, D::Error> {
    struct AnyVisitor;
    impl<'de> Visitor<'de> for AnyVisitor {
        type Value = Value;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
            Ok(HANDED_OVER
                .with(|slot| slot.borrow_mut().take())
                .unwrap_or_else(|| Value::from(())))
        }
        // Other deserializers, such as serde_json's.
        fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
            de::Deserialize::deserialize(inner)
        }
    }
    deserializer.deserialize_newtype_struct(ANY, AnyVisitor)
}

struct ValueReader(Value);

impl ValueReader {
    fn mismatch<'de, V: Visitor<'de>>(&self, visitor: &V) -> SettingsError {
        struct Expected<'a, V>(&'a V);
        impl<'de, V: Visitor<'de>> fmt::Display for Expected<'_, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.expecting(f)
            }
        }
        de::Error::custom(format_args!(
            "expected {}, got {} `{}`",
            Expected(visitor),
            kind_name(&self.0),
            shorten(&self.0.to_string()),
        ))
    }

    fn text(&self) -> Option<String> {
        match self.0.kind() {
            ValueKind::String | ValueKind::Number | ValueKind::Bool => Some(self.0.to_string()),
            _ => None,
        }
    }
}

fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}…")
}

macro_rules! number {
    ($method:ident, $visit:ident, $kind:ty) => {
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
            let number = match self.0.kind() {
                ValueKind::Number => <$kind>::try_from(self.0.clone()).ok(),
                ValueKind::String => self.0.as_str().and_then(|text| text.trim().parse().ok()),
                _ => None,
            };
            match number {
                Some(number) => visitor.$visit(number),
                None => Err(self.mismatch(&visitor)),
            }
        }
    };
}

macro_rules! text {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
            match self.text() {
                Some(text) => visitor.visit_string(text),
                None => Err(self.mismatch(&visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for ValueReader {
    type Error = SettingsError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
        match self.0.kind() {
            ValueKind::Undefined | ValueKind::None => visitor.visit_unit(),
            ValueKind::Bool => visitor.visit_bool(self.0.is_true()),
            ValueKind::Number if self.0.is_integer() => match self.0.as_i64() {
                Some(number) => visitor.visit_i64(number),
                None => self.deserialize_u64(visitor),
            },
            ValueKind::Number => self.deserialize_f64(visitor),
            ValueKind::String => visitor.visit_str(self.0.as_str().unwrap_or_default()),
            ValueKind::Bytes => visitor.visit_bytes(self.0.as_bytes().unwrap_or_default()),
            ValueKind::Map => self.deserialize_map(visitor),
            _ => self.deserialize_seq(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
        match (self.0.kind(), self.0.as_str()) {
            (ValueKind::Bool, _) => visitor.visit_bool(self.0.is_true()),
            (_, Some("true" | "True" | "TRUE")) => visitor.visit_bool(true),
            (_, Some("false" | "False" | "FALSE")) => visitor.visit_bool(false),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    number!(deserialize_i8, visit_i8, i8);
    number!(deserialize_i16, visit_i16, i16);
    number!(deserialize_i32, visit_i32, i32);
    number!(deserialize_i64, visit_i64, i64);
    number!(deserialize_u8, visit_u8, u8);
    number!(deserialize_u16, visit_u16, u16);
    number!(deserialize_u32, visit_u32, u32);
    number!(deserialize_u64, visit_u64, u64);
    number!(deserialize_f32, visit_f32, f32);
    number!(deserialize_f64, visit_f64, f64);

    text!(deserialize_str deserialize_string deserialize_char deserialize_identifier);

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
        match (self.0.as_bytes(), self.0.as_str()) {
            (Some(bytes), _) => visitor.visit_bytes(bytes),
            (_, Some(text)) => visitor.visit_bytes(text.as_bytes()),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
        if self.0.is_none() || self.0.is_undefined() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
        if self.0.is_none() || self.0.is_undefined() {
            visitor.visit_unit()
        } else {
            Err(self.mismatch(&visitor))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        if name == ANY {
            HANDED_OVER.with(|slot| *slot.borrow_mut() = Some(self.0));
            return visitor.visit_unit();
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
        match self.0.kind() {
            ValueKind::Seq | ValueKind::Iterable => {}
            _ => return Err(self.mismatch(&visitor)),
        }
        let items = self.0.try_iter().map_err(de::Error::custom)?;
        visitor.visit_seq(Items {
            items: items.checked(),
            index: 0,
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SettingsError> {
        if self.0.kind() != ValueKind::Map {
            return Err(self.mismatch(&visitor));
        }
        visitor.visit_map(Pairs {
            pairs: pairs(&self.0),
            current: None,
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        match self.0.kind() {
            ValueKind::String => visitor.visit_enum(Variant {
                name: self.0,
                content: None,
            }),
            ValueKind::Map if self.0.len() == Some(1) => {
                let Some((name, content)) = pairs(&self.0).next() else {
                    return Err(self.mismatch(&visitor));
                };
                visitor.visit_enum(Variant {
                    name,
                    content: Some(content),
                })
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        visitor.visit_unit()
    }
}

impl IntoDeserializer<'_, SettingsError> for ValueReader {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Items<I> {
    items: I,
    index: usize,
}

impl<'de, I> SeqAccess<'de> for Items<I>
where
    I: Iterator<Item = Result<Value, minijinja::Error>>,
{
    type Error = SettingsError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, SettingsError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let key = format!("[{}]", self.index);
        self.index += 1;
        item.map_err(de::Error::custom)
            .and_then(|item| seed.deserialize(ValueReader(item)))
            .map(Some)
            .map_err(|error| error.below(&key))
    }
}

struct Pairs<I> {
    pairs: I,
    current: Option<(Value, Value)>,
}

impl<'de, I: Iterator<Item = (Value, Value)>> MapAccess<'de> for Pairs<I> {
    type Error = SettingsError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, SettingsError> {
        self.current = self.pairs.next();
        match &self.current {
            Some((key, _)) => seed.deserialize(ValueReader(key.clone())).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, SettingsError> {
        let (key, value) = self.current.take().unwrap_or_default();
        seed.deserialize(ValueReader(value))
            .map_err(|error| error.below(&key.to_string()))
    }
}

struct Variant {
    name: Value,
    content: Option<Value>,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = SettingsError;
    type Variant = Content;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Content), SettingsError> {
        let name = seed.deserialize(ValueReader(self.name))?;
        Ok((name, Content(self.content)))
    }
}

struct Content(Option<Value>);

impl<'de> VariantAccess<'de> for Content {
    type Error = SettingsError;

    fn unit_variant(self) -> Result<(), SettingsError> {
        match self.0 {
            None => Ok(()),
            Some(content) if content.is_none() => Ok(()),
            Some(content) => Err(de::Error::custom(format_args!(
                "expected nothing more, got {}",
                kind_name(&content)
            ))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, SettingsError> {
        seed.deserialize(ValueReader(self.0.unwrap_or_default()))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        ValueReader(self.0.unwrap_or_default()).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SettingsError> {
        ValueReader(self.0.unwrap_or_default()).deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::{Any, Stream, from_json, read_settings};
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Fast,
        Careful { tries: u8 },
    }

    #[derive(Debug, Deserialize)]
    struct Settings {
        text: String,
        count: Option<u32>,
        mode: Mode,
        items: Any,
    }

    #[test]
    fn numbers_and_text_stand_in_for_each_other() {
        let value = from_json(&serde_json::json!({
            "text": 4711, "count": "12", "mode": { "careful": { "tries": 3 } }, "items": [1]
        }));

        let settings: Settings = read_settings(value).unwrap();

        assert_eq!(settings.text, "4711");
        assert_eq!(settings.count, Some(12));
        assert_eq!(settings.mode, Mode::Careful { tries: 3 });
    }

    #[test]
    fn a_wrong_setting_is_named_with_what_was_expected() {
        let value = from_json(&serde_json::json!({
            "text": "a", "mode": { "careful": { "tries": "many" } }, "items": []
        }));

        let error = read_settings::<Settings>(value).unwrap_err();

        assert_eq!(
            error.to_string(),
            "setting `mode.tries`: expected u8, got text `many`"
        );
    }

    #[test]
    fn a_stream_reaches_the_node_unread() {
        let stream = Stream::value("nothing", || panic!("was read"));
        let value = Value::from_pairs([
            ("text", Value::from("a")),
            ("mode", Value::from("fast")),
            ("items", stream),
        ]);

        let settings: Settings = read_settings(value).unwrap();

        assert!(Stream::is_in(&settings.items.0));
    }
}
