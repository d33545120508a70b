//! Telling others: webhooks, signed and only to public addresses; lines in chats; mails. Again when it fails.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use casare_store::TenantId;
use futures::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::{
    Orchestrator, OrchestratorError,
    hooks::{self, DueDelivery, Hook, Sent},
    problem::chain,
};

const TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_secs(1);
/// Nobody else sends what a server has taken before that.
const TAKEN: Duration = Duration::from_mins(1);
/// How long to wait after each failure; after the last one it is given up.
const DELAYS_S: [u64; 8] = [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200];

/// Resolves names to addresses that webhooks may go to. What was checked is what is connected to.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .filter(|address| is_public(address.ip()))
                .collect();
            if found.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// What sends webhooks and mails.
#[derive(Clone)]
pub(crate) struct Outbound {
    client: Client,
    private: bool,
    mail: Option<MailWay>,
}

/// The way of mails.
#[derive(Clone)]
struct MailWay {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound")
            .field("private", &self.private)
            .field("mail", &self.mail.is_some())
            .finish_non_exhaustive()
    }
}

impl Outbound {
    /// `mail`: where mails are handed over, as `smtps://user:password@host`, and who sends them.
    pub(crate) fn new(
        private: bool,
        mail: Option<(&SecretString, &str)>,
    ) -> Result<Self, OrchestratorError> {
        let mail = mail.map(|(url, from)| mail_way(url, from)).transpose()?;
        let mut builder = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT / 2)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("casare/", env!("CARGO_PKG_VERSION")));
        if !private {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        let client = builder
            .build()
            .map_err(|error| OrchestratorError::Outbound {
                why: error.to_string(),
            })?;
        Ok(Self {
            client,
            private,
            mail,
        })
    }

    /// Whether webhooks may go there, as far as the address itself tells.
    pub(crate) fn may_reach(&self, url: &str) -> Result<(), String> {
        if let Some(address) = url.strip_prefix("mailto:") {
            address
                .parse::<Mailbox>()
                .map_err(|error| format!("it is no address: {error}"))?;
            return match &self.mail {
                Some(_) => Ok(()),
                None => Err(
                    "this server sends no mails; start it with `casare serve --smtp URL --mail-from ADDRESS`"
                        .to_owned(),
                ),
            };
        }
        let url = Url::parse(url).map_err(|_| "it is no URL".to_owned())?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err("it must begin with https:// or http://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must hold no password: the signature shows who sends".to_owned());
        }
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>() {
            Ok(address) if !self.private && !is_public(address) => Err(
                "this address is not public; `casare serve --private-hooks` allows such".to_owned(),
            ),
            _ => Ok(()),
        }
    }

    /// Whether a connection may go to this host, as far as its name tells now.
    pub(crate) async fn may_connect(&self, host: &str) -> Result<(), String> {
        if self.private {
            return Ok(());
        }
        let mut found = tokio::net::lookup_host((host, 0))
            .await
            .map_err(|error| format!("`{host}` is not known: {error}"))?;
        if found.all(|address| is_public(address.ip())) {
            return Ok(());
        }
        Err(format!(
            "`{host}` is not a public address; `casare serve --private-hooks` allows such"
        ))
    }

    async fn send(&self, hook: &Hook, secret: &[u8], delivery: &Told<'_>) -> Sent {
        if let Err(why) = self.may_reach(&hook.url) {
            return given_up(why);
        }
        if let Some(address) = hook.url.strip_prefix("mailto:") {
            return self.mail(address, delivery.line, delivery.link).await;
        }
        let body = if hook.format == "chat" {
            let text = match delivery.link {
                Some(link) => format!("{} {link}", delivery.line),
                None => delivery.line.to_owned(),
            };
            json!({ "text": text }).to_string()
        } else {
            delivery.payload.to_string()
        };
        let (id, now_s) = (delivery.id.to_string(), delivery.now_s);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            return given_up("the secret cannot be used".to_owned());
        };
        mac.update(format!("{id}.{now_s}.{body}").as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let answer = self
            .client
            .post(&hook.url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now_s.to_string())
            .header("webhook-signature", format!("v1,{signature}"))
            .body(body)
            .send()
            .await;
        match answer {
            Ok(answer) if answer.status().is_success() => Sent {
                state: "delivered",
                status: Some(answer.status().as_u16()),
                error: None,
                next: None,
            },
            Ok(answer) => Sent {
                state: "waiting",
                status: Some(answer.status().as_u16()),
                error: Some(format!("it answers {}", answer.status())),
                next: None,
            },
            Err(error) => waiting(&chain(&error.without_url())),
        }
    }

    async fn mail(&self, address: &str, line: &str, link: Option<&str>) -> Sent {
        let Some(way) = &self.mail else {
            return given_up("this server sends no mails".to_owned());
        };
        let Ok(to) = address.parse::<Mailbox>() else {
            return given_up("it is no address".to_owned());
        };
        let subject: String = line.chars().take(150).collect();
        let text = format!("{line}\n\n{}\n", link.unwrap_or_default());
        let message = Message::builder()
            .from(way.from.clone())
            .to(to)
            .subject(format!("Casare: {subject}"))
            .header(ContentType::TEXT_PLAIN)
            .body(text);
        let message = match message {
            Ok(message) => message,
            Err(error) => return given_up(error.to_string()),
        };
        match tokio::time::timeout(TIMEOUT, way.server.send(message)).await {
            Ok(Ok(_)) => Sent {
                state: "delivered",
                status: None,
                error: None,
                next: None,
            },
            Ok(Err(error)) => waiting(&chain(&error)),
            Err(_) => waiting("the mail server did not answer in time"),
        }
    }
}

fn given_up(error: String) -> Sent {
    Sent {
        state: "given_up",
        status: None,
        error: Some(error),
        next: None,
    }
}

fn waiting(error: &str) -> Sent {
    Sent {
        state: "waiting",
        status: None,
        error: Some(error.chars().take(500).collect()),
        next: None,
    }
}

fn mail_way(url: &SecretString, from: &str) -> Result<MailWay, OrchestratorError> {
    // What is wrong is said without the address, which holds a password.
    let wrong = |why: String| OrchestratorError::Mail { why };
    let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
        .map_err(|_| wrong("`--smtp` is no address such as smtps://user:password@host".to_owned()))?
        .timeout(Some(TIMEOUT))
        .build();
    let from = from
        .parse()
        .map_err(|error| wrong(format!("`--mail-from` is no address: {error}")))?;
    Ok(MailWay { server, from })
}

/// What is told to a hook.
struct Told<'a> {
    id: Uuid,
    payload: &'a Value,
    /// For people.
    line: &'a str,
    /// Where they see more.
    link: Option<&'a str>,
    now_s: i64,
}

/// Sends what is to be sent until the server shuts down.
pub(crate) async fn send_forever(server: Orchestrator) {
    loop {
        match server.send_due().await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::warn!(error = %chain(&error), "webhooks wait for the database"),
        }
        tokio::select! {
            () = server.closing.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

impl Orchestrator {
    /// Sends webhooks whose time has come; answers how many.
    async fn send_due(&self) -> Result<usize, OrchestratorError> {
        let now = self.queue.now();
        let taken = hooks::take(&self.store, now + TAKEN).await?;
        let count = taken.len();
        let sent = join_all(taken.into_iter().map(|delivery| self.deliver(delivery))).await;
        sent.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(count)
    }

    async fn deliver(&self, delivery: DueDelivery) -> Result<(), OrchestratorError> {
        let now = self.queue.now();
        let hook = hooks::hook(&self.store, delivery.tenant_id, delivery.hook_id).await?;
        let Some(hook) = hook.filter(|hook| hook.enabled) else {
            let sent = Sent {
                state: "given_up",
                status: None,
                error: Some("the hook is off".to_owned()),
                next: None,
            };
            return Ok(hooks::end(&self.store, delivery.id, &sent).await?);
        };
        let secret = hook.secret(&self.vault).await?;
        let seconds = now.timestamp().as_second();
        let (line, link) = self
            .for_people(delivery.tenant_id, &delivery.payload.0)
            .await?;
        let told = Told {
            id: delivery.id,
            payload: &delivery.payload.0,
            line: &line,
            link: link.as_deref(),
            now_s: seconds,
        };
        let mut sent = self.outbound.send(&hook, &secret, &told).await;
        if sent.state == "waiting" {
            let failures = usize::try_from(delivery.attempts).unwrap_or(usize::MAX);
            match DELAYS_S.get(failures.saturating_sub(1)) {
                Some(delay) => sent.next = Some(now + Duration::from_secs(*delay)),
                None => sent.state = "given_up",
            }
        }
        tracing::debug!(
            delivery = %delivery.id, state = sent.state, age_ms = now.since(delivery.created_at).as_millis(),
            "a webhook was sent"
        );
        Ok(hooks::end(&self.store, delivery.id, &sent).await?)
    }

    /// What happened as a line, and where to see more.
    async fn for_people(
        &self,
        tenant: TenantId,
        payload: &Value,
    ) -> Result<(String, Option<String>), OrchestratorError> {
        let event = payload["event"].as_str().unwrap_or_default();
        let data = &payload["data"];
        let base = self.settings.public_url.trim_end_matches('/');
        let link = match (data["job"].as_str(), data["workflow"].as_str()) {
            (Some(job), _) => Some(format!("{base}/runs/{job}")),
            (None, Some(workflow)) => Some(format!("{base}/workflows/{workflow}")),
            (None, None) => None,
        };
        if let Some(message) = data["message"].as_str() {
            let over = if event == "alert.closed" {
                "over: "
            } else {
                ""
            };
            return Ok((format!("{over}{message}"), link));
        }
        let workflow = data["workflow"].as_str().and_then(|id| id.parse().ok());
        let name = match workflow {
            Some(id) => self.store.tenant(tenant).workflow(id).await?,
            None => None,
        };
        let line = if let (Some(workflow), Some(state)) = (name, event.strip_prefix("job.")) {
            format!("a run of `{}` is {state}", workflow.name)
        } else {
            let mut data = data.to_string();
            data.truncate(data.floor_char_boundary(500));
            format!("{event}: {data}")
        };
        Ok((line, link))
    }
}

/// Whether an address is of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // This network, shared space, protocol assignments, benchmarks, and what is reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let segments = address.segments();
    // Addresses of the fourth version inside: NAT64 and 6to4.
    let [_, _, _, _, _, _, high, low] = segments;
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(join(high, low));
    }
    if segments[0] == 0x2002 {
        return is_public_v4(join(segments[1], segments[2]));
    }
    // Only what is global: not local, not documentation, not a tunnel with an address inside.
    (segments[0] & 0xe000) == 0x2000
        && segments[..2] != [0x2001, 0x0db8]
        && segments[..2] != [0x2001, 0]
        && (segments[0] & 0xfff0) != 0x3ff0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_reached_however_they_are_written() {
        let refused = [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:0a00:0001::",
            "2001:db8::1",
        ];
        for address in refused {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let outbound = Outbound::new(false, None).unwrap();
        assert!(outbound.may_reach("http://[::1]:80/x").is_err());
        assert!(outbound.may_reach("http://0x7f.1/").is_err());
        assert!(outbound.may_reach("file:///etc/passwd").is_err());
        assert!(
            outbound.may_reach("mailto:ada@example.com").is_err(),
            "no mail server is known"
        );
        assert!(outbound.may_reach("https://example.com/hook").is_ok());
    }
}
