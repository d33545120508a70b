// Runs beside `page_script.js` while a person is recorded, in every frame: tells what the person did, and to which
// element. It comes before the page's own listeners, so that it sees elements as they were when they were touched.
// The value of a field that holds a secret never leaves the page.
globalThis.casare.recording ??= (() => {
  'use strict';

  const { squeeze, plain, clip, textOf, visible, closest, roleOf, nameOf, labelsOf, find } = casare.parts;
  const { describe, itemOf, labelOf, madeUp, ways } = casare.healing;

  const say = (message) => { try { casareRecord(JSON.stringify(message)); } catch { /* Nobody listens any more. */ } };

  // ---- What an element is ---------------------------------------------------------------------------------

  const INTERACTIVE = 'a[href],area[href],button,input,select,textarea,summary,option,[role=button],[role=link],[role=checkbox],' +
    '[role=radio],[role=switch],[role=tab],[role=menuitem],[role=menuitemcheckbox],[role=menuitemradio],[role=option],' +
    '[role=combobox],[role=textbox],[role=searchbox],[role=slider],[role=spinbutton],[role=treeitem],[onclick],' +
    '[contenteditable=""],[contenteditable=true],[contenteditable=plaintext-only],[draggable=true]';
  const TYPED = 'input:not([type=button],[type=submit],[type=reset],[type=image],[type=checkbox],[type=radio],[type=file],[type=range],[type=color]),' +
    'textarea,[contenteditable=""],[contenteditable=true],[contenteditable=plaintext-only]';
  const isTyped = (el) => el.matches(TYPED);
  const isCheck = (el) => el.matches('input[type=checkbox],input[type=radio]');

  /** What a person means who touches `el`: the control around it, or what its label labels. */
  function meant(el) {
    if (el.nodeType !== Node.ELEMENT_NODE) el = el.parentElement ?? document.documentElement;
    const control = closest(el, INTERACTIVE);
    if (control) return control.localName === 'option' ? closest(control, 'select') ?? control : control;
    const label = closest(el, 'label');
    if (label?.control) return label.control;
    // Pictures and letters inside of something are not what is named.
    return closest(el, 'svg') ?? el;
  }

  const PURPOSES = {
    'current-password': 'password', 'new-password': 'password', 'one-time-code': 'totp', 'cc-number': 'card_number',
    'cc-csc': 'card_code', 'cc-exp': 'card_expiry', 'cc-exp-month': 'card_expiry_month', 'cc-exp-year': 'card_expiry_year',
  };
  const WORDS = [
    ['password', /pass ?(word|wort|wd|phrase|code)|\bpwd\b|kennwort|mot de passe|contrase|senha|wachtwoord/],
    ['totp', /\b(otp|totp|mfa|2fa)\b|one ?time|(authenti\w+|verification|sms) ?code|einmal ?(code|passwort)/],
    ['card_code', /\b(cvv2?|cvc2?|csc)\b|card ?(verification|security)|security ?code|pr(u|ü)fziffer/],
    ['card_number', /card ?(number|no\b|num\b)|\bcc ?num|kreditkarte|kartennummer/],
    ['pin', /\bpin\b/], ['tan', /\btan\b/], ['ssn', /\bssn\b|social security/],
    ['token', /\b(api|access|secret) ?key\b|\btoken\b|\bsecret\b/],
  ];
  /** Fields that hid their letters once: a page may show a password for a moment. */
  const hidden = new WeakSet();
  const noteHidden = () => { for (const el of document.querySelectorAll('input[type=password]')) hidden.add(el); };
  const spelled = (text) => plain((text ?? '').replace(/([a-z])([A-Z0-9])/g, '$1 $2').replace(/[_\-.[\]:]+/g, ' '));

  /** Which part of a credential belongs into a field; none if it holds no secret. */
  function secretOf(el) {
    if (!el.matches('input,textarea') || isCheck(el)) return '';
    const purpose = (el.getAttribute('autocomplete') ?? '').toLowerCase().trim().split(/\s+/).map((one) => PURPOSES[one]).find(Boolean);
    if (purpose) return purpose;
    if (el.type === 'password' || hidden.has(el)) {
      const words = WORDS.find(([part, words]) => part !== 'password' && labelsAndNames(el).some((text) => words.test(text)));
      return words?.[0] ?? 'password';
    }
    const found = WORDS.find(([, words]) => labelsAndNames(el).some((text) => words.test(text)));
    if (found) return found[0];
    if (!['none', '', undefined].includes(getComputedStyle(el).webkitTextSecurity)) return 'password';
    return isCardNumber(el.value) ? 'card_number' : '';
  }
  const labelsAndNames = (el) =>
    [...labelsOf(el), labelOf(el), el.name, el.id, el.placeholder, el.getAttribute('title')].map(spelled);
  function isCardNumber(text) {
    const digits = text.replace(/[ -]/g, '');
    if (!/^\d{13,19}$/.test(digits)) return false;
    const sum = [...digits].reverse().reduce((all, digit, at) => {
      const twice = at % 2 ? digit * 2 : +digit;
      return all + (twice > 9 ? twice - 9 : twice);
    }, 0);
    return sum % 10 === 0;
  }
  /** Numbers may turn out to be those of a card, or codes: they are told when they are complete. */
  const mayBecomeSecret = (text) => /^[\d -]*\d[\d -]*$/.test(text) && text.replace(/\D/g, '').length >= 4;

  function isUser(el) {
    if (!el.matches('input') || !isTyped(el)) return false;
    if (/\busername\b/.test(el.getAttribute('autocomplete') ?? '')) return true;
    const fields = [...(el.form ?? document).querySelectorAll('input:not([type=hidden])')].filter(visible);
    const password = fields.findIndex((one) => one.type === 'password');
    const before = fields.slice(0, Math.max(password, 0)).filter(isTyped);
    return before.length > 0 && before.length <= 2 && before.at(-1) === el;
  }

  function kindOf(el, secret) {
    if (el.matches('input[type=file]')) return 'file';
    if (isCheck(el)) return 'check';
    if (el.localName === 'select') return 'choice';
    if (!isTyped(el)) return 'none';
    if (secret) return { password: 'password', totp: 'one_time_code' }[secret] ?? 'secret';
    return isUser(el) ? 'user' : 'text';
  }

  const forms = new WeakMap();
  let lastForm = Math.floor(Math.random() * 2 ** 40) * 1024;
  function formOf(el) {
    const form = el.form ?? closest(el, 'form');
    if (!form) return null;
    if (!forms.has(form)) forms.set(form, ++lastForm);
    return forms.get(form);
  }

  /** The row or list item that `el` is in, and what finds all of them. */
  function rowOf(el) {
    const item = itemOf(el);
    const list = item?.parentElement;
    if (!list) return null;
    const tag = (one) => one.localName + [...one.classList].filter((name) => !madeUp(name)).slice(0, 1).map((name) => `.${CSS.escape(name)}`).join('');
    let rows = item.localName;
    for (let at = list, up = 0; at && up < 4; at = at.parentElement, up++) {
      if (!madeUp(at.id)) { rows = `#${CSS.escape(at.id)} ${rows}`; break; }
      if (at.localName === 'table' || up === 0 && at.classList.length) rows = `${tag(at)} ${rows}`;
      if (at.localName === 'body') break;
    }
    if (!item.matches('tr,li')) rows += tag(item).slice(item.localName.length);
    const all = [...document.querySelectorAll(rows)];
    const index = all.indexOf(item);
    if (index < 0 || all.length < 2) return null;
    const own = [...item.querySelectorAll(el.localName)];
    const name = squeeze(nameOf(el));
    const role = roleOf(el);
    const twins = own.filter((one) => roleOf(one) === role && squeeze(nameOf(one)) === name);
    const inside = name && name.length <= 60 && role !== 'generic' && twins.length === 1 ? `role=${role}[name=${JSON.stringify(name)}]`
      : own.length === 1 ? `css=${el.localName}` : `css=${el.localName} >> nth=${own.indexOf(el)}`;
    return { rows: `css=${rows}`, index, inside };
  }

  const saying = (el) => clip(squeeze(labelsOf(el)[0] || (el.matches('input,select,textarea') ? labelOf(el) : '') || nameOf(el) ||
    (isTyped(el) ? '' : textOf(el)) || el.getAttribute('name') || ''), 80);

  /** Where no selector finds `el` alone: the first that finds it among others, and its place there. */
  function counted(el) {
    for (const way of ways(el)) {
      let found;
      try { found = find({ steps: way.steps }); } catch { continue; }
      const at = found.indexOf(el);
      if (at >= 0) return [{ how: 'nth', selector: `${way.text} >> nth=${at}` }];
    }
    return [];
  }

  /** Everything about an element that a recording keeps. */
  function look(el) {
    const secret = secretOf(el);
    const description = describe(el);
    if (!description.selectors.length) description.selectors = counted(el);
    const submits = !!el.form && (el.type === 'submit' || el.type === 'image');
    return {
      description, name: saying(el), kind: kindOf(el, secret), secret: secret || null, form: formOf(el), submits, row: rowOf(el),
      typed: isTyped(el) && (roleOf(el) === 'combobox' || !!el.getAttribute('aria-autocomplete')),
    };
  }
  function lookSafely(el) {
    try { return look(el); } catch (error) {
      say({ say: 'trouble', text: clip(String(error?.stack ?? error), 400) });
      return null;
    }
  }

  /** What a form could take when the first of its fields was filled. */
  let begun = null;
  const enabled = (el) => !el.matches(':disabled') && !el.readOnly;
  /** Whether a field, or the option chosen in it, came only while others of its form were filled. */
  function isLate(el) {
    const form = el.form ?? closest(el, 'form') ?? document;
    const usable = () => new Set([...form.querySelectorAll('input,select,textarea,option,[contenteditable]')]
      .filter((one) => one.localName === 'option' || (enabled(one) && (isCheck(one) || one.type === 'file' || visible(one)))));
    if (begun?.form === form && begun.had.has(el) && [...(el.selectedOptions ?? [])].every((option) => begun.had.has(option))) return false;
    const late = begun?.form === form;
    begun = { form, had: usable() };
    return late;
  }

  const did = (what) => { if (what.element !== null || what.did === 'press') say({ say: 'did', ...what }); };

  // ---- State ---------------------------------------------------------------------------------------------

  /** `record`, `pick`, or what is expected of the element that is clicked next. */
  let mode = 'record';
  /** Elements of the recorder itself. */
  const own = new Set();
  const isOwn = (event) => own.has(event.composedPath()[0]);
  const modifiersOf = (event) => ['alt', 'control', 'meta', 'shift'].filter((name) => event[`${name === 'control' ? 'ctrl' : name}Key`]);
  /** The pointer that went down last. */
  let press = null;
  let lastKey = { at: -1e9, key: '' };
  let lastAct = -1e9;

  // ---- Typing --------------------------------------------------------------------------------------------

  /** The field that is being typed into, told now and then, and when the person goes on. */
  let typing = null;
  /** What was told last of each field. */
  const toldOf = new WeakMap();
  const TOLD_EVERY = 300;

  const editorOf = (el) => {
    let editor = closest(el, TYPED);
    while (editor?.isContentEditable && editor.parentElement?.isContentEditable) editor = editor.parentElement;
    return editor;
  };
  const valueOf = (el) => (el.isContentEditable && !('value' in el) ? el.innerText.replace(/\n$/, '') : el.value);

  function typed(el) {
    if (typing?.el !== el) {
      told();
      const element = lookSafely(el);
      if (!element) return;
      element.late = isLate(el);
      typing = { el, element, told: undefined, timer: 0 };
    }
    if (!typing.timer) typing.timer = setTimeout(() => { if (typing) { typing.timer = 0; tellTyping(false); } }, TOLD_EVERY);
  }
  function tellTyping(complete) {
    const { el, element } = typing;
    const secret = secretOf(el);
    if (secret && element.secret !== secret) Object.assign(element, { secret, kind: kindOf(el, secret) });
    const value = element.secret ? null : clip(valueOf(el), 20_000);
    if (!complete && value !== null && mayBecomeSecret(value)) return;
    if (value !== null && value === typing.told || value === null && typing.told === null) return;
    typing.told = value;
    toldOf.set(el, valueOf(el));
    did({ did: 'fill', element, value });
  }
  /** Tells the last of what was typed. */
  function told() {
    if (!typing) return;
    clearTimeout(typing.timer);
    tellTyping(true);
    typing = null;
  }

  function onInput(event) {
    if (!event.isTrusted || isOwn(event)) return;
    lastAct = performance.now();
    const el = editorOf(event.composedPath()[0]);
    if (el && !el.matches('select')) typed(el);
  }

  function onChange(event) {
    const el = event.composedPath()[0];
    if (!event.isTrusted || isOwn(event) || el.nodeType !== Node.ELEMENT_NODE) return;
    lastAct = performance.now();
    if (isTyped(el)) {
      // A browser that fills in a field by itself tells only this.
      if (typing?.el !== el && el.value && toldOf.get(el) !== el.value) typed(el);
      if (typing?.el === el) told();
      return;
    }
    told();
    const element = press?.el === el ? press.element : lookSafely(el);
    if (!element) return;
    if (el.type !== 'file') element.late = isLate(el);
    if (isCheck(el)) did({ did: 'fill', element, value: el.checked });
    else if (el.localName === 'select') {
      const labels = [...el.selectedOptions].map((option) => squeeze(option.label) || option.value);
      did({ did: 'fill', element, value: el.multiple ? labels : labels[0] ?? '' });
    } else if (el.type === 'file') did({ did: 'upload', element, files: [...el.files].map((file) => file.name) });
    else if ('value' in el) did({ did: 'fill', element: { ...element, kind: 'text' }, value: el.value });
  }

  // ---- Pointing ------------------------------------------------------------------------------------------

  const interactive = (el) => el.matches(INTERACTIVE) || getComputedStyle(el).cursor === 'pointer';
  /** A click beside everything, on what only holds other things. */
  const isBeside = (el) => el.matches('html,body') || (!interactive(el) && !!el.querySelector(INTERACTIVE));

  function onPointerDown(event) {
    if (!event.isTrusted || isOwn(event)) return;
    noteHidden();
    const raw = event.composedPath()[0];
    const el = meant(raw);
    if (typing && typing.el !== el) told();
    tellHovers(el);
    lastAct = performance.now();
    press = {
      el, raw, element: lookSafely(el), x: event.clientX, y: event.clientY, at: lastAct, told: false, button: event.button,
      box: el.getBoundingClientRect(), dragged: false,
    };
  }

  /** The element that a click is for: as it was when the button went down, if it is the same. */
  function clicked(event) {
    const el = meant(event.composedPath()[0]);
    const fresh = press && performance.now() - press.at < 10_000;
    if (fresh && (press.el === el || !press.el.isConnected)) return press;
    // Another element came under the pointer, or the pointer was moved: what both are in was clicked.
    return fresh && (press.dragged || el.contains(press.el)) && !event.detail ? null : { el, element: lookSafely(el) };
  }

  function onClick(event) {
    if (!event.isTrusted || isOwn(event)) return;
    const byKey = event.detail === 0 && performance.now() - lastKey.at < 1000;
    if (byKey) return;
    lastAct = performance.now();
    const count = event.detail || 1;
    // A label passes its click on to its field.
    if (press?.told === count) return;
    if (press?.dragged) return;
    const on = clicked(event);
    if (!on?.element || isCheck(on.el) || on.el.matches('select,option,input[type=file],input[type=range],input[type=color]') || isBeside(on.el)) return;
    if (press) press.told = count;
    watchFor();
    did({ did: 'click', element: on.element, button: 'left', count, modifiers: modifiersOf(event) });
  }

  function onOtherClick(event) {
    if (!event.isTrusted || isOwn(event)) return;
    const right = event.type === 'contextmenu';
    if (!right && event.button !== 1) return;
    if (right && performance.now() - lastKey.at < 500) return;
    lastAct = performance.now();
    const on = clicked(event);
    watchFor();
    if (on?.element && !isBeside(on.el)) did({ did: 'click', element: on.element, button: right ? 'right' : 'middle', count: 1, modifiers: modifiersOf(event) });
  }

  // ---- Dragging ------------------------------------------------------------------------------------------

  /** A drag of the browser's own: begun by the page, ended where it is dropped. */
  let dragged = null;
  function onDragStart(event) {
    if (event.isTrusted && !isOwn(event)) {
      const el = closest(event.composedPath()[0], '[draggable=true],a,img') ?? event.composedPath()[0];
      dragged = press?.el === el ? press.element : lookSafely(el);
      if (press) press.dragged = true;
    }
  }
  function onDrop(event) {
    if (!event.isTrusted || isOwn(event) || !dragged) return;
    const to = lookSafely(dropped(event.composedPath()[0]));
    watchFor();
    if (to) did({ did: 'drag', element: dragged, to });
    dragged = null;
  }
  /** What something is dropped on: a named thing, not the letters in it. */
  const dropped = (el) => (el.nodeType === Node.ELEMENT_NODE ? el : el.parentElement);

  /** Drags that the page makes itself of the pointer's movements. */
  function onPointerUp(event) {
    if (!event.isTrusted || isOwn(event) || !press || dragged || event.button !== 0) return;
    lastAct = performance.now();
    if (Math.hypot(event.clientX - press.x, event.clientY - press.y) < 12) return;
    if (press.el.matches('input,select,textarea,option') || press.el.isContentEditable) return;
    if (String(getSelection()).trim()) return;
    const moved = press.el;
    const under = document.elementsFromPoint(event.clientX, event.clientY).find((el) => !own.has(el) && el !== moved && !moved.contains(el));
    const inside = document.elementFromPoint(press.x, press.y);
    press.dragged = true;
    watchFor();
    const at = (box, x, y) => ({ x: Math.round(x - box.left), y: Math.round(y - box.top) });
    const within = event.clientX >= press.box.left && event.clientX <= press.box.right && event.clientY >= press.box.top && event.clientY <= press.box.bottom;
    const same = !under || under.matches('html,body') || (under.contains(moved) && within);
    if (same) {
      // Only where it is dropped matters: seen from where it was.
      if (!press.element || inside?.matches('html,body')) return;
      did({ did: 'drag', element: press.element, to: press.element, from: at(press.box, press.x, press.y), onto: at(press.box, event.clientX, event.clientY) });
      return;
    }
    const to = lookSafely(under);
    // Within what holds it, as on a slider, the place matters.
    const onto = under.contains(moved) ? at(under.getBoundingClientRect(), event.clientX, event.clientY) : null;
    if (press.element && to) did({ did: 'drag', element: press.element, to, onto });
  }

  // ---- Hovering ------------------------------------------------------------------------------------------

  /** What could be seen before; what has appeared since, and under which element the pointer was then. */
  let seen = null;
  const causes = new WeakMap();
  let hovered = null;
  let hoverTimer = 0;
  const MOST_WATCHED = 1500;

  const hoverable = (el) => closest(el, `${INTERACTIVE},[aria-haspopup],tr,li`) ?? el;
  const floating = (el) => {
    for (let at = el; at && at !== document.body; at = at.parentElement) if (/absolute|fixed/.test(getComputedStyle(at).position)) return at;
    return null;
  };

  /**
   * Looks at what can be seen now; what is new has come of the hover, if nothing else was done. What is new while the
   * pointer leaves for another element, `to`, may have come of that one.
   */
  function settle(to = null) {
    clearTimeout(hoverTimer);
    hoverTimer = 0;
    const all = document.querySelectorAll(INTERACTIVE);
    if (all.length > MOST_WATCHED) { seen = null; return; }
    const now = new Set([...all].filter(visible));
    const by = hovered;
    const since = performance.now();
    if (seen && by && since - by.at < 3000 && lastAct < by.at) {
      const parent = by.el.parentElement;
      const around = by.el.closest('tr,li') ?? (parent?.matches('body,html,main,form') ? by.el : parent);
      for (const el of now) {
        if (seen.has(el) || el === by.el || causes.has(el)) continue;
        const layer = around?.contains(el) ? null : floating(el);
        if (!around?.contains(el) && !(layer && (!to || layer.contains(to)))) continue;
        by.element ??= lookSafely(by.el);
        causes.set(el, by);
      }
    }
    seen = to && seen ? new Set([...now].filter((el) => seen.has(el) || causes.has(el))) : now;
  }
  function onMouseOver(event) {
    if (!event.isTrusted || isOwn(event)) return;
    const raw = event.composedPath()[0];
    if (raw.nodeType !== Node.ELEMENT_NODE) return;
    const el = hoverable(raw);
    if (hovered?.el === el) return;
    // What the pointer is on now may have appeared under it.
    if (hoverTimer) settle(el);
    hovered = { el, at: performance.now(), element: null };
    hoverTimer = setTimeout(settle, 150);
  }
  /** Hovers without which `el` would not have been there to be used. */
  function tellHovers(el) {
    if (hoverTimer) settle();
    const chain = [];
    let at = el;
    while (at && causes.has(at) && chain.length < 5) {
      const by = causes.get(at);
      causes.delete(at);
      chain.unshift(by);
      at = by.el;
    }
    for (const by of chain) if (by.element && by.el !== el) did({ did: 'hover', element: by.element });
  }
  let mutationTimer = 0;
  function onMutation() {
    if (!mutationTimer) mutationTimer = setTimeout(() => { mutationTimer = 0; if (!document.hidden && !hoverTimer) settle(); }, 400);
  }

  // ---- What comes of it ------------------------------------------------------------------------------------

  const TELLING = 'output,dialog,[role=status],[role=alert],[role=dialog],[role=alertdialog],h1,h2,h3,h4,legend';
  const SAYING = `${TELLING},p,li,td,caption,[class*=toast],[class*=success],[class*=message],[class*=notice]`;
  const MOST_SAYING = 800;
  /** What could be read before the last act; nothing in a document that nothing was done in. */
  let read = null;
  let appearing = 0;

  /** The texts that can be read now and that will be the same the next time, the most telling first. */
  function readable() {
    const few = document.querySelectorAll(SAYING);
    const all = few.length > MOST_SAYING ? document.querySelectorAll(TELLING) : few;
    const found = new Map();
    for (const el of [...all].slice(0, MOST_SAYING)) {
      if (!visible(el)) continue;
      const text = el.matches('dialog,[role=dialog]') ? nameOf(el) : textOf(el);
      if (text && text.length <= 80 && !/\d/.test(text)) found.set(el, text);
    }
    return new Map([...found].sort(([a], [b]) => b.matches(TELLING) - a.matches(TELLING)));
  }
  /** Called before the page hears of what was done. */
  function watchFor() {
    begun = null;
    try { read = new Set(readable().values()); } catch { read = null; }
    clearTimeout(appearing);
    appearing = setTimeout(() => { if (!tellAppeared()) appearing = setTimeout(tellAppeared, 1200); }, 600);
  }
  function tellAppeared() {
    clearTimeout(appearing);
    if (!read) return false;
    const fresh = [...readable()].find(([, text]) => !read.has(text));
    if (!fresh) return false;
    read = null;
    const element = lookSafely(fresh[0]);
    if (element) say({ say: 'did', did: 'appeared', element });
    return true;
  }
  function onLoad() {
    settle();
    if (window !== window.top || read) return;
    read = new Set();
    appearing = setTimeout(tellAppeared, 100);
  }

  // ---- Keys ----------------------------------------------------------------------------------------------

  const NAVIGATION = new Set(['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'PageUp', 'PageDown', 'Home', 'End']);
  const SILENT_KEYS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'NumLock', 'Dead', 'Process', 'Unidentified', 'Tab', 'ContextMenu']);
  /** The browser's own. */
  const isBrowsers = (event) => /^F(3|5|6|11|12)$/.test(event.key) ||
    ((event.ctrlKey || event.metaKey) && /^([rltwnpfd0+\-=]|Tab)$/i.test(event.key)) ||
    (event.altKey && /^(ArrowLeft|ArrowRight|d)$/i.test(event.key));

  /** Whether a key means something beyond what comes of it in the field. */
  function matters(event, el) {
    const { key } = event;
    if (SILENT_KEYS.has(key) || isBrowsers(event) || event.isComposing) return false;
    const held = event.ctrlKey || event.metaKey || event.altKey;
    if (key === 'Escape' || /^F\d+$/.test(key)) return true;
    if (el.matches('select')) return false;
    if (isCheck(el) || el.matches('input[type=range],input[type=color],input[type=file]')) return key === 'Enter' && isCheck(el);
    if (isTyped(el) || el.isContentEditable) {
      if (key === 'Enter') return held || el.localName === 'input';
      const suggests = roleOf(el) === 'combobox' || el.hasAttribute('aria-autocomplete') || el.hasAttribute('aria-controls') || el.hasAttribute('list');
      if (NAVIGATION.has(key)) return suggests && /^Arrow(Up|Down)$/.test(key);
      // What is cut, pasted or undone is told as a value.
      return held && key.length === 1 && !(event.altKey && event.ctrlKey) && !/^[acvxzy]$/i.test(key);
    }
    if (key === 'Enter' || key === ' ') return el.matches(INTERACTIVE) || el.tabIndex >= 0 || key === 'Enter';
    if (NAVIGATION.has(key)) return el.matches(INTERACTIVE) || el.hasAttribute('tabindex') || !!el.getAttribute('role');
    if (held) return !/^[cvxa]$/i.test(key);
    return key.length === 1 || key === 'Delete' || key === 'Backspace' || key === 'Insert';
  }

  let suggested = null;
  /** Keys that go through suggestions need them to be there. */
  function tellSuggestions(el, key) {
    if (!isTyped(el) || !/^Arrow(Up|Down)$/.test(key) || suggested === `${toldOf.get(el)}`) return;
    suggested = `${toldOf.get(el)}`;
    const option = [...document.querySelectorAll('[role=option]')].find(visible);
    const element = option && lookSafely(option);
    if (element) say({ say: 'did', did: 'appeared', element });
  }

  function onKeyDown(event) {
    if (!event.isTrusted || shortcut(event) || isOwn(event)) return;
    noteHidden();
    const el = event.composedPath()[0];
    if (el.nodeType !== Node.ELEMENT_NODE) return;
    lastKey = { at: performance.now(), key: event.key };
    if (!matters(event, el)) return;
    lastAct = performance.now();
    told();
    tellHovers(el);
    tellSuggestions(el, event.key);
    const held = modifiersOf(event).filter((name) => name !== 'shift' || event.key.length > 1);
    const key = [...held.map((name) => name[0].toUpperCase() + name.slice(1)), event.key === ' ' ? 'Space' : event.key.length === 1 && held.length ? event.key.toUpperCase() : event.key].join('+');
    const element = el.matches('html,body') ? null : lookSafely(el);
    watchFor();
    did({ did: 'press', element, key });
  }

  // ---- Choosing an element, instead of acting on it ---------------------------------------------------------

  let marked = null;
  /** A frame around an element, in a root that the page cannot see into. */
  let frame = null;
  function mark(el) {
    marked = el;
    if (!frame) {
      const host = document.createElement('casare-mark');
      const root = host.attachShadow({ mode: 'closed' });
      const [box, label] = [document.createElement('div'), document.createElement('div')];
      root.append(box, label);
      frame = { host, box, label };
      own.add(host);
      const style = (one, css) => { for (const [name, value] of Object.entries(css)) one.style.setProperty(name, value, 'important'); };
      style(host, { all: 'initial', position: 'fixed', inset: '0', 'pointer-events': 'none', 'z-index': '2147483646' });
      style(box, { position: 'fixed', outline: '2px solid #2f6fed', background: 'rgba(47,111,237,.12)', 'border-radius': '2px', 'pointer-events': 'none' });
      style(label, { position: 'fixed', font: '12px/1.4 ui-monospace,monospace', background: '#1d2433', color: '#fff', padding: '2px 6px', 'border-radius': '3px', 'max-width': '90vw', overflow: 'hidden', 'white-space': 'nowrap', 'text-overflow': 'ellipsis', 'pointer-events': 'none' });
    }
    if (!el) { frame.host.remove(); return; }
    if (!frame.host.isConnected) (document.querySelector('dialog:modal') ?? document.documentElement).append(frame.host);
    const place = el.getBoundingClientRect();
    const set = (one, name, value) => one.style.setProperty(name, value, 'important');
    for (const name of ['left', 'top', 'width', 'height']) set(frame.box, name, `${place[name]}px`);
    frame.label.textContent = casare.parts.locatorOf?.(el) ?? nameOf(el);
    set(frame.label, 'left', `${Math.max(place.left, 2)}px`);
    set(frame.label, 'top', `${place.top > 26 ? place.top - 24 : Math.min(place.bottom + 4, innerHeight - 24)}px`);
  }

  const POINTERS = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick', 'dblclick', 'contextmenu', 'touchstart', 'touchend', 'dragstart'];
  function whileChoosing(event) {
    // After a click on the recorder's own button the keys still move the mark.
    const steers = event.type === 'keydown' && (/^(Escape|Arrow)/.test(event.key) || (event.key === 'Enter' && marked));
    if (isOwn(event) && !steers) return;
    const el = event.composedPath()[0];
    if (event.type === 'mousemove') {
      if (el.nodeType === Node.ELEMENT_NODE && el !== marked) mark(el.matches('html,body') ? null : mode === 'pick' ? el : meant(el));
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type === 'keydown') chooseByKey(event);
    else if (event.type === 'click') {
      if (!marked || !marked.contains(el)) mark(mode === 'pick' ? el : meant(el));
      choose();
    }
  }
  function chooseByKey({ key }) {
    const at = marked ?? document.body;
    const go = (el) => { if (el?.nodeType === Node.ELEMENT_NODE && !el.matches('html')) mark(el); };
    if (key === 'Escape') say({ say: 'mode', mode: 'record' });
    else if (key === 'Enter') choose();
    else if (key === 'ArrowUp') go(at.parentElement);
    else if (key === 'ArrowDown') go(at.firstElementChild ?? at);
    else if (key === 'ArrowLeft') go(at.previousElementSibling ?? at.parentElement);
    else if (key === 'ArrowRight') go(at.nextElementSibling ?? at.firstElementChild);
    else if (key === 'Tab') go([...document.querySelectorAll(INTERACTIVE)].filter(visible).find((one, index, all) => index === all.indexOf(at) + 1));
  }
  function choose() {
    const el = marked;
    const chosen = mode;
    if (!el) return;
    const element = lookSafely(el);
    mark(null);
    setMode('record');
    say({ say: 'mode', mode: 'record' });
    if (!element) return;
    if (chosen === 'pick') { say({ say: 'picked', element }); return; }
    let expected = chosen;
    if (chosen === 'text') expected = { text: clip(squeeze(el.innerText ?? el.textContent), 500) };
    else if (chosen === 'value') {
      const value = element.secret ? null : isCheck(el) ? el.checked : 'value' in el ? el.value : squeeze(el.innerText);
      // What a secret field holds is nobody's business: that it is there is all that is asked.
      expected = value === null ? 'visible' : { value };
    }
    did({ did: 'assert', element, expected });
  }
  function setMode(next) {
    if (next !== 'record') told();
    mode = next;
    if (mode === 'record' && frame) mark(null);
  }

  /** Alt+Shift and a letter work the recorder from the keyboard. */
  function shortcut(event) {
    if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return false;
    const wanted = { KeyP: { say: 'pause' }, KeyS: { say: 'stop' }, KeyE: { say: 'mode', mode: 'pick' }, KeyT: { say: 'mode', mode: 'text' }, KeyV: { say: 'mode', mode: 'visible' }, KeyO: { say: 'focus' } }[event.code];
    if (!wanted) return false;
    event.preventDefault();
    event.stopImmediatePropagation();
    told();
    say(wanted);
    return true;
  }

  // ---- Listening -------------------------------------------------------------------------------------------

  const choosing = (event) => { if (mode !== 'record' && event.isTrusted && !(event.type === 'keydown' && shortcut(event))) whileChoosing(event); };
  const heard = (listener) => (event) => { if (mode === 'record') listener(event); };
  const LISTENERS = [
    ...[...POINTERS, 'mousemove', 'keydown', 'keyup', 'keypress'].map((type) => [type, choosing, false]),
    ['pointerdown', heard(onPointerDown)], ['pointerup', heard(onPointerUp)], ['click', heard(onClick)], ['auxclick', heard(onOtherClick)],
    ['contextmenu', heard(onOtherClick)], ['keydown', heard(onKeyDown)], ['input', onInput], ['change', onChange],
    ['focusout', (event) => { if (typing && event.composedPath()[0] === typing.el) told(); }], ['mouseover', heard(onMouseOver)],
    ['dragstart', heard(onDragStart)], ['drop', heard(onDrop)], ['dragend', () => { dragged = null; }],
    ['pagehide', () => told()], ['DOMContentLoaded', () => settle()], ['load', (event) => { if (event.target === document) onLoad(); }],
  ];
  let watched = null;
  /** A document that is written anew loses its listeners; adding one twice changes nothing. */
  function listen() {
    for (const [type, listener, passive = true] of LISTENERS) addEventListener(type, listener, { capture: true, passive });
    if (watched !== document.documentElement && document.documentElement) {
      watched = document.documentElement;
      new MutationObserver(onMutation).observe(watched, { subtree: true, childList: true, attributes: true });
    }
    casare.recorder?.keep();
  }
  listen();
  setInterval(listen, 500);

  return {
    own, say, told, INTERACTIVE,
    /** What the recorder says to every frame. */
    set(state) { if (state.mode !== mode) setMode(state.mode); casare.recorder?.show(state); },
    /** Tells what is still being typed. */
    flush() { told(); tellAppeared(); },
    /** The selectors of a frame's element, for those inside of it. */
    frame: (el) => { const found = describe(el).selectors; return (found.length ? found : counted(el)).map((one) => one.selector); },
    hello: () => say({ say: 'hello', top: window === window.top, width: innerWidth, height: innerHeight }),
  };
})();
