//! Keys by name, as a US keyboard sends them.

use std::str::FromStr;

use crate::{cdp::input::DispatchKeyEvent, error::BrowserError, layout::Layout, locator::nearest};

/// A key with the modifiers to hold, such as `Enter`, `Control+A`, `Shift+Tab`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    modifiers: Vec<Modifier>,
    key: Key,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) number: i64,
    /// What it types, if anything.
    pub(crate) text: Option<String>,
}

/// A key that changes what others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Modifier {
    Alt,
    Control,
    Meta,
    Shift,
}

impl Modifier {
    pub(crate) fn bit(self) -> i64 {
        match self {
            Modifier::Alt => 1,
            Modifier::Control => 2,
            Modifier::Meta => 4,
            Modifier::Shift => 8,
        }
    }

    pub(crate) fn bits(modifiers: &[Modifier]) -> i64 {
        modifiers
            .iter()
            .fold(0, |bits, modifier| bits | modifier.bit())
    }

    pub(crate) fn key(self) -> Key {
        let (name, number) = match self {
            Modifier::Alt => ("Alt", 18),
            Modifier::Control => ("Control", 17),
            Modifier::Meta => ("Meta", 91),
            Modifier::Shift => ("Shift", 16),
        };
        Key {
            name: name.into(),
            code: format!("{name}Left"),
            number,
            text: None,
        }
    }
}

impl FromStr for Modifier {
    type Err = BrowserError;

    fn from_str(name: &str) -> Result<Self, BrowserError> {
        modifier(name).ok_or_else(|| BrowserError::UnknownKey {
            key: name.to_owned(),
            suggestion: nearest(name, &["Alt", "Control", "Meta", "Shift"]).map(str::to_owned),
        })
    }
}

fn modifier(name: &str) -> Option<Modifier> {
    Some(match name.to_ascii_lowercase().as_str() {
        "alt" | "option" => Modifier::Alt,
        // The key for commands: on a Mac another one than elsewhere.
        "controlormeta" if cfg!(target_os = "macos") => Modifier::Meta,
        "control" | "ctrl" | "controlormeta" => Modifier::Control,
        "meta" | "cmd" | "command" | "win" | "super" => Modifier::Meta,
        "shift" => Modifier::Shift,
        _ => return None,
    })
}

/// Name, other name, code if it differs, Windows' key number, text.
const NAMED: &[(&str, &str, &str, i64, &str)] = &[
    ("Enter", "return", "", 13, "\r"),
    ("Tab", "", "", 9, ""),
    ("Escape", "esc", "", 27, ""),
    ("Backspace", "", "", 8, ""),
    ("Delete", "del", "", 46, ""),
    ("Insert", "ins", "", 45, ""),
    ("Home", "", "", 36, ""),
    ("End", "", "", 35, ""),
    ("PageUp", "pgup", "", 33, ""),
    ("PageDown", "pgdn", "", 34, ""),
    ("ArrowLeft", "left", "", 37, ""),
    ("ArrowUp", "up", "", 38, ""),
    ("ArrowRight", "right", "", 39, ""),
    ("ArrowDown", "down", "", 40, ""),
    (" ", "space", "Space", 32, " "),
    ("CapsLock", "", "", 20, ""),
    ("ContextMenu", "menu", "", 93, ""),
    ("PrintScreen", "", "", 44, ""),
    ("Pause", "", "", 19, ""),
    ("NumLock", "", "", 144, ""),
    ("ScrollLock", "", "", 145, ""),
];

/// Unshifted, shifted, code, Windows' key number.
const SIGNS: &[(char, char, &str, i64)] = &[
    ('`', '~', "Backquote", 192),
    ('-', '_', "Minus", 189),
    ('=', '+', "Equal", 187),
    ('[', '{', "BracketLeft", 219),
    (']', '}', "BracketRight", 221),
    ('\\', '|', "Backslash", 220),
    (';', ':', "Semicolon", 186),
    ('\'', '"', "Quote", 222),
    (',', '<', "Comma", 188),
    ('.', '>', "Period", 190),
    ('/', '?', "Slash", 191),
];

const SHIFTED_DIGITS: &str = ")!@#$%^&*(";

impl FromStr for Keys {
    type Err = BrowserError;

    fn from_str(text: &str) -> Result<Self, BrowserError> {
        // The last `+` of `Control++` is the key itself.
        let (held, name) = match text.strip_suffix('+') {
            Some(before) => (before.strip_suffix('+').unwrap_or(before), "+"),
            None => text.rsplit_once('+').unwrap_or(("", text)),
        };
        let modifiers: Vec<Modifier> = held
            .split('+')
            .filter(|name| !name.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let shift = modifiers.contains(&Modifier::Shift);
        let key = key(name, shift).ok_or_else(|| BrowserError::UnknownKey {
            key: name.to_owned(),
            suggestion: suggestion(name),
        })?;
        Ok(Keys { modifiers, key })
    }
}

fn suggestion(name: &str) -> Option<String> {
    let known: Vec<&str> = NAMED.iter().map(|(key, ..)| *key).collect();
    nearest(name, &known).map(str::to_owned)
}

/// A key by its name or by the character on it.
fn key(name: &str, shift: bool) -> Option<Key> {
    let lower = name.to_ascii_lowercase();
    if let Some((key, _, code, number, text)) = NAMED.iter().find(|(key, other, ..)| {
        key.eq_ignore_ascii_case(name) || (!other.is_empty() && *other == lower)
    }) {
        return Some(Key {
            name: (*key).into(),
            code: (*if code.is_empty() { key } else { code }).into(),
            number: *number,
            text: (!text.is_empty()).then(|| (*text).into()),
        });
    }
    if let Some(number) = lower
        .strip_prefix('f')
        .and_then(|rest| rest.parse::<i64>().ok())
        && (1..=24).contains(&number)
    {
        let name = format!("F{number}");
        return Some(Key {
            name: name.clone(),
            code: name,
            number: 111 + number,
            text: None,
        });
    }
    if let Some(modifier) = modifier(name) {
        return Some(modifier.key());
    }
    let mut letters = name.chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?;
    character(letter, shift).map(|(key, _)| key)
}

/// The key that types this character on a US keyboard, and whether shift is needed.
fn character(letter: char, shift: bool) -> Option<(Key, bool)> {
    let typed = |text: char, code: String, number: i64, shifted: bool| {
        let key = Key {
            name: text.into(),
            code,
            number,
            text: Some(text.into()),
        };
        Some((key, shifted))
    };
    if letter.is_ascii_alphabetic() {
        let upper = letter.to_ascii_uppercase();
        let text = if shift { upper } else { letter };
        return typed(
            text,
            format!("Key{upper}"),
            i64::from(upper as u32),
            text == upper,
        );
    }
    if let Some(digit) = letter.to_digit(10) {
        let text = if shift {
            SHIFTED_DIGITS.chars().nth(digit as usize)?
        } else {
            letter
        };
        return typed(text, format!("Digit{digit}"), 48 + i64::from(digit), shift);
    }
    if let Some(digit) = SHIFTED_DIGITS.chars().position(|sign| sign == letter) {
        return typed(letter, format!("Digit{digit}"), 48 + digit as i64, true);
    }
    if letter == ' ' {
        return typed(' ', "Space".into(), 32, false);
    }
    let (plain, shifted, code, number) = SIGNS
        .iter()
        .find(|(plain, shifted, ..)| *plain == letter || *shifted == letter)?;
    let text = if shift && letter == *plain {
        *shifted
    } else {
        letter
    };
    typed(text, (*code).to_owned(), *number, text == *shifted)
}

impl Keys {
    /// The events of pressing and letting go.
    pub(crate) fn events(&self) -> Vec<DispatchKeyEvent> {
        let mut held = 0;
        let mut events = Vec::new();
        for modifier in &self.modifiers {
            held |= modifier.bit();
            events.push(event("rawKeyDown", &modifier.key(), held, false));
        }
        // With Control, Alt or Meta a key commands; it does not type.
        let types = held & !Modifier::Shift.bit() == 0;
        events.extend(press(&self.key, held, types));
        for modifier in self.modifiers.iter().rev() {
            held &= !modifier.bit();
            events.push(event("keyUp", &modifier.key(), held, false));
        }
        events
    }
}

/// The events of typing one character; `None` if no key types it.
pub(crate) fn typing(letter: char, layout: Layout) -> Option<[DispatchKeyEvent; 2]> {
    if letter == '\n' || letter == '\t' {
        let name = if letter == '\n' { "Enter" } else { "Tab" };
        return key(name, false).map(|key| press(&key, 0, true));
    }
    let (key, held) = match layout {
        Layout::Us => {
            let (key, shifted) = character(letter, false)?;
            (key, if shifted { Modifier::Shift.bit() } else { 0 })
        }
        other => other.key(letter)?,
    };
    Some(press(&key, held, true))
}

fn press(key: &Key, held: i64, types: bool) -> [DispatchKeyEvent; 2] {
    let types = types && key.text.is_some();
    [
        event(
            if types { "keyDown" } else { "rawKeyDown" },
            key,
            held,
            types,
        ),
        event("keyUp", key, held, false),
    ]
}

fn event(kind: &str, key: &Key, held: i64, types: bool) -> DispatchKeyEvent {
    let text = if types { key.text.clone() } else { None };
    DispatchKeyEvent {
        r#type: kind.into(),
        modifiers: Some(held),
        unmodified_text: text.clone(),
        text,
        code: Some(key.code.clone()),
        key: Some(key.name.clone()),
        windows_virtual_key_code: Some(key.number),
        ..DispatchKeyEvent::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(keys: &str) -> Vec<String> {
        let events = keys.parse::<Keys>().unwrap().events();
        let line = |event: &DispatchKeyEvent| {
            format!(
                "{} {} {} {}",
                event.r#type,
                event.key.as_deref().unwrap(),
                event.modifiers.unwrap(),
                event.text.as_deref().unwrap_or("-")
            )
        };
        events.iter().map(line).collect()
    }

    #[test]
    fn modifiers_are_held_while_the_key_is_pressed() {
        assert_eq!(
            described("Ctrl+a"),
            [
                "rawKeyDown Control 2 -",
                "rawKeyDown a 2 -",
                "keyUp a 2 -",
                "keyUp Control 0 -"
            ]
        );
        assert_eq!(described("Shift+a")[1], "keyDown A 8 A");
        assert_eq!(described("Control++")[1], "rawKeyDown + 2 -");
        assert_eq!(described("+"), ["keyDown + 0 +", "keyUp + 0 -"]);
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_suggestion() {
        let error = "Control+Entr".parse::<Keys>().unwrap_err();

        insta::assert_snapshot!(error, @"`Entr` is not a key; did you mean `Enter`?");
    }
}
