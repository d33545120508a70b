use casare_engine::{Node, NodeError, StepContext};
use rand::{Rng as _, rngs::StdRng};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// Makes ids that occur nowhere else (UUIDs).
///
/// They follow from the run's seed and clock, so that a replay makes the same ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeUuid {
    /// Which kind.
    #[serde(default)]
    version: Version,
    /// For `version: "5"`: the name that the id follows from, always the same one.
    name: Option<String>,
    /// For `version: "5"`: the id that names belong to, or `url`, `dns`, `oid`.
    #[serde(default = "url")]
    namespace: String,
    /// How it is written.
    #[serde(default)]
    format: Format,
    /// How many are made.
    #[serde(default = "one")]
    count: usize,
}

fn url() -> String {
    "url".to_owned()
}

fn one() -> usize {
    1
}

/// A kind of UUID.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
enum Version {
    /// By the time, and a random sender.
    #[serde(rename = "1")]
    V1,
    /// Random.
    #[default]
    #[serde(rename = "4")]
    V4,
    /// By a name: the same name has the same id.
    #[serde(rename = "5")]
    V5,
    /// By the time and random: later ones sort behind earlier ones, which databases like.
    #[serde(rename = "7")]
    V7,
}

/// How a UUID is written.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// `67e55044-10b1-426f-9247-bb680e5fe0c8`
    #[default]
    Standard,
    /// `67e5504410b1426f9247bb680e5fe0c8`
    Hex,
    /// `urn:uuid:67e55044-10b1-426f-9247-bb680e5fe0c8`
    Urn,
    /// `{67e55044-10b1-426f-9247-bb680e5fe0c8}`
    Braced,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Made {
    /// The id; the first of several.
    result: String,
    /// All that were made.
    ids: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action("random.uuid", make)
        .pure()
        .icon("fingerprint")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: random.uuid
  with: { version: "7" }
- use: log.write
  with: { message: "{{ steps.order.result }}" }
"#;

async fn make(cx: &StepContext, settings: MakeUuid) -> Result<Made, NodeError> {
    if !(1..=100_000).contains(&settings.count) {
        return Err(NodeError::invalid(
            "setting `count` is between 1 and 100,000",
        ));
    }
    if settings.version == Version::V5 && settings.count > 1 {
        return Err(NodeError::invalid(
            "a name has one id: `count` is 1 with `version: \"5\"`",
        ));
    }
    let now = cx.now();
    let mut chance = cx.rng();
    let ids: Vec<String> = (0..settings.count)
        .map(|index| {
            one_id(&settings, now, index, &mut chance).map(|id| written(id, settings.format))
        })
        .collect::<Result<_, _>>()?;
    Ok(Made {
        result: ids.first().cloned().unwrap_or_default(),
        ids,
    })
}

/// 100-nanosecond steps between 1582-10-15 and 1970-01-01.
const GREGORIAN: i128 = 0x01b2_1dd2_1381_4000;

fn one_id(
    settings: &MakeUuid,
    now: jiff::Timestamp,
    index: usize,
    chance: &mut StdRng,
) -> Result<Uuid, NodeError> {
    Ok(match settings.version {
        Version::V1 => {
            let ticks = now.as_nanosecond() / 100 + GREGORIAN + index as i128;
            let mut sender: [u8; 6] = chance.random();
            // A sender that is made up says so.
            sender[0] |= 1;
            Builder::from_gregorian_timestamp(ticks as u64, chance.random(), &sender).into_uuid()
        }
        Version::V4 => Builder::from_random_bytes(chance.random()).into_uuid(),
        Version::V5 => by_name(settings)?,
        Version::V7 => {
            let mut random: [u8; 10] = chance.random();
            // Those of one step count up, so that they keep their order.
            let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
            let millis = millis + index as u64 / 4096;
            random[0] = ((index % 4096) >> 8) as u8;
            random[1] = (index % 256) as u8;
            Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
        }
    })
}

fn by_name(settings: &MakeUuid) -> Result<Uuid, NodeError> {
    let name = settings.name.as_deref().ok_or_else(|| {
        NodeError::invalid("setting `name` is missing: the id of version 5 follows from it")
    })?;
    let namespace = match settings.namespace.as_str() {
        "url" => Uuid::NAMESPACE_URL,
        "dns" => Uuid::NAMESPACE_DNS,
        "oid" => Uuid::NAMESPACE_OID,
        other => other.parse().map_err(|_| {
            NodeError::invalid(format!(
                "setting `namespace`: `{other}` is no UUID, nor `url`, `dns` or `oid`"
            ))
        })?,
    };
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(namespace.as_bytes());
    hash.update(name.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finish().as_ref()[..16]);
    Ok(Builder::from_sha1_bytes(bytes).into_uuid())
}

fn written(id: Uuid, format: Format) -> String {
    match format {
        Format::Standard => id.hyphenated().to_string(),
        Format::Hex => id.simple().to_string(),
        Format::Urn => id.urn().to_string(),
        Format::Braced => id.braced().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_name_is_the_one_of_the_standard() {
        let settings = serde_json::from_value(serde_json::json!({
            "version": "5", "name": "www.example.com", "namespace": "dns"
        }));

        let id = by_name(&settings.unwrap()).unwrap();

        assert_eq!(id.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
