//! Amounts of bytes as people write them: `16MiB`, `500kB`, or a number.

const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// The number of bytes that `text` says; `None` if it says none.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (unit, factor) = UNITS.iter().find(|(unit, _)| {
        let at = text.len().checked_sub(unit.len());
        at.and_then(|at| text.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(unit))
    })?;
    let digits = text[..text.len() - unit.len()].trim_end();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let amount: u64 = digits.parse().ok().filter(|_| is_number)?;
    amount.checked_mul(*factor)
}

/// `bytes` in the largest binary unit that says it exactly, if there is one.
pub(super) fn write(bytes: u64) -> Option<String> {
    let binary = UNITS.iter().take(4);
    let mut exact = binary.filter(|(_, factor)| bytes > 0 && bytes.is_multiple_of(*factor));
    exact
        .next()
        .map(|(unit, factor)| format!("{}{unit}", bytes / factor))
}
