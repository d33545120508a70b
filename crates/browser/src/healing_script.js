// The page's side of healing: looks at elements so closely that they can be known again after the page has
// changed. Comes after `page_script.js` in the same world and uses its parts. One look at the whole page is one
// walk over its nodes; what is compared and decided, is decided outside.
globalThis.casare.healing ??= (() => {
  'use strict';

  const { squeeze, plain, clip, SILENT, TEST_IDS, textOf, visible, disabled, boxOf, survey, find, parentOf, closest,
    roleOf, nameOf, labelsOf, until, single, now } = casare.parts;

  /** More than this of a text says nothing more. */
  const LONG = 120;

  // ---- What looks as if a program had made it up -----------------------------------------------------

  const MADE_UP = [
    /^[:«]?r[0-9a-z]*[:»]$/i, // React's useId
    /^(ember|ext-gen|yui_|gwt-uid-|mat-(input|select|option|mdc)-|cdk-|radix-|headlessui-|mui-|rc[_-]|ng-|select2-|jquery|ui-id-|dijit|aria-|react-select-|v-|el-id-|field-:)/i,
    /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/i, // UUID
    /\d{4,}/,
    /^[0-9a-f]{8,}$/i,
    /^_/,
  ];
  const MADE_UP_CLASS = [
    /^(css|sc|jss|emotion|svelte|makeStyles|tss|chakra|styled|jsx|astro|data-v)-?[-_]?[0-9a-z]{4,}$/i,
    /^[a-z]+__?[a-z]+[-_]+[0-9a-zA-Z]*\d[0-9a-zA-Z]*$/i, // CSS modules: Button_root__a1B2c
    /(^|[-_])(?=[0-9a-z]*\d)(?=[0-9a-z]*[a-z])[0-9a-z]{6,}$/i,
  ];
  const madeUp = (value) => !value || value.length > 60 || MADE_UP.some((one) => one.test(value)) || scrambled(value);
  /** Letters and digits mixed more than in any word with a number behind it: `a1b2c3`. */
  const scrambled = (value) => value.split(/[-_:.]/).some((part) => (part.match(/[a-z]\d|\d[a-z]/gi) ?? []).length > 2);
  const madeUpClass = (value) => madeUp(value) || MADE_UP_CLASS.some((one) => one.test(value));

  // ---- Which elements can be meant ---------------------------------------------------------------------

  const INTERACTIVE = 'a,button,input:not([type=hidden]),select,textarea,summary,[role=button],[role=link],[role=checkbox],' +
    '[role=radio],[role=switch],[role=tab],[role=menuitem],[role=menuitemcheckbox],[role=menuitemradio],[role=option],' +
    '[role=combobox],[role=textbox],[role=searchbox],[role=slider],[role=spinbutton],[role=treeitem],[onclick],' +
    '[contenteditable=""],[contenteditable=true]';
  const isInteractive = (el) => el.matches(INTERACTIVE) || (el.hasAttribute('tabindex') && el.tabIndex >= 0);
  const SHOWN = 'img,svg,video,canvas,iframe,td,th,h1,h2,h3,h4,h5,h6,progress,meter,output,[role=heading],[role=status],[role=alert]';
  function isReadable(el) {
    if (el.matches(SHOWN)) return true;
    for (const child of el.childNodes) if (child.nodeType === Node.TEXT_NODE && /\S/.test(child.data)) return true;
    return false;
  }

  /** All elements and texts in the order of the document, with what came last before each candidate. */
  function walk(wants) {
    const seen = [];
    const passed = { text: '', heading: '' };
    let waiting = [];
    const visit = (root) => {
      const walker = (root.ownerDocument ?? root).createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, {
        acceptNode: (node) => (SILENT.has(node.nodeName) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT),
      });
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.nodeType === Node.TEXT_NODE) {
          if (!/\S/.test(node.data)) continue;
          const text = clip(squeeze(node.data), 60);
          passed.text = text;
          if (waiting.length) {
            waiting = waiting.filter((one) => {
              if (one.el.contains(node)) return true;
              one.after = text;
              return false;
            });
          }
          continue;
        }
        if (/^H[1-6]$/.test(node.nodeName) || node.getAttribute('role') === 'heading') passed.heading = clip(squeeze(node.textContent), 60);
        const interactive = isInteractive(node);
        if (interactive || (wants.readable && isReadable(node)) || wants.also?.has(node)) {
          const one = { el: node, interactive, before: passed.text, after: '', heading: passed.heading };
          seen.push(one);
          waiting.push(one);
          if (waiting.length > 40) waiting.shift();
        }
        if (node.shadowRoot) visit(node.shadowRoot);
      }
    };
    for (const root of survey().roots) if (root.nodeType === Node.DOCUMENT_NODE) visit(root);
    return seen;
  }

  // ---- One element ---------------------------------------------------------------------------------------

  const DATA = 6;
  /** Attributes by which an element can be known; those that a program made up are left out. */
  function attributesOf(el) {
    const found = {};
    const keep = (name, value) => { if (value) found[name] = clip(squeeze(value), LONG); };
    if (!madeUp(el.id)) keep('id', el.id);
    for (const name of ['name', 'for', 'autocomplete', 'placeholder', 'title', 'alt', 'inputmode', 'pattern', 'accept', 'min', 'max', 'maxlength', 'onclick', 'rel'])
      keep(name, el.getAttribute(name));
    if (found.name && madeUp(found.name)) delete found.name;
    if (el.localName === 'input' || el.localName === 'button') keep('type', el.getAttribute('type')?.toLowerCase());
    const href = el.getAttribute('href');
    if (href && !/^(#?|#!|javascript:.*)$/.test(href)) keep('href', href);
    const src = el.getAttribute('src');
    if (src && !src.startsWith('data:')) keep('src', src.replace(/[?#].*$/, '').replace(/^.*\//, ''));
    if (el.matches('input[type=radio],input[type=checkbox]')) keep('value', el.getAttribute('value'));
    let data = 0;
    for (const { name, value } of el.attributes) {
      if (TEST_IDS.includes(name)) keep('testid', value);
      else if (/^data-/.test(name) && data < DATA && value && value.length <= 60 && !madeUp(value)) { keep(name, value); data++; }
      else if (/^aria-(controls|owns|haspopup|current|roledescription)$/.test(name) && !madeUp(value)) keep(name, value);
    }
    return found;
  }

  /** Of parents, which child is which of its name; kept while a whole page is looked at, where nothing changes. */
  let places = null;
  function placesUnder(parent) {
    let known = places?.get(parent);
    if (!known) {
      const counts = {};
      known = { at: new Map(), counts };
      for (const child of parent.children) known.at.set(child, (counts[child.localName] = (counts[child.localName] ?? 0) + 1));
      places?.set(parent, known);
    }
    return known;
  }
  /** `div[2]`, or `div` where it is the only one. */
  function stepOf(el) {
    if (!el.parentNode?.children) return el.localName;
    const { at, counts } = placesUnder(el.parentNode);
    return counts[el.localName] > 1 ? `${el.localName}[${at.get(el)}]` : el.localName;
  }

  /** `/html/body/div[2]/a`; crosses shadow roots and frames with their hosts. */
  function pathOf(el) {
    const steps = [];
    for (let at = el; at?.nodeType === Node.ELEMENT_NODE; ) {
      const parent = at.parentNode;
      steps.unshift(stepOf(at));
      at = parent?.nodeType === Node.ELEMENT_NODE ? parent : hostAbove(parent);
    }
    return '/' + steps.join('/');
  }
  const hostAbove = (root) => root?.host ?? root?.defaultView?.frameElement ?? null;

  /** The same from the nearest ancestor with an id of its own. */
  function idPathOf(el) {
    const steps = [];
    for (let at = el; at?.nodeType === Node.ELEMENT_NODE; at = at.parentElement) {
      if (!madeUp(at.id)) return [`//*[@id="${at.id}"]`, ...steps].join('/');
      steps.unshift(at.parentElement ? stepOf(at) : at.localName);
    }
    return '/' + steps.join('/');
  }

  const LANDMARKS = 'main,nav,header,footer,aside,form,dialog,section,[role=main],[role=navigation],[role=banner],[role=contentinfo],' +
    '[role=complementary],[role=form],[role=search],[role=dialog],[role=alertdialog],[role=region],[role=tabpanel],[role=toolbar],[role=menu]';
  /** The places that an element stands in, outermost first: `main`, `form Log in`. */
  function placesOf(el) {
    const places = [];
    for (let at = parentOf(el); at && places.length < 4; at = parentOf(at)) {
      if (!at.matches?.(LANDMARKS)) continue;
      const role = { section: 'region', nav: 'navigation', header: 'banner', footer: 'contentinfo', aside: 'complementary' }[at.localName] ?? at.getAttribute('role') ?? at.localName;
      const name = squeeze(at.getAttribute('aria-label')) || (madeUp(at.id) ? '' : at.id) || squeeze(at.getAttribute('name'));
      places.unshift(clip(name ? `${role} ${name}` : role, 60));
    }
    return places;
  }

  function groupOf(el) {
    const group = closest(parentOf(el) ?? el, 'fieldset,[role=group],[role=radiogroup]');
    return group ? clip(nameOf(group), 60) : '';
  }

  const ITEMS = 'tr,li,article,dd,[role=row],[role=listitem],[role=treeitem],[role=article]';
  /** Of what repeats, the one that holds `el`: a row, a list item, a card. */
  function itemOf(el) {
    for (let at = el.parentElement, depth = 0; at && depth < 8; at = at.parentElement, depth++) {
      if (at.matches(ITEMS)) return at;
      const parent = at.parentElement;
      if (!parent || at.localName === 'body' || !at.classList.length) continue;
      let alike = 0;
      for (const one of parent.children) if (one.localName === at.localName && one.className === at.className && ++alike > 2) return at;
    }
    return null;
  }

  /** What tells an item from its like: its row header or first cell, its heading, else its text but for the element's. */
  function keyOf(el, item) {
    if (!item) return '';
    const own = textOf(el);
    const cells = item.matches('tr,[role=row]') ? [...item.children] : [];
    for (const cell of cells) {
      if (cell.contains(el)) continue;
      const text = textOf(cell);
      // A row's number says only where it stands.
      if (text && !/^\d{1,3}\.?$/.test(text)) return clip(text, 60);
    }
    const heading = item.querySelector('h1,h2,h3,h4,h5,h6,dt,strong,b,[class*=title]');
    if (heading && !heading.contains(el) && !el.contains(heading)) {
      const text = textOf(heading);
      if (text) return clip(text, 60);
    }
    const rest = squeeze(textOf(item).replace(own, ' '));
    return clip(rest, 60);
  }

  function columnOf(el) {
    const cell = closest(el, 'td,th,[role=cell],[role=gridcell]');
    const table = cell && closest(cell, 'table');
    if (!cell?.parentElement || !table?.rows?.length || cell.parentElement.parentElement?.localName === 'thead') return '';
    const head = table.rows[0].cells[[...cell.parentElement.children].indexOf(cell)];
    return head && head !== cell && (head.localName === 'th' || table.tHead) ? clip(textOf(head), 60) : '';
  }

  /** The texts nearby: of the parent, and of what stands beside it. */
  function aroundOf(el) {
    const own = textOf(el);
    let text = '';
    for (let at = el.parentElement, up = 0; at && up < 3 && text.length < 40; at = at.parentElement, up++) {
      // The text of a long list is long, and read for each of its items.
      if (at.childElementCount > 100) break;
      const whole = textOf(at);
      if (whole.length > 400) break;
      text = squeeze(whole.replace(own, ' '));
    }
    return clip(text, LONG);
  }

  const ICONS = 'i,svg,img,use,[class*=icon]';
  const ANY_ICON = /^(fa|fas|far|fab|fal|icon|icons|bi|ti|fe|fi|la|glyphicon|material-icons|mdi|ion|feather|svg-inline--fa|fa-(fw|lg|stack|\dx|inverse|sm|xs|\w*-stack.*)|nav-icon|menu-icon|img-.*|rounded.*|m[tbexsy]?-.*|text-.*|w-.*|h-.*)$/;
  /** What the picture in an element shows, as far as its markup tells. */
  function iconOf(el) {
    const icon = el.querySelector(ICONS);
    if (!icon) return '';
    if (icon.localName === 'img') return clip((icon.getAttribute('src') ?? '').replace(/[?#].*$/, '').replace(/^.*\//, '').replace(/^data:.*/, ''), 60);
    const use = icon.querySelector('use') ?? icon;
    const href = use.getAttribute('href') ?? use.getAttribute('xlink:href');
    if (href) return clip(href.replace(/^.*#/, ''), 60);
    const names = [...icon.classList].filter((name) => !ANY_ICON.test(name) && !madeUpClass(name));
    if (names.length) return names.slice(0, 2).join(' ');
    return icon.localName === 'i' ? clip(squeeze(icon.textContent), 30) : clip(icon.querySelector('path')?.getAttribute('d') ?? '', 30);
  }

  const PRESS = 'button,a,input[type=submit],input[type=button],input[type=reset],input[type=image],[role=button],[role=link]';

  /** The label of a field that has none by the rules of HTML: the text right before it, if nothing else lies between. */
  function labelOf(el) {
    const given = labelsOf(el)[0];
    if (given) return clip(given, 80);
    if (!el.matches('input,select,textarea')) return '';
    const beside = el.parentElement?.querySelectorAll('label,input:not([type=hidden]),select,textarea') ?? [];
    if (beside.length === 2) {
      const label = [...beside].find((one) => one.localName === 'label' && (!one.control || one.control === el));
      if (label && textOf(label)) return clip(textOf(label), 80);
    }
    for (let at = el, up = 0; at && up < 3; at = at.parentElement, up++) {
      for (let before = at.previousElementSibling; before; before = before.previousElementSibling) {
        if (before.matches('input,select,textarea,button') || before.querySelector('input:not([type=hidden]),select,textarea')) return '';
        const text = textOf(before);
        if (before.localName === 'label' && before.control && before.control !== el) return '';
        if (text && text.length <= 60 && before.matches('label,span,b,strong,dt,th,td,div,p,legend')) return text;
      }
    }
    return '';
  }

  const FIELD = 'input:not([type=submit]):not([type=button]):not([type=reset]):not([type=image]),select,textarea';
  /** What stands for its like when they are counted. */
  const sortOf = (one) => (!one.interactive ? `read ${one.el.localName}` : one.el.matches(FIELD) ? 'field' : 'press');

  /** In a box of fewer than this, a place is easily taken by another: the next larger box counts as well. */
  const FEW = 4;
  /** For each element, its place among its like in the smallest box that holds another one, and how many these are. */
  function placeAmong(seen) {
    const boxes = new Map();
    for (const one of seen) {
      one.seen = visible(one.el);
      if (!one.seen) continue;
      one.sort = sortOf(one);
      for (let at = one.el.parentElement; at; at = at.parentElement) {
        let sorts = boxes.get(at);
        if (!sorts) boxes.set(at, (sorts = new Map()));
        const list = sorts.get(one.sort);
        if (list) list.push(one); else sorts.set(one.sort, [one]);
      }
    }
    for (const one of seen) {
      one.among = [];
      if (!one.seen) continue;
      for (let [at, most] = [one.el.parentElement, 1]; at && one.among.length < 4; at = at.parentElement) {
        const list = boxes.get(at).get(one.sort);
        if (list.length <= most) continue;
        one.among.push(list.indexOf(one), list.length);
        most = list.length;
        if (most >= FEW) break;
      }
    }
  }

  function lookAt(one) {
    const { el } = one;
    const box = boxOf(el);
    const view = el.ownerDocument.defaultView;
    const item = itemOf(el);
    const text = el.matches('input,textarea,select') ? '' : clip(textOf(el), LONG);
    const classes = [...el.classList].filter((name) => !madeUpClass(name)).slice(0, 12);
    const look = {
      tag: el.localName,
      role: roleOf(el),
      name: clip(nameOf(el), LONG),
      text,
      label: el.matches('input,select,textarea,[role=textbox],[role=combobox],[contenteditable]') ? labelOf(el) : '',
      attributes: attributesOf(el),
      classes,
      path: pathOf(el),
      id_path: idPathOf(el),
      area: [box.x + view.scrollX, box.y + view.scrollY, box.width, box.height].map(Math.round),
      around: aroundOf(el),
      icon: iconOf(el),
      among: one.among ?? [],
      presses: el.matches(PRESS),
      interactive: one.interactive,
      visible: one.seen ?? visible(el),
      heading: el.matches('h1,h2,h3,h4,h5,h6,[role=heading]') ? '' : one.heading,
      places: placesOf(el),
      group: groupOf(el),
      item: keyOf(el, item),
      column: columnOf(el),
      before: one.before,
      after: one.after,
    };
    for (const [key, value] of Object.entries(look)) {
      const empty = value === '' || value === false || (Array.isArray(value) && !value.length);
      if (empty) delete look[key];
    }
    return look;
  }

  // ---- Selectors -------------------------------------------------------------------------------------------

  const quoted = (text) => `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;
  const exact = (value) => ({ kind: 'exact', value });
  const cssString = (value) => `"${value.replace(/["\\]/g, '\\$&')}"`;
  const css = (value, how) => ({ how, text: `css=${value}`, steps: [{ by: 'css', value }] });
  /** Stable enough to be part of a selector that people read. */
  const speaking = (text) => text && text.length <= 60;

  function* ways(el) {
    for (const name of TEST_IDS) {
      const id = el.getAttribute(name);
      if (id && !madeUp(id)) yield { how: 'testid', text: `testid=${quoted(id)}`, steps: [{ by: 'testid', pattern: exact(id) }] };
    }
    const role = roleOf(el);
    const name = nameOf(el);
    if (role !== 'generic' && role !== 'presentation' && speaking(name))
      yield { how: 'role', text: `role=${role}[name=${quoted(name)}]`, steps: [{ by: 'role', role, name: exact(name), states: [] }] };
    const label = labelsOf(el)[0];
    if (speaking(label) && el.matches('input,select,textarea,[contenteditable]'))
      yield { how: 'label', text: `label=${quoted(label)}`, steps: [{ by: 'label', pattern: exact(label) }] };
    const given = (attribute) => squeeze(el.getAttribute(attribute));
    for (const by of ['placeholder', 'alt', 'title'])
      if (speaking(given(by))) yield { how: by, text: `${by}=${quoted(given(by))}`, steps: [{ by, pattern: exact(given(by)) }] };
    const text = textOf(el);
    if (speaking(text) && !el.matches('input,select,textarea,td'))
      yield { how: 'text', text: `text=${quoted(text)}`, steps: [{ by: 'text', pattern: exact(text) }] };
    const tag = el.localName;
    if (given('name') && !madeUp(given('name'))) {
      const choice = el.matches('[type=radio],[type=checkbox]') && el.getAttribute('value');
      yield css(`${tag}[name=${cssString(given('name'))}]` + (choice ? `[value=${cssString(choice)}]` : ''), 'attribute');
    }
    if (!madeUp(el.id)) yield css(`#${CSS.escape(el.id)}`, 'id');
    const href = el.getAttribute('href');
    if (href && href.length <= 80 && !/^(#?|#!|javascript:.*)$/.test(href) && !/\d{4,}/.test(href)) yield css(`${tag}[href=${cssString(href)}]`, 'attribute');
    for (const attribute of ['autocomplete', 'type', 'aria-controls', 'data-target', 'data-bs-target', 'data-action', 'data-toggle', 'onclick']) {
      const value = el.getAttribute(attribute);
      if (value && value.length <= 60 && !madeUp(value)) yield css(`${tag}[${attribute}=${cssString(value)}]`, 'attribute');
    }
    const item = itemOf(el);
    const key = keyOf(el, item);
    // Without quotes, since quotes ask for the whole text of the row.
    if (item && WRITTEN_PLAIN.test(key) && item.matches('tr,li,[role=row]') && role !== 'generic') {
      const inner = { by: 'role', role, name: speaking(name) ? exact(name) : null, states: [] };
      const within = item.localName === 'tr' || item.localName === 'li' ? item.localName : '[role=row]';
      yield { how: 'item', text: `css=${within} >> has-text=${key} >> role=${role}${speaking(name) ? `[name=${quoted(name)}]` : ''}`,
        steps: [{ by: 'css', value: within }, { by: 'has-text', pattern: { kind: 'loose', value: key } }, inner] };
    }
    const classes = [...el.classList].filter((one) => !madeUpClass(one) && !STATE_CLASS.test(one));
    for (const one of classes) yield css(`${tag}.${CSS.escape(one)}`, 'css');
    for (let at = el.parentElement, path = tagged(el); at && at.localName !== 'html'; at = at.parentElement) {
      if (!madeUp(at.id)) { yield css(`#${CSS.escape(at.id)} ${path.includes('>') ? '> ' : ''}${path}`, 'css'); break; }
      path = `${tagged(at)} > ${path}`;
      if (path.length > 160) break;
    }
    yield { how: 'xpath', text: `xpath=${pathOf(el)}`, steps: [{ by: 'xpath', value: pathOf(el) }] };
  }
  const WRITTEN_PLAIN = /^[\p{L}\p{N}][\p{L}\p{N} .,_#@&()+-]{0,38}[\p{L}\p{N})]$/u;
  const STATE_CLASS = /^(active|selected|open|show|shown|hidden|disabled|focus|hover|current|collapsed|in|fade|loading|is-|has-)/;
  const tagged = (el) => {
    const same = el.parentElement ? [...el.parentElement.children].filter((one) => one.localName === el.localName) : [];
    return el.localName + (same.length > 1 ? `:nth-of-type(${same.indexOf(el) + 1})` : '');
  };

  /** How many of a kind are kept, so that ways of different kinds get their turn. */
  const OF_A_KIND = { attribute: 2, css: 2 };
  const WAYS = 8;

  /** Selectors that find `el` and nothing else, the best first. */
  function selectorsOf(el) {
    const map = survey();
    const kept = [];
    const counts = {};
    const stop = now() + 1000;
    for (const way of ways(el)) {
      if (kept.length >= WAYS || now() > stop) break;
      if ((counts[way.how] ?? 0) >= (OF_A_KIND[way.how] ?? 1)) continue;
      let found;
      try { found = find({ steps: way.steps }, map); } catch { continue; }
      if (found.length !== 1 || found[0] !== el) continue;
      counts[way.how] = (counts[way.how] ?? 0) + 1;
      kept.push({ how: way.how, selector: way.text });
    }
    return kept;
  }

  // ---- The whole page ----------------------------------------------------------------------------------------

  /** What a scan found, kept so that one of them can be described after the choice. */
  let held = { scan: 0, els: [] };

  /** How well an element may be the one that is looked for, without measuring anything. */
  const rough = (el, wanted) => Math.max(0, ...wanted.map((one) => roughly(el, one)));
  function roughly(el, wanted) {
    let points = el.localName === wanted.tag ? 1 : 0;
    for (const name of ['id', 'name', 'href', 'placeholder', 'title', 'type', 'autocomplete', 'aria-label', ...TEST_IDS]) {
      const value = el.getAttribute(name);
      if (value && (value === wanted.attributes?.[name] || plain(value) === wanted.name)) points += 4;
    }
    const text = plain(clip(el.textContent ?? '', 200));
    if (text && wanted.name && (text === wanted.name || text.includes(wanted.name))) points += text === wanted.name ? 8 : 3;
    for (const name of el.classList) if (wanted.classes?.includes(name)) points += 0.5;
    return points;
  }

  function scan(p) {
    let seen = walk({ readable: p.readable });
    const total = seen.length;
    if (seen.length > p.limit) {
      const wanted = p.wanted.map((one) => ({ ...one, name: plain(one.name) }));
      const ranked = seen.map((one) => [one, rough(one.el, wanted)]).sort((a, b) => b[1] - a[1]).slice(0, p.limit);
      const chosen = new Set(ranked.map(([one]) => one));
      seen = seen.filter((one) => chosen.has(one));
    }
    const map = survey();
    const at = new Map(seen.map((one, index) => [one.el, index]));
    const matches = p.selectors.map((steps) => {
      let found;
      try { found = find({ steps }, map); } catch { return []; }
      const shown = found.filter(visible);
      return (shown.length ? shown : found).slice(0, 5).map((el) => {
        if (!at.has(el)) {
          at.set(el, seen.length);
          seen.push({ el, interactive: isInteractive(el), before: '', after: '', heading: '' });
        }
        return at.get(el);
      });
    });
    const whole = plain(clip(map.roots.map((root) => (root.body ?? root).textContent ?? '').join(' '), 400_000));
    const spoken = new Set();
    for (const el of document.querySelectorAll('[placeholder],[aria-label],[title],[alt],input[type=submit],input[type=button]'))
      for (const text of [el.placeholder, el.getAttribute('aria-label'), el.title, el.getAttribute('alt'), el.value]) if (text) spoken.add(plain(String(text)));
    placeAmong(seen);
    held = { scan: p.scan, els: seen.map((one) => one.el) };
    places = new WeakMap();
    let looks;
    try { looks = seen.map(lookAt); } finally { places = null; }
    return {
      looks,
      matches,
      total,
      known: p.known.map((text) => whole.includes(plain(text)) || spoken.has(plain(text))),
    };
  }

  /** How many neighbours of its kind a target remembers on each side. */
  const BESIDE = 4;

  /** Attributes of which two elements rarely have the same value. */
  const OWN = ['id', 'name', 'href', 'testid', 'for', 'src', 'onclick', 'placeholder', 'title', 'aria-controls'];
  const CONTEXT = ['item', 'group', 'heading', 'column', 'before', 'after'];

  /** What an element says to people. */
  const sayingOf = (el) => clip(nameOf(el) || (el.matches('input,select,textarea') ? labelOf(el) : textOf(el)), 60);

  function describe(el) {
    const seen = walk({ readable: !isInteractive(el), also: new Set([el]) });
    placeAmong(seen);
    const at = seen.findIndex((one) => one.el === el);
    const one = at < 0 ? { el, interactive: isInteractive(el), before: '', after: '', heading: '' } : seen[at];
    const look = lookAt(one);
    const role = roleOf(el);
    const own = plain(look.name || look.label || look.text);
    const shown = seen.filter((other) => other.el !== el && visible(other.el));
    const ours = shown.filter((other) => other.interactive === one.interactive);
    const attributes = new Map(ours.map((other) => [other, attributesOf(other.el)]));
    const shares = (other) => OWN.filter((name) => look.attributes?.[name] && attributes.get(other)[name] === look.attributes[name]);

    // First those that have what could be taken for its own, then its neighbours.
    const before = (list) => list.filter((other) => el.compareDocumentPosition(other.el) & Node.DOCUMENT_POSITION_PRECEDING).reverse();
    const after = (list) => list.filter((other) => el.compareDocumentPosition(other.el) & Node.DOCUMENT_POSITION_FOLLOWING);
    const [others, taken] = [[], []];
    const collect = (list, most) => {
      let kept = 0;
      for (const other of list) {
        if (kept >= most) break;
        const name = sayingOf(other.el);
        const fresh = name && plain(name) !== own && !others.includes(name);
        if (fresh) others.push(name);
        const given = Object.entries(attributes.get(other) ?? attributesOf(other.el)).filter(([name, value]) => OWN.includes(name) && value !== look.attributes?.[name]);
        for (const [name, value] of given.slice(0, 2)) if (!taken.includes(`${name}=${value}`)) taken.push(`${name}=${value}`);
        if (fresh || given.length) kept++;
      }
    };
    collect(ours.filter((other) => shares(other).length), BESIDE);
    collect(before(ours), BESIDE);
    collect(after(ours), BESIDE);
    if (others.length < BESIDE) collect([...before(shown).slice(0, 8), ...after(shown).slice(0, 8)], BESIDE - others.length);

    // Elements without a name are told by their pictures.
    const icon = own ? '' : look.icon;
    const twins = ours.filter((other) => roleOf(other.el) === role && plain(sayingOf(other.el)) === own && (!icon || iconOf(other.el) === icon)).slice(0, 100);
    const looks = twins.map(lookAt);
    const told = twins.length ? CONTEXT.filter((part) => look[part] && !looks.some((twin) => twin[part] === look[part])) : [];
    if (twins.length && look.among && !looks.some((twin) => String(twin.among) === String(look.among))) told.push('among');
    const shared = [...new Set(ours.flatMap(shares))];
    if (look.icon && ours.some((other) => iconOf(other.el) === look.icon)) shared.push('icon');
    return { look: { ...look, twins: twins.length, told_by: told, shared }, others, taken: taken.slice(0, 12), selectors: selectorsOf(el) };
  }

  casare.extend({
    /** Everything about the one element that matches. */
    describe: (p, wait) => until(wait, p, () => describe(single(p))),
    /** The same of one that the last scan found. */
    'describe-held': (p) => {
      const el = held.scan === p.scan ? held.els[p.at] : undefined;
      return { ok: el?.isConnected ? describe(el) : null };
    },
    scan: (p) => ({ ok: scan(p) }),
  });
  return { pathOf, describe, itemOf, labelOf, madeUp, madeUpClass, ways };
})();
