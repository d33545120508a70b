//! Words of Python-like and JavaScript-like expressions.

/// Which language an expression is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Conditions and expressions of CasareRPA and Robot Framework.
    Python,
    /// Expressions of n8n and Selenium IDE.
    JavaScript,
}

/// A word of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Number(String),
    /// A text, in pieces: plain ones and references or expressions inside.
    Text(Vec<Piece>),
    /// `{{path}}`, `${path}` or `%path%`.
    Reference(String),
    Symbol(&'static str),
}

/// A piece of a text literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Plain(String),
    /// `{{path}}` in it.
    Reference(String),
    /// `{expression}` of an f-string, `${expression}` of a template string.
    Code(String),
}

const SYMBOLS: [&str; 40] = [
    "===", "!==", "**", "//", "==", "!=", "<>", "<=", ">=", "&&", "||", "??", "=>", "+", "-", "*",
    "/", "%", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "?", "!", "|", "~", "&",
    "^", ";", "@", "\\", "#",
];

/// The words of `text`, or what can't be read.
pub(crate) fn words(text: &str, dialect: Dialect) -> Result<Vec<Token>, String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = word(rest, first, dialect)?;
        words.push(word);
        rest = after;
        if words.len() > 4_000 {
            return Err("it is too long".to_owned());
        }
    }
    Ok(words)
}

fn word(rest: &str, first: char, dialect: Dialect) -> Result<(Token, &str), String> {
    if let Some((path, after)) = reference(rest, dialect) {
        return Ok((Token::Reference(path.to_owned()), after));
    }
    if matches!(first, '\'' | '"' | '`') {
        return text(rest, first, false, dialect);
    }
    if let Some(quoted) = rest.strip_prefix(['f', 'F', 'r', 'R', 'b', 'u'])
        && let Some(quote @ ('\'' | '"')) = quoted.chars().next()
        && dialect == Dialect::Python
    {
        return text(quoted, quote, matches!(first, 'f' | 'F'), dialect);
    }
    if first.is_ascii_digit() {
        let end = number_end(rest);
        let digits = rest[..end].replace('_', "");
        return Ok((Token::Number(digits), &rest[end..]));
    }
    if is_name_start(first) {
        let end = rest
            .find(|letter: char| !(is_name_start(letter) || letter.is_numeric()))
            .unwrap_or(rest.len());
        return Ok((Token::Name(rest[..end].to_owned()), &rest[end..]));
    }
    for symbol in SYMBOLS {
        if let Some(after) = rest.strip_prefix(symbol) {
            return Ok((Token::Symbol(symbol), after));
        }
    }
    Err(format!("`{first}` has no meaning in it"))
}

fn is_name_start(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_' || letter == '$'
}

fn number_end(text: &str) -> usize {
    let mut end = 0;
    let mut dot = false;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'0'..=b'9' | b'_' => {}
            b'.' if !dot && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) => dot = true,
            b'e' | b'E'
                if bytes.get(end + 1).is_some_and(|next| {
                    next.is_ascii_digit()
                        || (matches!(next, b'+' | b'-')
                            && bytes.get(end + 2).is_some_and(u8::is_ascii_digit))
                }) =>
            {
                end += 1;
            }
            _ => break,
        }
        end += 1;
    }
    end
}

/// `{{path}}`, `${path}`, `%path%` at the start of `text`, and what follows.
fn reference(text: &str, dialect: Dialect) -> Option<(&str, &str)> {
    if dialect == Dialect::JavaScript {
        return None;
    }
    super::references::at_start(text)
}

fn text(
    rest: &str,
    quote: char,
    is_format: bool,
    dialect: Dialect,
) -> Result<(Token, &str), String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = &rest[1..];
    loop {
        let Some(first) = rest.chars().next() else {
            return Err("a text in it has no end".to_owned());
        };
        if first == quote {
            if !plain.is_empty() {
                pieces.push(Piece::Plain(plain));
            }
            return Ok((Token::Text(pieces), &rest[1..]));
        }
        let inner = inner_code(rest, quote, is_format);
        if let Some((piece, after)) = inner.or_else(|| {
            reference(rest, dialect).map(|(path, after)| (Piece::Reference(path.to_owned()), after))
        }) {
            if !plain.is_empty() {
                pieces.push(Piece::Plain(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
            rest = after;
            continue;
        }
        if first == '\\' {
            let mut letters = rest.chars();
            letters.next();
            let escaped = letters.next().ok_or("a text in it has no end")?;
            match escaped {
                'n' => plain.push('\n'),
                't' => plain.push('\t'),
                'r' => plain.push('\r'),
                '\'' | '"' | '\\' | '`' => plain.push(escaped),
                other => {
                    plain.push('\\');
                    plain.push(other);
                }
            }
            rest = letters.as_str();
            continue;
        }
        plain.push(first);
        rest = &rest[first.len_utf8()..];
    }
}

fn inner_code(rest: &str, quote: char, is_format: bool) -> Option<(Piece, &str)> {
    let inside = if is_format && !rest.starts_with("{{") {
        rest.strip_prefix('{')?
    } else if quote == '`' {
        rest.strip_prefix("${")?
    } else {
        return None;
    };
    let end = inside.find('}')?;
    Some((Piece::Code(inside[..end].to_owned()), &inside[end + 1..]))
}
