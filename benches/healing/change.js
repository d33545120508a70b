// Runs in the page's own world: marks elements, changes the page the way releases do, and tells where the marked
// elements are afterwards. The marks are kept beside the document, never in it. Everything follows from the seed.
globalThis.change = (() => {
  'use strict';

  const squeeze = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
  const SKIP = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'HEAD']);

  /** Mulberry32. */
  function dice(seed) {
    let state = seed >>> 0;
    const next = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return {
      next,
      chance: (part) => next() < part,
      below: (end) => Math.floor(next() * end),
      of: (list) => list[Math.floor(next() * list.length)],
      shuffled: (list) => {
        const all = [...list];
        for (let at = all.length - 1; at > 0; at--) {
          const other = Math.floor(next() * (at + 1));
          [all[at], all[other]] = [all[other], all[at]];
        }
        return all;
      },
    };
  }

  function pathOf(el) {
    const steps = [];
    for (let at = el; at?.nodeType === Node.ELEMENT_NODE; at = at.parentElement) {
      const same = at.parentElement ? [...at.parentElement.children].filter((one) => one.localName === at.localName) : [];
      steps.unshift(at.localName + (same.length > 1 ? `[${same.indexOf(at) + 1}]` : ''));
    }
    return '/' + steps.join('/');
  }

  const visible = (el) => {
    if (!el.checkVisibility({ visibilityProperty: true, opacityProperty: false })) return false;
    const box = el.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.right > 0;
  };

  // ---- Marks ---------------------------------------------------------------------------------------------

  const ACTED_ON = 'a,button,input:not([type=hidden]),select,textarea,summary,[role=button],[role=tab]';
  const READ = 'h1,h2,h3,h4,h5,td,th,label,p,dd,img,.badge,.label,strong';
  /** The marked elements, by number. */
  let marks = new Map();

  function mark(seed, count) {
    const roll = dice(seed);
    const seen = (css) => [...document.querySelectorAll(css)].filter(visible);
    const acted = roll.shuffled(seen(ACTED_ON));
    const read = roll.shuffled(seen(READ).filter((el) => el.localName === 'img' || (squeeze(el.textContent) && squeeze(el.textContent).length < 80)));
    const reads = Math.min(Math.round(count / 4), read.length);
    const chosen = [...acted.slice(0, count - reads), ...read.slice(0, reads)];
    marks = new Map(chosen.map((el, at) => [at, el]));
    return where();
  }
  /** Marks what somebody else has chosen, by path. */
  function markAt(paths) {
    marks = new Map();
    paths.forEach((path, at) => {
      const el = document.evaluate(path, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue;
      if (el) marks.set(at, el);
    });
    return where();
  }
  function where() {
    return [...marks].map(([id, el]) => ({ id, path: el.isConnected ? pathOf(el) : null, visible: el.isConnected && visible(el) }));
  }

  // ---- Ways in which pages change ----------------------------------------------------------------------------

  const PREFIXES = ['app', 'ui', 'page', 'site', 'main', 'form', 'js', 'x'];
  const word = (roll, length = 2) => {
    const syllables = ['ba', 'le', 'mi', 'no', 'ru', 'ta', 'vo', 'ke', 'si', 'dra', 'pel', 'mon', 'tir', 'gal', 'wen', 'cho'];
    return Array.from({ length }, () => roll.of(syllables)).join('');
  };
  const hash = (roll) => Array.from({ length: 6 }, () => '0123456789abcdefghijklmnopqrstuvwxyz'[roll.below(36)]).join('');

  const elements = () => [...document.body.querySelectorAll('*')].filter((el) => !SKIP.has(el.nodeName) && !el.closest('svg'));

  function ids(roll, part) {
    const style = roll.below(3);
    for (const el of document.querySelectorAll('[id]')) {
      if (!roll.chance(part)) continue;
      const old = el.id;
      const fresh = style === 0 ? `${roll.of(PREFIXES)}-${old}` : style === 1 ? old.split(/[-_]|(?=[A-Z])/).map((one) => one.toLowerCase()).reverse().join('_') + '_' + word(roll) : `${word(roll, 3)}`;
      el.id = fresh;
      for (const name of ['for', 'aria-labelledby', 'aria-describedby', 'aria-controls']) {
        for (const one of document.querySelectorAll(`[${name}="${CSS.escape(old)}"]`)) one.setAttribute(name, fresh);
      }
      for (const name of ['href', 'data-target', 'data-bs-target'])
        for (const one of document.querySelectorAll(`[${name}="#${CSS.escape(old)}"]`)) one.setAttribute(name, `#${fresh}`);
      renamedIds.set(old, fresh);
    }
    restyle();
  }

  const renamedIds = new Map();
  const renamedClasses = new Map();
  /** The page's own rules with the names as they are now, so that a renamed page looks as before. */
  function restyle() {
    let text = '';
    for (const sheet of document.styleSheets) {
      if (sheet.ownerNode?.id === 'bench-style') continue;
      try { for (const rule of sheet.cssRules) text += rule.cssText + '\n'; } catch { /* Of another origin. */ }
    }
    text = text.replace(/\.(-?[A-Za-z_][\w-]*)/g, (whole, name) => (renamedClasses.has(name) ? `.${renamedClasses.get(name)}` : whole))
      .replace(/#([A-Za-z_][\w-]*)/g, (whole, name) => (renamedIds.has(name) ? `#${renamedIds.get(name)}` : whole));
    let style = document.getElementById('bench-style');
    if (!style) { style = document.createElement('style'); style.id = 'bench-style'; document.head.append(style); }
    style.textContent = text;
  }

  function classes(roll, part) {
    const style = roll.below(3);
    const all = new Set(elements().flatMap((el) => [...el.classList]));
    for (const name of all) {
      if (!roll.chance(part)) continue;
      const fresh = style === 0 ? `${roll.of(['c', 'u', 'tw', 'v2'])}-${name}` : style === 1 ? `css-${hash(roll)}` : `${name}__${hash(roll)}`;
      renamedClasses.set(name, fresh);
    }
    for (const el of elements()) {
      const now = [...el.classList].map((name) => renamedClasses.get(name) ?? name);
      if (el.classList.length) el.setAttribute('class', now.join(' '));
    }
    restyle();
  }

  /** Blocks are wrapped in one more box, and boxes that hold one thing are taken away. */
  function wrap(roll, part) {
    for (const el of elements()) {
      if (!el.isConnected || el.matches('li,tr,td,th,tbody,thead,tfoot,option,optgroup,dt,dd,legend,caption,col,colgroup,source,path,html,body')) continue;
      if (roll.chance(part * 0.15)) {
        const box = document.createElement(roll.of(['div', 'div', 'section', 'span']));
        if (getComputedStyle(el).display.startsWith('inline')) box.style.display = 'contents';
        el.replaceWith(box);
        box.append(el);
      } else if (el.localName === 'div' && el.children.length === 1 && squeeze(el.textContent) === squeeze(el.firstElementChild.textContent) && ![...marks.values()].includes(el) && roll.chance(part * 0.4)) {
        el.replaceWith(...el.childNodes);
      }
    }
  }

  /** Blocks change places among their like, and now and then their container. */
  function move(roll, part) {
    const parents = elements().filter((el) => el.children.length > 1 && el.children.length < 40 &&
      !el.matches('tr,select,p,h1,h2,h3,h4,h5,h6,a,button,label,table,svg,.input-group') && [...el.children].every((one) => one.getBoundingClientRect().height > 10));
    for (const parent of parents) {
      if (!roll.chance(part * 0.3)) continue;
      const kids = [...parent.children];
      if (kids.length > 3 && roll.chance(0.5)) {
        const one = roll.of(kids);
        parent.insertBefore(one, roll.of(kids.filter((other) => other !== one)));
      } else {
        parent.append(...roll.shuffled(kids));
      }
    }
  }

  function renamed(el, tag, attributes = {}) {
    const fresh = document.createElement(tag);
    for (const { name, value } of el.attributes) fresh.setAttribute(name, value);
    for (const [name, value] of Object.entries(attributes)) fresh.setAttribute(name, value);
    fresh.append(...el.childNodes);
    el.replaceWith(fresh);
    for (const [id, marked] of marks) if (marked === el) marks.set(id, fresh);
  }
  function tags(roll, part) {
    for (const el of elements()) {
      if (!el.isConnected || !roll.chance(part * 0.5)) continue;
      const to = { h1: 'h2', h2: 'h3', h3: 'h2', h4: 'h5', h5: 'h4', strong: 'b', b: 'strong', span: 'em', p: 'div', section: 'div', label: null }[el.localName];
      if (to) renamed(el, to);
      else if (el.localName === 'button' && roll.chance(0.6)) renamed(el, roll.of(['a', 'div']), { role: 'button', tabindex: '0' });
      else if (el.localName === 'a' && /^#?$/.test(el.getAttribute('href') ?? '') && roll.chance(0.6)) renamed(el, 'button', { type: 'button' });
      else if (el.matches('input[type=submit],input[type=button]')) {
        const text = el.value;
        renamed(el, 'button');
        const fresh = [...document.querySelectorAll('button[type=submit],button[type=button]')].find((one) => one.getAttribute('value') === text && !one.textContent);
        if (fresh) { fresh.textContent = text; fresh.removeAttribute('value'); }
      }
    }
  }

  const SYNONYMS = {
    login: 'Sign in', 'log in': 'Sign in', 'sign in': 'Log in', register: 'Sign up', 'sign up': 'Register', submit: 'Send', search: 'Find', save: 'Store',
    'read more': 'Continue reading', 'learn more': 'Find out more', 'more info': 'Details', next: 'Continue', previous: 'Back', back: 'Return', cancel: 'Dismiss',
    delete: 'Remove', remove: 'Delete', edit: 'Modify', add: 'Create', home: 'Start', about: 'About us', contact: 'Get in touch', services: 'What we do', dashboard: 'Overview',
    email: 'E-mail address', 'email address': 'E-mail', password: 'Your password', name: 'Full name', message: 'Your message', phone: 'Telephone', settings: 'Preferences',
    profile: 'My account', messages: 'Inbox', view: 'Open', download: 'Get', help: 'Support', logout: 'Sign out', details: 'More details',
  };
  function reworded(text, roll) {
    const words = squeeze(text).split(' ');
    const known = SYNONYMS[squeeze(text).toLowerCase()];
    if (known && roll.chance(0.7)) return known;
    if (words.length === 1) return roll.chance(0.6) ? `${roll.of(['My', 'All', 'Your', 'Our'])} ${words[0]}` : `${words[0]} ${roll.of(['now', 'here', 'page', 'list'])}`;
    const at = roll.below(words.length);
    if (roll.chance(0.4)) words.splice(at, 1);
    else if (roll.chance(0.5)) words.splice(at, 0, roll.of(['the', 'your', 'new', 'all', 'this']));
    else words[at] = word(roll);
    return words.join(' ');
  }
  /** All texts that people read, each with a way to change it. */
  function* texts() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, {
      acceptNode: (node) => (/[a-z]/i.test(node.data) && !SKIP.has(node.parentNode.nodeName) ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT),
    });
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) yield { text: node.data, set: (text) => { node.data = node.data.replace(/\S[^]*\S|\S/, () => text); } };
    for (const name of ['placeholder', 'title', 'aria-label', 'alt'])
      for (const el of document.body.querySelectorAll(`[${name}]`)) if (/[a-z]/i.test(el.getAttribute(name))) yield { text: el.getAttribute(name), set: (text) => el.setAttribute(name, text) };
    for (const el of document.body.querySelectorAll('input[type=submit],input[type=button],input[type=reset]'))
      if (/[a-z]/i.test(el.value)) yield { text: el.value, set: (text) => el.setAttribute('value', text) };
  }
  function reword(roll, part) {
    for (const one of texts()) if (roll.chance(part) && squeeze(one.text).length < 80) one.set(reworded(one.text, roll));
  }
  /** Into a language that nobody knows: each word has one translation. */
  function translate(roll) {
    const known = new Map();
    const other = (text) => text.replace(/[A-Za-z]{2,}/g, (one) => {
      const key = one.toLowerCase();
      if (!known.has(key)) known.set(key, word(roll, Math.max(1, Math.min(4, Math.round(key.length / 2.5)))));
      const fresh = known.get(key);
      return /^[A-Z]/.test(one) ? fresh[0].toUpperCase() + fresh.slice(1) : fresh;
    });
    for (const one of texts()) one.set(other(squeeze(one.text)));
  }

  const NEW_TEXTS = ['Reports', 'Archive', 'Billing', 'Team', 'Activity', 'Invite', 'Feedback', 'Labels', 'Shared', 'Templates', 'Webhooks', 'Usage', 'Quotas', 'Roles', 'Glossary', 'Roadmap', 'Beta', 'Drafts'];
  function alter(copy, roll) {
    const fresh = `${roll.of(NEW_TEXTS)} ${roll.chance(0.3) ? word(roll) : ''}`.trim();
    for (const el of [copy, ...copy.querySelectorAll('*')]) {
      if (el.id) el.id = word(roll, 3);
      for (const name of ['name', 'for']) if (el.hasAttribute(name)) el.setAttribute(name, word(roll, 2));
      const href = el.getAttribute('href');
      if (href && href !== '#') el.setAttribute('href', `${word(roll)}.html`);
      if (el.hasAttribute('placeholder')) el.setAttribute('placeholder', roll.of(NEW_TEXTS));
      if (el.hasAttribute('value') && el.matches('input')) el.setAttribute('value', roll.of(NEW_TEXTS));
    }
    const walker = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
    let first = true;
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (!/\S/.test(node.data)) continue;
      node.data = first ? fresh : /^\s*[\d.,$%]+\s*$/.test(node.data) ? String(roll.below(900)) : `${word(roll)} ${word(roll)}`;
      first = false;
    }
  }
  function copyOf(el, roll) {
    const copy = el.cloneNode(true);
    alter(copy, roll);
    return copy;
  }
  /** New links, buttons and fields beside those that are there. */
  function siblings(roll, part) {
    for (const el of elements()) {
      if (!el.isConnected || !el.matches('li,a.btn,button,.card,.form-group,.nav-item') || !roll.chance(part * 0.15)) continue;
      el[roll.chance(0.5) ? 'before' : 'after'](copyOf(el, roll));
    }
  }
  function rows(roll, part) {
    for (const body of document.querySelectorAll('tbody,ul,ol')) {
      const items = [...body.children].filter((one) => one.matches('tr,li'));
      if (items.length < 2) continue;
      for (const item of items) {
        if (roll.chance(part * 0.3)) item[roll.chance(0.5) ? 'before' : 'after'](copyOf(item, roll));
        else if (roll.chance(part * 0.1) && ![...marks.values()].some((el) => item.contains(el))) item.remove();
      }
      if (roll.chance(part * 0.3)) body.append(...roll.shuffled([...body.children]));
    }
  }
  function strip(roll, part) {
    for (const el of elements()) {
      for (const { name } of [...el.attributes]) {
        if (/^(type|href|value|src|colspan|rowspan|style|role)$/.test(name)) continue;
        if (name === 'class' ? roll.chance(part * 0.1) : roll.chance(part)) el.removeAttribute(name);
      }
    }
  }

  const WAYS = { ids, classes, wrap, move, tags, reword, translate, siblings, rows, strip };

  /** Removes some of the marked elements, then changes the page. Answers where the marked ones are now. */
  function apply(seed, recipe, gone) {
    const roll = dice(seed);
    for (const id of gone) {
      const el = marks.get(id);
      if (!el?.isConnected) continue;
      const item = el.closest('li,tr');
      const alone = item && [...marks.values()].filter((one) => item.contains(one)).length === 1;
      // Who takes a field away takes its label as well.
      for (const label of [...(el.labels ?? [])]) if (!label.contains(el) && roll.chance(0.8)) label.remove();
      (alone && roll.chance(0.5) ? item : el).remove();
    }
    for (const [way, part] of recipe) WAYS[way](roll, part);
    return where();
  }

  return { mark, markAt, where, apply, pathOf };
})();
