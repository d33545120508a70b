//! Names of folders in modified UTF-7 (RFC 3501, 5.1.3).

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `name` as IMAP writes it.
pub(super) fn encode(name: &str) -> String {
    let mut out = String::new();
    let mut other: Vec<u8> = Vec::new();
    let flush = |out: &mut String, other: &mut Vec<u8>| {
        if !other.is_empty() {
            out.push('&');
            out.push_str(&BASE64.encode(&other));
            out.push('-');
            other.clear();
        }
    };
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut out, &mut other);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                other.extend(unit.to_be_bytes());
            }
        }
    }
    flush(&mut out, &mut other);
    out
}

/// A name as people read it; what is not encoded well stays as it is.
pub(super) fn decode(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let Some((inner, left)) = after.split_once('-') else {
            out.push('&');
            rest = after;
            continue;
        };
        rest = left;
        if inner.is_empty() {
            out.push('&');
            continue;
        }
        let units = BASE64.decode(inner).ok().map(|bytes| {
            let (pairs, _) = bytes.as_chunks::<2>();
            pairs
                .iter()
                .map(|pair| u16::from_be_bytes(*pair))
                .collect::<Vec<_>>()
        });
        match units.and_then(|units| String::from_utf16(&units).ok()) {
            Some(text) => out.push_str(&text),
            None => out.push_str(&format!("&{inner}-")),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for (name, encoded) in [
            ("INBOX", "INBOX"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("A & B", "A &- B"),
            ("台北", "&U,BTFw-"),
            ("🦀", "&2D7dgA-"),
        ] {
            assert_eq!(encode(name), encoded);
            assert_eq!(decode(encoded), name);
        }
        assert_eq!(decode("a &b"), "a &b");
    }
}
