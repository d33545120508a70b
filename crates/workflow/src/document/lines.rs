//! Where lines begin, found once, so that asking costs nothing.

/// The lines of a text. Numbers are from 1.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    starts: Vec<usize>,
    blank: Vec<bool>,
}

impl Lines {
    /// A line ends with `\n`, `\r\n` or `\r` alone, as in YAML.
    pub(crate) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut starts, mut blank) = (vec![0], Vec::new());
        let mut is_blank = true;
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => {}
                b'\n' | b'\r' => {
                    starts.push(at + 1);
                    blank.push(is_blank);
                    is_blank = true;
                }
                b' ' | b'\t' => {}
                _ => is_blank = false,
            }
        }
        blank.push(is_blank);
        Self { starts, blank }
    }

    /// Where line `number` begins.
    pub(crate) fn start(&self, number: usize) -> usize {
        let index = number.saturating_sub(1);
        self.starts.get(index).copied().unwrap_or_default()
    }

    /// The line in which the byte at `offset` stands.
    pub(crate) fn number(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The last line above line `number` that is not empty.
    pub(crate) fn written_above(&self, number: usize) -> usize {
        let above = (1..number).rev();
        let mut written = above.filter(|line| !self.blank.get(line - 1).copied().unwrap_or(true));
        written.next().unwrap_or(number)
    }

    /// Whether the line above line `number` is there and empty.
    pub(crate) fn is_blank_before(&self, number: usize) -> bool {
        number
            .checked_sub(2)
            .and_then(|above| self.blank.get(above))
            .copied()
            .unwrap_or(false)
    }
}
