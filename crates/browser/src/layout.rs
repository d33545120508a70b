//! Keyboard layouts: which key types a character, and what must be held.

use serde::{Deserialize, Serialize};

use crate::keyboard::{Key, Modifier};

/// A keyboard as it is sold in a country. Characters that need a dead key are composed instead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Layout {
    /// United States.
    #[default]
    Us,
    /// United Kingdom.
    Uk,
    /// Germany and Austria.
    De,
    /// France.
    Fr,
    /// Spain.
    Es,
}

/// The keys that type, row by row from the left, with Windows' key numbers.
const KEYS: [(&str, i64); 48] = [
    ("Backquote", 192),
    ("Digit1", 49),
    ("Digit2", 50),
    ("Digit3", 51),
    ("Digit4", 52),
    ("Digit5", 53),
    ("Digit6", 54),
    ("Digit7", 55),
    ("Digit8", 56),
    ("Digit9", 57),
    ("Digit0", 48),
    ("Minus", 189),
    ("Equal", 187),
    ("KeyQ", 81),
    ("KeyW", 87),
    ("KeyE", 69),
    ("KeyR", 82),
    ("KeyT", 84),
    ("KeyY", 89),
    ("KeyU", 85),
    ("KeyI", 73),
    ("KeyO", 79),
    ("KeyP", 80),
    ("BracketLeft", 219),
    ("BracketRight", 221),
    ("KeyA", 65),
    ("KeyS", 83),
    ("KeyD", 68),
    ("KeyF", 70),
    ("KeyG", 71),
    ("KeyH", 72),
    ("KeyJ", 74),
    ("KeyK", 75),
    ("KeyL", 76),
    ("Semicolon", 186),
    ("Quote", 222),
    ("Backslash", 220),
    ("IntlBackslash", 226),
    ("KeyZ", 90),
    ("KeyX", 88),
    ("KeyC", 67),
    ("KeyV", 86),
    ("KeyB", 66),
    ("KeyN", 78),
    ("KeyM", 77),
    ("Comma", 188),
    ("Period", 190),
    ("Slash", 191),
];

/// What the keys type in the order of [`KEYS`]: alone, with Shift, with `AltGr`. A space is a dead key, or none.
struct Rows {
    plain: &'static str,
    shift: &'static str,
    alt_gr: &'static str,
}

impl Layout {
    fn rows(self) -> Rows {
        match self {
            Layout::Us => Rows {
                plain: "`1234567890-=qwertyuiop[]asdfghjkl;'\\\\zxcvbnm,./",
                shift: "~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"||ZXCVBNM<>?",
                alt_gr: "",
            },
            Layout::Uk => Rows {
                plain: "`1234567890-=qwertyuiop[]asdfghjkl;'#\\zxcvbnm,./",
                shift: "¬!\"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~|ZXCVBNM<>?",
                alt_gr: "¦   €          é   úíó   á",
            },
            Layout::De => Rows {
                plain: " 1234567890ß qwertzuiopü+asdfghjklöä#<yxcvbnm,.-",
                shift: "°!\"§$%&/()=? QWERTZUIOPÜ*ASDFGHJKLÖÄ'>YXCVBNM;:_",
                alt_gr: "  ²³   {[]}\\ @ €        ~            |      µ",
            },
            Layout::Fr => Rows {
                plain: "²&é\"'(-è_çà)=azertyuiop $qsdfghjklmù*<wxcvbn,;:!",
                shift: " 1234567890°+AZERTYUIOP £QSDFGHJKLM%µ>WXCVBN?./§",
                alt_gr: "   #{[| \\^@]}  €",
            },
            Layout::Es => Rows {
                plain: "º1234567890'¡qwertyuiop +asdfghjklñ ç<zxcvbnm,.-",
                shift: "ª!\"·$%&/()=?¿QWERTYUIOP *ASDFGHJKLÑ Ç>ZXCVBNM;:_",
                alt_gr: "\\|@# €¬                []          {}",
            },
        }
    }

    /// The key that types `letter`, and the bits of what is held with it.
    pub(crate) fn key(self, letter: char) -> Option<(Key, i64)> {
        let key = |code: &str, number: i64| Key {
            name: letter.into(),
            code: code.into(),
            number,
            text: Some(letter.into()),
        };
        if letter == ' ' {
            return Some((key("Space", 32), 0));
        }
        let rows = self.rows();
        // The protocol has no `AltGr`; its two halves, Control and Alt, would make a command of the key.
        for (row, held) in [
            (rows.plain, 0),
            (rows.shift, Modifier::Shift.bit()),
            (rows.alt_gr, 0),
        ] {
            if let Some(place) = row.chars().position(|one| one == letter) {
                let (code, number) = KEYS.get(place)?;
                // Letters have the number of what they type, wherever they are.
                let number = match letter.to_ascii_uppercase() {
                    upper @ 'A'..='Z' => i64::from(u32::from(upper)),
                    _ => *number,
                };
                return Some((key(code, number), held));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_fits_the_keys() {
        for layout in [Layout::Us, Layout::Uk, Layout::De, Layout::Fr, Layout::Es] {
            let rows = layout.rows();
            assert_eq!(rows.plain.chars().count(), KEYS.len(), "{layout:?}");
            assert_eq!(rows.shift.chars().count(), KEYS.len(), "{layout:?}");
            assert!(rows.alt_gr.chars().count() <= KEYS.len(), "{layout:?}");
        }
    }

    #[test]
    fn a_letter_is_typed_by_the_key_that_bears_it_in_that_country() {
        let typed = |layout: Layout, letter| {
            let (key, held) = layout.key(letter).unwrap();
            format!("{} {} {held}", key.code, key.number)
        };

        assert_eq!(typed(Layout::De, 'z'), "KeyY 90 0");
        assert_eq!(typed(Layout::De, 'Ä'), "Quote 222 8");
        assert_eq!(typed(Layout::De, '€'), "KeyE 69 0");
        assert_eq!(typed(Layout::De, '@'), "KeyQ 81 0");
        assert_eq!(typed(Layout::De, '\\'), "Minus 189 0");
        assert_eq!(typed(Layout::De, 'µ'), "KeyM 77 0");
        assert_eq!(typed(Layout::De, '|'), "IntlBackslash 226 0");
        assert_eq!(typed(Layout::De, '~'), "BracketRight 221 0");
        assert_eq!(typed(Layout::Fr, 'a'), "KeyQ 65 0");
        assert_eq!(typed(Layout::Fr, '1'), "Digit1 49 8");
        assert_eq!(typed(Layout::Fr, 'é'), "Digit2 50 0");
        assert_eq!(typed(Layout::Fr, '@'), "Digit0 48 0");
        assert_eq!(typed(Layout::Fr, '€'), "KeyE 69 0");
        assert_eq!(typed(Layout::Es, 'ñ'), "Semicolon 186 0");
        assert_eq!(typed(Layout::Es, '['), "BracketLeft 219 0");
        assert_eq!(typed(Layout::Es, '{'), "Quote 222 0");
        assert_eq!(typed(Layout::Uk, '£'), "Digit3 51 8");
        assert_eq!(typed(Layout::Uk, 'é'), "KeyE 69 0");
        assert_eq!(typed(Layout::Uk, 'ú'), "KeyU 85 0");
        assert_eq!(typed(Layout::Uk, 'á'), "KeyA 65 0");
        assert!(Layout::De.key('日').is_none());
    }
}
