use casare_browser::Cookie;
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{fault, live};

/// Reads, sets or deletes the cookies of the session.
///
/// Cookies can be as good as passwords: keep what `get` answers out of logs and outputs. The cookies
/// of one session can be given to another with `set`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Cookies {
    /// What to do.
    action: Action,
    /// For `get` and `delete`: only cookies with this name.
    name: Option<String>,
    /// For `get` and `delete`: only cookies of this domain and those below it.
    domain: Option<String>,
    /// For `set`: the cookies.
    #[serde(default)]
    cookies: Vec<OneCookie>,
}

/// What to do with cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Answers them.
    Get,
    /// Adds them, or replaces those of the same name.
    Set,
    /// Deletes them: all, or those of a name or domain.
    Delete,
}

/// A cookie.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneCookie {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
    /// The site; that of the current page if not set.
    #[serde(default)]
    domain: Option<String>,
    /// The part of the site.
    #[serde(default = "root")]
    path: String,
    /// Seconds since 1970; it ends with the session if not set.
    #[serde(default)]
    expires: Option<f64>,
    /// Whether scripts of the page can't see it.
    #[serde(default)]
    http_only: bool,
    /// Whether it is sent over TLS only.
    #[serde(default)]
    secure: bool,
    /// `Strict`, `Lax` or `None`.
    #[serde(default)]
    same_site: Option<String>,
}

fn root() -> String {
    "/".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// The cookies that were found, set or deleted.
    cookies: Vec<OneCookie>,
    /// How many they are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("browser.cookies", cookies)
        .effect(Effect::Live)
        .icon("cookie")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.cookies
      with:
        action: set
        cookies: [{ name: language, value: en, domain: shop.example.com }]
    - id: language
      use: browser.cookies
      with: { action: get, name: language }
    - use: log.write
      with: { message: "{{ steps.language.cookies[0].value }}" }
"#;

async fn cookies(cx: &StepContext, settings: Cookies) -> Result<Answer, NodeError> {
    let session = live::session(cx)?;
    let context = session.context();
    let failed = |error| fault::explain(&error);
    let found = match settings.action {
        Action::Set => {
            let page = session.page().url();
            let given: Vec<Cookie> = settings
                .cookies
                .into_iter()
                .map(|cookie| cookie.into_cookie(&page))
                .collect::<Result<_, _>>()?;
            context.set_cookies(&given).await.map_err(failed)?;
            given
        }
        Action::Get | Action::Delete => {
            let mut all = context.cookies().await.map_err(failed)?;
            all.retain(|cookie| {
                let named = settings
                    .name
                    .as_ref()
                    .is_none_or(|name| *name == cookie.name);
                named
                    && settings
                        .domain
                        .as_ref()
                        .is_none_or(|domain| covers(domain, &cookie.domain))
            });
            if settings.action == Action::Delete {
                context.delete_cookies(&all).await.map_err(failed)?;
            }
            all
        }
    };
    Ok(Answer {
        count: found.len(),
        cookies: found.into_iter().map(OneCookie::from).collect(),
    })
}

/// Whether a cookie's domain is `wanted` or below it.
fn covers(wanted: &str, domain: &str) -> bool {
    let (wanted, domain) = (
        wanted.trim_start_matches('.'),
        domain.trim_start_matches('.'),
    );
    domain == wanted || domain.ends_with(&format!(".{wanted}"))
}

impl OneCookie {
    fn into_cookie(self, page: &str) -> Result<Cookie, NodeError> {
        let domain = match self.domain {
            Some(domain) => domain,
            None => url::Url::parse(page)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned))
                .ok_or_else(|| {
                    NodeError::invalid(format!("cookie `{}` has no `domain`", self.name))
                        .with_help("say it, or open a page of the site first")
                })?,
        };
        Ok(Cookie {
            name: self.name,
            value: self.value,
            domain,
            path: self.path,
            expires: self.expires,
            http_only: self.http_only,
            secure: self.secure,
            same_site: self.same_site,
        })
    }
}

impl From<Cookie> for OneCookie {
    fn from(cookie: Cookie) -> Self {
        Self {
            name: cookie.name,
            value: cookie.value,
            domain: Some(cookie.domain),
            path: cookie.path,
            expires: cookie.expires,
            http_only: cookie.http_only,
            secure: cookie.secure,
            same_site: cookie.same_site,
        }
    }
}
