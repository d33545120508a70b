use std::time::Duration;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm as Method, Builder, Secret, Totp as Generator};

use super::secret;

/// Gives the code of an authenticator app (TOTP), to sign in with two factors.
///
/// The credential has the secret that the site showed when the app was set up: its letters
/// (`JBSW Y3DP…`), or the address behind the QR code (`otpauth://totp/…`), which says the rest as
/// well. A code that is about to expire is not given: the step waits for the next one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Totp {
    /// The credential.
    credential: String,
    /// Its field with the secret; `totp`, `otpauth`, `totp_secret` or `secret` if not set.
    field: Option<String>,
    /// How many digits a code has: 6 to 8. What the address says, or 6, if not set.
    digits: Option<u8>,
    /// How long a code is good. What the address says, or 30 s, if not set.
    period: Option<Span>,
    /// By which method. What the address says, or SHA-1, if not set.
    algorithm: Option<Algorithm>,
    /// For how long the code has to be good at least: with less time left, the step waits for the
    /// next one.
    #[serde(default = "five_seconds")]
    at_least: Span,
    /// A code to check instead; `valid` says whether it is right now (or was a moment ago).
    check: Option<String>,
}

fn five_seconds() -> Span {
    Span::from_secs(5)
}

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Algorithm {
    /// SHA-1, which nearly all sites use.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Code {
    /// The code; empty with `check`.
    result: String,
    /// For how many seconds it is still good.
    seconds_left: u64,
    /// With `check`: whether that code is right.
    valid: Option<bool>,
}

pub(super) fn node() -> Node {
    Node::action("crypto.totp", totp)
        .pure()
        .icon("shield-ellipsis")
        .fails(ErrorKind::Invalid, "The credential holds no TOTP secret.")
        .fails(
            ErrorKind::Denied,
            "There is no such credential, or it lacks the field.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: code
  use: crypto.totp
  with: { credential: bank, at_least: 0s }
- use: log.write
  with: { message: "the code is good for {{ steps.code.seconds_left }} s" }
"#;

async fn totp(cx: &StepContext, settings: Totp) -> Result<Code, NodeError> {
    let credential = cx.credential(&settings.credential).await?;
    let usual = ["totp", "otpauth", "totp_secret", "secret"];
    let written = secret::field(&credential, settings.field.as_deref(), &usual)?;
    let (generator, period) = generator(&settings, written)?;
    let now = u64::try_from(cx.now().as_second()).unwrap_or_default();
    let left = period - now % period;
    if let Some(code) = &settings.check {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        return Ok(Code {
            result: String::new(),
            seconds_left: left,
            valid: Some(generator.check(&code, now).is_some()),
        });
    }
    let wanted = settings.at_least.get().as_secs();
    if wanted >= period {
        return Err(NodeError::invalid(format!(
            "setting `at_least`: no code is good for longer than {period} s"
        )));
    }
    let waited = if left < wanted {
        tokio::time::sleep(Duration::from_secs(left)).await;
        left
    } else {
        0
    };
    let at = now + waited;
    Ok(Code {
        result: generator.generate(at).to_string(),
        seconds_left: period - at % period,
        valid: None,
    })
}

/// The code that is good now and for a few seconds more, by the secret in `credential`.
pub(crate) async fn code(cx: &StepContext, credential: &str) -> Result<String, NodeError> {
    let settings = Totp {
        credential: credential.to_owned(),
        field: None,
        digits: None,
        period: None,
        algorithm: None,
        at_least: five_seconds(),
        check: None,
    };
    Ok(totp(cx, settings).await?.result)
}

fn generator(settings: &Totp, written: &str) -> Result<(Generator, u64), NodeError> {
    // What the library says could hold the secret.
    let unusable = |why: &str| {
        NodeError::invalid(format!(
            "the TOTP secret in credential `{}` can't be used: {why}",
            settings.credential
        ))
        .with_help("it is the letters below the QR code, A to Z and 2 to 7, or its address `otpauth://totp/…`")
    };
    let written = written.trim();
    let mut builder = Builder::new();
    let (mut digits, mut period, mut method) = (6_u8, 30_u64, Method::SHA1);
    let letters = if written.starts_with("otpauth://") {
        let address = url::Url::parse(written).map_err(|_| unusable("it is no address"))?;
        let part = |name: &str| {
            address
                .query_pairs()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.into_owned())
        };
        digits = part("digits")
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(digits);
        period = part("period")
            .and_then(|period| period.parse().ok())
            .unwrap_or(period);
        method = match part("algorithm")
            .map(|name| name.to_ascii_uppercase().replace('-', ""))
            .as_deref()
        {
            None | Some("SHA1") => Method::SHA1,
            Some("SHA256") => Method::SHA256,
            Some("SHA512") => Method::SHA512,
            Some(_) => return Err(unusable("its method is unknown")),
        };
        part("secret").ok_or_else(|| unusable("its address has no secret"))?
    } else {
        written.to_owned()
    };
    let letters: String = letters
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-' && *c != '=')
        .collect::<String>()
        .to_ascii_uppercase();
    let secret = Secret::try_from_base32(letters).map_err(|_| unusable("it is no Base32"))?;
    if secret.as_ref().is_empty() {
        return Err(unusable("it is empty"));
    }
    digits = settings.digits.unwrap_or(digits);
    period = settings
        .period
        .map_or(period, |period| period.get().as_secs());
    method = match settings.algorithm {
        None => method,
        Some(Algorithm::Sha1) => Method::SHA1,
        Some(Algorithm::Sha256) => Method::SHA256,
        Some(Algorithm::Sha512) => Method::SHA512,
    };
    if !(6..=8).contains(&digits) || !(1..=3600).contains(&period) {
        return Err(NodeError::invalid(
            "a code has 6 to 8 digits and is good for 1 s to 1 h",
        ));
    }
    builder = builder
        .with_algorithm(method)
        .with_digits(digits)
        .with_skew(1)
        .with_step_duration(period)
        .with_secret(secret);
    // Some sites give secrets that are shorter than the standard asks for.
    Ok((builder.build_noncompliant(), period))
}
