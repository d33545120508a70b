//! What expressions yield, and how typed settings are read from it.
//!
//! A [`Value`] is cheap to clone: lists, maps and long texts are shared. It may also be *lazy*: a
//! [`Stream`] is read anew each time it is iterated, so that a file of any size stays out of memory.

use std::{fmt, sync::Arc};

use minijinja::value::{Enumerator, Object, ObjectRepr, Serde, ValueKind};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value as Json;

mod settings;

pub use minijinja::Value;
pub use settings::SettingsError;

/// Reads typed settings out of `value`.
///
/// Values that people would call the same are accepted for each other: a number where text is
/// wanted (`12` → `"12"`), numeric text where a number is wanted, `"true"` for a boolean.
///
/// # Errors
///
/// Says the path of the setting and what was expected there.
pub fn read_settings<T: DeserializeOwned>(value: Value) -> Result<T, SettingsError> {
    settings::read(value)
}

/// `value` as data; sharing and laziness inside it survive.
pub fn from_serialize<T: Serialize>(value: T) -> Value {
    Value::from(Serde(value))
}

/// JSON as a value.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => {
            if let Some(whole) = number.as_i64() {
                Value::from(whole)
            } else if let Some(whole) = number.as_u64() {
                Value::from(whole)
            } else {
                Value::from(number.as_f64().unwrap_or(f64::NAN))
            }
        }
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => items.iter().map(from_json).collect(),
        Json::Object(map) => Value::from_pairs(
            map.iter()
                .map(|(key, item)| (Value::from(key.as_str()), from_json(item))),
        ),
    }
}

/// A value as JSON. A [`Stream`] becomes its description, bytes become base64, numbers that JSON
/// cannot say become `null`.
pub fn to_json(value: &Value) -> Json {
    if value.is_undefined() {
        return Json::Null;
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => number_to_json(value),
        ValueKind::String => Json::String(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Bytes => {
            use base64::Engine as _;
            Json::String(
                base64::engine::general_purpose::STANDARD
                    .encode(value.as_bytes().unwrap_or_default()),
            )
        }
        ValueKind::Map => pairs(value)
            .map(|(key, item)| (key.to_string(), to_json(&item)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => {
            if let Some(stream) = value.downcast_object_ref::<Stream>() {
                return Json::String(stream.describe());
            }
            match value.try_iter() {
                Ok(items) => Json::Array(items.map(|item| to_json(&item)).collect()),
                Err(_) => Json::String(value.to_string()),
            }
        }
    }
}

fn number_to_json(value: &Value) -> Json {
    if let Some(whole) = value.as_i64().filter(|_| value.is_integer()) {
        return whole.into();
    }
    if value.is_integer() {
        if let Ok(whole) = u64::try_from(value.clone()) {
            return whole.into();
        }
        return Json::String(value.to_string());
    }
    f64::try_from(value.clone()).map_or(Json::Null, Json::from)
}

/// The pairs of a map, in order; nothing for anything else.
pub fn pairs(map: &Value) -> impl Iterator<Item = (Value, Value)> {
    let keys: Vec<Value> = match map.kind() {
        ValueKind::Map => map.try_iter().map(Iterator::collect).unwrap_or_default(),
        _ => Vec::new(),
    };
    let map = map.clone();
    keys.into_iter().map(move |key| {
        let item = map.get_item(&key).unwrap_or_default();
        (key, item)
    })
}

/// A word for people: what kind of thing `value` is.
pub fn kind_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "undefined",
        ValueKind::None => "none",
        ValueKind::Bool => "boolean",
        ValueKind::Number if value.is_integer() => "whole number",
        ValueKind::Number => "number",
        ValueKind::String => "text",
        ValueKind::Bytes => "bytes",
        ValueKind::Seq | ValueKind::Iterable => "list",
        ValueKind::Map => "map",
        _ => "value",
    }
}

/// A setting that takes any value as it is, lazy ones too.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Any(pub Value);

impl From<Value> for Any {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        settings::deserialize_any_value(deserializer).map(Self)
    }
}

impl JsonSchema for Any {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Any".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({})
    }
}

/// Items of one pass over a [`Stream`].
pub type Items = Box<dyn Iterator<Item = Result<Value, String>> + Send + Sync>;

/// A list that is read from its source each time it is iterated.
pub struct Stream {
    what: String,
    open: Box<dyn Fn() -> Result<Items, String> + Send + Sync>,
}

impl Stream {
    /// A stream of `what` (for people, such as `rows of big.csv`), read by what `open` returns.
    pub fn value(
        what: impl Into<String>,
        open: impl Fn() -> Result<Items, String> + Send + Sync + 'static,
    ) -> Value {
        Value::from_object(Self {
            what: what.into(),
            open: Box::new(open),
        })
    }

    /// Whether `value` is a stream or a map with a stream in it: such outputs are not journaled.
    pub fn is_in(value: &Value) -> bool {
        let is_stream = |value: &Value| value.downcast_object_ref::<Self>().is_some();
        is_stream(value) || pairs(value).any(|(_, item)| is_stream(&item))
    }

    fn describe(&self) -> String {
        format!("<stream: {}>", self.what)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

impl Object for Stream {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let failed = |message: String| {
            Value::from(minijinja::Error::new(
                minijinja::ErrorKind::InvalidOperation,
                message,
            ))
        };
        match (self.open)() {
            Ok(items) => {
                Enumerator::Iter(Box::new(items.map(move |item| item.unwrap_or_else(failed))))
            }
            Err(message) => Enumerator::Iter(Box::new(std::iter::once(failed(message)))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}
