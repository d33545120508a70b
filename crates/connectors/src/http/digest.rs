//! Digest authentication (RFC 7616): the password proves itself without being sent.

use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest as _, Sha256};
use url::Url;

/// The `Authorization` header that answers `challenge`, a `WWW-Authenticate` header; nothing when
/// it asks for what is not known here.
pub(super) fn answer(
    challenge: &str,
    username: &str,
    password: &str,
    method: &str,
    url: &Url,
    own_nonce: &str,
) -> Option<String> {
    let fields = fields(challenge)?;
    let field = |name: &str| {
        fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    };
    let (realm, nonce) = (field("realm")?, field("nonce")?);
    let algorithm = field("algorithm").unwrap_or("MD5");
    let hash = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" | "MD5-SESS" => md5,
        "SHA-256" | "SHA-256-SESS" => sha256,
        _ => return None,
    };
    let qop = match field("qop") {
        Some(offered) => Some(
            offered
                .split(',')
                .map(str::trim)
                .find(|qop| *qop == "auth")?,
        ),
        None => None,
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut who = hash(&format!("{username}:{realm}:{password}"));
    if algorithm.to_ascii_lowercase().ends_with("-sess") {
        who = hash(&format!("{who}:{nonce}:{own_nonce}"));
    }
    let what = hash(&format!("{method}:{path}"));
    let count = "00000001";
    let response = match qop {
        Some(qop) => hash(&format!("{who}:{nonce}:{count}:{own_nonce}:{qop}:{what}")),
        None => hash(&format!("{who}:{nonce}:{what}")),
    };
    let mut header = format!(
        "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{path}\", \
         algorithm={algorithm}, response=\"{response}\"",
        quoted(username),
        quoted(realm),
        quoted(nonce),
    );
    // Writing to a text can't fail.
    if let Some(opaque) = field("opaque") {
        let _ = write!(header, ", opaque=\"{}\"", quoted(opaque));
    }
    if let Some(qop) = qop {
        let _ = write!(header, ", qop={qop}, nc={count}, cnonce=\"{own_nonce}\"");
    }
    Some(header)
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The `name=value` pairs of a challenge.
fn fields(challenge: &str) -> Option<Vec<(String, String)>> {
    let (scheme, mut rest) = challenge.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("digest") {
        return None;
    }
    let mut fields = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut value = String::new();
                let mut chars = quoted.char_indices();
                let mut end = quoted.len();
                while let Some((at, c)) = chars.next() {
                    match c {
                        '"' => {
                            end = at + 1;
                            break;
                        }
                        '\\' => value.extend(chars.next().map(|(_, c)| c)),
                        c => value.push(c),
                    }
                }
                (value, quoted.get(end..).unwrap_or_default())
            }
            None => match after.split_once(',') {
                Some((value, left)) => (value.trim().to_owned(), left),
                None => (after.trim().to_owned(), ""),
            },
        };
        fields.push((name.trim_matches([' ', ',', '\t']).to_owned(), value));
        rest = left;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_come_out_as_it_says() {
        let url: Url = "http://www.example.org/dir/index.html".parse().unwrap();
        let challenge = |algorithm: &str| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        let answered = |algorithm| {
            answer(
                &challenge(algorithm),
                "Mufasa",
                "Circle of Life",
                "GET",
                &url,
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            )
            .unwrap()
        };

        assert!(answered("MD5").contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
        assert!(answered("SHA-256").contains(
            "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""
        ));
        assert_eq!(
            answer("Basic realm=\"x\"", "a", "b", "GET", &url, "c"),
            None
        );
    }
}
