// The locators of the rivals that are made and tried in the page: an absolute XPath, an XPath from the nearest id,
// one as Selenium IDE records, one after Montoto, and one after ROBULA+ (Leotta et al. 2016), each written from the
// published descriptions.
globalThis.rivals = (() => {
  'use strict';

  const { pathOf } = globalThis.change;
  const literal = (text) => (!text.includes("'") ? `'${text}'` : !text.includes('"') ? `"${text}"` : `concat('${text.split("'").join(`', "'", '`)}')`);
  const squeeze = (text) => (text ?? '').replace(/\s+/g, ' ').trim();

  function all(xpath) {
    try {
      const result = document.evaluate(xpath, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
      return Array.from({ length: Math.min(result.snapshotLength, 50) }, (_, at) => result.snapshotItem(at));
    } catch {
      return [];
    }
  }
  const only = (xpath, el) => { const found = all(xpath); return found.length === 1 && found[0] === el; };

  const place = (el) => {
    const same = el.parentElement ? [...el.parentElement.children].filter((one) => one.localName === el.localName) : [];
    return el.localName + (same.length > 1 ? `[${same.indexOf(el) + 1}]` : '');
  };

  function fromNearestId(el) {
    const steps = [];
    for (let at = el; at && at !== document.documentElement; at = at.parentElement) {
      if (at.id) return [`//*[@id=${literal(at.id)}]`, ...steps].join('/');
      steps.unshift(place(at));
    }
    return '/html/' + steps.join('/');
  }

  /** id, name, link text, then what tells it by position. */
  function ide(el) {
    if (el.id) return `//*[@id=${literal(el.id)}]`;
    if (el.getAttribute('name')) return `//*[@name=${literal(el.getAttribute('name'))}]`;
    if (el.localName === 'a' && squeeze(el.textContent)) return `//a[normalize-space(.)=${literal(squeeze(el.textContent))}]`;
    for (const name of ['value', 'title', 'alt', 'href']) {
      const value = el.getAttribute(name);
      if (value && only(`//${el.localName}[@${name}=${literal(value)}]`, el)) return `//${el.localName}[@${name}=${literal(value)}]`;
    }
    return fromNearestId(el);
  }

  /** The tag, then attributes and ancestors one after the other, until it is the only one. */
  function montoto(el) {
    let tail = `//${el.localName}`;
    const text = squeeze(el.textContent);
    if (text && !el.children.length && text.length < 60) {
      tail += `[normalize-space(.)=${literal(text)}]`;
      if (only(tail, el)) return tail;
    }
    for (const { name, value } of el.attributes) {
      if (name === 'style' || !value || value.length > 100) continue;
      tail += `[@${name}=${literal(value)}]`;
      if (only(tail, el)) return tail;
    }
    let path = tail.slice(1);
    for (let at = el.parentElement; at && at !== document.documentElement; at = at.parentElement) {
      let step = at.localName;
      for (const { name, value } of at.attributes) if (name !== 'style' && value && value.length < 100) step += `[@${name}=${literal(value)}]`;
      path = `/${step}${path}`;
      if (only(`/${path}`, el)) return `/${path}`;
    }
    return pathOf(el);
  }

  const FIRST = ['name', 'class', 'title', 'alt', 'value'];
  const NEVER = new Set(['href', 'src', 'onclick', 'onload', 'tabindex', 'width', 'height', 'style', 'size', 'maxlength']);
  /** From `//*` on, the least special expression that finds only the element. */
  function robula(el) {
    const ancestors = [];
    for (let at = el; at && at.nodeType === Node.ELEMENT_NODE; at = at.parentElement) ancestors.push(at);
    let open = [{ steps: ['*'] }];
    const text = (steps) => '//' + steps.join('/');
    for (let tried = 0; open.length && tried < 4000; ) {
      const { steps } = open.shift();
      const subject = ancestors[steps.length - 1];
      if (!subject) continue;
      const head = steps[0];
      const next = [];
      const put = (fresh) => next.push({ steps: [fresh, ...steps.slice(1)] });
      if (head.startsWith('*')) put(subject.localName + head.slice(1));
      if (!head.includes('[')) {
        if (subject.id) put(`${head}[@id=${literal(subject.id)}]`);
        const own = squeeze(subject.textContent);
        if (own && own.length < 60 && !subject.children.length) put(`${head}[contains(text(),${literal(own)})]`);
        const given = [...subject.attributes].filter(({ name, value }) => !NEVER.has(name) && name !== 'id' && value && value.length < 100)
          .sort((a, b) => (FIRST.indexOf(a.name) + 1 || 9) - (FIRST.indexOf(b.name) + 1 || 9));
        for (const { name, value } of given) put(`${head}[@${name}=${literal(value)}]`);
        if (given.length > 1) put(`${head}[@${given[0].name}=${literal(given[0].value)} and @${given[1].name}=${literal(given[1].value)}]`);
        const same = subject.parentElement ? [...subject.parentElement.children].filter((one) => head.startsWith('*') || one.localName === subject.localName) : [];
        if (same.length > 1) put(`${head}[${same.indexOf(subject) + 1}]`);
      }
      if (steps.length < ancestors.length) next.push({ steps: ['*', ...steps] });
      for (const one of next) {
        tried++;
        if (only(text(one.steps), el)) return text(one.steps);
      }
      open.push(...next);
    }
    return pathOf(el);
  }

  /** For each path the five locators, in the order of `NAMES`. */
  const make = (paths) => paths.map((path) => {
    const el = all(path)[0];
    return el ? [pathOf(el), fromNearestId(el), ide(el), montoto(el), robula(el)] : [];
  });
  /** What each finds now, first match only, as a path. */
  const tryAll = (locators) => locators.map((list) => list.map((xpath) => { const found = all(xpath)[0]; return found ? pathOf(found) : null; }));

  // ---- What Similo compares -------------------------------------------------------------------------------

  const CANDIDATES = 'input,textarea,button,select,a,h1,h2,h3,h4,h5,li,span,div,p,th,tr,td,label,svg,img,strong,dd,em,b,section,summary,[role=button]';
  const NEAR = 50;
  const isButton = (el) => el.localName === 'button' || (el.localName === 'input' && /^(button|submit|reset)$/.test(el.type)) || (el.localName === 'a' && /btn|button/.test(el.className));

  /** All visible candidates of the published kinds, with the fourteen published properties. */
  function looks() {
    const els = [...document.querySelectorAll(CANDIDATES)].filter((el) => {
      const box = el.getBoundingClientRect();
      return box.width > 0 && box.height > 0 && el.checkVisibility({ visibilityProperty: true });
    });
    const boxes = els.map((el) => el.getBoundingClientRect());
    const own = els.map((el) => squeeze([...el.childNodes].filter((one) => one.nodeType === Node.TEXT_NODE).map((one) => one.data).join(' ')));
    return els.map((el, at) => {
      const box = boxes[at];
      const words = new Set();
      for (let other = 0; other < els.length && words.size < 60; other++) {
        if (other === at || !own[other]) continue;
        const b = boxes[other];
        if (b.left > box.right + NEAR || b.right < box.left - NEAR || b.top > box.bottom + NEAR || b.bottom < box.top - NEAR) continue;
        if (b.width * b.height > 600 * 300) continue;
        for (const one of own[other].toLowerCase().split(' ')) words.add(one);
      }
      const text = el.matches('input[type=submit],input[type=button],input[type=reset]') ? el.value : el.matches('input,textarea') ? el.placeholder : squeeze(el.innerText ?? el.textContent);
      return {
        tag: el.localName, class: el.getAttribute('class') ?? '', name: el.getAttribute('name') ?? '', id: el.id, href: el.getAttribute('href') ?? '',
        alt: el.getAttribute('alt') ?? '', path: pathOf(el), id_path: fromNearestId(el), button: isButton(el),
        area: [box.left + scrollX, box.top + scrollY, box.width, box.height].map(Math.round), text: (text ?? '').slice(0, 100), near: [...words].join(' ').slice(0, 400),
      };
    });
  }

  return { make, tryAll, looks };
})();
