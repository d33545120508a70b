//! Browsers: SeleniumLibrary, Browser, RPA.Browser.

use casare_workflow::{OnError, Step};
use serde_json::{Value as Json, json};

use super::{Call, kept};
use crate::{
    robot::body::Reader,
    selenium::{selector, step},
};

pub(super) fn known(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given: Vec<String> = call
        .arguments
        .iter()
        .filter(|cell| !cell.starts_with("timeout="))
        .cloned()
        .collect();
    let first = given.first().cloned().unwrap_or_default();
    let address =
        |reader: &mut Reader<'_>| reader.value(first.trim_start_matches("url=")).setting();
    let target = |reader: &mut Reader<'_>| reader.value(&selector(&first)).setting();
    let second = |reader: &mut Reader<'_>| {
        given.get(1).map(|cell| {
            reader
                .value(cell.trim_start_matches("txt=").trim_start_matches("text="))
                .setting()
        })
    };
    let one = |step: Step| Some(vec![step]);
    match name {
        "openbrowser" | "openavailablebrowser" | "newpage" | "openheadlesschromebrowser" => {
            let url = if first.is_empty() {
                Json::Null
            } else {
                address(reader)
            };
            one(step("browser.session", json!({ "url": url })))
        }
        "newbrowser"
        | "newcontext"
        | "closebrowser"
        | "closeallbrowsers"
        | "closepage"
        | "setbrowserimplicitwait"
        | "maximizebrowserwindow"
        | "setwindowsize"
        | "setseleniumspeed"
        | "setseleniumtimeout"
        | "setbrowsertimeout"
        | "setretryassertionsfor"
        | "setstrictmode"
        | "selectframe"
        | "unselectframe"
        | "scrollelementintoview"
        | "setfocustoelement"
        | "closecontext"
        | "setdownloaddirectory" => Some(Vec::new()),
        "mouseover" | "hover" => one(step("browser.hover", json!({ "target": target(reader) }))),
        "clickelementifvisible" => one(Step {
            on_error: OnError::Continue,
            ..step("browser.click", json!({ "target": target(reader) }))
        }),
        "clearelementtext" | "cleartext" => one(step(
            "browser.fill",
            json!({ "target": target(reader), "value": "" }),
        )),
        "choosefile" | "uploadfilebyselector" => {
            let files = second(reader)?;
            one(step(
                "browser.upload",
                json!({ "target": target(reader), "files": files }),
            ))
        }
        "submitform" => {
            let script = "document.querySelector('form').requestSubmit()";
            one(if first.is_empty() {
                step("browser.evaluate", json!({ "script": script }))
            } else {
                step(
                    "browser.press",
                    json!({ "target": target(reader), "key": "Enter" }),
                )
            })
        }
        "waituntilpagecontains"
        | "pageshouldcontain"
        | "waituntilpagedoesnotcontain"
        | "pageshouldnotcontain" => {
            let state = if name.contains("not") {
                "hidden"
            } else {
                "visible"
            };
            let wanted = reader.value(&format!("text={first}")).setting();
            one(step(
                "browser.wait_for",
                json!({ "target": wanted, "state": state }),
            ))
        }
        "waituntilpagedoesnotcontainelement" | "pageshouldnotcontainelement" => one(step(
            "browser.wait_for",
            json!({ "target": target(reader), "state": "detached" }),
        )),
        "locationshouldbe"
        | "locationshouldcontain"
        | "waituntillocationis"
        | "waituntillocationcontains" => {
            one(step("browser.wait_for", json!({ "url": address(reader) })))
        }
        "getlocation" | "geturl" => {
            let read = step("browser.evaluate", json!({ "script": "location.href" }));
            Some(kept(reader, call, read, "value"))
        }
        "getelementcount" => {
            let read = step(
                "browser.extract",
                json!({ "target": target(reader), "all": true }),
            );
            Some(kept(reader, call, read, "count"))
        }
        "captureelementscreenshot" => one(step(
            "browser.screenshot",
            json!({ "target": target(reader) }),
        )),
        "switchwindow" | "switchpage" => one(step(
            "browser.tab",
            if first.is_empty() || first.eq_ignore_ascii_case("new") {
                json!({ "action": "switch", "index": -1 })
            } else {
                json!({ "action": "switch", "matching": first.trim_start_matches("title:") })
            },
        )),
        "goto" => one(step("browser.goto", json!({ "url": address(reader) }))),
        "goback" => one(step("browser.history", json!({ "go": "back" }))),
        "reloadpage" | "reload" => one(step("browser.history", json!({ "go": "reload" }))),
        "clickelement"
        | "clickbutton"
        | "clicklink"
        | "click"
        | "clickwithoptions"
        | "clickimage"
        | "clickelementwhenvisible"
        | "clickbuttonwhenvisible" => {
            one(step("browser.click", json!({ "target": target(reader) })))
        }
        "inputtext" | "filltext" | "inputtextwhenelementisvisible" | "inputpassword" => {
            let text = second(reader)?;
            one(step(
                "browser.fill",
                json!({ "target": target(reader), "value": text }),
            ))
        }
        "typetext" => {
            let text = second(reader)?;
            one(step(
                "browser.type",
                json!({ "target": target(reader), "text": text }),
            ))
        }
        "presskeys" | "keyboardkey" => {
            let key = given.get(1)?.trim_start_matches("\\\\").to_owned();
            let key = if key.eq_ignore_ascii_case("enter") || key == "13" {
                "Enter".to_owned()
            } else {
                key
            };
            let wanted = (!first.eq_ignore_ascii_case("none")).then(|| target(reader));
            one(step(
                "browser.press",
                json!({ "target": wanted, "key": key }),
            ))
        }
        "selectfromlistbylabel" | "selectfromlistbyvalue" | "selectfromlistbyindex" => {
            let by = name.trim_start_matches("selectfromlistby");
            let option = second(reader)?;
            let option = match (
                by,
                option.as_str().and_then(|text| text.parse::<u64>().ok()),
            ) {
                ("index", Some(number)) => number.into(),
                _ => option,
            };
            one(step(
                "browser.select",
                json!({ "target": target(reader), "option": option, "by": by }),
            ))
        }
        "selectcheckbox" | "checkcheckbox" => one(step(
            "browser.check",
            json!({ "target": target(reader), "checked": true }),
        )),
        "unselectcheckbox" | "uncheckcheckbox" => one(step(
            "browser.check",
            json!({ "target": target(reader), "checked": false }),
        )),
        "waituntilelementisvisible"
        | "waituntilpagecontainselement"
        | "elementshouldbevisible"
        | "pageshouldcontainelement"
        | "waituntilelementisnotvisible"
        | "waitforelementsstate" => {
            let state = if name.contains("not") {
                "hidden"
            } else if name.contains("contain") {
                "attached"
            } else {
                "visible"
            };
            one(step(
                "browser.wait_for",
                json!({ "target": target(reader), "state": state }),
            ))
        }
        "gettext" | "getvalue" => {
            let what = name.trim_start_matches("get");
            let read = step(
                "browser.extract",
                json!({ "target": target(reader), "what": what }),
            );
            Some(kept(reader, call, read, "value"))
        }
        "getelementattribute" | "getattribute" => {
            let attribute = second(reader)?;
            let read = step(
                "browser.extract",
                json!({ "target": target(reader), "what": "attribute", "attribute": attribute }),
            );
            Some(kept(reader, call, read, "value"))
        }
        "gettitle" => {
            let read = step("browser.evaluate", json!({ "script": "document.title" }));
            Some(kept(reader, call, read, "value"))
        }
        "elementtextshouldbe" | "elementshouldcontain" => {
            let wanted = reader.value(given.get(1)?).code().text;
            let id = reader.id("found");
            let mut read = step(
                "browser.extract",
                json!({ "target": target(reader), "what": "text" }),
            );
            read.id = Some(id.clone());
            let text = if name.ends_with("be") {
                format!("{{{{ steps.{id}.value == {wanted} }}}}")
            } else {
                format!("{{{{ {wanted} in steps.{id}.value }}}}")
            };
            Some(vec![
                read,
                step("flow.assert", json!({ "condition": text })),
            ])
        }
        "executejavascript" | "evaluatejavascript" => {
            let script = given.join(" ");
            let script = if script.contains("return") {
                format!("() => {{ {script} }}")
            } else {
                script
            };
            Some(kept(
                reader,
                call,
                step("browser.evaluate", json!({ "script": script })),
                "value",
            ))
        }
        "capturepagescreenshot" | "takescreenshot" | "screenshot" => {
            one(step("browser.screenshot", json!({ "full_page": true })))
        }
        _ => None,
    }
}
