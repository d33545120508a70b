use base64::{Engine as _, engine::general_purpose::STANDARD};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{
    Any,
    value::{from_json, to_json},
};
use indexmap::IndexMap;
use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha1::{Digest as _, Sha1};

use super::{
    request::SHORT,
    response,
    send::{Call, Caller, Payload},
    settings::http_settings,
    xml,
};

http_settings! {
    /// Calls an operation of a SOAP service.
    ///
    /// The envelope is written around `body`; what the operation answers comes back as data. A
    /// fault fails the step, its code and detail are in `error.details`. The call is sent once,
    /// unless `repeatable` says that it can be sent again.
    pub(super) struct Soap {
        /// The service's address.
        url: String,
        /// The operation's element, such as `GetOrder`.
        operation: String,
        /// The namespace of the operation, such as `http://example.com/orders`.
        #[serde(default)]
        namespace: Option<String>,
        /// What stands in the operation's element: maps are elements, lists repeat theirs, `@name`
        /// is an attribute, `#text` the text; or a text of XML.
        #[serde(default)]
        body: Any,
        /// What stands in the envelope's header, in the same form.
        #[serde(default)]
        header: Any,
        /// The `SOAPAction`; otherwise the namespace and the operation.
        #[serde(default)]
        action: Option<String>,
        /// The version of SOAP.
        #[serde(default)]
        version: Version,
        /// Name of a credential with `username` and `password` for WS-Security.
        #[serde(default)]
        security: Option<String>,
        /// How WS-Security sends the password.
        #[serde(default)]
        password: PasswordType,
        /// Whether the operation only reads, so that it may be sent again.
        #[serde(default)]
        repeatable: bool,
    }
}

/// Versions of SOAP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum Version {
    /// 1.1
    #[default]
    #[serde(rename = "1.1")]
    V11,
    /// 1.2
    #[serde(rename = "1.2")]
    V12,
}

/// How WS-Security sends a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PasswordType {
    /// As it is; only over https.
    #[default]
    Text,
    /// Hashed with the time and a number that is used once.
    Digest,
}

/// What was answered.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SoapAnswer {
    /// What stands in the answer's element.
    result: Any,
    /// The name of the answer's element.
    element: String,
    /// The envelope as it came.
    xml: String,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("http.soap", soap, |settings: &Soap| {
        if settings.repeatable {
            casare_workflow::Effect::Pure
        } else {
            casare_workflow::Effect::Once
        }
    })
    .icon("mail-open")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: http.soap
  with:
    url: https://erp.example.com/orders
    namespace: http://example.com/orders
    operation: GetOrder
    body: { OrderId: 42 }
    repeatable: true
- use: log.write
  with: { message: "{{ steps.order.result.Total }}" }
"#;

async fn soap(cx: &StepContext, settings: Soap) -> Result<SoapAnswer, NodeError> {
    let caller = Caller::new(cx, settings.common(), SHORT).await?;
    let mut call = Call::new(Method::POST, caller.url(&settings.url, &IndexMap::new())?);
    let envelope = settings.envelope(cx).await?;
    let action = settings.action.clone().unwrap_or_else(|| {
        let namespace = settings.namespace.as_deref().unwrap_or_default();
        let slash = if namespace.is_empty() || namespace.ends_with('/') {
            ""
        } else {
            "/"
        };
        format!("{namespace}{slash}{}", settings.operation)
    });
    let media_type = match settings.version {
        Version::V11 => {
            call.header("soapaction", &format!("\"{action}\""))?;
            "text/xml; charset=utf-8".to_owned()
        }
        Version::V12 => format!("application/soap+xml; charset=utf-8; action=\"{action}\""),
    };
    call.payload = Payload::Bytes {
        content: envelope.into_bytes(),
        media_type: Some(media_type),
    };
    call.repeatable = settings.repeatable;
    let response = caller.send(&call).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = caller.bytes(response).await?;
    let text = response::text(&headers, &bytes);
    let body = xml::read(&text)
        .ok()
        .filter(|(root, _)| root == "Envelope")
        .map(|(_, mut envelope)| envelope["Body"].take());
    let Some(body) = body else {
        if status.as_u16() >= 400 {
            return Err(response::refusal(&call, status, &bytes));
        }
        return Err(NodeError::invalid(format!(
            "{} did not answer with a SOAP envelope",
            call.shown()
        ))
        .with_help("check the address; that of the WSDL is often another one"));
    };
    let (element, result) = match body {
        Json::Object(map) => map
            .into_iter()
            .find(|(name, _)| !name.starts_with(['@', '#']))
            .unwrap_or_default(),
        _ => Default::default(),
    };
    if element == "Fault" {
        return Err(fault(&settings.operation, &result));
    }
    Ok(SoapAnswer {
        result: from_json(&result).into(),
        element,
        xml: text,
    })
}

fn fault(operation: &str, fault: &Json) -> NodeError {
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Object(map) => map.get("#text").and_then(Json::as_str).map(str::to_owned),
        _ => None,
    };
    // 1.1 has faultcode and faultstring, 1.2 Code and Reason.
    let code = text(&fault["faultcode"])
        .or_else(|| text(&fault["Code"]["Value"]))
        .unwrap_or_default();
    let reason = text(&fault["faultstring"])
        .or_else(|| text(&fault["Reason"]["Text"]))
        .unwrap_or_default();
    let local = code.rsplit(':').next().unwrap_or_default();
    let kind = match local {
        "Server" | "Receiver" => ErrorKind::Unavailable,
        "FailedAuthentication" | "InvalidSecurity" | "InvalidSecurityToken" | "FailedCheck" => {
            ErrorKind::Denied
        }
        _ => ErrorKind::Invalid,
    };
    let detail = match &fault["detail"] {
        Json::Null => &fault["Detail"],
        detail => detail,
    };
    NodeError::new(
        kind,
        format!("{operation} was answered with a fault: {reason} ({code})"),
    )
    .with_help("`error.details.detail` has what the service says about it")
    .with_details(json!({ "code": code, "reason": reason, "detail": detail }))
    // The service has looked at the request: the same one would be answered in the same way.
    .permanent()
}

const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const PROFILE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
const ENCODING: &str = "http://docs.oasis-open.org/wss/2004/01/\
                        oasis-200401-wss-soap-message-security-1.0#Base64Binary";

impl Soap {
    async fn envelope(&self, cx: &StepContext) -> Result<String, NodeError> {
        xml::is_name(&self.operation)?;
        let namespace = match self.version {
            Version::V11 => "http://schemas.xmlsoap.org/soap/envelope/",
            Version::V12 => "http://www.w3.org/2003/05/soap-envelope",
        };
        let mut header = String::new();
        content(&mut header, &self.header)?;
        if let Some(name) = &self.security {
            self.secure(cx, name, &mut header).await?;
        }
        let mut body = String::new();
        content(&mut body, &self.body)?;
        let operation = &self.operation;
        let own = match &self.namespace {
            Some(own) => format!(" xmlns=\"{}\"", quick_xml::escape::escape(own)),
            None => String::new(),
        };
        let header = if header.is_empty() {
            String::new()
        } else {
            format!("<soap:Header>{header}</soap:Header>")
        };
        Ok(format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <soap:Envelope xmlns:soap=\"{namespace}\">{header}\
             <soap:Body><{operation}{own}>{body}</{operation}></soap:Body></soap:Envelope>"
        ))
    }

    /// Adds a username token (OASIS WSS 1.0).
    async fn secure(
        &self,
        cx: &StepContext,
        name: &str,
        out: &mut String,
    ) -> Result<(), NodeError> {
        let credential = cx.credential(name).await?;
        let (username, password) = (credential.field("username")?, credential.field("password")?);
        let created = cx.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let nonce: [u8; 16] = *uuid::Uuid::new_v4().as_bytes();
        let (kind, sent) = match self.password {
            PasswordType::Text => ("PasswordText", password.to_owned()),
            PasswordType::Digest => {
                let mut hash = Sha1::new();
                hash.update(nonce);
                hash.update(created.as_bytes());
                hash.update(password.as_bytes());
                ("PasswordDigest", STANDARD.encode(hash.finalize()))
            }
        };
        let token = json!({ "wsse:Security": {
            "@xmlns:wsse": WSSE,
            "@xmlns:wsu": WSU,
            "@soap:mustUnderstand": "1",
            "wsse:UsernameToken": {
                "wsse:Username": username,
                "wsse:Password": { "@Type": format!("{PROFILE}#{kind}"), "#text": sent },
                "wsse:Nonce": { "@EncodingType": ENCODING, "#text": STANDARD.encode(nonce) },
                "wsu:Created": created,
            },
        }});
        xml::write(out, &token)
    }
}

/// A text is XML already; anything else is written as it.
fn content(out: &mut String, value: &Any) -> Result<(), NodeError> {
    let Some(text) = value.0.as_str() else {
        return xml::write(out, &to_json(&value.0));
    };
    if !text.trim().is_empty() {
        xml::read(&format!("<all>{text}</all>"))
            .map_err(|why| NodeError::invalid(format!("the text is no XML: {why}")))?;
    }
    out.push_str(text);
    Ok(())
}
