use std::{collections::BTreeMap, sync::Arc};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use lopdf::{
    EncryptionState, EncryptionVersion, Object, Permissions, StringFormat,
    encryption::crypt_filters::{Aes256CryptFilter, CryptFilter},
};
use rand::Rng as _;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    file::{Source, save},
    merge::Written,
};

/// Encrypts a PDF with AES-256, so that it opens with a password only.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Protect {
    /// The PDF.
    path: String,
    /// The new file; it may be the same.
    to: String,
    /// The credential whose `password` will open the file. If it has an `owner_password`, that one
    /// is needed to change what is allowed.
    credential: String,
    /// Whether it may be printed.
    #[serde(default = "yes")]
    print: bool,
    /// Whether text may be copied from it.
    #[serde(default = "yes")]
    copy: bool,
    /// Whether it may be changed.
    #[serde(default)]
    change: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn node() -> Node {
    Node::action("pdf.protect", protect)
        .icon("lock")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: pdf.protect
  with: { path: invoice.pdf, to: out/locked.pdf, credential: invoices }
";

async fn protect(cx: &StepContext, settings: Protect) -> Result<Written, NodeError> {
    let credential = cx.credential(&settings.credential).await?;
    let password = credential.field("password")?.to_owned();
    let owner = credential.optional("owner_password").map(str::to_owned);
    if password.is_empty() {
        return Err(NodeError::invalid(format!(
            "the `password` of the credential `{}` is empty",
            settings.credential
        )));
    }
    let source = Source::of(cx, &settings.path, None).await?;
    let to = cx.file(&settings.to);
    cx.blocking(move || {
        let mut document = source.open()?;
        let page_count = document.get_pages().len();
        let mut key = [0_u8; 32];
        // Keys are the operating system's, not the run's.
        rand::rng().fill(&mut key);
        if !document.trailer.has(b"ID") {
            let id: Vec<u8> = key
                .iter()
                .rev()
                .take(16)
                .copied()
                .map(|byte| !byte)
                .collect();
            let id = Object::String(id, StringFormat::Hexadecimal);
            document.trailer.set("ID", vec![id.clone(), id]);
        }
        let filter: Arc<dyn CryptFilter> = Arc::new(Aes256CryptFilter);
        let version = EncryptionVersion::V5 {
            encrypt_metadata: true,
            crypt_filters: BTreeMap::from([(b"StdCF".to_vec(), filter)]),
            file_encryption_key: &key,
            stream_filter: b"StdCF".to_vec(),
            string_filter: b"StdCF".to_vec(),
            owner_password: owner.as_deref().unwrap_or(&password),
            user_password: &password,
            permissions: settings.permissions(),
        };
        let refused =
            |error: lopdf::Error| NodeError::invalid(format!("it can't be encrypted: {error}"));
        let state = EncryptionState::try_from(version).map_err(refused)?;
        document.encrypt(&state).map_err(refused)?;
        save(&mut document, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count,
        })
    })
    .await
}

impl Protect {
    fn permissions(&self) -> Permissions {
        let mut allowed = Permissions::COPYABLE_FOR_ACCESSIBILITY;
        if self.print {
            allowed |= Permissions::PRINTABLE | Permissions::PRINTABLE_IN_HIGH_QUALITY;
        }
        if self.copy {
            allowed |= Permissions::COPYABLE;
        }
        if self.change {
            allowed |= Permissions::MODIFIABLE
                | Permissions::ANNOTABLE
                | Permissions::FILLABLE
                | Permissions::ASSEMBLABLE;
        }
        allowed
    }
}
