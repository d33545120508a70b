//! Looking at a page that asks who is there, and answering it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{error::BrowserError, keyboard::Keys, page::Page, program::Point};

/// How long a page may take to show that it asks.
const PATIENCE_MS: u64 = 4000;

/// What a page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginStage {
    /// The name alone.
    User,
    /// The password alone.
    Password,
    /// Name and password.
    Both,
    /// A one-time code.
    Code,
    /// That a person approves it elsewhere.
    Approval,
    /// Nothing.
    None,
}

/// A text by which a page may complain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    pub text: String,
    /// Whether it is marked as one.
    pub alert: bool,
    /// Whether it says that something is wrong.
    pub wrong: bool,
    /// Whether it says that nobody is let in for now.
    pub locked: bool,
}

/// Where a page stands in logging in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoginSight {
    pub stage: LoginStage,
    /// Whether the name has to be a mail address.
    pub email: bool,
    /// Whether a one-time code is asked for, maybe beside other things.
    pub code: bool,
    /// Whether it wants to know that a person is there, and does not know it yet.
    pub captcha: bool,
    /// Whether the code was sent to somebody.
    pub sent: bool,
    /// Whether there is a way to log out.
    pub leaves: bool,
    /// What it complained of, with what was there before.
    pub complaints: Vec<Complaint>,
    /// What is new of that.
    pub fresh: Vec<Complaint>,
    pub url: String,
    /// Tells documents apart.
    pub document: f64,
    /// Which fields ask.
    pub asking: String,
    /// Whether the page has answered; else the time was over.
    pub settled: bool,
}

/// What is put into a form that asks.
#[derive(Clone, Copy, Default)]
pub struct Ask<'a> {
    pub user: Option<&'a str>,
    pub password: Option<&'a str>,
    pub code: Option<&'a str>,
}

impl Page {
    /// Where the page stands in logging in: as soon as it asks for something, or has answered what was done since
    /// `after`.
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer.
    pub async fn login_sight(
        &self,
        after: Option<&LoginSight>,
        deadline: Instant,
    ) -> Result<LoginSight, BrowserError> {
        let settings = [("after", json!(after)), ("patience", json!(PATIENCE_MS))];
        self.run_here_with("login-look", settings, deadline).await
    }

    /// Puts what is asked for into the form and sends it.
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer.
    pub async fn answer_login(
        &self,
        answer: Ask<'_>,
        submit: bool,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let given = [
            ("user", answer.user),
            ("password", answer.password),
            ("code", answer.code),
        ];
        let settings = given
            .into_iter()
            .filter_map(|(name, text)| Some((name, Value::from(text?))));
        self.touch();
        self.run_here_with::<Option<Vec<String>>>("login-fill", settings, deadline)
            .await?;
        if !submit {
            return Ok(());
        }
        match self
            .run_here::<Option<Point>>("login-submit", deadline)
            .await?
        {
            Some(point) => self.click_point(point, deadline).await,
            None => self.press(None, &"Enter".parse::<Keys>()?, deadline).await,
        }
    }

    /// Clicks the page's own way to log in, if it has one.
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer.
    pub async fn open_login(&self, deadline: Instant) -> Result<bool, BrowserError> {
        match self
            .run_here::<Option<Point>>("login-open", deadline)
            .await?
        {
            Some(point) => self.click_point(point, deadline).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Takes what is secret out of the fields of the page, before a picture of it is taken.
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer.
    pub async fn hide_secrets(&self, deadline: Instant) -> Result<(), BrowserError> {
        self.run_here("login-hide", deadline).await
    }
}
