//! Which addresses a workflow may reach.
//!
//! A workflow often takes URLs from data. Without a guard, whoever writes that data reaches the
//! services behind the robot (server-side request forgery). So addresses of this machine and of
//! private networks are refused unless the step allows them. The check is made on the resolved
//! address, which is then the one that is used, and again for each redirect.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use casare_engine::NodeError;
use ipnet::IpNet;
use reqwest::{
    ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use thiserror::Error;
use url::{Host, Url};

/// What a step may reach beside public addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Guard {
    hosts: Vec<String>,
    networks: Vec<IpNet>,
    private: bool,
}

/// Why an address was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    #[error(
        "{host} is {address}, {kind}; a step reaches such addresses only if its `allow` names them"
    )]
    NotPublic {
        host: String,
        address: IpAddr,
        kind: &'static str,
    },
    #[error(
        "`{0}` in `allow` is neither a host name, an address, a network such as `10.0.0.0/8`, nor `private`"
    )]
    Allow(String),
}

impl Refused {
    /// The refusal below `error`, if that is why it failed.
    pub(crate) fn behind<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Self> {
        let mut source = Some(error);
        while let Some(cause) = source {
            if let Some(refused) = cause.downcast_ref() {
                return Some(refused);
            }
            source = cause.source();
        }
        None
    }
}

impl From<&Refused> for NodeError {
    fn from(refused: &Refused) -> Self {
        match refused {
            Refused::NotPublic { .. } => Self::denied(refused.to_string())
                .with_help("if the step is meant to reach it, add it to `allow`"),
            Refused::Allow(_) => Self::invalid(refused.to_string()),
        }
    }
}

impl Guard {
    /// Reads the `allow` setting.
    pub(crate) fn new(allow: &[String]) -> Result<Self, Refused> {
        let mut guard = Self {
            hosts: Vec::new(),
            networks: Vec::new(),
            private: false,
        };
        for entry in allow {
            let entry = entry.trim();
            if entry == "private" {
                guard.private = true;
            } else if let Ok(network) = entry.parse() {
                guard.networks.push(network);
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                guard.networks.push(address.into());
            } else if !entry.is_empty() && !entry.contains(['/', ' ', ':']) {
                guard.hosts.push(entry.to_ascii_lowercase());
            } else {
                return Err(Refused::Allow(entry.to_owned()));
            }
        }
        Ok(guard)
    }

    /// A client that reaches only what this guard lets through: the guard looks at addresses in
    /// URLs, at what names are resolved to, and at the target of each of at most `most` redirects.
    ///
    /// With `same_origin`, a redirect to another origin is not followed but answered, because the
    /// request carries a key that only the first one may see.
    pub(crate) fn protect(
        self: &Arc<Self>,
        builder: ClientBuilder,
        most: usize,
        same_origin: bool,
    ) -> ClientBuilder {
        let guard = self.clone();
        builder
            .dns_resolver(Arc::new(GuardedResolver(self.clone())))
            .redirect(redirect::Policy::custom(move |attempt| {
                if attempt.previous().len() > most {
                    return attempt.error(format!("more than {most} redirects"));
                }
                if let Err(refused) = guard.check_url(attempt.url()) {
                    return attempt.error(refused);
                }
                let first = attempt.previous().first().map(Url::origin);
                if same_origin && first.is_some_and(|first| first != attempt.url().origin()) {
                    return attempt.stop();
                }
                attempt.follow()
            }))
    }

    /// Checks a URL whose host is an address; names are checked when they are resolved.
    pub(crate) fn check_url(&self, url: &Url) -> Result<(), Refused> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check("the address", address.into()),
            Some(Host::Ipv6(address)) => self.check("the address", address.into()),
            _ => Ok(()),
        }
    }

    /// Checks one resolved address of `host`.
    fn check(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        let address = address.to_canonical();
        let Some(kind) = not_public(address) else {
            return Ok(());
        };
        let named = self.hosts.iter().any(|allowed| allowed == host);
        let inside = self
            .networks
            .iter()
            .any(|network| network.contains(&address));
        if named || inside || (self.private && kind != LINK_LOCAL) {
            return Ok(());
        }
        Err(Refused::NotPublic {
            host: host.to_owned(),
            address,
            kind,
        })
    }
}

/// Cloud machines answer their own credentials there: `private` alone does not open it.
const LINK_LOCAL: &str = "a link-local address";

fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => not_public_v4(v4),
        IpAddr::V6(v6) => not_public_v6(v6),
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, ..] = address.octets();
    match address {
        _ if address.is_loopback() => Some("an address of this machine"),
        _ if address.is_private() => Some("a private address"),
        _ if address.is_link_local() => Some(LINK_LOCAL),
        // RFC 6598, RFC 6890, RFC 2544, RFC 1112
        _ if a == 100 && (64..128).contains(&b) => Some("a private address"),
        _ if a == 0 || a >= 224 || address.is_documentation() => Some("a reserved address"),
        _ if a == 198 && (b == 18 || b == 19) => Some("a reserved address"),
        _ => None,
    }
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    match address {
        _ if address.is_loopback() || address.is_unspecified() => {
            Some("an address of this machine")
        }
        _ if address.is_unique_local() => Some("a private address"),
        _ if address.is_unicast_link_local() => Some(LINK_LOCAL),
        _ if address.is_multicast() => Some("a reserved address"),
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry a version 4 address.
        _ if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            not_public_v4(embedded(segments[6], segments[7]))
        }
        _ if segments[0] == 0x2002 => not_public_v4(embedded(segments[1], segments[2])),
        _ => None,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

/// A resolver that leaves out what the guard refuses.
#[derive(Debug, Clone)]
pub(crate) struct GuardedResolver(pub(crate) Arc<Guard>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_ascii_lowercase();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let mut allowed = Vec::new();
            let mut refused = None;
            for address in found {
                match guard.check(&host, address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(why) => refused = Some(why),
                }
            }
            match refused {
                Some(why) if allowed.is_empty() => Err(why.into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(allow: &[&str], url: &str) -> Option<String> {
        let allow: Vec<String> = allow.iter().map(|entry| (*entry).to_owned()).collect();
        let guard = Guard::new(&allow).unwrap();
        guard
            .check_url(&url.parse().unwrap())
            .err()
            .map(|refused| refused.to_string())
    }

    #[test]
    fn addresses_behind_the_robot_are_refused_however_they_are_written() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:7f00:1::]/",
            "http://169.254.169.254/latest/meta-data",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
        ] {
            assert!(refusal(&[], url).is_some(), "{url}");
        }
        assert_eq!(refusal(&[], "https://93.184.216.34/"), None);
    }

    #[test]
    fn what_a_step_allows_is_reached_and_nothing_more() {
        assert_eq!(refusal(&["127.0.0.1"], "http://127.0.0.1:8080/"), None);
        assert!(refusal(&["127.0.0.1"], "http://127.0.0.2/").is_some());
        assert_eq!(refusal(&["10.1.0.0/16"], "http://10.1.2.3/"), None);
        assert_eq!(refusal(&["private"], "http://192.168.0.1/"), None);
        assert!(refusal(&["private"], "http://169.254.169.254/").is_some());
    }
}
