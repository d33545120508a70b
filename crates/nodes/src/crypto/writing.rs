//! How bytes such as hashes are written.

use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

/// With or without the `=` at the end.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How bytes are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Writing {
    /// Two hexadecimal digits a byte.
    #[default]
    Hex,
    /// Base64.
    Base64,
    /// Base64 for addresses and file names, without `=` at the end.
    Base64url,
}

impl Writing {
    pub(super) fn write(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex_of(bytes),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64url => URL_SAFE_NO_PAD.encode(bytes),
        }
    }
}

/// The bytes of a text in Base64 of either kind.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    TOLERANT
        .decode(text.replace('-', "+").replace('_', "/"))
        .ok()
}

/// The bytes of a text in hexadecimal digits.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

/// The bytes of a hash or signature in whichever form it is written.
pub(super) fn from_any(text: &str, length: Option<usize>) -> Option<Vec<u8>> {
    let fits = |bytes: &Vec<u8>| length.is_none_or(|length| bytes.len() == length);
    from_hex(text)
        .filter(|bytes| !bytes.is_empty() && fits(bytes))
        .or_else(|| from_base64(text).filter(fits))
}

fn hex_of(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}
