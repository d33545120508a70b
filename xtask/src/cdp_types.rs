//! `cargo xtask cdp-types`: writes `crates/browser/src/cdp/` from the protocol description that the
//! npm package `devtools-protocol` carries.
//!
//! The whole protocol is 111,000 generated lines; the browser crate speaks a small part of it. [`USED`]
//! lists that part, field by field, so that nothing compiles that nothing uses.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// What the browser crate speaks: `command NAME parameters… -> reply fields…`, `event NAME fields…`,
/// `type NAME fields…`. A field that the protocol calls optional becomes an `Option`.
const USED: &str = "
command Browser.getVersion -> product
command Browser.close
command Browser.setDownloadBehavior behavior browserContextId downloadPath eventsEnabled
command Browser.grantPermissions permissions origin browserContextId
command Browser.resetPermissions browserContextId
event Browser.downloadWillBegin frameId guid url suggestedFilename
event Browser.downloadProgress guid totalBytes receivedBytes state

command Target.createTarget url browserContextId -> targetId
command Target.closeTarget targetId
command Target.createBrowserContext disposeOnDetach proxyServer proxyBypassList -> browserContextId
command Target.disposeBrowserContext browserContextId
command Target.setAutoAttach autoAttach waitForDebuggerOnStart flatten filter
event Target.attachedToTarget sessionId targetInfo
event Target.detachedFromTarget sessionId
type Target.TargetInfo targetId type url openerId browserContextId
type Target.FilterEntry exclude type

command Page.enable
command Page.setLifecycleEventsEnabled enabled
command Page.getFrameTree -> frameTree
command Page.addScriptToEvaluateOnNewDocument source worldName runImmediately
command Page.navigate url -> loaderId errorText isDownload
command Page.reload
command Page.stopLoading
command Page.getNavigationHistory -> currentIndex entries
command Page.navigateToHistoryEntry entryId
command Page.handleJavaScriptDialog accept promptText
command Page.captureScreenshot format quality clip captureBeyondViewport -> data
command Page.getLayoutMetrics -> cssContentSize
command Page.setInterceptFileChooserDialog enabled
command Page.printToPDF landscape displayHeaderFooter printBackground scale paperWidth paperHeight marginTop marginBottom marginLeft marginRight pageRanges headerTemplate footerTemplate preferCSSPageSize generateTaggedPDF generateDocumentOutline -> data
command Page.startScreencast format quality maxWidth maxHeight everyNthFrame
command Page.stopScreencast
command Page.screencastFrameAck sessionId
event Page.frameAttached frameId parentFrameId
event Page.frameDetached frameId reason
event Page.frameNavigated frame type
event Page.navigatedWithinDocument frameId url
event Page.lifecycleEvent frameId loaderId name
event Page.frameStoppedLoading frameId
event Page.frameRequestedNavigation frameId url disposition
event Page.javascriptDialogOpening message type defaultPrompt
event Page.javascriptDialogClosed result userInput
event Page.fileChooserOpened backendNodeId
event Page.screencastFrame data metadata sessionId
type Page.ScreencastFrameMetadata timestamp
type DOM.Rect width height
type Page.FrameTree frame childFrames
type Page.Frame id parentId loaderId url urlFragment
type Page.NavigationEntry id url userTypedURL
type Page.Viewport x y width height scale

command Runtime.enable
command Runtime.runIfWaitingForDebugger
command Runtime.callFunctionOn functionDeclaration objectId arguments returnByValue userGesture awaitPromise executionContextId -> result exceptionDetails
command Runtime.evaluate expression contextId returnByValue userGesture awaitPromise replMode -> result exceptionDetails
command Runtime.releaseObject objectId
command Runtime.terminateExecution
command Runtime.addBinding name executionContextName
event Runtime.executionContextCreated context
event Runtime.executionContextDestroyed executionContextId
event Runtime.executionContextsCleared
event Runtime.consoleAPICalled type args
event Runtime.exceptionThrown exceptionDetails
event Runtime.bindingCalled name payload executionContextId
type Runtime.ExecutionContextDescription id origin name auxData
type Runtime.CallArgument value objectId
type Runtime.RemoteObject type subtype value unserializableValue description objectId
type Runtime.ExceptionDetails text exception url lineNumber

command DOM.getFrameOwner frameId -> backendNodeId
command DOM.resolveNode backendNodeId executionContextId -> object
command DOM.setFileInputFiles files backendNodeId objectId
command DOM.getDocument depth pierce -> root
command DOM.disable
type DOM.Node backendNodeId localName children contentDocument shadowRoots shadowRootType

command Input.dispatchMouseEvent type x y modifiers button buttons clickCount deltaX deltaY
command Input.dispatchTouchEvent type touchPoints modifiers
command Input.dispatchDragEvent type x y data modifiers
command Input.setInterceptDrags enabled
command Input.imeSetComposition text selectionStart selectionEnd
event Input.dragIntercepted data
type Input.TouchPoint x y
type Input.DragData items files dragOperationsMask
type Input.DragDataItem mimeType data title baseURL
command Input.dispatchKeyEvent type modifiers text unmodifiedText code key windowsVirtualKeyCode isKeypad location commands
command Input.insertText text

command Network.enable maxTotalBufferSize maxResourceBufferSize maxPostDataSize
command Network.setExtraHTTPHeaders headers
command Network.emulateNetworkConditions offline latency downloadThroughput uploadThroughput
command Network.setBypassServiceWorker bypass
command Network.getResponseBody requestId -> body base64Encoded
event Network.requestWillBeSent requestId request type wallTime timestamp redirectResponse
event Network.responseReceived requestId loaderId response type
event Network.loadingFinished requestId encodedDataLength timestamp
event Network.loadingFailed requestId errorText timestamp blockedReason
type Network.Request url method headers postData hasPostData
type Network.Response url status statusText headers mimeType protocol fromDiskCache remoteIPAddress timing
type Network.ResourceTiming requestTime proxyStart dnsStart dnsEnd connectStart connectEnd sslStart sslEnd sendStart sendEnd receiveHeadersEnd
type Network.Cookie name value domain path expires httpOnly secure sameSite
type Network.CookieParam name value domain path secure httpOnly sameSite expires

command Storage.getCookies browserContextId -> cookies
command Storage.setCookies cookies browserContextId

command Emulation.setDeviceMetricsOverride width height deviceScaleFactor mobile
command Emulation.setScriptExecutionDisabled value
command Emulation.setTouchEmulationEnabled enabled maxTouchPoints
command Emulation.setEmulatedMedia media features
command Emulation.setGeolocationOverride latitude longitude accuracy
command Emulation.setTimezoneOverride timezoneId
command Emulation.setLocaleOverride locale
command Emulation.setUserAgentOverride userAgent acceptLanguage
type Emulation.MediaFeature name value
command Emulation.setFocusEmulationEnabled enabled

command Fetch.enable patterns handleAuthRequests
command Fetch.disable
command Fetch.continueRequest requestId headers
command Fetch.continueWithAuth requestId authChallengeResponse
command Fetch.failRequest requestId errorReason
command Fetch.fulfillRequest requestId responseCode responseHeaders body
event Fetch.requestPaused requestId request resourceType
event Fetch.authRequired requestId authChallenge
type Fetch.RequestPattern urlPattern resourceType
type Fetch.AuthChallenge source origin
type Fetch.AuthChallengeResponse response username password
type Fetch.HeaderEntry name value

command Inspector.enable
event Inspector.targetCrashed
";

/// Keywords of Rust that the protocol uses as field names.
const KEYWORDS: &[&str] = &["type", "override", "ref", "move", "final"];

/// Regenerates the types. `args` may hold the path of an unpacked `devtools-protocol` package; without it
/// the package is fetched with `npm pack` into a temporary folder.
///
/// # Errors
///
/// When npm or tar fail, or when the protocol no longer knows a name that [`USED`] lists.
pub(crate) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let temporary = std::env::temp_dir().join(format!("devtools-protocol-{}", std::process::id()));
    let package = match args.first() {
        Some(path) => PathBuf::from(path),
        None => download(&temporary)?,
    };
    let protocol = Protocol::read(&package);
    // What was unpacked has served its purpose, whether it could be read or not.
    let _ = fs::remove_dir_all(&temporary);
    let protocol = protocol?;
    let out = root.join("crates/browser/src/cdp");
    fs::create_dir_all(&out)?;

    let mut modules: BTreeMap<&str, String> = BTreeMap::new();
    for line in USED.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let item = Item::parse(line)?;
        let text = modules.entry(item.domain).or_default();
        protocol
            .write(&item, text)
            .map_err(|error| format!("{line}: {error}"))?;
    }
    for (domain, body) in &modules {
        let path = out.join(format!("{}.rs", snake(domain)));
        fs::write(&path, with_header(domain, &protocol.version, body))?;
        rustfmt(&path)?;
    }
    let index = out.join("mod.rs");
    fs::write(&index, index_text(modules.keys()))?;
    rustfmt(&index)
}

fn download(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let packed = Command::new("npm")
        .args(["pack", "--silent", "devtools-protocol"])
        .current_dir(folder)
        .output()
        .map_err(|error| format!("cannot start npm ({error}); install Node.js"))?;
    if !packed.status.success() {
        return Err(String::from_utf8_lossy(&packed.stderr).into_owned().into());
    }
    let archive = String::from_utf8(packed.stdout)?;
    let unpacked = Command::new("tar")
        .arg("xzf")
        .arg(archive.trim())
        .current_dir(folder)
        .status()?;
    if !unpacked.success() {
        return Err(format!("tar could not unpack {}", archive.trim()).into());
    }
    Ok(folder.join("package"))
}

fn rustfmt(path: &Path) -> Result<(), Box<dyn Error>> {
    let formatted = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .arg(path)
        .status()?;
    if formatted.success() {
        Ok(())
    } else {
        Err(format!("rustfmt {} failed", path.display()).into())
    }
}

/// One line of [`USED`].
struct Item<'a> {
    kind: &'a str,
    domain: &'a str,
    name: &'a str,
    fields: Vec<&'a str>,
    reply: Vec<&'a str>,
}

impl<'a> Item<'a> {
    fn parse(line: &'a str) -> Result<Self, Box<dyn Error>> {
        let (sent, reply) = line.split_once("->").unwrap_or((line, ""));
        let mut words = sent.split_whitespace();
        let (Some(kind), Some((domain, name))) = (
            words.next(),
            words.next().and_then(|name| name.split_once('.')),
        ) else {
            return Err(format!("`{line}` is not `kind Domain.name fields…`").into());
        };
        Ok(Item {
            kind,
            domain,
            name,
            fields: words.collect(),
            reply: reply.split_whitespace().collect(),
        })
    }
}

struct Protocol {
    version: String,
    domains: Vec<Value>,
}

impl Protocol {
    fn read(package: &Path) -> Result<Self, Box<dyn Error>> {
        let mut domains = Vec::new();
        for file in ["json/browser_protocol.json", "json/js_protocol.json"] {
            let text = fs::read_to_string(package.join(file))?;
            let mut protocol: Value = serde_json::from_str(&text)?;
            if let Value::Array(more) = protocol["domains"].take() {
                domains.extend(more);
            }
        }
        let manifest: Value =
            serde_json::from_str(&fs::read_to_string(package.join("package.json"))?)?;
        Ok(Protocol {
            version: manifest["version"].as_str().unwrap_or("?").to_owned(),
            domains,
        })
    }

    fn find(&self, domain: &str, list: &str, key: &str, name: &str) -> Result<&Value, String> {
        self.domains
            .iter()
            .find(|entry| entry["domain"] == domain)
            .and_then(|entry| entry[list].as_array())
            .and_then(|entries| entries.iter().find(|entry| entry[key] == name))
            .ok_or_else(|| format!("the protocol has no {domain}.{name} in its {list}"))
    }

    fn write(&self, item: &Item<'_>, out: &mut String) -> Result<(), Box<dyn Error>> {
        let name = pascal(item.name);
        match item.kind {
            "command" => {
                let command = self.find(item.domain, "commands", "name", item.name)?;
                let fields = self.fields(item.domain, &command["parameters"], &item.fields)?;
                write_struct(out, "Debug, Clone, Default, Serialize", &name, &fields);
                let reply = if item.reply.is_empty() {
                    "IgnoredAny".to_owned()
                } else {
                    let fields = self.fields(item.domain, &command["returns"], &item.reply)?;
                    write_struct(
                        out,
                        "Debug, Clone, Deserialize",
                        &format!("{name}Reply"),
                        &fields,
                    );
                    format!("{name}Reply")
                };
                writeln!(
                    out,
                    "impl Command for {name} {{ const METHOD: &'static str = \"{}.{}\"; type Reply = {reply}; }}\n",
                    item.domain, item.name
                )?;
            }
            "event" => {
                let event = self.find(item.domain, "events", "name", item.name)?;
                let fields = self.fields(item.domain, &event["parameters"], &item.fields)?;
                write_struct(out, "Debug, Clone, Deserialize", &name, &fields);
                writeln!(
                    out,
                    "impl Event for {name} {{ const METHOD: &'static str = \"{}.{}\"; }}\n",
                    item.domain, item.name
                )?;
            }
            "type" => {
                let entry = self.find(item.domain, "types", "id", item.name)?;
                let mut fields = self.fields(item.domain, &entry["properties"], &item.fields)?;
                // A type that holds itself has no size without a box.
                let itself = format!("super::{}::{name}", snake(item.domain));
                for (_, kind) in &mut fields {
                    if !kind.contains("Vec<") {
                        *kind = kind.replace(&itself, &format!("Box<{itself}>"));
                    }
                }
                write_struct(
                    out,
                    "Debug, Clone, Default, Serialize, Deserialize",
                    &name,
                    &fields,
                );
            }
            other => return Err(format!("`{other}` is not command, event or type").into()),
        }
        Ok(())
    }

    fn fields(
        &self,
        domain: &str,
        known: &Value,
        wanted: &[&str],
    ) -> Result<Vec<(String, String)>, String> {
        let known = known.as_array().map(Vec::as_slice).unwrap_or_default();
        wanted
            .iter()
            .map(|name| {
                let field = known
                    .iter()
                    .find(|field| field["name"] == *name)
                    .ok_or_else(|| format!("no field `{name}`"))?;
                let kind = self.rust_type(domain, field)?;
                let optional = field["optional"] == true;
                let kind = if optional {
                    format!("Option<{kind}>")
                } else {
                    kind
                };
                Ok(((*name).to_owned(), kind))
            })
            .collect()
    }

    fn rust_type(&self, domain: &str, field: &Value) -> Result<String, String> {
        if let Some(reference) = field["$ref"].as_str() {
            let (domain, name) = reference.split_once('.').unwrap_or((domain, reference));
            let target = self.find(domain, "types", "id", name)?;
            if target["type"] != "object" {
                return self.rust_type(domain, target);
            }
            // A plain map, such as headers.
            if target["properties"].is_null() {
                return Ok("Box<RawValue>".into());
            }
            let listed = format!("type {domain}.{name} ");
            if !USED.contains(&listed) {
                return Err(format!("list the fields of `type {domain}.{name}` too"));
            }
            return Ok(format!("super::{}::{name}", snake(domain)));
        }
        Ok(match field["type"].as_str() {
            Some("string" | "binary") => "String".into(),
            Some("integer") => "i64".into(),
            Some("number") => "f64".into(),
            Some("boolean") => "bool".into(),
            Some("any" | "object") => "Box<RawValue>".into(),
            Some("array") => format!("Vec<{}>", self.rust_type(domain, &field["items"])?),
            other => return Err(format!("type {other:?} is not known here")),
        })
    }
}

fn write_struct(out: &mut String, derives: &str, name: &str, fields: &[(String, String)]) {
    let _ = writeln!(out, "#[derive({derives})]");
    if fields.iter().any(|(name, _)| snake(name) != *name) {
        let _ = writeln!(out, "#[serde(rename_all = \"camelCase\")]");
    }
    let _ = writeln!(out, "pub(crate) struct {name} {{");
    for (field, kind) in fields {
        if kind.starts_with("Option") && derives.contains("Serialize") {
            let _ = writeln!(out, "#[serde(skip_serializing_if = \"Option::is_none\")]");
        }
        let mut ident = snake(field);
        // serde's camelCase makes `loaderId` of `loader_id`, but names with capitals in a row need help.
        if camel(&ident) != *field {
            let _ = writeln!(out, "#[serde(rename = \"{field}\")]");
        }
        if KEYWORDS.contains(&ident.as_str()) {
            ident = format!("r#{ident}");
        }
        let _ = writeln!(out, "pub(crate) {ident}: {kind},");
    }
    let _ = writeln!(out, "}}\n");
}

fn with_header(domain: &str, version: &str, body: &str) -> String {
    let mut text = format!(
        "//! What is used of the `{domain}` domain. Written by `cargo xtask cdp-types` from devtools-protocol\n\
         //! {version}; edit the list there, not this file.\n\n"
    );
    let mut from_serde = Vec::new();
    if body.contains("Deserialize") {
        from_serde.push("Deserialize");
    }
    if body.contains(" Serialize") {
        from_serde.push("Serialize");
    }
    if body.contains("IgnoredAny") {
        from_serde.push("de::IgnoredAny");
    }
    let _ = writeln!(text, "use serde::{{{}}};", from_serde.join(", "));
    if body.contains("RawValue") {
        text.push_str("use serde_json::value::RawValue;\n");
    }
    let mut traits = Vec::new();
    if body.contains("impl Command") {
        traits.push("Command");
    }
    if body.contains("impl Event") {
        traits.push("Event");
    }
    if !traits.is_empty() {
        let _ = writeln!(text, "\nuse super::{{{}}};", traits.join(", "));
    }
    text.push('\n');
    text.push_str(body);
    text
}

fn index_text<'a>(domains: impl Iterator<Item = &'a &'a str>) -> String {
    let mut text = String::from(
        "//! The part of the DevTools protocol that this crate speaks, one module a domain. Written by\n\
         //! `cargo xtask cdp-types`; edit the list there, not these files.\n\n\
         use serde::{Serialize, de::DeserializeOwned};\n\n",
    );
    for domain in domains {
        let _ = writeln!(text, "pub(crate) mod {};", snake(domain));
    }
    text.push_str(
        "\n/// A request and the type of its answer.\n\
         pub(crate) trait Command: Serialize {\n    const METHOD: &'static str;\n    type Reply: DeserializeOwned;\n}\n\n\
         /// A notification; its parameters are parsed only where someone listens.\n\
         pub(crate) trait Event: DeserializeOwned {\n    const METHOD: &'static str;\n}\n",
    );
    text
}

fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}

/// `setJSValue` → `set_js_value`, `DOM` → `dom`.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if letter.is_ascii_uppercase() {
            let after_lower = at > 0 && !letters[at - 1].is_ascii_uppercase();
            let before_lower = at > 0 && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
            if after_lower || before_lower {
                out.push('_');
            }
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + &pascal(part))
}
