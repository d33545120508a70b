//! Handing a mail to a server.

use casare_engine::{ErrorKind, NodeError, StepContext, chain};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};

use super::{
    compose::Draft,
    server::{Access, Address, Login, Protocol, Security, within},
};

/// What was sent.
pub(super) struct Sent {
    pub(super) message_id: String,
    pub(super) recipients: Vec<String>,
    pub(super) size: u64,
    pub(super) answer: String,
}

/// Builds a mail and hands it over.
pub(super) async fn send(
    cx: &StepContext,
    access: Access<'_>,
    draft: &Draft,
) -> Result<Sent, NodeError> {
    let address = access.address(cx, Protocol::Smtp)?;
    let patience = access.patience(cx);
    within(patience, &address.shown(), async {
        let login = access.login(cx).await?;
        let sender = match &login {
            Login::Nobody => None,
            Login::Password { username, .. } | Login::Token { username, .. } => {
                Some(username.clone())
            }
        };
        let (mail, message_id) = draft.built(cx, sender.as_deref()).await?;
        let answer = hand_over(&address, login, &mail).await?;
        Ok(Sent {
            message_id,
            recipients: mail
                .envelope()
                .to()
                .iter()
                .map(ToString::to_string)
                .collect(),
            size: mail.formatted().len() as u64,
            answer,
        })
    })
    .await
}

async fn hand_over(address: &Address, login: Login, mail: &Message) -> Result<String, NodeError> {
    // The provider is chosen for the whole program; there is but one in the tree.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&address.host)
        .port(address.port)
        .tls(match address.security {
            Security::Tls => Tls::Wrapper(tls(address).await?),
            Security::Starttls => Tls::Required(tls(address).await?),
            Security::None => Tls::None,
        });
    match login {
        Login::Nobody => {}
        Login::Password { username, password } => {
            server = server.credentials(Credentials::new(username, password));
        }
        Login::Token { username, token } => {
            server = server
                .credentials(Credentials::new(username, token))
                .authentication(vec![Mechanism::Xoauth2]);
        }
    }
    let answer = server.build().send(mail.clone()).await;
    let answer = answer.map_err(|error| failed(address, &error))?;
    Ok(answer.message().collect::<Vec<_>>().join(" "))
}

async fn tls(address: &Address) -> Result<TlsParameters, NodeError> {
    let unfit = |error: &dyn std::error::Error| {
        NodeError::invalid(format!(
            "no encrypted connection can be made: {}",
            chain(error)
        ))
    };
    let mut parameters = TlsParameters::builder(address.host.clone());
    if let Some(path) = &address.authority {
        let pem = tokio::fs::read(path).await.map_err(|error| {
            NodeError::io(format_args!("could not read {}", path.display()), &error)
        })?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| unfit(&error))?;
        parameters = parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    parameters.build().map_err(|error| unfit(&error))
}

fn failed(address: &Address, error: &lettre::transport::smtp::Error) -> NodeError {
    let why = chain(error);
    let shown = address.shown();
    let Some(code) = error.status() else {
        let (kind, help) = match () {
            () if error.is_timeout() => (ErrorKind::Timeout, "raise `timeout`, or try again"),
            () if error.is_client() => (
                ErrorKind::Invalid,
                "the server does not offer what is needed: check `security` and the credential",
            ),
            () => (
                ErrorKind::Unavailable,
                "check `server`, its port and `security`; a certificate that the system does not \
                 know is named in `authority`",
            ),
        };
        return NodeError::new(kind, format!("{shown} did not take the mail: {why}"))
            .with_help(help);
    };
    let (kind, help) = match u16::from(code) {
        530 | 534 | 535 | 538 => (
            ErrorKind::Denied,
            "check the credential; many providers want an app password or OAuth2",
        ),
        550 | 551 | 553 => (
            ErrorKind::Invalid,
            "the server refuses the sender or a recipient: check the addresses",
        ),
        552 | 523 => (ErrorKind::Invalid, "the mail is too large for the server"),
        400..=499 => (
            ErrorKind::Unavailable,
            "the server is busy: try again later",
        ),
        _ => (
            ErrorKind::Invalid,
            "the server refuses the mail; its answer says why",
        ),
    };
    NodeError::new(kind, format!("{shown} did not take the mail: {why}")).with_help(help)
}
