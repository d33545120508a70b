//! Text and its encodings.

use std::io::{self, Read, Write};

use casare_engine::NodeError;
use encoding_rs::{DecoderResult, EncoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How text is kept in a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charset {
    encoding: &'static Encoding,
    /// Whether files begin with a mark that says the encoding, as Excel wants it of UTF-8.
    mark: bool,
}

impl Charset {
    /// UTF-8 without a mark.
    pub const UTF_8: Self = Self {
        encoding: UTF_8,
        mark: false,
    };

    /// The encoding that a setting names.
    pub fn named(label: &str) -> Result<Self, NodeError> {
        let (label, mark) = match label.to_ascii_lowercase().as_str() {
            "utf-8-bom" | "utf-8-sig" => ("utf-8".to_owned(), true),
            "utf-16" => ("utf-16le".to_owned(), true),
            other => (other.to_owned(), false),
        };
        let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            NodeError::invalid(format!(
                "setting `encoding`: there is no encoding `{label}`"
            ))
            .with_help(
                "common ones: utf-8, utf-8-bom, windows-1252, iso-8859-15, utf-16, shift_jis, gbk",
            )
        })?;
        let mark = mark || encoding == UTF_16LE || encoding == UTF_16BE;
        Ok(Self { encoding, mark })
    }

    /// The encoding that a setting names, if it does.
    pub fn chosen(label: Option<&str>) -> Result<Option<Self>, NodeError> {
        label
            .filter(|label| !label.eq_ignore_ascii_case("auto"))
            .map(Self::named)
            .transpose()
    }

    /// The encoding that a file's first bytes say.
    pub fn of_mark(start: &[u8]) -> Option<Self> {
        Encoding::for_bom(start).map(|(encoding, _)| Self {
            encoding,
            mark: true,
        })
    }

    /// What a file of this encoding begins with.
    pub fn mark(self) -> &'static [u8] {
        match self {
            Self { mark: false, .. } => b"",
            Self { encoding, .. } if encoding == UTF_16LE => b"\xff\xfe",
            Self { encoding, .. } if encoding == UTF_16BE => b"\xfe\xff",
            _ => b"\xef\xbb\xbf",
        }
    }

    /// `text` in this encoding, without the mark.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, NodeError> {
        if self.encoding == UTF_8 {
            return Ok(text.as_bytes().to_vec());
        }
        // encoding_rs writes no UTF-16: the web never does.
        if self.encoding == UTF_16LE {
            return Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        }
        if self.encoding == UTF_16BE {
            return Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        }
        let mut encoder = self.encoding.new_encoder();
        let room = encoder
            .max_buffer_length_from_utf8_without_replacement(text.len())
            .unwrap_or(text.len() * 4);
        let mut bytes = Vec::with_capacity(room);
        let (result, _) =
            encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
        match result {
            EncoderResult::Unmappable(character) => Err(NodeError::invalid(format!(
                "the text has a `{character}`, which {} can't say",
                self.encoding.name()
            ))
            .with_help("write it as utf-8, or replace the character first")),
            EncoderResult::InputEmpty | EncoderResult::OutputFull => Ok(bytes),
        }
    }
}

/// `bytes` as text: in the encoding `chosen`, or else the one their mark says, or else UTF-8.
pub fn decode(bytes: Vec<u8>, chosen: Option<Charset>) -> io::Result<String> {
    let marked = Encoding::for_bom(&bytes);
    let (encoding, skip) = match (chosen, marked) {
        (None, Some((encoding, skip))) => (encoding, skip),
        (Some(chosen), Some((encoding, skip))) if chosen.encoding == encoding => (encoding, skip),
        (Some(chosen), _) => (chosen.encoding, 0),
        (None, None) => (UTF_8, 0),
    };
    if encoding == UTF_8 && skip == 0 {
        return String::from_utf8(bytes).map_err(|error| {
            malformed(
                encoding,
                line_at(error.as_bytes(), error.utf8_error().valid_up_to()),
            )
        });
    }
    encoding
        .decode_without_bom_handling_and_without_replacement(&bytes[skip..])
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| malformed(encoding, None))
}

fn line_at(bytes: &[u8], position: usize) -> Option<u64> {
    let before = bytes.get(..position)?;
    Some(before.split(|byte| *byte == b'\n').count() as u64)
}

fn malformed(encoding: &'static Encoding, line: Option<u64>) -> io::Error {
    let place = line.map(|line| format!("line {line} ")).unwrap_or_default();
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("{place}is not {}", encoding.name()),
    )
}

/// What to say of a file that could not be read as text.
pub fn unreadable(what: &str, error: &io::Error) -> NodeError {
    let failure = NodeError::io(format_args!("could not read {what}"), error);
    if error.kind() == io::ErrorKind::InvalidData {
        return failure.with_help(
            "say its encoding with the setting `encoding`; windows-1252 is common for files of \
             Western European Windows programs",
        );
    }
    failure
}

/// Writes UTF-8 in another encoding.
#[derive(Debug)]
pub struct TextWriter<W> {
    bytes: W,
    charset: Charset,
    /// The beginning of a character whose end comes with the next piece.
    begun: Vec<u8>,
}

impl<W: Write> TextWriter<W> {
    /// Writes to `bytes` in `charset`.
    pub fn new(bytes: W, charset: Charset) -> Self {
        Self {
            bytes,
            charset,
            begun: Vec::new(),
        }
    }

    /// Where the bytes went.
    pub fn into_inner(self) -> W {
        self.bytes
    }
}

impl<W: Write> Write for TextWriter<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.charset.encoding == UTF_8 {
            return self.bytes.write(text);
        }
        self.begun.extend_from_slice(text);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(_) => self.begun.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.begun.split_off(whole);
        let encoded = std::str::from_utf8(&self.begun)
            .map_err(io::Error::other)
            .and_then(|text| self.charset.encode(text).map_err(io::Error::other))?;
        self.begun = rest;
        self.bytes.write_all(&encoded)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bytes.flush()
    }
}

/// Reads bytes of any encoding as UTF-8, a piece at a time.
pub struct TextReader<R> {
    bytes: R,
    decoder: Option<encoding_rs::Decoder>,
    input: Box<[u8]>,
    pending: std::ops::Range<usize>,
    at_end: bool,
    /// Output that did not fit: a reader may ask for less than one character.
    spare: Vec<u8>,
}

impl<R: Read> TextReader<R> {
    /// Reads `bytes` in the encoding `chosen`, or the one their mark says, or UTF-8.
    ///
    /// UTF-8 passes unchecked; who uses it knows the line an error is in.
    pub fn new(mut bytes: R, chosen: Option<Charset>) -> io::Result<Self> {
        let mut input = vec![0; 64 * 1024].into_boxed_slice();
        let mut filled = 0;
        while filled < 3 {
            match bytes.read(&mut input[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        let marked = Encoding::for_bom(&input[..filled]);
        let encoding = chosen
            .map(|charset| charset.encoding)
            .or(marked.map(|(encoding, _)| encoding))
            .unwrap_or(UTF_8);
        let skip = marked
            .filter(|(found, _)| *found == encoding)
            .map_or(0, |(_, skip)| skip);
        Ok(Self {
            bytes,
            decoder: (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling()),
            input,
            pending: skip..filled,
            at_end: false,
            spare: Vec::new(),
        })
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.pending.is_empty() && !self.at_end {
            let read = self.bytes.read(&mut self.input)?;
            self.pending = 0..read;
            self.at_end = read == 0;
        }
        Ok(())
    }

    fn decode_some(&mut self, output: &mut [u8]) -> io::Result<usize> {
        loop {
            self.fill()?;
            let Some(decoder) = &mut self.decoder else {
                let take = self.pending.len().min(output.len());
                let from = self.pending.start;
                output[..take].copy_from_slice(&self.input[from..from + take]);
                self.pending.start += take;
                return Ok(take);
            };
            let finished = self.at_end && self.pending.is_empty();
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(
                &self.input[self.pending.clone()],
                output,
                finished,
            );
            self.pending.start += read;
            if let DecoderResult::Malformed(..) = result {
                return Err(malformed(decoder.encoding(), None));
            }
            if finished {
                self.decoder = None;
            }
            if written > 0 || finished {
                return Ok(written);
            }
        }
    }
}

impl<R: Read> Read for TextReader<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if self.spare.is_empty() && output.len() >= 16 {
            return self.decode_some(output);
        }
        if self.spare.is_empty() {
            let mut piece = [0; 64];
            let written = self.decode_some(&mut piece)?;
            self.spare.extend_from_slice(&piece[..written]);
        }
        let take = self.spare.len().min(output.len());
        output[..take].copy_from_slice(&self.spare[..take]);
        self.spare.drain(..take);
        Ok(take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_through(bytes: &[u8], chosen: Option<&str>) -> io::Result<String> {
        let chosen = Charset::chosen(chosen).unwrap();
        let mut text = String::new();
        TextReader::new(bytes, chosen)?.read_to_string(&mut text)?;
        assert_eq!(decode(bytes.to_vec(), chosen)?, text);
        Ok(text)
    }

    #[test]
    fn marks_say_the_encoding_and_are_no_part_of_the_text() {
        for label in ["utf-8", "utf-8-bom", "utf-16", "utf-16be"] {
            let charset = Charset::named(label).unwrap();
            let mut bytes = charset.mark().to_vec();
            bytes.extend(charset.encode("Größe: 3 €").unwrap());

            assert_eq!(read_through(&bytes, None).unwrap(), "Größe: 3 €", "{label}");
            assert_eq!(
                read_through(&bytes, Some(label)).unwrap(),
                "Größe: 3 €",
                "{label}"
            );
        }
    }

    #[test]
    fn an_encoding_without_a_mark_is_named() {
        let bytes = Charset::named("windows-1252")
            .unwrap()
            .encode("für 3 €")
            .unwrap();

        assert_eq!(bytes.len(), 7);
        assert_eq!(
            read_through(&bytes, Some("windows-1252")).unwrap(),
            "für 3 €"
        );
        assert_eq!(
            decode(b"ok\nf\xfcr".to_vec(), None)
                .unwrap_err()
                .to_string(),
            "line 2 is not UTF-8"
        );
    }

    #[test]
    fn characters_that_an_encoding_lacks_are_refused() {
        let error = Charset::named("iso-8859-15")
            .unwrap()
            .encode("見")
            .unwrap_err();

        assert_eq!(
            error.message(),
            "the text has a `見`, which ISO-8859-15 can't say"
        );
    }
}
