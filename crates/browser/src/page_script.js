// Runs inside pages, in a world of its own: it sees the document, the page's scripts do not see it.
// Installed once per document; `casare.run(program)` answers plain data. One program does the finding,
// the waiting and the checking of one action, so that an action costs one round trip.
globalThis.casare ??= (() => {
  'use strict';

  // ---- Text -------------------------------------------------------------------------------------

  const squeeze = (text) => (text ?? '').replace(/[\s\u00a0\u200b]+/g, ' ').trim();
  /** For whole-text comparison: `First name *:` is the label `First name`. */
  const plain = (text) => squeeze(text).toLowerCase().replace(/[\s*:：]+$/, '');
  const clip = (text, length = 50) => (text.length > length ? text.slice(0, length - 1) + '…' : text);
  const SILENT = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'HEAD']);

  function rawText(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (SILENT.has(node.nodeName)) return '';
    if (node.nodeName === 'INPUT') return /^(button|submit|reset)$/.test(node.type) ? buttonText(node) : '';
    if (!node.shadowRoot && !node.querySelector?.('script,style,noscript,template,input'))
      return node.textContent;
    let text = '';
    for (const child of (node.shadowRoot ?? node).childNodes) text += rawText(child);
    return text;
  }
  const textOf = (el) => squeeze(rawText(el));
  const buttonText = (el) => el.value || { submit: 'Submit', reset: 'Reset' }[el.type] || '';

  /** Answers a test for one text, and for loose patterns a stricter one to be preferred. */
  function matcher(pattern) {
    if (pattern.kind === 'regex') {
      let regex;
      try {
        regex = new RegExp(pattern.source, pattern.flags);
      } catch (error) {
        throw new Unusable(error.message);
      }
      return { test: (text) => regex.test(text) };
    }
    if (pattern.kind === 'exact') {
      const wanted = squeeze(pattern.value);
      return { test: (text) => squeeze(text) === wanted };
    }
    const part = squeeze(pattern.value).toLowerCase();
    const test = (text) => squeeze(text).toLowerCase().includes(part);
    if (pattern.kind === 'part') return { test };
    const whole = plain(pattern.value);
    return { test, whole: (text) => plain(text) === whole };
  }

  /** Of `find(test)`: those whose whole text it is, unless only partial matches can be seen. */
  function preferWhole({ test, whole }, find) {
    if (!whole) return find(test);
    const exact = find(whole);
    if (exact.some(visible)) return exact;
    const partial = find(test);
    return exact.length && !partial.some(visible) ? exact : partial;
  }

  // ---- Tree: documents, open shadow roots and reachable frames as one --------------------------------

  const isFrame = (el) => el.localName === 'iframe' || el.localName === 'frame';

  function innerDocument(frame) {
    try {
      const inner = frame.contentDocument;
      return inner?.documentElement ? inner : null;
    } catch {
      return null;
    }
  }

  /** All roots that can be searched from here, and the frames that cannot. */
  function survey() {
    const found = { roots: [], foreign: [] };
    const visit = (root) => {
      found.roots.push(root);
      for (const el of root.querySelectorAll('*')) {
        if (el.shadowRoot) visit(el.shadowRoot);
        else if (isFrame(el)) {
          const inner = innerDocument(el);
          if (inner) visit(inner);
          else found.foreign.push(el);
        }
      }
    };
    visit(outermost().document);
    return found;
  }

  /**
   * The last survey for as long as nothing came or went, since looking at each of 8,000 elements takes two
   * milliseconds. A shadow root that an old element is given later goes unnoticed, so whoever finds nothing looks anew.
   */
  let surveyed = null;
  const comings = new MutationObserver(() => forget());
  function forget() {
    surveyed = null;
    comings.disconnect();
  }

  function known() {
    if (surveyed && (comings.takeRecords().length || surveyed.top !== outermost().document ||
      surveyed.frames.some(([frame, inner]) => innerDocument(frame) !== inner) ||
      surveyed.undefined.some(([root, count]) => count !== countUndefined(root)))) forget();
    if (!surveyed) {
      const map = survey();
      const frames = map.roots.flatMap((root) => [...root.querySelectorAll('iframe,frame')]);
      surveyed = {
        map,
        top: outermost().document,
        frames: frames.map((frame) => [frame, innerDocument(frame)]),
        // These may be given a shadow root without anything being added.
        undefined: map.roots.map((root) => [root, countUndefined(root)]).filter(([, count]) => count),
      };
      for (const root of map.roots) comings.observe(root, { childList: true, subtree: true });
    }
    return surveyed.map;
  }
  const countUndefined = (root) => root.querySelectorAll(':not(:defined)').length;

  /** The window of the outermost document that can be reached from this one. */
  function outermost() {
    let view = window;
    while (view.frameElement) view = view.frameElement.ownerDocument.defaultView;
    return view;
  }

  function parentOf(node) {
    if (node.assignedSlot) return node.assignedSlot;
    if (node.parentNode) return node.parentNode;
    if (node.host) return node.host;
    return node.nodeType === Node.DOCUMENT_NODE ? node.defaultView?.frameElement : null;
  }
  function contains(outer, node) {
    for (let at = node; at; at = parentOf(at)) if (at === outer) return true;
    return false;
  }
  function closest(el, selector) {
    for (let at = el; at; at = parentOf(at)) if (at.matches?.(selector)) return at;
    return null;
  }
  const hostOf = (root) => root.host ?? root.defaultView?.frameElement;
  const basesIn = (scope, map) =>
    scope ? [scope, ...map.roots.filter((root) => contains(scope, hostOf(root)))] : map.roots;

  // ---- Visibility and geometry ---------------------------------------------------------------------

  function visible(el) {
    if (!el.isConnected || !el.checkVisibility({ visibilityProperty: true, checkVisibilityCSS: true })) {
      return el.isConnected && shown(el) && el.localName !== 'option' && [...el.children].some(visible);
    }
    const box = el.getBoundingClientRect();
    if (box.width > 0 && box.height > 0) {
      const frame = el.ownerDocument.defaultView?.frameElement;
      return !frame || visible(frame);
    }
    return [...el.getClientRects()].some((rect) => rect.width > 0 && rect.height > 0) ||
      [...el.children].some(visible);
  }
  /** `display: contents` has no box itself, but shows its children. */
  const shown = (el) => getComputedStyle(el).display === 'contents';

  const disabled = (el) => el.matches(':disabled') || !!closest(el, '[aria-disabled="true" i]');

  /** From the viewport of an element's document to that of the outermost document we can reach. */
  function toOuter(el, x, y) {
    for (let view = el.ownerDocument.defaultView; view?.frameElement; ) {
      const frame = view.frameElement;
      const box = frame.getBoundingClientRect();
      const style = getComputedStyle(frame);
      x += box.left + frame.clientLeft + parseFloat(style.paddingLeft);
      y += box.top + frame.clientTop + parseFloat(style.paddingTop);
      view = frame.ownerDocument.defaultView;
    }
    return { x, y };
  }

  function boxOf(el) {
    const box = el.getBoundingClientRect();
    const { x, y } = toOuter(el, box.left, box.top);
    return { x, y, width: box.width, height: box.height };
  }
  const sameBox = (a, b) => a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

  function hitAt(view, x, y) {
    let hit = view.document.elementFromPoint(x, y);
    while (hit?.shadowRoot) {
      const inner = hit.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === hit) break;
      hit = inner;
    }
    return hit;
  }

  const PRESSABLE = 'button,a,label,summary,[role=button],[role=link],[role=tab],[role=menuitem],[role=option]';

  /** Whether an event on `hit` is one for `el`. */
  function receives(el, hit) {
    const pressable = closest(el, PRESSABLE);
    return contains(el, hit) || closest(hit, 'label')?.control === el || !!(pressable && contains(pressable, hit));
  }

  /** What covers `el` at this point of its own viewport; null if `el` would receive the event. */
  function coverAt(el, x, y) {
    const view = el.ownerDocument.defaultView;
    const hit = hitAt(view, x, y);
    if (!hit) return { out: true };
    if (!receives(el, hit)) return { by: hit };
    const frame = view.frameElement;
    if (!frame) return null;
    const box = frame.getBoundingClientRect();
    const style = getComputedStyle(frame);
    return coverAt(
      frame,
      x + box.left + frame.clientLeft + parseFloat(style.paddingLeft),
      y + box.top + frame.clientTop + parseFloat(style.paddingTop),
    );
  }

  /** Points worth trying: middles of the parts in view, then quarters. */
  function pointsOf(el, position) {
    const box = el.getBoundingClientRect();
    if (position) return [{ x: box.left + position.x, y: box.top + position.y }];
    const view = el.ownerDocument.defaultView;
    const points = [];
    const parts = [...el.getClientRects()].filter((rect) => rect.width > 0 && rect.height > 0).slice(0, 4);
    for (const rect of parts.length ? parts : [box]) {
      const left = Math.max(rect.left, 0), right = Math.min(rect.right, view.innerWidth);
      const top = Math.max(rect.top, 0), bottom = Math.min(rect.bottom, view.innerHeight);
      if (right - left < 1 || bottom - top < 1) continue;
      for (const [across, down] of [[0.5, 0.5], [0.25, 0.25], [0.75, 0.75], [0.25, 0.75], [0.75, 0.25]])
        points.push({ x: left + (right - left) * across, y: top + (bottom - top) * down });
    }
    return points;
  }

  // ---- Roles and names -------------------------------------------------------------------------------

  const TAG_ROLES = {
    article: 'article', aside: 'complementary', blockquote: 'blockquote', button: 'button', caption: 'caption',
    code: 'code', datalist: 'listbox', dd: 'definition', del: 'deletion', details: 'group', dfn: 'term',
    dialog: 'dialog', dt: 'term', em: 'emphasis', fieldset: 'group', figure: 'figure', footer: 'contentinfo',
    form: 'form', h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading',
    header: 'banner', hr: 'separator', html: 'document', ins: 'insertion', li: 'listitem', main: 'main',
    mark: 'mark', math: 'math', menu: 'list', meter: 'meter', nav: 'navigation', ol: 'list', optgroup: 'group',
    option: 'option', output: 'status', p: 'paragraph', progress: 'progressbar', search: 'search',
    section: 'region', strong: 'strong', sub: 'subscript', summary: 'button', sup: 'superscript', svg: 'img',
    table: 'table', tbody: 'rowgroup', textarea: 'textbox', tfoot: 'rowgroup', thead: 'rowgroup', time: 'time',
    tr: 'row', ul: 'list',
  };
  const INPUT_ROLES = {
    button: 'button', image: 'button', reset: 'button', submit: 'button', file: 'button', checkbox: 'checkbox',
    radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox', hidden: '',
  };
  /** Where elements of a role can be found without looking at every element. */
  const ROLE_TAGS = {};
  for (const [tag, role] of Object.entries(TAG_ROLES)) (ROLE_TAGS[role] ??= []).push(tag);
  for (const role of ['button', 'checkbox', 'radio', 'slider', 'spinbutton', 'searchbox', 'textbox', 'combobox'])
    (ROLE_TAGS[role] ??= []).push('input');
  const MORE_TAGS = {
    link: ['a[href]', 'area[href]'], img: ['img'], combobox: ['select'], listbox: ['select'],
    cell: ['td'], gridcell: ['td'], columnheader: ['th'], rowheader: ['th'], textbox: ['[contenteditable]'],
    presentation: ['img'], none: ['img'],
  };
  for (const [role, tags] of Object.entries(MORE_TAGS)) (ROLE_TAGS[role] ??= []).push(...tags);

  function roleOf(el) {
    const given = el.getAttribute('role')?.trim().split(/\s+/)[0].toLowerCase();
    if (given) return given === 'none' ? 'presentation' : given === 'image' ? 'img' : given;
    const tag = el.localName;
    if (tag === 'input') {
      const role = INPUT_ROLES[el.type];
      if (el.list && (role === undefined || role === 'searchbox')) return 'combobox';
      return role ?? 'textbox';
    }
    if (tag === 'a' || tag === 'area') return el.hasAttribute('href') ? 'link' : 'generic';
    if (tag === 'img') return el.getAttribute('alt') === '' ? 'presentation' : 'img';
    if (tag === 'select') return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
    if (tag === 'td') return closest(el, '[role=grid],[role=treegrid]') ? 'gridcell' : 'cell';
    if (tag === 'th') return el.scope === 'row' || el.scope === 'rowgroup' ? 'rowheader' : 'columnheader';
    if (tag === 'header' || tag === 'footer')
      return el.parentElement?.closest('article,aside,main,nav,section') ? 'generic' : TAG_ROLES[tag];
    if (tag === 'section') return el.hasAttribute('aria-label') || el.hasAttribute('aria-labelledby') ? 'region' : 'generic';
    if (el.isContentEditable && !el.parentElement?.isContentEditable) return 'textbox';
    return TAG_ROLES[tag] ?? 'generic';
  }

  const NAMED_BY_CONTENT = new Set(['button', 'cell', 'checkbox', 'columnheader', 'gridcell', 'heading', 'link',
    'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'radio', 'row', 'rowheader', 'switch', 'tab',
    'tooltip', 'treeitem']);
  const INLINE = new Set(['A', 'ABBR', 'B', 'BDI', 'BDO', 'CODE', 'EM', 'FONT', 'I', 'MARK', 'S', 'SLOT', 'SMALL', 'SPAN',
    'STRONG', 'SUB', 'SUP', 'U', 'WBR']);

  /** The text that names something by its content: without hidden parts, with pictures' descriptions. */
  function content(node, root = node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || SILENT.has(node.nodeName)) return '';
    if (node !== root) {
      if (node.getAttribute('aria-hidden') === 'true' || !(node.localName === 'slot' || node.checkVisibility({ visibilityProperty: true })))
        return node.localName === 'option' ? textOf(node) : '';
      const label = squeeze(node.getAttribute('aria-label'));
      if (label) return ` ${label} `;
      if (node.matches('img,area')) return ` ${node.getAttribute('alt') ?? node.title} `;
      if (node.localName === 'svg') return ` ${node.querySelector('title')?.textContent ?? ''} `;
      if (node.matches('input,select,textarea'))
        return node.matches('[type=button],[type=submit],[type=reset]') ? buttonText(node) : '';
    }
    const children = node.localName === 'slot' && node.assignedNodes().length ? node.assignedNodes()
      : (node.shadowRoot ?? node).childNodes;
    let text = '';
    for (const child of children) text += content(child, root);
    return INLINE.has(node.nodeName) ? text : ` ${text} `;
  }

  function referenced(el, attribute) {
    const ids = el.getAttribute(attribute)?.trim();
    if (!ids) return [];
    const root = el.getRootNode();
    return ids.split(/\s+/).map((id) => root.getElementById?.(id)).filter(Boolean);
  }

  /** The texts of an element's labels: `<label>`, aria-labelledby, aria-label. */
  function labelsOf(el) {
    const texts = [];
    const by = referenced(el, 'aria-labelledby');
    if (by.length) texts.push(by.map((ref) => squeeze(ref.getAttribute('aria-label')) || squeeze(content(ref))).join(' '));
    if (el.hasAttribute('aria-label')) texts.push(squeeze(el.getAttribute('aria-label')));
    for (const label of el.labels ?? []) texts.push(squeeze(content(label)));
    return texts.filter(Boolean);
  }

  function nameOf(el) {
    const by = referenced(el, 'aria-labelledby');
    if (by.length) {
      const name = squeeze(by.map((ref) => squeeze(ref.getAttribute('aria-label')) || squeeze(content(ref))).join(' '));
      if (name) return name;
    }
    const label = squeeze(el.getAttribute('aria-label'));
    if (label) return label;
    const tag = el.localName;
    if (tag === 'input' && /^(button|submit|reset)$/.test(el.type)) return squeeze(buttonText(el)) || squeeze(el.title);
    if (el.labels?.length) {
      const name = squeeze([...el.labels].map((label) => content(label)).join(' '));
      if (name) return name;
    }
    if (tag === 'img' || tag === 'area' || (tag === 'input' && el.type === 'image')) {
      const alt = squeeze(el.getAttribute('alt'));
      if (alt) return alt;
    }
    const titled = { fieldset: 'legend', figure: 'figcaption', table: 'caption', svg: 'title' }[tag];
    const title = titled && [...el.children].find((child) => child.localName === titled);
    if (title) return squeeze(content(title));
    if (tag === 'optgroup') return squeeze(el.label);
    if (NAMED_BY_CONTENT.has(roleOf(el))) {
      const name = squeeze(tag === 'option' ? el.label : content(el));
      if (name) return name;
    }
    return squeeze(el.getAttribute('title')) || squeeze(el.getAttribute('placeholder') ?? el.getAttribute('aria-placeholder'));
  }

  function stateOf(el, state) {
    const aria = el.getAttribute(`aria-${state}`);
    if (state === 'checked') {
      if (el.indeterminate) return 'mixed';
      return String('checked' in el ? el.checked : (aria ?? false));
    }
    if (state === 'selected') return String(el.localName === 'option' ? el.selected : (aria ?? false));
    if (state === 'disabled') return String(disabled(el));
    if (state === 'level') return aria ?? /^h([1-6])$/.exec(el.localName)?.[1] ?? '';
    if (state === 'expanded' && el.localName === 'summary') return String(!!el.parentElement?.open);
    return String(aria ?? false);
  }

  // ---- Finding ---------------------------------------------------------------------------------------

  const TEST_IDS = ['data-testid', 'data-test-id', 'data-test', 'data-cy'];
  const LABELLED = 'input:not([type=hidden]),textarea,select,button,output,meter,progress,[aria-label],[aria-labelledby],[contenteditable]';

  /** A locator that cannot be evaluated, such as malformed CSS. */
  class Unusable extends Error {}

  function query(base, css) {
    try {
      return base.querySelectorAll(css.startsWith('>') ? `:scope ${css}` : css);
    } catch {
      throw new Unusable(`\`${css}\` is not CSS that this browser knows`);
    }
  }

  function queryXpath(base, xpath) {
    // A shadow root cannot be the context of XPath; its elements can.
    const contexts = base.nodeType === Node.DOCUMENT_FRAGMENT_NODE ? [...base.children] : [base];
    const found = [];
    for (const context of contexts) {
      // Chained `//x` means below what was found, not from the document's top.
      const path = context.nodeType === Node.DOCUMENT_NODE ? xpath : xpath.replace(/^(\(*)\//, '$1./');
      let result;
      try {
        result = (context.ownerDocument ?? context).evaluate(path, context, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
      } catch {
        throw new Unusable(`\`${xpath}\` is not XPath that answers elements`);
      }
      for (let at = 0; at < result.snapshotLength; at++) {
        const node = result.snapshotItem(at);
        const el = node.nodeType === Node.ELEMENT_NODE ? node : node.ownerElement ?? node.parentElement;
        if (el) found.push(el);
      }
    }
    return found;
  }

  /** The innermost elements below `base` whose text passes. */
  function innermost(base, test, out = []) {
    for (const child of base.children) {
      if (SILENT.has(child.nodeName) || !test(textOf(child))) continue;
      const before = out.length;
      innermost(child, test, out);
      if (out.length === before) out.push(child);
    }
    return out;
  }
  /** The same for a pattern that only whole texts pass: descends wherever the text could still be. */
  function innermostWhole(base, test, hint, out = []) {
    for (const child of base.children) {
      if (SILENT.has(child.nodeName)) continue;
      const text = textOf(child);
      if (hint && !text.toLowerCase().includes(hint)) continue;
      const before = out.length;
      innermostWhole(child, test, hint, out);
      if (out.length === before && test(text)) out.push(child);
    }
    return out;
  }

  function findText(bases, pattern) {
    const match = matcher(pattern);
    const hint = pattern.kind === 'exact' || pattern.kind === 'loose' ? plain(pattern.value) : null;
    return preferWhole(match, (test) =>
      bases.flatMap((base) => (test === match.test && pattern.kind !== 'exact' && pattern.kind !== 'regex')
        ? innermost(base, test) : innermostWhole(base, test, hint)));
  }

  const all = (bases, css) => bases.flatMap((base) => [...query(base, css)]);

  function apply(step, scope, map) {
    const bases = basesIn(scope, map);
    switch (step.by) {
      case 'css': return all(bases, step.value);
      case 'xpath': return bases.flatMap((base) => queryXpath(base, step.value));
      case 'text': return findText(bases, step.pattern);
      case 'label': {
        const labels = all(bases, LABELLED).map((el) => [el, labelsOf(el)]).filter(([, texts]) => texts.length);
        return preferWhole(matcher(step.pattern), (test) => labels.filter(([, texts]) => texts.some(test)).map(([el]) => el));
      }
      case 'placeholder': {
        const fields = all(bases, '[placeholder],[aria-placeholder]');
        const text = (el) => squeeze(el.getAttribute('placeholder') ?? el.getAttribute('aria-placeholder'));
        return preferWhole(matcher(step.pattern), (test) => fields.filter((el) => test(text(el))));
      }
      case 'alt': {
        const pictures = all(bases, '[alt]');
        return preferWhole(matcher(step.pattern), (test) => pictures.filter((el) => test(el.getAttribute('alt'))));
      }
      case 'title': {
        const titled = all(bases, '[title]');
        return preferWhole(matcher(step.pattern), (test) => titled.filter((el) => test(el.getAttribute('title'))));
      }
      case 'testid': {
        const match = matcher(step.pattern);
        const test = match.whole ? (id) => id === step.pattern.value : match.test;
        return all(bases, TEST_IDS.map((id) => `[${id}]`).join()).filter((el) => TEST_IDS.some((id) => el.hasAttribute(id) && test(el.getAttribute(id))));
      }
      case 'role': {
        const role = step.role === 'none' ? 'presentation' : step.role;
        const css = ['[role]', ...(ROLE_TAGS[role] ?? [])].join();
        const found = all(bases, role === 'generic' ? '*' : css).filter((el) =>
          roleOf(el) === role && step.states.every(([state, value]) => stateOf(el, state) === value));
        if (!step.name) return found;
        const named = found.map((el) => [el, nameOf(el)]);
        return preferWhole(matcher(step.name), (test) => named.filter(([, name]) => test(name)).map(([el]) => el));
      }
      case 'field': return [casare.fields.find(step.value, scope, map)];
      case 'frame': {
        const frames = all(bases, 'iframe,frame');
        const named = frames.filter((el) => [el.name, el.id, el.title].includes(step.value));
        if (named.length) return named;
        try {
          return frames.filter((el) => el.matches(step.value));
        } catch {
          return [];
        }
      }
    }
    throw new Unusable(`\`${step.by}\` is not known to the page script`);
  }

  function inOrder(els) {
    const unique = [...new Set(els)];
    if (unique.length < 2) return unique;
    return unique.sort((a, b) => {
      if (a.getRootNode() !== b.getRootNode()) return 0;
      return a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
    });
  }

  /** Of `els` the one that is nearest to an anchor and on its `side`. */
  function beside(els, anchors, side) {
    // Boxes of neighbours may overlap by a border.
    const SLACK = 2;
    const gap = (from, to) => Math.max(from, to, 0);
    let best = null;
    let least = Infinity;
    for (const anchor of anchors) {
      const a = boxOf(anchor);
      for (const el of els) {
        if (contains(anchor, el) || contains(el, anchor) || !visible(el)) continue;
        const b = boxOf(el);
        const across = gap(a.x - (b.x + b.width), b.x - (a.x + a.width));
        const down = gap(a.y - (b.y + b.height), b.y - (a.y + a.height));
        const passes = {
          'near': true,
          'right-of': b.x >= a.x + a.width - SLACK && down === 0,
          'left-of': b.x + b.width <= a.x + SLACK && down === 0,
          'above': b.y + b.height <= a.y + SLACK && across === 0,
          'below': b.y >= a.y + a.height - SLACK && across === 0,
        }[side];
        const distance = Math.hypot(across, down);
        if (passes && distance < least) [best, least] = [el, distance];
      }
    }
    return best ? [best] : [];
  }

  /** What `steps` match below the elements `found`, or anywhere if null; `trace` collects how many each step found. */
  function follow(found, steps, map, trace) {
    for (const step of steps) {
      if (step.by === 'nth') {
        const one = found?.at(step.value);
        found = one ? [one] : [];
      } else if (step.by === 'has-text') {
        const { test } = matcher(step.pattern);
        found = (found ?? []).filter((el) => test(textOf(el)));
      } else if (step.by === 'has') {
        found = (found ?? all(map.roots, '*')).filter((el) => follow([el], step.inner, map).length);
      } else if (step.by === 'anchor') {
        found = beside(found ?? [], follow(null, step.inner, map).filter(visible), step.side);
      } else {
        found = inOrder(found === null ? apply(step, null, map) : found.flatMap((scope) => apply(step, scope, map)));
      }
      trace?.push(found.length);
    }
    return found ?? [];
  }
  const findFrom = (steps, start, map, trace) => follow(null, steps.slice(start), map, trace);
  const findWithin = (el, steps, map) => follow([el], steps, map);

  /** `starts` are the steps from which this document may continue a search begun in an outer frame. */
  function find(target, map = survey(), trace = null) {
    const starts = target.starts ?? [0];
    return starts.length === 1 ? findFrom(target.steps, starts[0], map, trace)
      : inOrder(starts.flatMap((start) => findFrom(target.steps, start, map, null)));
  }

  // ---- Saying what is there ----------------------------------------------------------------------------

  const quote = (text) => JSON.stringify(clip(squeeze(text)));

  function outline(el) {
    let tag = `<${el.localName}`;
    for (const name of ['id', 'name', 'type']) if (el.getAttribute(name)) tag += ` ${name}=${clip(el.getAttribute(name), 30)}`;
    if (!el.id && el.classList.length) tag += ` class=${clip([...el.classList].slice(0, 2).join('.'), 30)}`;
    const role = roleOf(el);
    const name = nameOf(el) || textOf(el);
    const box = boxOf(el);
    return `${tag}>${role === 'generic' ? '' : ` ${role}`}${name ? ` ${quote(name)}` : ''}` +
      (visible(el) ? ` at (${Math.round(box.x)}, ${Math.round(box.y)})` : ' (not visible)');
  }

  /** A locator that a person could take for `el`. */
  function locatorOf(el) {
    for (const id of TEST_IDS) if (el.hasAttribute(id)) return `testid=${el.getAttribute(id)}`;
    const role = roleOf(el);
    const name = nameOf(el);
    if (labelsOf(el).length && el.matches('input,textarea,select')) return `label=${clip(labelsOf(el)[0], 60)}`;
    if (name && role !== 'generic') return `role=${role}[name=${clip(name, 60)}]`;
    if (el.getAttribute('placeholder')) return `placeholder=${el.getAttribute('placeholder')}`;
    if (el.id) return `css=#${CSS.escape(el.id)}`;
    if (el.getAttribute('name')) return `css=${el.localName}[name=${JSON.stringify(el.getAttribute('name'))}]`;
    const text = textOf(el);
    return text ? `text=${clip(text, 60)}` : `css=${el.localName}`;
  }

  /** How alike two texts are, 0 to 1, by the pairs of letters that they share. */
  function alike(a, b) {
    const [x, y] = [plain(a), plain(b)];
    if (!x || !y) return 0;
    if (x === y) return 1;
    const pairs = (text) => Array.from({ length: Math.max(text.length - 1, 1) }, (_, at) => text.slice(at, at + 2));
    const rest = pairs(y);
    let shared = 0;
    for (const pair of pairs(x)) {
      const at = rest.indexOf(pair);
      if (at >= 0) { shared++; rest.splice(at, 1); }
    }
    const dice = (2 * shared) / (pairs(x).length + pairs(y).length);
    return Math.max(dice, x.includes(y) || y.includes(x) ? 0.6 : 0);
  }

  /** Elements that come close to a locator which finds nothing. */
  function nearest(target) {
    const last = target.steps.findLast((step) => !['nth', 'has-text', 'has', 'anchor'].includes(step.by));
    const pattern = last?.pattern ?? last?.name;
    const bases = survey().roots;
    const wanted = pattern?.value ?? pattern?.source ?? last?.value ?? last?.role ?? '';
    const candidates = [];
    if (!last) return [];
    // A page of many thousand elements must not make us late.
    const stop = now() + 300;
    const score = (els, how) => {
      for (const el of els) {
        if (now() > stop) return;
        candidates.push([el, how(el)]);
      }
    };
    if (last.by === 'role') {
      score(all(bases, ['[role]', ...(ROLE_TAGS[last.role] ?? [])].join()).filter((el) => roleOf(el) === last.role),
        (el) => (pattern ? alike(nameOf(el), wanted) : 0.5));
      // The right name on another role is the commoner mistake.
      if (pattern) score(all(bases, 'a,button,input,summary,select,textarea,[role],h1,h2,h3,h4'),
        (el) => (roleOf(el) === last.role ? 0 : alike(nameOf(el), wanted) * 0.9));
    } else if (last.by === 'label' || last.by === 'placeholder') {
      score(all(bases, 'input:not([type=hidden]),textarea,select,[contenteditable],[role=textbox],[role=combobox]'),
        (el) => Math.max(...[nameOf(el), el.name ?? '', el.getAttribute('placeholder') ?? ''].map((text) => alike(text, wanted))));
    } else if (last.by === 'text') {
      score(all(bases, 'a,button,input,summary,label,h1,h2,h3,h4,h5,td,th,li,p,span,div,option'),
        (el) => (el.children.length === 0 || el.matches('a,button') ? alike(textOf(el), wanted) : 0));
    } else if (last.by === 'alt' || last.by === 'title') {
      score(all(bases, `[${last.by}]`), (el) => alike(el.getAttribute(last.by), wanted));
    } else if (last.by === 'testid') {
      score(all(bases, TEST_IDS.map((id) => `[${id}]`).join()),
        (el) => Math.max(...TEST_IDS.map((id) => alike(el.getAttribute(id) ?? '', wanted))));
    } else if (last.by === 'css') {
      const words = wanted.match(/[#.][\w-]+|\[\w+[*^$~|]?=["']?[^\]"']+/g)?.map((word) => word.replace(/^.*[#.="']/, '')) ?? [];
      if (words.length) score(all(bases, '[id],[name],[class]'), (el) =>
        Math.max(...words.map((word) => Math.max(alike(el.id, word), alike(el.getAttribute('name') ?? '', word),
          ...[...el.classList].map((name) => alike(name, word) * 0.8)))));
    }
    return candidates.filter(([, score]) => score >= 0.35).sort((a, b) => b[1] - a[1]).slice(0, 40)
      .filter(([el]) => visible(el)).slice(0, 3).map(([el]) => `${locatorOf(el)}  ${outline(el)}`);
  }

  const HOSTS = 'article,aside,blockquote,div,footer,h1,h2,h3,h4,h5,h6,header,main,nav,p,section,span';
  /** Whether something may have a closed shadow root: it shows itself, but has nothing that it could show. */
  const mayBeClosed = () => all(survey().roots, '*').some((el) =>
    !el.shadowRoot && (el.localName.includes('-') || (!el.firstChild && el.matches(HOSTS) && el.clientHeight > 0 && el.clientWidth > 0)));

  // ---- Waiting -----------------------------------------------------------------------------------------

  const cancelled = new Set();
  const now = () => performance.now();
  /** The next frame; pages that are not drawn have none, so not for ever. */
  const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); setTimeout(resolve, 60); });

  class Wait {
    constructor(program) {
      this.token = program.token;
      this.start = now();
      this.deadline = this.start + program.timeout;
    }
    get over() { return now() >= this.deadline; }
    get cancelled() { return cancelled.has(this.token); }
    /** Sleeps until something in the document changes, or for a moment: styles change without a mutation. */
    async change() {
      let observer;
      await new Promise((resolve) => {
        observer = new MutationObserver(resolve);
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        setTimeout(resolve, Math.min(100, Math.max(this.deadline - now(), 0)));
      });
      observer.disconnect();
      await frame();
    }
  }

  /** What a check did not find; caught by `until`, which tries again. */
  class NotYet {
    constructor(check, detail = '') { this.check = check; this.detail = detail; }
  }
  class Several {
    constructor(els) { this.els = els; }
  }

  /** Tries `attempt` until it answers, the deadline has passed or the program is cancelled. */
  async function until(wait, target, attempt) {
    let severalSince = null;
    for (;;) {
      if (wait.cancelled) return { cancelled: true };
      let problem;
      try {
        return { ok: await attempt() };
      } catch (thrown) {
        if (thrown instanceof Unusable) return { unusable: thrown.message };
        if (!(thrown instanceof NotYet || thrown instanceof Several || thrown.invalid)) throw thrown;
        problem = thrown;
        forget();
      }
      if (problem.invalid) return { invalid: problem.invalid, field: problem.field };
      const which = problem.target ?? target;
      if (problem instanceof Several) {
        // Pages in transition hold old and new for a moment: only what stays is an error.
        severalSince ??= now();
        if (now() - severalSince > 500 || wait.over)
          return { several: problem.lines ?? problem.els.slice(0, 5).map((el) => `${locatorOf(el)}  ${outline(el)}`), total: problem.els.length, field: problem.field };
      } else severalSince = null;
      if (problem.check === 'not-attached' && which.handover && survey().foreign.length) return { handover: true };
      if (wait.over) {
        const trace = [];
        // A field that is looked for by its name tells itself what comes near.
        const { nearest: near } = problem;
        const absent = problem.check === 'not-attached' && !near;
        if (absent && !which.starts) findFrom(which.steps, 0, survey(), trace);
        return {
          failed: problem.check, detail: problem.detail, field: problem.field, waited: now() - wait.start, trace,
          closed: absent && mayBeClosed(), nearest: near ?? (absent ? nearest(which) : []),
        };
      }
      if (problem.check === 'not-stable') await frame();
      else await wait.change();
    }
  }

  /** The one element meant: of several matches the only visible one. */
  function single(target, map = known()) {
    const found = find(target, map);
    if (found.length === 1) return found[0];
    if (found.length === 0) throw new NotYet('not-attached');
    const seen = found.filter(visible);
    if (seen.length === 1) return seen[0];
    if (seen.length === 0) throw new NotYet('not-visible', `${found.length} match, none can be seen`);
    throw new Several(seen);
  }

  /** A hidden checkbox or radio is worked by its label. */
  function clickable(el) {
    if (el.matches('input[type=checkbox],input[type=radio]') && !visible(el))
      return [...(el.labels ?? [])].find(visible) ?? el;
    return el;
  }

  /**
   * Where to click `el`: visible, enabled, at rest, in view and not covered. `before`, a box from earlier, saves a
   * frame. `again` finds the element anew: pages that draw themselves over and over put a twin in its place, which
   * is as good. Calls `use` with the element that the point belongs to.
   */
  async function pointOf(el, options, { before, again, use } = {}) {
    const rests = async (box) => {
      await frame();
      if (!el.isConnected && again) el = again();
      if (!el.isConnected || !(options.force || sameBox(box, boxOf(el)))) throw new NotYet('not-stable');
    };
    if (!visible(el)) throw new NotYet('not-visible');
    if (!options.force && options.enabled !== false && disabled(el)) throw new NotYet('not-enabled');
    const first = before ?? boxOf(el);
    // An animation that has just begun moves only from its second frame on.
    const animated = el.ownerDocument.getAnimations().some((one) => one.effect?.target && contains(one.effect.target, el));
    for (let frames = options.force ? 0 : animated ? 3 : 1; frames > 0; frames--) await rests(first);
    let cover = { out: true };
    for (const block of [null, 'center', 'end', 'start']) {
      if (block) {
        el.scrollIntoView({ block, inline: 'center', behavior: 'instant' });
        await rests(boxOf(el));
      }
      const points = pointsOf(el, options.position);
      for (const point of points) {
        const here = coverAt(el, point.x, point.y);
        if (!here || (options.force && here.by)) {
          use?.(el);
          return toOuter(el, point.x, point.y);
        }
        if (!(cover.by && here.out)) cover = here;
      }
    }
    throw cover.by ? new NotYet('covered', outline(cover.by)) : new NotYet('out-of-view');
  }

  // ---- Making sure that a click arrives -------------------------------------------------------------------

  /** What was armed for the next click, drag or tap; one at a time. */
  let guard = null;
  const PRESSES = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick', 'dblclick', 'contextmenu'];

  /**
   * Between our look and the click the page may move or cover the element. The guard sees the click before the
   * page does: one that would go elsewhere is swallowed, and we try again.
   */
  function arm(el, p) {
    guard?.end();
    let releases = p.clicks ?? 1;
    let answer;
    const one = { id: p.guard, hit: null, over: false, done: new Promise((resolve) => { answer = resolve; }) };
    one.see = (event) => {
      if (one.hit === null) {
        const target = event.composedPath()[0];
        if (!el.isConnected) try { el = clickable(single(p)); } catch { /* Gone: what is hit is no twin of it. */ }
        one.hit = receives(el, target);
        if (!one.hit) one.by = outline(target.nodeType === Node.ELEMENT_NODE ? target : target.documentElement ?? document.documentElement);
      }
      if (!one.hit) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      if (event.type === 'pointerup' && --releases <= 0) {
        answer({ hit: one.hit, by: one.by ?? '' });
        // Its mouseup and click follow within the same task; they don't come at all where its pointerdown was swallowed.
        setTimeout(one.end);
      }
    };
    one.end = () => {
      one.over = true;
      answer({ hit: one.hit ?? true, by: one.by ?? '' });
    };
    watch(el.ownerDocument);
    guard = one;
    setTimeout(one.end, 3000);
  }

  /** Once for each document: listeners that come and go would cost each click a frame. */
  const watched = new WeakSet();
  function watch(document) {
    if (watched.has(document)) return;
    watched.add(document);
    const listen = (event) => { if (event.isTrusted && guard && !guard.over) guard.see(event); };
    for (const type of PRESSES) document.defaultView.addEventListener(type, listen, { capture: true, passive: false });
  }

  /** Whether the page has begun to drag something itself, which the mouse no longer moves then. */
  let dragging = null;
  function watchDrags(el) {
    dragging = null;
    const view = el.ownerDocument.defaultView;
    view.addEventListener('dragstart', (event) => { dragging = !event.defaultPrevented; }, { once: true });
  }

  // ---- Filling -----------------------------------------------------------------------------------------

  const refuse = (reason) => { throw { invalid: reason }; };
  const tell = (el) => {
    el.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true, inputType: 'insertReplacementText', data: null }));
    el.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const TYPED = { date: '2026-12-31', time: '13:45', 'datetime-local': '2026-12-31T13:45', month: '2026-12', week: '2026-W53', color: '#1a2b3c', number: '12.5' };
  const UNFILLABLE = /^(button|submit|reset|image|hidden)$/;

  /** What a label labels; else the field itself. */
  const fieldOf = (el) => (el.localName === 'label' && el.control ? el.control : el);

  function fillable(found, value) {
    const el = fieldOf(found);
    const boolean = el.matches('input[type=checkbox],input[type=radio]');
    if (!visible(el) && !(boolean && visible(clickable(el)))) throw new NotYet('not-visible');
    if (disabled(el)) throw new NotYet('not-enabled');
    if (el.localName === 'select') { optionsFor(el, [].concat(value)); return el; }
    if (el.localName === 'input' && el.type === 'file') refuse('it takes files; use `upload`');
    if (el.localName === 'input' && UNFILLABLE.test(el.type)) refuse(`it is a ${el.type} button`);
    if (el.readOnly || el.getAttribute('aria-readonly') === 'true') throw new NotYet('not-editable');
    if (!el.matches('input,textarea') && !el.isContentEditable) {
      const inner = el.querySelectorAll('input:not([type=hidden]),textarea,select,[contenteditable]');
      refuse(`<${el.localName}> is not a field` + (inner.length === 1 ? `; ${locatorOf(inner[0])} inside it is` : ''));
    }
    return el;
  }

  const TRUE = new Set([true, 'true', 'yes', 'on', '1', 1]);
  const FALSE = new Set([false, 'false', 'no', 'off', '0', 0, '', null]);

  function setField(el, value) {
    if (el.localName === 'select') return choose(el, optionsFor(el, [].concat(value)));
    if (el.matches('input[type=checkbox]')) {
      if (!TRUE.has(value) && !FALSE.has(value)) refuse(`a checkbox is true or false, not ${quote(String(value))}`);
      if (el.checked !== TRUE.has(value)) el.click();
      return;
    }
    if (el.matches('input[type=radio]')) {
      if (TRUE.has(value)) { if (!el.checked) el.click(); return; }
      const group = [...el.getRootNode().querySelectorAll(`input[type=radio][name="${CSS.escape(el.name)}"]`)].filter((one) => one.form === el.form);
      const wanted = group.find((one) => one.value === String(value)) ?? group.find((one) => plain(nameOf(one)) === plain(String(value)));
      if (!wanted) refuse(`no such choice; there are ${group.map((one) => quote(nameOf(one) || one.value)).join(', ')}`);
      if (!wanted.checked) wanted.click();
      return;
    }
    const text = value === null ? '' : Array.isArray(value) || typeof value === 'object' ? JSON.stringify(value) : String(value);
    el.focus({ preventScroll: true });
    if (!el.matches('input,textarea')) return fillEditable(el, text);
    const wanted = el.type === 'color' ? text.toLowerCase() : text;
    if (el.maxLength >= 0 && wanted.length > el.maxLength) refuse(`it takes at most ${el.maxLength} characters, the value has ${wanted.length}`);
    const before = el.value;
    el.value = wanted;
    const kept = el.type === 'range' ? Number(el.value) === Number(wanted) : !(el.type in TYPED) || el.value === wanted ||
      (el.type !== 'color' && wanted !== '' && el.value !== '' && (el.valueAsNumber === Number(wanted) || el.value.startsWith(wanted)));
    if (!kept) {
      el.value = before;
      refuse(el.type === 'range' ? `it goes from ${el.min || 0} to ${el.max || 100} in steps of ${el.step || 1}`
        : `${quote(text)} is not a ${el.type}; write it as ${TYPED[el.type]}`);
    }
    tell(el);
  }

  function fillEditable(el, text) {
    const view = el.ownerDocument.defaultView;
    const range = el.ownerDocument.createRange();
    range.selectNodeContents(el);
    const selection = view.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    // execCommand goes through the editor's own input events, which rich editors need.
    el.ownerDocument.execCommand(text ? 'insertText' : 'delete', false, text);
  }

  function optionsFor(el, choices) {
    const options = [...el.options];
    return choices.map((choice) => {
      const by = (test) => options.find((option) => !option.disabled && test(option));
      const wanted = String(choice?.label ?? choice?.value ?? choice ?? '');
      const byValue = () => by((option) => option.value === wanted);
      const byLabel = () => by((option) => squeeze(option.label) === squeeze(wanted)) ?? by((option) => plain(option.label) === plain(wanted));
      let option;
      if (choice && typeof choice === 'object') {
        if ('index' in choice) option = options[choice.index];
        else option = 'value' in choice ? byValue() : byLabel();
      } else option = byLabel() ?? byValue();
      if (!option) throw new NotYet('no-such-option', clip(options.map((one) => quote(one.label)).join(', '), 300));
      return option;
    });
  }

  function choose(el, options) {
    if (options.length > 1 && !el.multiple) refuse('it takes only one choice');
    el.focus({ preventScroll: true });
    const wanted = new Set(options);
    let changed = false;
    for (const option of el.options) {
      if (option.selected !== wanted.has(option)) { changed = true; option.selected = wanted.has(option); }
    }
    if (changed) tell(el);
    return options.map((option) => option.value);
  }

  // ---- Reading -----------------------------------------------------------------------------------------

  function read(el, what) {
    if (what.attribute !== undefined) return what.attribute in el && typeof el[what.attribute] === 'string' && /^(href|src|action)$/.test(what.attribute)
      ? el[what.attribute] : el.getAttribute(what.attribute);
    if (what.read === 'value') return el.matches('select[multiple]') ? [...el.selectedOptions].map((one) => one.value)
      : el.matches('input[type=checkbox],input[type=radio]') ? el.checked : 'value' in el ? el.value : null;
    if (what.read === 'html') return el.outerHTML;
    if (el.matches('input,textarea')) return el.value;
    return (el.innerText ?? el.textContent ?? '').replace(/\u00a0/g, ' ').replace(/[ \t]+\n/g, '\n').trim();
  }

  function readTable(el) {
    const table = el.matches('table,[role=table],[role=grid],[role=treegrid]') ? el : el.querySelector('table,[role=table],[role=grid]') ?? closest(el, 'table');
    if (!table) refuse(`<${el.localName}> is not a table`);
    const rows = table.rows ? [...table.rows] : [...table.querySelectorAll('[role=row]')];
    const grid = [];
    const headed = [];
    rows.forEach((row, y) => {
      const cells = row.cells ? [...row.cells] : [...row.querySelectorAll('[role=cell],[role=gridcell],[role=columnheader],[role=rowheader]')];
      grid[y] ??= [];
      headed[y] = cells.length > 0 && (row.parentElement?.localName === 'thead' || cells.every((cell) => cell.localName === 'th' || cell.getAttribute('role') === 'columnheader'));
      let x = 0;
      for (const cell of cells) {
        while (grid[y][x] !== undefined) x++;
        // A merged cell's text stands in every place that it covers.
        const text = squeeze(cell.innerText ?? cell.textContent);
        const [right, down] = [cell.colSpan || 1, Math.min(cell.rowSpan || 1, rows.length - y)];
        for (let dy = 0; dy < down; dy++) for (let dx = 0; dx < right; dx++) (grid[y + dy] ??= [])[x + dx] = text;
        x += right;
      }
    });
    const heads = headed.findIndex((head) => !head) < 0 ? headed.length : headed.findIndex((head) => !head);
    const headers = heads ? grid[heads - 1] : [];
    const body = grid.slice(heads).filter((row, at) => !headed[at + heads] && row.length);
    const fill = (row) => Array.from(row, (cell) => cell ?? '');
    return { headers: fill(headers), rows: body.map(fill) };
  }

  /**
   * All fields, then the point of the submit button: checks everything before it changes anything. `find` answers
   * for each field its element and what puts the value in.
   */
  async function fillForm(p, wait, { find: look }) {
    const submit = p.submit;
    const marked = (target, field, work) => {
      try { return work(); } catch (thrown) {
        if (thrown instanceof NotYet || thrown instanceof Several || thrown.invalid) Object.assign(thrown, { target, field });
        throw thrown;
      }
    };
    let before;
    const filled = await until(wait, p.fields[0] ?? submit, () => {
      const map = known();
      const fields = look(p.fields, map, marked);
      if (submit) try { before = boxOf(single(submit, map)); } catch { before = undefined; }
      p.fields.forEach((target, at) => marked(target, at, () => {
        // What the page did on an earlier field may have replaced a later one.
        const field = fields[at].el.isConnected ? fields[at] : look(p.fields, survey(), marked)[at];
        field.put();
      }));
    });
    if (!submit || !('ok' in filled)) return filled;
    const point = await until(wait, submit, () => {
      const [box, el] = [before, clickable(single(submit))];
      before = undefined;
      return pointOf(el, {}, { before: box, again: () => clickable(single(submit)) });
    });
    if (!('ok' in point)) point.field ??= p.fields.length;
    return point;
  }

  // ---- Programs ----------------------------------------------------------------------------------------

  const OPS = {
    /** Where to click; with `hover` a disabled element will do. */
    point: (p, wait) => until(wait, p, async () => {
      const again = () => clickable(single(p));
      const use = (el) => {
        if (p.guard && !p.force) arm(el, p);
        if (p.drags) watchDrags(el);
      };
      return pointOf(again(), p, { again, use });
    }),
    /** Whether the click that the point was for has arrived. */
    hit: async (p) => ({ ok: guard?.id === p.guard ? await guard.done : { hit: true, by: '' } }),
    /** Whether a drag of the page's own has begun since its point was asked for. */
    dragging: async () => ({ ok: dragging === true }),

    /** Where to click so that a checkbox or radio gets `want`; nothing if it has it. */
    check: (p, wait) => until(wait, p, async () => {
      const el = fieldOf(single(p));
      const role = roleOf(el);
      if (!['checkbox', 'radio', 'switch', 'menuitemcheckbox', 'menuitemradio'].includes(role)) refuse(`<${el.localName}> is not a checkbox, radio button or switch`);
      if (stateOf(el, 'checked') === String(p.want)) return { done: true };
      if (p.verify) throw new NotYet('not-yet', p.want ? 'unchecked' : 'checked');
      if (!p.want && role === 'radio') refuse('a radio button is unchecked by checking another one');
      return pointOf(clickable(el), p, { again: () => clickable(fieldOf(single(p))) });
    }),

    fill: (p, wait) => until(wait, p, () => setField(fillable(single(p), p.value), p.value)),

    select: (p, wait) => until(wait, p, () => {
      const el = fieldOf(single(p));
      if (el.localName !== 'select') refuse(`<${el.localName}> is not a list of options; click it, then click the option`);
      if (!visible(el)) throw new NotYet('not-visible');
      if (disabled(el)) throw new NotYet('not-enabled');
      return choose(el, optionsFor(el, p.choices));
    }),

    'fill-form': (p, wait) => fillForm(p, wait, {
      find: (targets, map, marked) => targets.map((target, at) => marked(target, at, () => {
        const el = fillable(single(target, map), target.value);
        return { el, put: () => setField(el, target.value) };
      })),
    }),

    focus: (p, wait) => until(wait, p, () => {
      const el = fieldOf(single(p));
      if (!visible(el)) throw new NotYet('not-visible');
      if (disabled(el)) throw new NotYet('not-enabled');
      el.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
      if (el.ownerDocument.activeElement !== el && el.getRootNode().activeElement !== el) el.focus({ preventScroll: true });
      return null;
    }),

    blur: (p, wait) => until(wait, p, () => {
      fieldOf(single(p)).blur();
      return null;
    }),

    /** Scrolls an element into view, or what an element (or the page) shows to one of its edges. */
    scroll: (p, wait) => until(wait, p, async () => {
      const el = p.steps?.length ? single(p) : null;
      if (p.edge === undefined) {
        if (!visible(el)) throw new NotYet('not-visible');
        el.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
      } else {
        let box = el ?? document.scrollingElement ?? document.documentElement;
        const moves = (one) => one.scrollHeight > one.clientHeight && /auto|scroll|overlay/.test(getComputedStyle(one).overflowY);
        if (el && !moves(el)) box = [...el.querySelectorAll('*')].find(moves) ?? el;
        const [left, top] = { top: [box.scrollLeft, 0], bottom: [box.scrollLeft, box.scrollHeight], left: [0, box.scrollTop], right: [box.scrollWidth, box.scrollTop] }[p.edge];
        box.scrollTo({ left, top, behavior: 'instant' });
      }
      await frame();
      return null;
    }),
    /** The middle of what is seen of the page. */
    middle: () => ({ ok: { x: innerWidth / 2, y: innerHeight / 2 } }),

    'wait-for': (p, wait) => until(wait, { ...p, handover: p.handover && !['hidden', 'detached'].includes(p.state) }, () => {
      const found = find(p);
      const seen = found.filter(visible);
      switch (p.state) {
        case 'attached': if (found.length) return found.length; throw new NotYet('not-attached');
        case 'visible': if (seen.length) return seen.length; throw new NotYet(found.length ? 'not-visible' : 'not-attached');
        case 'hidden': if (!seen.length) return 0; throw new NotYet('not-yet', `visible: ${outline(seen[0])}`);
        case 'detached': if (!found.length) return 0; throw new NotYet('not-yet', `there: ${outline(found[0])}`);
        case 'enabled': {
          const el = single(p);
          if (!disabled(el)) return 1;
          throw new NotYet('not-enabled');
        }
        case 'text': {
          const { test } = matcher(p.pattern);
          if (!found.length) throw new NotYet('not-attached');
          if (found.some((el) => test(squeeze(read(el, {}))))) return found.length;
          throw new NotYet('not-yet', quote(read(found[0], {})));
        }
      }
    }),

    read: (p, wait) => until(wait, p, () => {
      const el = single(p);
      // Pages prepare texts in hidden places; what a person cannot see yet is not what is shown.
      if (p.what.read === 'text' && !el.checkVisibility({ visibilityProperty: true })) throw new NotYet('not-visible');
      return read(el, p.what);
    }),
    'read-all': (p, wait) => until(wait, p, () => {
      const found = find(p);
      if (!found.length && !p.empty) throw new NotYet('not-attached');
      return found.map((el) => read(el, p.what));
    }),
    table: (p, wait) => until(wait, p, () => {
      const el = single(p);
      if (!el.checkVisibility({ visibilityProperty: true })) throw new NotYet('not-visible');
      return readTable(el);
    }),
    records: (p, wait) => until(wait, p, () => {
      const map = survey();
      const items = find(p, map);
      if (!items.length) throw new NotYet('not-attached');
      return items.map((item) => Object.fromEntries(p.fields.map(({ name, steps, what }) => {
        const el = steps ? findWithin(item, steps, map)[0] : item;
        return [name, el ? read(el, what) : null];
      })));
    }),
    count: (p) => {
      try { return { ok: find(p).length }; } catch (thrown) {
        if (thrown instanceof Unusable) return { unusable: thrown.message };
        throw thrown;
      }
    },
    /** The box of an element, scrolled into view, for a picture of it. */
    box: (p, wait) => until(wait, p, async () => {
      const el = single(p);
      if (!visible(el)) throw new NotYet('not-visible');
      el.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
      await frame();
      const box = boxOf(el);
      const outer = outermost();
      if (outer !== outer.top) return { ...box, framed: true };
      return { ...box, x: box.x + outer.scrollX, y: box.y + outer.scrollY };
    }),
    /** As far as a page that is still coming has to be scrolled; what is shorter by the end is scrolled to there. */
    'scroll-to': async (p, wait) => {
      const stop = Math.min(wait.deadline, now() + 2000);
      for (;;) {
        scrollTo({ left: p.x, top: p.y, behavior: 'instant' });
        const there = Math.abs(scrollX - p.x) < 1 && Math.abs(scrollY - p.y) < 1;
        if (there || now() >= stop || wait.cancelled) return { ok: null };
        await wait.change();
      }
    },
    /** The part of the page that is seen. */
    view: () => ({ ok: { x: scrollX, y: scrollY, width: innerWidth, height: innerHeight, ratio: devicePixelRatio } }),
    /** How far the page is scrolled. */
    scrolled: () => ({ ok: { x: scrollX, y: scrollY } }),
    /** What the frame's storage holds, for a checkpoint. */
    storage: () => {
      const dump = (name) => { try { return { ...window[name] }; } catch { return {}; } };
      return { ok: { origin: location.origin, local: dump('localStorage'), session: dump('sessionStorage') } };
    },
    status: () => ({ ok: { state: document.readyState, title: document.title } }),
  };

  return {
    /** What the scripts that come after this one build on. */
    parts: {
      squeeze, plain, clip, SILENT, TEST_IDS, textOf, visible, disabled, boxOf, survey, find, parentOf, closest,
      roleOf, nameOf, labelsOf, until, single, now, locatorOf, outline, quote, alike, read, readTable, inOrder, hitAt,
      fillable, setField, refuse, clickable, pointOf, fillForm, frame, NotYet, Several, LABELLED,
    },
    extend(ops) { Object.assign(OPS, ops); },
    async run(program) {
      const wait = new Wait(program);
      try {
        return await OPS[program.op](program, wait);
      } finally {
        cancelled.delete(program.token);
      }
    },
    cancel(token) { cancelled.add(token); },
    /** The element itself, for what needs a handle: uploads. Answers text (a failure as JSON) or the element. */
    async element(program) {
      const wait = new Wait(program);
      let el = null;
      const outcome = await until(wait, program, () => {
        el = fieldOf(single(program));
        if (disabled(el)) throw new NotYet('not-enabled');
        if (el.matches('input[type=file]')) return;
        const inner = el.querySelector('input[type=file]');
        if (inner) el = inner; else throw { invalid: 'opens-chooser' };
      });
      return 'ok' in outcome ? el : JSON.stringify(outcome);
    },
    /** What holds the element that only a closed shadow root has; `roots` are those roots. */
    inClosed(target, roots) {
      const map = survey();
      const inner = (root) => { map.roots.push(root); for (const el of root.querySelectorAll('*')) if (el.shadowRoot) inner(el.shadowRoot); };
      roots.forEach(inner);
      let found = [];
      try { found = find({ ...target, starts: [0] }, map); } catch { /* The locator's own fault is told elsewhere. */ }
      const root = roots.find((one) => found.some((el) => contains(one, el)));
      return root ? outline(root.host) : null;
    },
    /** Of a frame element: from which steps a search may go on inside it, and where its content begins. */
    frameOwner(el, target) {
      const map = survey();
      const starts = (target.starts ?? [0]).includes(0) ? [0] : [];
      for (let end = 1; end < target.steps.length; end++) {
        if ((target.starts ?? [0]).some((start) => start < end && findFrom(target.steps.slice(0, end), start, map).some((one) => contains(one, el)))) starts.push(end);
      }
      const box = el.getBoundingClientRect();
      const style = getComputedStyle(el);
      const inner = { x: box.left + el.clientLeft + parseFloat(style.paddingLeft), y: box.top + el.clientTop + parseFloat(style.paddingTop) };
      return { starts, visible: visible(el), ...toOuter(el, inner.x, inner.y) };
    },
  };
})();
