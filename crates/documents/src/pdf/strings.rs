//! Texts as a PDF writes them: in its own eight-bit encoding, in UTF-16 or in UTF-8.

use lopdf::{Object, StringFormat};

/// `text` as an object.
pub(super) fn object(text: &str) -> Object {
    if text.is_ascii() {
        return Object::String(text.as_bytes().to_vec(), StringFormat::Literal);
    }
    let mut bytes = vec![0xfe, 0xff];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}

/// The text of an object; nothing if it is none.
pub(super) fn text(object: &Object) -> Option<String> {
    let (Object::String(bytes, _) | Object::Name(bytes)) = object else {
        return None;
    };
    let units = |pairs: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = pairs
            .chunks_exact(2)
            .map(|pair| of([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    Some(match bytes.as_slice() {
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => bytes.iter().map(|byte| eight_bit(*byte)).collect(),
    })
}

/// A letter of PDFDocEncoding, which is Latin-1 but for these.
fn eight_bit(byte: u8) -> char {
    const SPECIAL: [char; 31] = [
        '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚',
        '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž',
    ];
    match byte {
        0x80..=0x9e => SPECIAL[usize::from(byte - 0x80)],
        0xa0 => '€',
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_written() {
        for written in ["plain", "Grüße, Łódź ✓", ""] {
            assert_eq!(text(&object(written)).as_deref(), Some(written));
        }
        let old = Object::String(b"\xa0 5 \x85 \xfc".to_vec(), StringFormat::Literal);
        assert_eq!(text(&old).as_deref(), Some("€ 5 – ü"));
    }
}
