use std::time::Duration;

use casare_browser::{
    BrowserError, Expect, Page, Shot, Until,
    understanding::{Ask, Complaint, LoginSight, LoginStage},
};
use casare_engine::{Credential, ErrorKind, LogLevel, Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::{
    aim::{Aim, Intent},
    fault, live,
    target::{Target, deadline},
};
use crate::crypto::totp;

/// Logs in on a page with a credential, and makes sure that it worked.
///
/// The form is found by itself, also where the site asks for name, password and code on pages of their own; a page
/// that only has a way to log in is followed there. It worked when the form is gone and the page rests, or when `check`
/// can be seen; otherwise the step fails with what the page says. Nothing is tried twice, so that no account is locked.
/// Somebody who is logged in already stays so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// The credential: `username` (or `email`, `user`), `password`, and `totp` (the secret of an authenticator app)
    /// where the site asks for codes.
    credential: String,
    /// The page to log in on; the page that is open if not set.
    url: Option<String>,
    /// What can only be seen by somebody who is logged in, for example `role=link[name*=Log out]`.
    check: Option<Target>,
    /// What to do when the site wants a person: a captcha, a code that was sent, an approval on a phone.
    #[serde(default)]
    on_challenge: OnChallenge,
}

/// What to do when a person is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OnChallenge {
    /// Fail.
    #[default]
    Fail,
    /// Wait until a person has done it in the browser's window, at most until the step's `timeout`.
    Ask,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LoggedIn {
    /// Whether somebody was logged in already.
    already: bool,
    /// What was asked for and given: `user`, `password`, `code`, `person`.
    given: Vec<&'static str>,
    /// By what it is known that it worked.
    evidence: Vec<String>,
    /// The address afterwards.
    url: String,
}

pub(super) fn node() -> Node {
    Node::action("browser.login", login)
        .effect(Effect::Live)
        .icon("log-in")
        .fails(
            ErrorKind::Denied,
            "The site does not take the name, the password or the code, or wants a person (`reason` in the details: \
             `wrong`, `locked`, `code`, `captcha`, `approval`, `asked_again`); or there is no such credential.",
        )
        .fails(ErrorKind::NotFound, "The page has no form to log in, or `check` cannot be seen.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/login" }
  do:
    - use: browser.login
      with: { credential: shop }
"#;

/// More pages than this are no log-in.
const ROUNDS: usize = 8;
/// How long a page may take to answer what was sent.
const ANSWER: Duration = Duration::from_secs(30);
/// How long something is looked for that may well not be there.
const LOOK: Duration = Duration::from_millis(500);

/// Why it did not work, as details tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Wrong,
    Locked,
    Code,
    Captcha,
    Approval,
    AskedAgain,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Reason::Wrong => "wrong",
            Reason::Locked => "locked",
            Reason::Code => "code",
            Reason::Captcha => "captcha",
            Reason::Approval => "approval",
            Reason::AskedAgain => "asked_again",
        }
    }
}

/// How a log-in ends without having worked.
enum Failure {
    /// The browser's fault, or the page's.
    Page(BrowserError),
    Refused {
        reason: Reason,
        said: String,
    },
    NoForm,
    Other(NodeError),
}

impl From<BrowserError> for Failure {
    fn from(error: BrowserError) -> Self {
        Failure::Page(error)
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Failure::Other(error)
    }
}

async fn login(cx: &StepContext, settings: Login) -> Result<LoggedIn, NodeError> {
    let session = live::session(cx)?;
    let page = session.page();
    let credential = cx.credential(&settings.credential).await?;
    let check = match &settings.check {
        Some(target) => {
            let aim = Aim::new("check", target, Intent::Assert);
            Some(
                session
                    .healer()
                    .known(cx, &aim, Some(false))?
                    .selector()
                    .clone(),
            )
        }
        None => None,
    };
    let attempt = Attempt {
        cx,
        page: &page,
        settings: &settings,
        credential: &credential,
        check,
        until: deadline(cx),
    };
    match attempt.run().await {
        Ok(done) => Ok(done),
        Err(failure) => Err(attempt.explain(failure).await),
    }
}

struct Attempt<'a> {
    cx: &'a StepContext,
    page: &'a Page,
    settings: &'a Login,
    credential: &'a Credential,
    check: Option<casare_browser::Locator>,
    until: Instant,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<LoggedIn, Failure> {
        if let Some(url) = &self.settings.url {
            self.page
                .goto(url, Until::DomContentLoaded, self.until)
                .await?;
        }
        let from = self.page.url();
        if self.is_checked().await? {
            return Ok(self.done(true, Vec::new(), vec!["`check` can be seen".into()]));
        }
        let mut sight = self.page.login_sight(None, self.until).await?;
        if sight.stage == LoginStage::None && !sight.captcha {
            if sight.leaves && self.check.is_none() {
                let evidence = vec!["there is a way to log out".to_owned()];
                return Ok(self.done(true, Vec::new(), evidence));
            }
            let soon = self.until.min(Instant::now() + LOOK);
            if !self.page.open_login(soon).await? {
                return Err(Failure::NoForm);
            }
            sight = self
                .page
                .login_sight(Some(&sight), self.answer_by())
                .await?;
            if sight.stage == LoginStage::None && !sight.captcha {
                return Err(Failure::NoForm);
            }
        }
        let mut given = Vec::new();
        for _ in 0..ROUNDS {
            if let Some(challenge) = self.challenge(&sight)? {
                sight = self.hand_over(challenge, &sight).await?;
                given.push("person");
            } else {
                let before = sight;
                sight = self.answer(&before, &mut given).await?;
                judge(&before, &sight)?;
            }
            if sight.stage == LoginStage::None && !sight.captcha {
                let evidence = self.evidence(&from, &sight).await?;
                return Ok(self.done(false, given, evidence));
            }
        }
        Err(Failure::Refused {
            reason: Reason::AskedAgain,
            said: String::new(),
        })
    }

    fn done(&self, already: bool, given: Vec<&'static str>, evidence: Vec<String>) -> LoggedIn {
        LoggedIn {
            already,
            given,
            evidence,
            url: self.page.url(),
        }
    }

    fn answer_by(&self) -> Instant {
        self.until.min(Instant::now() + ANSWER)
    }

    async fn is_checked(&self) -> Result<bool, BrowserError> {
        let Some(check) = &self.check else {
            return Ok(false);
        };
        let soon = self.until.min(Instant::now() + LOOK);
        match self.page.wait_for(check, &Expect::Visible, soon).await {
            Ok(()) => Ok(true),
            Err(BrowserError::NotActionable { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether what the page wants now is for a person.
    fn challenge(&self, sight: &LoginSight) -> Result<Option<Reason>, Failure> {
        let has_secret = ["totp", "otpauth", "totp_secret"]
            .iter()
            .any(|field| self.credential.optional(field).is_some());
        let wanted = if sight.captcha {
            Reason::Captcha
        } else if sight.stage == LoginStage::Approval {
            Reason::Approval
        } else if sight.code && (sight.sent || !has_secret) {
            Reason::Code
        } else {
            return Ok(None);
        };
        if self.settings.on_challenge == OnChallenge::Fail {
            let said = if wanted == Reason::Code && !has_secret && !sight.sent {
                "the credential has no `totp` to make one".to_owned()
            } else {
                String::new()
            };
            return Err(Failure::Refused {
                reason: wanted,
                said,
            });
        }
        Ok(Some(wanted))
    }

    /// Puts in what is asked for.
    async fn answer(
        &self,
        sight: &LoginSight,
        given: &mut Vec<&'static str>,
    ) -> Result<LoginSight, Failure> {
        let (wants_user, wants_password) = match sight.stage {
            LoginStage::User => (true, false),
            LoginStage::Password => (false, true),
            LoginStage::Both => (true, true),
            _ => (false, false),
        };
        let user = if wants_user {
            Some(self.user(sight.email)?)
        } else {
            None
        };
        let password = if wants_password {
            Some(self.credential.field("password")?)
        } else {
            None
        };
        let code = if sight.code {
            let code = totp::code(self.cx, &self.settings.credential).await?;
            self.cx.mask_secret(&code);
            Some(code)
        } else {
            None
        };
        given.extend(user.map(|_| "user"));
        given.extend(password.map(|_| "password"));
        given.extend(code.as_ref().map(|_| "code"));
        let answer = Ask {
            user,
            password,
            code: code.as_deref(),
        };
        self.page
            .answer_login(answer, true, self.answer_by())
            .await?;
        Ok(self.page.login_sight(Some(sight), self.answer_by()).await?)
    }

    fn user(&self, email: bool) -> Result<&str, NodeError> {
        let usual = if email {
            ["email", "username", "user", "login"]
        } else {
            ["username", "email", "user", "login"]
        };
        let found = usual
            .iter()
            .find_map(|field| self.credential.optional(field));
        // Says which fields there are.
        found.map_or_else(|| self.credential.field("username"), Ok)
    }

    /// Waits for a person to do what the page wants.
    async fn hand_over(&self, wanted: Reason, sight: &LoginSight) -> Result<LoginSight, Failure> {
        let agent = self
            .page
            .evaluate("() => navigator.userAgent", &[], self.until)
            .await?;
        if agent
            .as_str()
            .is_some_and(|agent| agent.contains("Headless"))
        {
            return Err(Failure::Other(refusal(wanted, "").with_help(
                "nobody sees this browser: run it with `--headed`, or `headless: false`",
            )));
        }
        let what = wanted_of(wanted);
        self.cx.log(
            LogLevel::Warn,
            format!("{what}; waiting for a person to do it in the browser's window"),
        );
        let after = self.page.login_sight(Some(sight), self.until).await?;
        if after.settled {
            return Ok(after);
        }
        Err(Failure::Page(BrowserError::WaitTimeout {
            what: "what the site wants a person to do".into(),
            waited: Duration::ZERO,
            found: what.into(),
        }))
    }

    async fn evidence(&self, from: &str, sight: &LoginSight) -> Result<Vec<String>, BrowserError> {
        if let Some(check) = &self.check {
            self.page
                .wait_for(check, &Expect::Visible, self.until)
                .await?;
            return Ok(vec!["`check` can be seen".into()]);
        }
        let mut evidence = vec!["the form to log in is gone".to_owned()];
        if sight.url != from {
            evidence.push(format!("the page is {} now", sight.url));
        }
        if sight.leaves {
            evidence.push("there is a way to log out".to_owned());
        }
        Ok(evidence)
    }

    /// The node's error, with a picture that shows nothing secret.
    async fn explain(&self, failure: Failure) -> NodeError {
        let soon = Instant::now() + Duration::from_secs(3);
        let hidden = self.page.hide_secrets(soon).await.is_ok();
        let failure = match failure {
            Failure::Page(error) if hidden => return fault::on_page(self.cx, self.page, error).await,
            Failure::Page(error) => return fault::explain(&error),
            Failure::Other(error) => return error,
            Failure::NoForm => NodeError::not_found("the page has no form to log in")
                .with_help("give the `url` of the page that has one; a form in a frame of another site is not found"),
            Failure::Refused { reason, said } => refusal(reason, &said),
        };
        let failure = failure.permanent();
        if !hidden {
            return failure;
        }
        let Ok(picture) = self.page.screenshot(&Shot::default(), soon).await else {
            return failure;
        };
        match self.cx.artifact("failure.png", "image/png", &picture) {
            Ok(artifact) => failure.with_artifact(artifact.name),
            Err(_) => failure,
        }
    }
}

/// Whether the page has taken what was given.
fn judge(before: &LoginSight, after: &LoginSight) -> Result<(), Failure> {
    let refused = |reason, said: &str| {
        Err(Failure::Refused {
            reason,
            said: said.to_owned(),
        })
    };
    let same = after.stage == before.stage && after.asking == before.asking;
    // What is under the form of the next page was there for everybody.
    let counts = |one: &&Complaint| same || after.stage == LoginStage::None || one.locked;
    let fresh: Vec<&Complaint> = after.fresh.iter().filter(counts).collect();
    if let Some(locked) = fresh.iter().find(|one| one.locked) {
        return refused(Reason::Locked, &locked.text);
    }
    if let Some(wrong) = fresh.iter().find(|one| one.wrong) {
        return refused(Reason::Wrong, &wrong.text);
    }
    if same && let Some(alert) = fresh.iter().find(|one| one.alert) {
        return refused(Reason::Wrong, &alert.text);
    }
    if !after.settled {
        return Err(Failure::Page(BrowserError::WaitTimeout {
            what: "the page's answer to the log-in".into(),
            waited: ANSWER,
            found: "it neither lets in nor says why not".into(),
        }));
    }
    if same && !after.captcha {
        return refused(Reason::AskedAgain, "");
    }
    Ok(())
}

fn wanted_of(reason: Reason) -> &'static str {
    match reason {
        Reason::Wrong => "the site does not take what the credential has",
        Reason::Locked => "the site lets nobody in with this name for now",
        Reason::Code => "the site asks for a code",
        Reason::Captcha => "the site wants to know whether a person is there",
        Reason::Approval => "the site wants somebody to approve it elsewhere",
        Reason::AskedAgain => "the site asks again, without saying why",
    }
}

fn refusal(reason: Reason, said: &str) -> NodeError {
    let mut message = wanted_of(reason).to_owned();
    if !said.is_empty() {
        message = format!("{message}: {said}");
    }
    let help = match reason {
        Reason::Wrong | Reason::AskedAgain => {
            "check the credential by hand before it is tried again: sites lock accounts"
        }
        Reason::Locked => "wait, or unlock it by hand",
        Reason::Code => {
            "keep the secret of the authenticator app in the credential's field `totp`, or let a person do it: `on_challenge: ask`"
        }
        Reason::Captcha | Reason::Approval => "let a person do it: `on_challenge: ask`",
    };
    NodeError::denied(message)
        .with_help(help)
        .with_details(json!({ "reason": reason.name(), "said": said }))
}
