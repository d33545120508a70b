//! Bytes as the file keeps them: compressed where that pays.

/// Shorter ones are kept as they are: they would not save a page.
const WORTH_PACKING: usize = 1024;

/// LZ4 cannot do better than this, so a greater ratio is damage.
const GREATEST_RATIO: usize = 255;

/// Bytes with their length before compression, if they are compressed.
pub(super) struct Packed {
    pub(super) length: Option<i64>,
    pub(super) bytes: Vec<u8>,
}

impl Packed {
    pub(super) fn new(bytes: &[u8]) -> Self {
        if bytes.len() > WORTH_PACKING {
            let packed = lz4_flex::block::compress(bytes);
            if packed.len() < bytes.len() {
                return Self {
                    length: Some(bytes.len() as i64),
                    bytes: packed,
                };
            }
        }
        Self {
            length: None,
            bytes: bytes.to_vec(),
        }
    }
}

/// The bytes before compression, through `room` if they are compressed; `None` if damaged.
pub(super) fn unpack<'a>(
    length: Option<i64>,
    bytes: &'a [u8],
    room: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    let Some(length) = length else {
        return Some(bytes);
    };
    let length = usize::try_from(length).ok()?;
    if length > bytes.len().saturating_mul(GREATEST_RATIO) {
        return None;
    }
    room.resize(length, 0);
    let written = lz4_flex::block::decompress_into(bytes, room).ok()?;
    (written == length).then_some(&room[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitive_bytes_come_back_from_less_space() {
        let bytes = b"the same again and again, ".repeat(1000);

        let packed = Packed::new(&bytes);

        assert!(packed.bytes.len() * 50 < bytes.len());
        let mut room = Vec::new();
        assert_eq!(
            unpack(packed.length, &packed.bytes, &mut room),
            Some(&bytes[..])
        );
    }

    #[test]
    fn damage_is_noticed_and_takes_no_memory() {
        let mut room = Vec::new();
        assert_eq!(unpack(Some(1 << 60), b"short", &mut room), None);
        assert_eq!(unpack(Some(500), b"short", &mut room), None);
        assert_eq!(unpack(Some(-1), b"short", &mut room), None);
        assert!(room.capacity() < 10_000);
    }
}
