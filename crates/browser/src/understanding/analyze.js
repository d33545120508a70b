// What a page consists of, told so shortly that a person or a model can read it, each thing with the selectors that
// find it and nothing else. One look, which changes nothing.
casare.analysis ??= (() => {
  'use strict';

  const { squeeze, plain, clip, textOf, visible, disabled, boxOf, survey, find, parentOf, closest, roleOf, nameOf, labelsOf,
    hitAt, now, LABELLED } = casare.parts;
  const { norm, unjoin, says, isNext } = casare.words;
  const { collect, joinDates, textsOf, labelFor, groupText, conceptOf, optionsOf, PRESS, NATIVE } = casare.fields;
  const { ways, madeUp, madeUpClass, pathOf } = casare.healing;

  const MOST = { forms: 20, fields: 200, options: 60, tables: 30, lists: 12, listFields: 12, menus: 10, links: 40, dialogs: 8, buttons: 12 };
  const clean = (text) => squeeze(text).replace(/[\s*:：]+$/, '');

  // ---- Selectors -------------------------------------------------------------------------------------------

  /** Finds selectors for many elements of a page that does not change meanwhile. */
  class Selectors {
    constructor(map) {
      this.map = map;
      this.known = new Map();
      this.begin();
    }
    /** Each part of a page gets its share of the time: a long one must not leave nothing for the others. */
    begin(patience = 700) { this.stop = now() + patience; }
    index(key, els, textsOfOne) {
      if (!this.known.has(key)) {
        const index = new Map();
        for (const el of els()) for (const text of textsOfOne(el)) {
          if (index.has(text)) index.get(text).push(el); else index.set(text, [el]);
        }
        this.known.set(key, index);
      }
      return this.known.get(key);
    }
    all(steps) {
      const [step] = steps;
      if (steps.length === 1 && step.by === 'role' && step.name?.kind === 'exact' && !step.states.length) {
        const els = () => find({ steps: [{ by: 'role', role: step.role, name: null, states: [] }] }, this.map);
        return this.index(`role ${step.role}`, els, (el) => [nameOf(el)]).get(squeeze(step.name.value)) ?? [];
      }
      if (steps.length === 1 && step.by === 'label' && step.pattern.kind === 'exact') {
        const els = () => find({ steps: [{ by: 'css', value: LABELLED }] }, this.map);
        return this.index('label', els, (el) => [...new Set(labelsOf(el))]).get(squeeze(step.pattern.value)) ?? [];
      }
      try { return find({ steps }, this.map); } catch { return []; }
    }
    only(el, steps) {
      const found = this.all(steps);
      return found.length === 1 && found[0] === el;
    }
    *ways(el) {
      const role = el.matches('form,[role=form],[role=search],nav,dialog,[role=dialog],[role=alertdialog],table,search') ? roleOf(el) : null;
      const address = el.localName === 'form' && el.getAttribute('action');
      for (const way of ways(el)) {
        if (way.how === 'text' && el.shadowRoot) continue;
        if (way.how === 'xpath') {
          if (el.localName.includes('-')) yield { how: 'css', text: `css=${el.localName}`, steps: [{ by: 'css', value: el.localName }] };
          if (address && address.length < 80) yield { how: 'attribute', text: `css=form[action=${JSON.stringify(address)}]`, steps: [{ by: 'css', value: `form[action=${JSON.stringify(address)}]` }] };
          if (role && role !== 'generic') yield { how: 'role', text: `role=${role}`, steps: [{ by: 'role', role, name: null, states: [] }] };
        }
        yield way;
      }
    }
    /** The best selectors that find `el` alone, each with its steps. */
    of(el, most = 3) {
      const kept = [];
      let shared = false;
      for (const way of this.ways(el)) {
        if (kept.length >= most || (now() > this.stop && way.how !== 'xpath' && kept.length)) break;
        // A path by places is for those that have nothing else.
        if (way.how === 'xpath' && kept.length) break;
        // All the text of a part of the page says nothing about the part.
        if (way.how === 'text' && el.firstElementChild && !el.matches('a,button,label,summary,h1,h2,h3,h4,[role]')) continue;
        if (now() > this.stop && way.how !== 'xpath' && way.how !== 'id') continue;
        // Where others have the name, they have the text as well; and looking for texts takes longest.
        if (way.how === 'text' && shared) continue;
        if (this.only(el, way.steps)) kept.push({ selector: way.text, steps: way.steps });
        else if (way.how === 'role') shared = true;
      }
      if (!kept.length) kept.push(...this.inside(el));
      return kept;
    }
    /** For what only a frame or shadow root has: from what holds that. */
    inside(el) {
      const root = el.getRootNode();
      const holder = root.host ?? root.defaultView?.frameElement;
      if (!holder) return [];
      const [outer] = this.of(holder, 1);
      if (!outer) return [];
      let path = '';
      for (let at = el; at && at.nodeType === Node.ELEMENT_NODE && at !== root.documentElement; at = at.parentElement) {
        const same = at.parentNode ? [...at.parentNode.children].filter((one) => one.localName === at.localName) : [at];
        const step = at.localName + (same.length > 1 ? `:nth-of-type(${same.indexOf(at) + 1})` : '');
        path = path ? `${step} > ${path}` : step;
        const steps = [...outer.steps, { by: 'css', value: path }];
        if (this.only(el, steps)) return [{ selector: `${outer.selector} >> css=${path}`, steps }];
      }
      return [];
    }
    /** As it is told: the best one and the others. */
    told(el) {
      const [best, ...others] = this.of(el).map((one) => one.selector);
      return { selector: best ?? `xpath=${pathOf(el)}`, others };
    }
    control(el) {
      return { label: clip(clean(nameOf(el)) || textOf(el) || squeeze(el.getAttribute('title')), 80), ...this.told(el), disabled: off(el) };
    }
  }

  const off = (el) => disabled(el) || /(^|[\s_-])disabled($|[\s_-])/.test(el.className?.toString() ?? '') || !!el.parentElement?.matches('li.disabled,li[class*=disabled],li[aria-disabled=true]');

  // ---- Forms -------------------------------------------------------------------------------------------------

  const FOREIGN = /\b(google|facebook|apple|microsoft|github|gitlab|linkedin|twitter|amazon|sso|saml|passkey|qr)\b/;
  /** The button that sends a form. */
  function submitOf(form, fields) {
    const own = [...form.querySelectorAll(PRESS)];
    for (const el of form.elements ?? []) if (el.matches?.(PRESS) && !own.includes(el)) own.push(el);
    const last = fields.at(-1)?.els.at(-1);
    let [best, most] = [null, 0];
    for (const el of own.slice(0, 60)) {
      if (!visible(el) || (el.form && form.localName === 'form' && el.form !== form)) continue;
      const text = nameOf(el) || textOf(el);
      const said = norm(text);
      let points = el.matches('button:not([type]),[type=submit],[type=image]') && (el.form || el.type !== 'button') ? 3 : 1;
      if (['login', 'register', 'next', 'search', 'pay', 'contact', 'newsletter'].some((kind) => says(kind, text))) points += 2;
      if (/\b(submit|send|save|apply|ok|absenden|senden|speichern|envoyer|enregistrer|valider|enviar|guardar|invia|salva|verzenden|opslaan|wyslij|zapisz)\b/.test(said)) points += 2;
      if (last && last.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING) points += 1;
      if (says('close', text) || el.type === 'reset') points -= 5;
      if (FOREIGN.test(said) || el.hasAttribute('aria-haspopup') || /\b(show|hide|forgot|anzeigen|vergessen)\b/.test(said)) points -= 4;
      if (points > most) [best, most] = [el, points];
    }
    return best;
  }

  /** The last heading before or in a form, near enough to be its own. */
  function headingOf(form) {
    const inner = form.querySelector('h1,h2,h3,h4,[role=heading]');
    if (inner && visible(inner)) return clip(textOf(inner), 80);
    for (let at = form, up = 0; at && up < 3; at = at.parentElement, up++) {
      for (let before = at.previousElementSibling, back = 0; before && back < 3; before = before.previousElementSibling, back++) {
        // What stands above another form is that one's.
        if (before.matches(NATIVE) || before.querySelector(NATIVE)) return '';
        const heading = before.matches('h1,h2,h3,h4,[role=heading]') ? before : before.querySelector('h1,h2,h3,h4,[role=heading]');
        if (heading && visible(heading)) return clip(textOf(heading), 80);
      }
    }
    return '';
  }

  /** What a form is for, by its fields first and by its words then. */
  function purposeOf(form, fields, submit, heading) {
    const concepts = fields.map((field) => conceptOf(field).split(':').at(-1));
    const has = (...wanted) => wanted.filter((one) => concepts.includes(one)).length;
    const passwords = fields.filter((field) => field.el.type === 'password');
    const texts = fields.filter((field) => !['checkbox', 'checkboxes', 'radio', 'select'].includes(field.kind));
    const words = [submit && (nameOf(submit) || textOf(submit)), heading, nameOf(form), unjoin(form.id), unjoin(form.getAttribute('name')), unjoin((form.getAttribute('action') ?? '').replace(/^.*\//, ''))].filter(Boolean).join(' | ');
    const fresh = passwords.some((field) => /new-password/.test(field.el.autocomplete) || /^(new|confirm)/.test(conceptOf(field)));
    if (passwords.length && (passwords.length > 1 || fresh || texts.length > 3)) {
      if (concepts.some((_, at) => /^old/.test(conceptOf(fields[at])))) return 'other';
      return 'registration';
    }
    if (passwords.length) return says('register', words) && !says('login', words) ? 'registration' : 'login';
    if (has('card_number', 'card_cvc', 'iban')) return 'payment';
    if (form.matches('[role=search]') || (texts.length === 1 && (texts[0].el.type === 'search' || has('search') || roleOf(texts[0].el) === 'searchbox'))) return 'search';
    if (has('code') && texts.length <= 2) return 'login';
    if (texts.length === 1 && fields.length <= 3 && has('email', 'username', 'phone')) {
      if (says('newsletter', words)) return 'newsletter';
      if (says('login', words) || (has('username') && says('next', words))) return 'login';
      if (says('register', words)) return 'registration';
      if (/autocomplete="?(username|.*webauthn)/.test(texts[0].el.outerHTML)) return 'login';
      return has('email') ? 'newsletter' : 'other';
    }
    if (says('newsletter', words) && has('email') && texts.length <= 3) return 'newsletter';
    if (has('street', 'city', 'postcode', 'country', 'state') >= 3 || has('street', 'city', 'postcode') >= 2) return 'address';
    if (fields.some((field) => field.kind === 'textarea') && (has('email', 'full_name', 'first_name', 'subject') || says('contact', words))) return 'contact';
    if (says('register', words) && has('email', 'username')) return 'registration';
    return 'other';
  }

  const requires = (field) => field.els.some((el) => el.required || el.getAttribute('aria-required') === 'true') || /\*\s*$/.test(labelFor(field)) || field.group?.getAttribute('aria-required') === 'true';
  const errorOf = (el) => {
    if (el.getAttribute('aria-invalid') !== 'true') return '';
    const ids = (el.getAttribute('aria-errormessage') ?? el.getAttribute('aria-describedby') ?? '').split(/\s+/);
    return clip(squeeze(ids.map((id) => el.getRootNode().getElementById?.(id)).filter(Boolean).map(textOf).join(' ')), 120);
  };

  function tellField(field, selectors) {
    const { el, kind } = field;
    const label = clean(labelFor(field) || textsOf(field).find(([, , how]) => how !== 'name')?.[0] || '');
    const grouped = ['radio', 'checkboxes', 'date-parts'].includes(kind);
    let place = selectors.told(el);
    if (grouped && label) {
      let meant = null;
      try { [meant] = find({ steps: [{ by: 'field', value: label }] }, selectors.map); } catch { /* Its name alone does not tell it. */ }
      if (meant === el) place = { selector: `field=${label}`, others: [] };
    }
    const options = el.localName === 'select' ? [...el.options].filter((one) => one.value !== '' || one.label).map((one) => clip(squeeze(one.label), 80))
      : kind === 'radio' || kind === 'checkboxes' ? optionsOf(field).map((one) => clip(one, 80)) : el.list ? [...el.list.options].map((one) => clip(one.value, 80)) : [];
    return {
      label, name: el.name ?? '', kind, meaning: conceptOf(field), required: requires(field), disabled: disabled(el), placeholder: clip(squeeze(el.getAttribute('placeholder')), 80),
      group: grouped && groupText(field) === label ? '' : groupText(field), options: options.slice(0, MOST.options), option_count: options.length, error: errorOf(el), ...place,
    };
  }

  function formsOf(map, selectors) {
    const forms = new Map();
    for (const field of joinDates(collect(map, null, MOST.fields))) {
      if (!forms.has(field.form)) forms.set(field.form, []);
      forms.get(field.form).push(field);
    }
    return [...forms].slice(0, MOST.forms).map(([form, fields]) => {
      const submit = submitOf(form, fields);
      const heading = headingOf(form);
      const real = form.localName === 'form';
      return {
        el: form, purpose: purposeOf(form, fields, submit, heading), name: clip(squeeze(nameOf(form)) || heading || (madeUp(form.id) ? '' : form.id), 80),
        action: real ? clip(form.getAttribute('action') ?? '', 200) : '', ...selectors.told(form),
        fields: fields.map((field) => tellField(field, selectors)), submit: submit ? selectors.control(submit) : null,
      };
    });
  }

  // ---- Tables ------------------------------------------------------------------------------------------------

  const CELLS = 'td,th,[role=cell],[role=gridcell],[role=columnheader],[role=rowheader]';
  function tablesOf(map, selectors) {
    const tables = [];
    for (const root of map.roots) for (const el of root.querySelectorAll('table,[role=table],[role=grid],[role=treegrid]')) {
      if (tables.length >= MOST.tables) return tables;
      if (el.matches('[role=presentation],[role=none]') || !visible(el)) continue;
      const rows = el.rows ? [...el.rows] : [...el.querySelectorAll('[role=row]')];
      const cellsOf = (row) => [...(row?.cells ?? row?.querySelectorAll(CELLS) ?? [])];
      const isHead = (row) => row.parentElement?.localName === 'thead' || (cellsOf(row).length > 0 && cellsOf(row).every((cell) => cell.localName === 'th' || cell.getAttribute('role') === 'columnheader'));
      let heads = 0;
      while (heads < rows.length && isHead(rows[heads])) heads++;
      const headers = heads ? cellsOf(rows[heads - 1]).map((cell) => clip(squeeze(textOf(cell)), 60)) : [];
      const body = rows.slice(heads).filter((row) => cellsOf(row).length);
      const columns = Math.max(headers.length, cellsOf(body[0]).length);
      // Tables that only arrange a page have no headers, or other tables in them.
      if (!heads && (body.length < 2 || columns < 2 || el.querySelector('table'))) continue;
      tables.push({
        el, name: clip(squeeze(nameOf(el)), 80), headers: headers.slice(0, 60), rows: body.length, columns,
        sample: cellsOf(body[0]).slice(0, 20).map((cell) => clip(squeeze(textOf(cell)), 60)), ...selectors.told(el),
      });
    }
    return tables;
  }

  // ---- Lists of records --------------------------------------------------------------------------------------

  const PASSING = /^(active|selected|current|open|odd|even|first|last|hover|focus|is-.*|has-.*|.*--(active|selected|featured|current))$/;
  const lasting = (el) => [...el.classList].filter((name) => !PASSING.test(name));
  /** Siblings of one tag with the same first class are alike, whatever else some of them have. */
  const likenessOf = (el) => (lasting(el).length ? `${el.localName}.${lasting(el)[0]}` : `${el.localName}>${[...el.children].slice(0, 6).map((one) => one.localName).join()}`);
  const speakingClasses = (el) => lasting(el).filter((name) => !madeUpClass(name));

  /** CSS that finds `el` alone inside `item`, the most speaking first. */
  function* within(item, el) {
    for (const name of ['itemprop', 'data-testid', 'data-test', 'data-field', 'data-label']) if (el.getAttribute(name)) yield `[${name}=${JSON.stringify(el.getAttribute(name))}]`;
    for (const name of speakingClasses(el)) yield `${el.localName}.${CSS.escape(name)}`;
    yield el.localName;
    if (el.parentElement && el.parentElement !== item) for (const name of speakingClasses(el.parentElement)) yield `.${CSS.escape(name)} > ${el.localName}`;
    let path = '';
    for (let at = el; at && at !== item; at = at.parentElement) {
      const same = [...at.parentElement.children].filter((one) => one.localName === at.localName);
      path = `> ${at.localName}${same.length > 1 ? `:nth-of-type(${same.indexOf(at) + 1})` : ''} ${path}`;
    }
    if (path) yield path.trim();
  }
  const select = (item, css) => { try { return item.querySelectorAll(css.startsWith('>') ? `:scope ${css}` : css); } catch { return []; } };
  const cssWithin = (item, el) => { for (const css of within(item, el)) { const found = select(item, css); if (found.length === 1 && found[0] === el) return css; } return null; };

  const ownText = (el) => { for (const child of el.childNodes) if (child.nodeType === Node.TEXT_NODE && /\S/.test(child.data)) return true; return false; };
  const MONEY = /(^|\s)([$€£¥₹]|usd|eur|gbp|chf|zł)\s?\d|\d([.,]\d+)?\s?([$€£¥₹]|usd|eur|gbp|chf|kr|zł)/i;

  function fieldName(el, css, value, kind) {
    const said = el.getAttribute('itemprop') ?? el.getAttribute('data-field') ?? el.getAttribute('data-label') ?? '';
    const words = norm(unjoin(said || (speakingClasses(el)[0] ?? ''))).split(' ').filter(Boolean);
    if (said) return words.join('_');
    if (kind === 'image') return 'image';
    if (kind === 'link') return 'link';
    if (/^h[1-6]$/.test(el.localName) || el.parentElement?.matches('h1,h2,h3,h4,h5,h6')) return 'title';
    if (MONEY.test(value)) return 'price';
    if (el.localName === 'time') return 'date';
    if (words.length && words.length <= 3) return words.at(-1).length > 2 ? words.slice(-2).join('_') : words.join('_');
    return el.localName === 'a' ? 'title' : 'text';
  }

  /** What the items of a list have in common. */
  function fieldsOf(items) {
    const sample = items.slice(0, 12);
    const seen = new Map();
    for (const item of sample) {
      const noted = new Set();
      const note = (el, kind, value) => {
        const css = cssWithin(item, el);
        if (!css || !value) return;
        const key = `${kind} ${css}`;
        if (noted.has(key)) return;
        noted.add(key);
        if (!seen.has(key)) seen.set(key, { el, kind, css, count: 0, values: new Set() });
        const one = seen.get(key);
        one.count++;
        one.values.add(value);
      };
      let looked = 0;
      for (const el of item.querySelectorAll('*')) {
        if (++looked > 120) break;
        if (el.closest('svg,script,style,option,button,[role=button]')) continue;
        if (ownText(el)) note(el, 'text', clip(textOf(el), 80));
        if (el.localName === 'a' && el.getAttribute('href')) note(el, 'link', el.getAttribute('href'));
        if (el.localName === 'img') note(el, 'image', el.getAttribute('src'));
      }
    }
    const names = new Set();
    return [...seen.values()].filter((one) => one.count * 2 >= sample.length && (one.values.size > 1 || one.count < 3)).slice(0, MOST.listFields).map((one) => {
      const [example] = one.values;
      let name = fieldName(one.el, one.css, example, one.kind) || 'text';
      for (let number = 2, base = name; names.has(name); number++) name = `${base}_${number}`;
      names.add(name);
      const at = { text: '', link: ' @href', image: ' @src' }[one.kind];
      return { name, selector: `css=${one.css}${at}`, example: clip(example, 80) };
    });
  }

  /** A selector of all items of a list and of nothing else. */
  function itemsSelector(parent, items, selectors) {
    const same = (steps) => { const found = selectors.all(steps); return found.length === items.length && found.every((el, at) => el === items[at]); };
    const tag = items[0].localName;
    const classes = speakingClasses(items[0]).filter((name) => items.every((one) => one.classList.contains(name)));
    const ways = [...classes.map((name) => `${tag}.${CSS.escape(name)}`), ...(tag.includes('-') || tag === 'article' ? [tag] : []), ...(tag === 'tr' ? ['tr:has(td)'] : [])];
    for (const css of ways) if (same([{ by: 'css', value: css }])) return `css=${css}`;
    const [outer] = selectors.of(parent, 1);
    if (!outer) return null;
    for (const css of [...ways, tag].map((one) => `> ${one}`)) if (same([...outer.steps, { by: 'css', value: css }])) return `${outer.selector} >> css=${css}`;
    return null;
  }

  function listsOf(map, selectors) {
    const found = [];
    for (const root of map.roots) for (const parent of root.querySelectorAll('*')) {
      if (parent.children.length < 3 || parent.matches('table,thead,tbody,tr,select,datalist,svg,svg *,head,nav,[role=navigation]')) continue;
      const groups = new Map();
      for (const child of parent.children) {
        const key = likenessOf(child);
        if (groups.has(key)) groups.get(key).push(child); else groups.set(key, [child]);
      }
      for (const items of groups.values()) {
        if (items.length < 3 || items[0].matches('script,style,link,meta,option,br,hr,p,label,input,td,th,col')) continue;
        if (!items[0].children.length || items[0].querySelectorAll(NATIVE).length > 1) continue;
        if (closest(parent, 'nav,[role=navigation]') || !items.slice(0, 3).some(visible)) continue;
        const length = items.slice(0, 6).reduce((sum, item) => sum + Math.min(textOf(item).length, 400), 0) / Math.min(items.length, 6);
        if (length >= 8) found.push({ parent, items, worth: Math.min(items.length, 50) * Math.sqrt(length) });
      }
    }
    found.sort((a, b) => b.worth - a.worth);
    const lists = [];
    for (const { parent, items } of found.slice(0, 40)) {
      if (lists.length >= MOST.lists || (lists.length && now() > selectors.stop)) break;
      // Parts of the records of a list are not lists of their own.
      if (lists.some((list) => list.items.some((item) => item.contains(parent)))) continue;
      const fields = fieldsOf(items);
      if (fields.length < 2) continue;
      const selector = itemsSelector(parent, items, selectors);
      if (selector) lists.push({ items, el: parent, selector, count: items.length, name: clip(squeeze(nameOf(parent)) || headingOf(parent), 80), fields });
    }
    return lists.map(({ items, ...list }) => list);
  }

  // ---- Ways on -------------------------------------------------------------------------------------------------

  const CLICK = 'a,button,[role=button],[role=link],input[type=button],input[type=submit]';
  const PAGES = '[class*=pagina i],[class*=pager i],[aria-label*=pagina i],[aria-label*=pages i],[id*=pagina i],[data-testid*=pagina i],nav';
  const MOVING = '[class*=carousel i],[class*=slider i],[class*=slick i],[class*=swiper i],[class*=gallery i],[class*=calendar i],[class*=datepicker i],[role=dialog],dialog';

  function paginationOf(map, selectors, forms) {
    const wizards = new Set(forms.filter((form) => form.purpose !== 'search').map((form) => form.submit && form.el));
    let [next, more, previous] = [null, null, null];
    const numbers = new Map();
    for (const root of map.roots) for (const el of root.querySelectorAll(CLICK)) {
      const text = squeeze(el.getAttribute('aria-label')) || textOf(el) || el.value || squeeze(el.title);
      if (!text && el.rel !== 'next') continue;
      if (text.length > 40 || closest(el, MOVING)) continue;
      const paged = closest(el, PAGES);
      if (/^\d{1,5}$/.test(textOf(el)) && paged && visible(el)) {
        const box = el.parentElement.closest('ul,ol') ?? paged;
        if (!numbers.has(box)) numbers.set(box, []);
        numbers.get(box).push(el);
      }
      const points = (el.rel === 'next' ? 4 : 0) + (isNext(text) || isNext(textOf(el)) ? 2 : 0);
      const form = el.form ?? closest(el, 'form');
      if (points && (points > 2 || paged || !form || !wizards.has(form)) && visible(el)) {
        const value = points + (paged ? 2 : 0);
        if (!next || value > next.value) next = { el, value };
      }
      if (!more && says('more', text) && text.length <= 30 && visible(el)) more = el;
      if (el.rel === 'prev') previous = el;
    }
    const [pages] = [...numbers.values()].filter((els) => els.length >= 2 || next).sort((a, b) => b.length - a.length);
    const box = pages?.[0].parentElement.closest('ul,ol') ?? (pages && closest(pages[0], PAGES));
    const current = box?.querySelector('[aria-current]:not([aria-current=false]),.active,.current,.selected,[class*=active]');
    const growing = [...map.roots].some((root) => root.querySelector('[class*=infinite i],[data-infinite],[data-infinite-scroll],[infinite-scroll],[class*=load-on-scroll i]'));
    if (!next && !more && !pages && !growing) return null;
    const numeric = (text) => (/^\d{1,6}$/.test(text ?? '') ? Number(text) : null);
    const all = (pages ?? []).map((el) => numeric(textOf(el)));
    const at = numeric(current && textOf(current)) ?? numeric(current && textOf(current).replace(/\D+/g, ''));
    return {
      kind: next || pages ? (pages ? 'numbers' : 'next') : more ? 'more' : 'infinite', next: next ? selectors.control(next.el) : null,
      previous: previous && visible(previous) ? selectors.control(previous) : null, more: more ? selectors.control(more) : null,
      current: at, last: all.length ? Math.max(...all, at ?? 0) : null,
    };
  }

  // ---- Dialogs, banners, menus ---------------------------------------------------------------------------------

  const DIALOG = 'dialog[open],[role=dialog],[role=alertdialog],[aria-modal=true],.modal.show,.modal.in';
  const BANNER = '[id*=cookie i],[class*=cookie i],[id*=consent i],[class*=consent i],[id*=gdpr i],[class*=gdpr i],[id*=onetrust i],[id*=didomi i],[id*=usercentrics i],[class*=cc-window i]';

  /** Whether it lies over the page, so that what is behind it cannot be clicked. */
  function blocks(el) {
    const view = el.ownerDocument.defaultView;
    const corners = [[0.5, 0.5], [0.1, 0.15], [0.9, 0.15]].map(([x, y]) => hitAt(view, view.innerWidth * x, view.innerHeight * y));
    const covers = (hit) => hit && (el.contains(hit) || /backdrop|overlay|modal|scrim|mask/i.test(`${hit.className} ${hit.id}`) || hit === el);
    return el.matches('dialog:modal') || el.getAttribute('aria-modal') === 'true' || corners.filter(covers).length > 1;
  }

  function dialogsOf(map, selectors) {
    const found = [];
    const take = (el, cookies) => {
      if (found.length >= MOST.dialogs || !visible(el) || found.some((one) => one.el.contains(el) || el.contains(one.el))) return;
      const presses = [...el.querySelectorAll(`${CLICK},[type=reset]`)].filter(visible);
      if (cookies && (!presses.length || !says('cookies', textOf(el)) || textOf(el).length > 6000)) return;
      const does = (text) => ['reject', 'accept', 'settings', 'close'].find((kind) => says(kind, text)) ?? 'other';
      const buttons = presses.filter((one) => one.localName !== 'a' || one.getAttribute('role') === 'button' || does(nameOf(one)) !== 'other').slice(0, MOST.buttons);
      found.push({
        el, kind: cookies || (says('cookies', textOf(el)) && buttons.some((one) => does(nameOf(one)) === 'accept')) ? 'cookies' : 'dialog',
        title: clip(squeeze(nameOf(el)) || squeeze(textOf(el.querySelector('h1,h2,h3,h4,[class*=title]') ?? el)), 80), text: clip(textOf(el), 300), blocks: blocks(el),
        ...selectors.told(el), buttons: buttons.map((one) => ({ does: does(nameOf(one) || textOf(one)), ...selectors.control(one) })),
      });
    };
    for (const root of map.roots) for (const el of root.querySelectorAll(DIALOG)) take(el, false);
    for (const root of map.roots) for (const el of root.querySelectorAll(BANNER)) if (!el.matches('body,html,a,button,input')) take(el, true);
    return found;
  }

  function menusOf(map, selectors) {
    const menus = [];
    for (const root of map.roots) for (const el of root.querySelectorAll('nav,[role=navigation],[role=menubar]')) {
      if (menus.length >= MOST.menus) return menus;
      if (!visible(el) || el.matches('[class*=pagina i]') || menus.some((menu) => menu.el.contains(el))) continue;
      const links = [...el.querySelectorAll('a[href],[role=menuitem],button')].filter((one) => visible(one) && nameOf(one));
      if (links.length < 2) continue;
      menus.push({
        el, name: clip(squeeze(nameOf(el)), 80), ...selectors.told(el), link_count: links.length,
        links: links.slice(0, MOST.links).map((one) => ({ label: clip(nameOf(one), 80), url: clip(one.href ?? '', 300), current: one.hasAttribute('aria-current') || /(^|\s|-)(active|current)(\s|$)/.test(one.className), ...selectors.told(one) })),
      });
    }
    return menus;
  }

  // ---- The whole -----------------------------------------------------------------------------------------------

  const BROKEN = /\b(404|403|500|502|503|not found|page not found|forbidden|access denied|server error|service unavailable|bad gateway|nicht gefunden|zugriff verweigert|introuvable|no encontrada|non trovata)\b/;
  function kindOf({ forms, tables, lists, pagination }, title, heading) {
    const length = textOf(document.body ?? document.documentElement).length;
    if (length < 1500 && BROKEN.test(norm(`${title} ${heading}`))) return 'error';
    if (length < 1500 && (says('captcha', `${title} ${heading}`) || document.querySelector('#challenge-form,.cf-turnstile,#cf-challenge-running,.g-recaptcha') && !forms.some((form) => form.fields.length > 1))) return 'challenge';
    const purposes = forms.map((form) => form.purpose);
    const size = (purpose) => forms.filter((form) => form.purpose === purpose).reduce((sum, form) => sum + form.fields.length, 0);
    const rich = length > 4000 || lists.some((list) => list.count > 5);
    if (size('payment')) return 'checkout';
    if (size('registration') > 2 || (purposes.includes('registration') && !rich)) return 'registration';
    if (purposes.includes('login') && !rich) return 'login';
    const query = /[?&](q|query|search|s|keyword|term)=/.test(location.search) || /\b(search results|results for|suchergebnisse|resultats|resultados|risultati)\b/.test(norm(`${title} ${heading}`));
    if (query && (lists.length || tables.length)) return 'search_results';
    const product = document.querySelector('[itemtype*="schema.org/Product" i],meta[property="og:type"][content*=product]');
    const main = lists[0];
    if (product && !(main && main.count > 8)) return 'product';
    const rows = Math.max(0, ...tables.map((table) => table.rows));
    if (rows >= 5 && !(main && main.count > rows)) return 'table';
    if (document.querySelector('article') && document.querySelectorAll('article').length < 3 && length > 1500) return 'article';
    if (main && (main.count >= 5 || pagination)) return 'list';
    if (forms.some((form) => form.fields.length >= 3)) return 'form';
    if (purposes.includes('contact')) return 'form';
    return rows ? 'table' : length > 3000 && document.querySelectorAll('p').length > 5 ? 'article' : 'other';
  }

  function analyze() {
    const map = survey();
    const selectors = new Selectors(map);
    const part = (look, ...more) => { selectors.begin(); return look(map, selectors, ...more); };
    const forms = part(formsOf);
    const found = { forms, tables: part(tablesOf), dialogs: part(dialogsOf), pagination: part(paginationOf, forms), lists: part(listsOf), menus: part(menusOf) };
    const top = [...document.querySelectorAll('h1,h2')].find(visible);
    const heading = top ? clip(textOf(top), 120) : '';
    const kind = kindOf(found, document.title, heading);
    for (const list of Object.values(found)) if (Array.isArray(list)) for (const one of list) delete one.el;
    return { kind, title: clip(document.title, 200), heading, language: document.documentElement.lang.slice(0, 20), ...found, closed_frames: map.foreign.length };
  }

  casare.extend({ analyze: () => ({ ok: analyze() }) });
  return { Selectors, FOREIGN, submitOf, purposeOf, headingOf, fieldsOf, itemsSelector, cssWithin, select, speakingClasses, lasting, likenessOf, clean, off };
})();
