//! Lists what can be marked on a page, each with a selector for `releases.json`.

use std::{path::Path, time::Duration};

use casare_browser::{Browser, LaunchOptions, Until};
use tokio::time::Instant;

use crate::serve::serve;

const LIST: &str = r"() => {
  const squeeze = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
  const only = (css) => [...document.querySelectorAll(css)].filter((el) => el.getBoundingClientRect().width > 0).length === 1;
  const step = (el) => { const same = [...el.parentElement.children].filter((one) => one.localName === el.localName); return el.localName + (same.length > 1 ? `:nth-of-type(${same.indexOf(el) + 1})` : ''); };
  const selector = (el) => {
    for (const name of ['id', 'name', 'placeholder', 'href', 'for', 'alt']) { const value = el.getAttribute(name); const css = `${el.localName}[${name}='${value}']`; if (value && !value.includes(`'`) && only(css)) return css; }
    let path = step(el);
    for (let at = el.parentElement; !only(path) && at && at !== document.body.parentElement; at = at.parentElement) {
      if (at.id && only(`#${CSS.escape(at.id)} ${path}`)) return `#${CSS.escape(at.id)} ${path}`;
      path = `${step(at)} > ${path}`;
    }
    return path;
  };
  const all = 'a,button,input:not([type=hidden]),select,textarea,summary,h1,h2,h3,h4,h5,th,td,img,label,.badge';
  return [...document.querySelectorAll(all)].filter((el) => el.checkVisibility({ visibilityProperty: true }) && el.getBoundingClientRect().width > 1).map((el) => {
    const text = squeeze(el.innerText || el.value || el.placeholder || el.alt || el.title).slice(0, 40);
    return `${selector(el)}   ${el.localName}${el.type ? ':' + el.type : ''} ${JSON.stringify(text)}`;
  }).join('\n');
}";

pub(crate) fn run(folder: &Path, pages: &[String]) {
    let address = serve(folder.join("packages"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let soon = || Instant::now() + Duration::from_secs(30);
        let browser = Browser::launch(LaunchOptions::default()).await.unwrap();
        let page = browser.default_context().new_page(soon()).await.unwrap();
        for name in pages {
            page.goto(&format!("{address}/{name}"), Until::Load, soon())
                .await
                .unwrap();
            let listed = page.evaluate(LIST, &[], soon()).await.unwrap();
            println!("== {name}\n{}\n", listed.as_str().unwrap_or_default());
        }
        browser.close().await.unwrap();
    });
}
