//! Ways to write bytes as text, and back.

use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    },
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use schemars::JsonSchema;
use serde::Deserialize;

/// What stands in an address as it is.
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// With or without the `=` at the end.
const TOLERANT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// A way to write bytes as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Coding {
    /// Base64: `w6Q=`.
    Base64,
    /// Base64 that can stand in an address and a file's name: `w6Q`.
    Base64url,
    /// As in addresses: `%C3%A4`.
    Url,
    /// As in the fields of a web form: as `url`, and a blank is `+`.
    Form,
    /// As in HTML and XML: `&amp;`, `&lt;`.
    Html,
    /// Two digits a byte: `c3a4`.
    Hex,
    /// As in mails: `=C3=A4`.
    QuotedPrintable,
    /// As in JSON between quotes: `\"`, `\n`.
    Json,
}

impl Coding {
    pub(super) fn encode(self, bytes: &[u8]) -> Result<String, String> {
        let text = || std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned());
        Ok(match self {
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64url => URL_SAFE_NO_PAD.encode(bytes),
            Self::Url => percent_encode(bytes, IN_ADDRESS).to_string(),
            Self::Form => percent_encode(bytes, IN_ADDRESS)
                .to_string()
                .replace("%20", "+"),
            Self::Html => html_escape::encode_quoted_attribute(text()?).into_owned(),
            Self::Hex => hex_of(bytes),
            Self::QuotedPrintable => quoted_printable::encode_to_str(bytes),
            Self::Json => {
                let quoted = serde_json::Value::from(text()?).to_string();
                quoted
                    .get(1..quoted.len() - 1)
                    .unwrap_or_default()
                    .to_owned()
            }
        })
    }

    pub(super) fn decode(self, text: &str) -> Result<Vec<u8>, String> {
        let without_blanks = || text.split_whitespace().collect::<String>();
        match self {
            Self::Base64 | Self::Base64url => {
                // What stands in a data address is meant by its content.
                let text = without_blanks();
                let content = match text
                    .strip_prefix("data:")
                    .and_then(|rest| rest.split_once(','))
                {
                    Some((_, content)) => content,
                    None => &text,
                };
                let content = content.replace('-', "+").replace('_', "/");
                GeneralPurpose::new(&alphabet::STANDARD, TOLERANT)
                    .decode(content)
                    .map_err(|error| error.to_string())
            }
            Self::Url => percent(text),
            Self::Form => percent(&text.replace('+', " ")),
            Self::Html => Ok(html_escape::decode_html_entities(text)
                .into_owned()
                .into_bytes()),
            Self::Hex => hex(&without_blanks().replace([':', '-'], "")),
            Self::QuotedPrintable => {
                quoted_printable::decode(text, quoted_printable::ParseMode::Robust)
                    .map_err(|error| error.to_string())
            }
            Self::Json => serde_json::from_str::<String>(&format!("\"{text}\""))
                .map(String::into_bytes)
                .map_err(|error| error.to_string()),
        }
    }
}

fn percent(text: &str) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let digits = bytes.get(at + 1..at + 3);
        let is_code = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if *byte == b'%' && !is_code {
            return Err(format!(
                "byte {at} is a `%` without two hexadecimal digits behind it"
            ));
        }
    }
    Ok(percent_decode(bytes).collect())
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err("hexadecimal digits come in pairs".to_owned());
    }
    (0..text.len())
        .step_by(2)
        .map(|at| {
            let pair = &text[at..at + 2];
            u8::from_str_radix(pair, 16).map_err(|_| format!("`{pair}` are no hexadecimal digits"))
        })
        .collect()
}

fn hex_of(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}
