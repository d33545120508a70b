// The fields of a page as people see them: radio buttons of a group are one field, a date in three lists is one field.
// Finds the field that a plain name means, by all that people and programs call it.
casare.fields ??= (() => {
  'use strict';

  const { squeeze, plain, clip, textOf, visible, disabled, boxOf, survey, parentOf, closest, roleOf, nameOf, labelsOf,
    locatorOf, quote, fillable, setField, refuse, fillForm, until, single, NotYet, Several } = casare.parts;
  const { norm, unjoin, spoken, likeness, AUTOCOMPLETE, TYPES } = casare.words;
  const { labelOf, madeUp } = casare.healing;

  // ---- Collecting --------------------------------------------------------------------------------------

  const NATIVE = 'input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=reset]):not([type=image]),select,textarea';
  const FIELD = `${NATIVE},[contenteditable=""],[contenteditable=true],[role=textbox],[role=searchbox],[role=combobox],[role=switch],[role=checkbox],[role=radio],[role=spinbutton],[role=slider]`;
  const PRESS = 'button,input[type=submit],input[type=button],input[type=image],[role=button]';

  /** A field that people can see; checkboxes are often drawn by their labels. */
  const shows = (el) => visible(el) || (el.matches('input[type=checkbox],input[type=radio],input[type=file]') && [...(el.labels ?? [])].some(visible));

  function kindOf(el) {
    if (el.localName === 'select') return el.multiple ? 'multiselect' : 'select';
    if (el.localName === 'textarea') return 'textarea';
    if (el.localName === 'input') return el.type;
    const role = roleOf(el);
    return role === 'textbox' || role === 'searchbox' ? 'text' : role;
  }

  const GROUP = 'fieldset,[role=group],[role=radiogroup]';
  const groupNode = (el) => { const at = parentOf(el); return at ? closest(at, GROUP) : null; };

  /** The form of a field; without one the smallest part of the page that has a button as well. */
  function formOf(el) {
    const form = el.form ?? closest(el, 'form,[role=form],[role=search]');
    if (form) return form;
    for (let at = parentOf(el); at; at = parentOf(at)) {
      if (at.nodeType !== Node.ELEMENT_NODE) continue;
      if (at.matches('dialog,[role=dialog],body') || at.querySelector(PRESS)) return at;
    }
    return el.ownerDocument.body ?? el.ownerDocument.documentElement;
  }

  /** All fields of the page that people see, in the order of the document. */
  function collect(map = survey(), scope = null, most = 400) {
    const fields = [];
    const groups = new Map();
    for (const root of map.roots) {
      for (const el of root.querySelectorAll(FIELD)) {
        if (fields.length >= most) return fields;
        if (scope && !scope(el)) continue;
        // What only wraps a field is not another one.
        if (!el.matches(NATIVE) && (el.querySelector(NATIVE) || el.parentElement?.closest('[contenteditable=""],[contenteditable=true]'))) continue;
        if (!shows(el)) continue;
        const kind = kindOf(el);
        const form = formOf(el);
        const several = kind === 'radio' || (kind === 'checkbox' && el.name);
        const key = several && (el.name || groupNode(el));
        const known = key && groups.get(form)?.get(`${kind} ${el.name}`)?.find((one) => el.name || one.group === groupNode(el));
        if (known) { known.els.push(el); continue; }
        const field = { el, els: [el], kind, form, group: groupNode(el) };
        if (key) {
          if (!groups.has(form)) groups.set(form, new Map());
          const list = groups.get(form);
          const name = `${kind} ${el.name}`;
          if (list.has(name)) list.get(name).push(field); else list.set(name, [field]);
        }
        fields.push(field);
      }
    }
    for (const field of fields) if (field.kind === 'checkbox' && field.els.length > 1) field.kind = 'checkboxes';
    return fields;
  }

  /** Day, month and year in lists of their own, below one label, are one field. */
  function joinDates(fields) {
    const groups = new Map();
    for (const field of fields) {
      if (!field.group || !['select', 'text', 'number', 'tel'].includes(field.kind)) continue;
      if (!groups.has(field.group)) groups.set(field.group, []);
      groups.get(field.group).push(field);
    }
    for (const [group, members] of groups) {
      if (members.length !== 3) continue;
      const parts = {};
      for (const one of members) {
        const part = textsOf(one).map(([text]) => spoken(text).concept).find((concept) => ['day', 'month', 'year'].includes(concept));
        if (part) parts[part] = one.el;
      }
      if (Object.keys(parts).length < 3) continue;
      const at = fields.indexOf(members[0]);
      fields.splice(at, 1, { el: members[0].el, els: members.map((one) => one.el), kind: 'date-parts', parts, form: members[0].form, group: groupNode(group), labelled: group });
      for (const one of members.slice(1)) fields.splice(fields.indexOf(one), 1);
    }
    return fields;
  }

  // ---- What a field is called --------------------------------------------------------------------------------

  /** The text that stands first in `box`, or right before it. */
  function captionOf(box, first) {
    const given = squeeze(nameOf(box));
    if (given) return clip(given, 80);
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_PRECEDING) break;
      if (!/\S/.test(node.data) || closest(node.parentElement, 'label')?.control) continue;
      return clip(textOf(node.parentElement), 80);
    }
    for (let before = box.previousElementSibling; before; before = before.previousElementSibling) {
      const text = textOf(before);
      if (text) return text.length <= 80 && !before.querySelector(NATIVE) ? text : '';
    }
    return '';
  }

  /** The smallest part of the page that holds all of a field's elements. */
  function boxAround(els) {
    let box = els[0].parentElement;
    while (box && !els.every((el) => box.contains(el))) box = box.parentElement;
    // A single option stands in its own label.
    return els.length === 1 ? box?.closest(GROUP) ?? box : box;
  }

  function groupText(field) {
    return field.group ? clip(squeeze(nameOf(field.group)), 60) : '';
  }

  /** The words that a field's label has of its own, without those of the field in it. */
  function labelText(el) {
    for (const label of el.labels ?? []) {
      if (!label.contains(el)) continue;
      const words = squeeze([...label.childNodes].filter((node) => !node.contains(el)).map((node) => node.textContent).join(' '));
      if (words) return words;
    }
    return labelsOf(el)[0] ?? '';
  }

  /** The nearest text to the left or above, for fields whose label stands just anywhere. */
  function nearText(el) {
    const box = boxOf(el);
    const around = formOf(el);
    let [best, least] = ['', 80];
    let looked = 0;
    const walker = document.createTreeWalker(around, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && looked < 400; node = walker.nextNode(), looked++) {
      const parent = node.parentElement;
      if (!/\p{L}/u.test(node.data) || node.data.length > 80 || parent.closest('button,option,a,script,style,select,textarea')) continue;
      const label = parent.closest('label');
      if (label?.control && label.control !== el) continue;
      if (!visible(parent)) continue;
      const at = boxOf(parent);
      const left = at.x + at.width <= box.x + 2 && at.y < box.y + box.height && at.y + at.height > box.y;
      const above = at.y + at.height <= box.y + 2 && at.x < box.x + box.width && at.x + at.width > box.x;
      const distance = left ? box.x - at.x - at.width : above ? (box.y - at.y - at.height) * 1.5 : Infinity;
      if (distance < least) [best, least] = [textOf(parent), distance];
    }
    return best.length <= 80 ? best : '';
  }

  /** What people read beside a field. */
  function labelFor(field) {
    const { el, els, kind } = field;
    if (field.labelled) return captionOf(field.labelled, el);
    if (kind === 'radio' || kind === 'checkboxes') {
      const box = boxAround(els);
      const group = groupText(field);
      return group || (box ? captionOf(box, els[0]) : '');
    }
    return clip(labelText(el) || labelOf(el), 80);
  }

  /** All texts by which a field may be called: the text, how much it counts, and where it comes from. */
  function textsOf(field) {
    if (field.texts) return field.texts;
    const { el } = field;
    const texts = [];
    const add = (text, weight, how) => { text = squeeze(text); if (text && text.length <= 120) texts.push([text, weight, how]); };
    if (!field.labelled && field.kind !== 'radio' && field.kind !== 'checkboxes') for (const text of labelsOf(el)) add(text, 1, 'label');
    const label = labelFor(field);
    add(label, texts.length ? 1 : 0.97, 'label');
    const placeholder = el.getAttribute('placeholder') ?? el.getAttribute('aria-placeholder');
    add(placeholder, 0.9, 'placeholder');
    add(el.getAttribute('title'), 0.85, 'title');
    const read = texts.length;
    const group = groupText(field);
    if (group && label && group !== label) add(`${group} ${label}`, 0.97, 'group and label');
    const first = el.localName === 'select' && el.options[0]?.value === '' ? el.options[0].text : '';
    add(first, 0.85, 'first option');
    if (!read) add(nearText(el), 0.85, 'nearness');
    for (const given of [el.getAttribute('name'), el.id]) if (given && !madeUp(given)) add(unjoin(given), 0.85, 'name');
    field.texts = texts;
    const complete = (el.getAttribute('autocomplete') ?? '').toLowerCase().trim().split(/\s+/);
    const token = complete.at(-1);
    field.concept = Object.hasOwn(AUTOCOMPLETE, token) ? AUTOCOMPLETE[token] : '';
    if (field.concept && complete.includes('billing')) field.concept = `billing:${field.concept}`;
    if (field.concept && complete.includes('shipping')) field.concept = `shipping:${field.concept}`;
    return texts;
  }

  /** Which of the usual fields this is. */
  function conceptOf(field) {
    const texts = textsOf(field);
    const read = texts.filter(([, , how]) => how !== 'name').map(([text]) => spoken(text).concept).find(Boolean);
    return field.concept || read || TYPES[field.el.type] || texts.map(([text]) => spoken(text).concept).find(Boolean) || '';
  }

  // ---- Which field a name means ------------------------------------------------------------------------------

  const ENOUGH = 0.7;
  const MARGIN = 0.1;

  /** How sure it is that `wanted` names this field, and by what. */
  function score(wanted, field) {
    const want = spoken(wanted);
    let best = { score: 0, by: '' };
    const consider = (value, by) => { if (value > best.score) best = { score: value, by }; };
    let read = null;
    for (const [text, weight, how] of textsOf(field)) {
      if (how === 'name') continue;
      const like = likeness(wanted, text);
      if (how === 'label') read = Math.max(read ?? 0, like);
      consider(like * weight, how);
    }
    const label = textsOf(field).find(([, , how]) => how === 'label')?.[0];
    const said = label ? spoken(label) : null;
    // What people read decides: a name that only programs see does not outvote another label.
    const outvoted = said?.concept && want.concept ? said.concept !== want.concept : read !== null && read < 0.5 && said.latin === want.latin;
    for (const [text, weight, how] of textsOf(field)) if (how === 'name') consider(likeness(wanted, text) * weight * (outvoted ? 0.6 : 1), how);
    if (field.concept && field.concept === want.concept) consider(outvoted ? 0.6 : 0.9, 'autocomplete');
    if (want.concept && TYPES[field.el.type] === want.concept) consider(outvoted ? 0.5 : 0.75, 'type');
    return best;
  }

  /** For each name its field: first the surest pair, then the next. */
  function assign(names, fields) {
    const pairs = [];
    const scores = names.map((name, at) => fields.map((field, of) => {
      const one = score(name, field);
      pairs.push([one.score, at, of]);
      return one;
    }));
    pairs.sort((a, b) => b[0] - a[0]);
    const chosen = Array(names.length).fill(null);
    const taken = new Map();
    for (const [value, at, of] of pairs) {
      if (value < ENOUGH) break;
      if (chosen[at] !== null || taken.has(of)) continue;
      chosen[at] = of;
      taken.set(of, at);
    }
    return names.map((name, at) => {
      const ranked = scores[at].map((one, of) => ({ ...one, field: fields[of], of })).sort((a, b) => b.score - a.score);
      if (chosen[at] === null) return { name, ranked };
      const own = scores[at][chosen[at]];
      // Fields that other names claim more surely are no rivals.
      const rival = ranked.find((one) => one.of !== chosen[at] && !(taken.has(one.of) && scores[taken.get(one.of)][one.of].score >= one.score + 0.05));
      return { name, ranked, own, field: fields[chosen[at]], unsure: !!rival && own.score - rival.score < MARGIN };
    });
  }

  /** A form in which every name has its field comes before fields from all over the page. */
  function match(names, map = survey(), scope = null) {
    const fields = joinDates(collect(map, scope));
    const forms = new Map();
    for (const field of fields) {
      if (!forms.has(field.form)) forms.set(field.form, []);
      forms.get(field.form).push(field);
    }
    if (forms.size > 1) {
      const whole = [...forms.values()].map((members) => assign(names, members)).filter((found) => found.every((one) => one.field && !one.unsure));
      const sum = (found) => found.reduce((all, one) => all + one.own.score, 0) / found.length;
      whole.sort((a, b) => sum(b) - sum(a));
      // One name may well be in several forms; several names rarely are.
      if (whole.length === 1 && names.length > 1) return whole[0];
      if (whole.length > 1 && sum(whole[0]) - sum(whole[1]) >= MARGIN) return whole[0];
    }
    return assign(names, fields);
  }

  const told = ({ field, score: value, by }) => `${value.toFixed(2)}${by ? ` by its ${by}` : ''}: ${locatorOf(field.el)}  ${quote(labelFor(field) || field.el.name || '')} (${field.kind})${groupText(field) ? ` in ${quote(groupText(field))}` : ''}`;

  /** The field of one match, or why there is none. */
  function decided(one) {
    const nearest = one.ranked.slice(0, 4).filter((other, at) => at < 3 || other.score > 0.25);
    if (!one.field) {
      const missing = new NotYet('not-attached');
      missing.nearest = nearest.map(told);
      throw missing;
    }
    if (one.unsure) {
      const rivals = one.ranked.filter((other) => other.score > one.own.score - MARGIN).slice(0, 5);
      const several = new Several(rivals.map((other) => other.field.el));
      several.lines = rivals.map(told);
      throw several;
    }
    return one.field;
  }

  // ---- Putting values in -------------------------------------------------------------------------------------

  const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$/;
  const ORDER = /(dd|tt|jj|d|t)(\W+)(mm|m)\W+(yyyy|jjjj|aaaa)|(mm|m)(\W+)(dd|tt|jj|d|t)\W+(yyyy|jjjj|aaaa)/i;

  /** A date the way that the field's placeholder writes it. */
  function asWritten(field, value) {
    const date = typeof value === 'string' && field.kind === 'text' && DATE.exec(value);
    const form = date && ORDER.exec(field.el.placeholder ?? '');
    if (!form) return value;
    const [, year, month, day] = date;
    return form[1] ? [day, month, year].join(form[2]) : [month, day, year].join(form[6]);
  }

  const optionOf = (field, wanted) => field.els.find((el) => plain(labelText(el) || nameOf(el)) === plain(String(wanted))) ?? field.els.find((el) => el.value === String(wanted)) ??
    field.els.find((el) => norm(labelText(el) || nameOf(el)) === norm(String(wanted)));
  const optionsOf = (field) => field.els.map((el) => labelText(el) || nameOf(el) || el.value);

  function optionsFor(field, value) {
    const wanted = [].concat(value ?? []);
    const chosen = wanted.map((one) => {
      const option = optionOf(field, one);
      if (!option) refuse(`no such choice as ${quote(String(one))}; there are ${optionsOf(field).slice(0, 20).map(quote).join(', ')}`);
      if (disabled(option)) throw new NotYet('not-enabled');
      return option;
    });
    return chosen;
  }

  const checkedOf = (el) => ('checked' in el ? el.checked : el.getAttribute('aria-checked') === 'true');
  const YES = new Set([true, 'true', 'yes', 'on', 1, '1']);
  const NO = new Set([false, 'false', 'no', 'off', 0, '0', null, '']);

  /** Checks that a value can be put into a field, and answers how. */
  function prepare(field, value) {
    const { el, kind } = field;
    if (kind === 'radio') {
      if (field.els.length === 1 && value === true) return () => { if (!checkedOf(el)) el.click(); };
      const [option, more] = optionsFor(field, value);
      if (more || !option) refuse('it takes one choice');
      return () => { if (!checkedOf(option)) option.click(); };
    }
    if (kind === 'checkboxes') {
      const chosen = new Set(optionsFor(field, value));
      return () => { for (const one of field.els) if (checkedOf(one) !== chosen.has(one)) one.click(); };
    }
    if (kind === 'date-parts') return datePartsOf(field, value);
    if ((kind === 'switch' || kind === 'checkbox') && el.localName !== 'input') {
      if (!YES.has(value) && !NO.has(value)) refuse(`a ${kind} is true or false`);
      return () => { if (checkedOf(el) !== YES.has(value)) el.click(); };
    }
    if (kind === 'combobox' && !el.matches('input,select')) refuse('it is a list of its own making; click it, then click the option');
    const written = asWritten(field, value);
    fillable(el, written);
    return () => setField(el, written);
  }

  const MONTH = new Intl.DateTimeFormat(document.documentElement.lang || 'en', { month: 'long', timeZone: 'UTC' });
  function datePartsOf(field, value) {
    const date = DATE.exec(String(value));
    if (!date) refuse(`${quote(String(value))} is not a date; write it as 2026-12-31`);
    const [, year, month, day] = date;
    const forms = { year: [year], month: [month, String(Number(month)), MONTH.format(Date.UTC(2000, Number(month) - 1))], day: [day, String(Number(day))] };
    const puts = Object.entries(field.parts).map(([part, el]) => {
      if (el.localName !== 'select') { fillable(el, forms[part][0]); return () => setField(el, forms[part][0]); }
      const option = [...el.options].find((one) => forms[part].some((form) => one.value === form || plain(one.label) === plain(form)));
      if (!option) refuse(`it has no ${part} ${quote(forms[part][0])}`);
      return () => setField(el, option.value);
    });
    return () => puts.forEach((put) => put());
  }

  // ---- Programs ----------------------------------------------------------------------------------------------

  /** The plain name of a locator, where it is nothing else. */
  const nameIn = (target) => (target.steps.length === 1 && target.steps[0].by === 'field' ? target.steps[0].value : null);

  casare.extend({
    /** As `fill-form`, with fields that are named the way people do. */
    'fill-fields': (p, wait) => fillForm(p, wait, {
      find(targets, map, marked) {
        const names = targets.map(nameIn);
        const matched = match(names.filter((name) => name !== null), map);
        return targets.map((target, at) => marked(target, at, () => {
          if (names[at] === null) { const el = fillable(single(target, map), target.value); return { el, put: () => setField(el, target.value) }; }
          const field = decided(matched[names.slice(0, at).filter((name) => name !== null).length]);
          return { el: field.el, put: prepare(field, target.value) };
        }));
      },
    }),
    /** Which field each of some names means, and how sure that is. */
    'match-fields': (p, wait) => until(wait, { steps: [] }, () => match(p.names).map((one) => ({
      name: one.name, score: one.own?.score ?? 0, by: one.own?.by ?? '', unsure: !!one.unsure,
      selector: one.field ? locatorOf(one.field.el) : '', nearest: one.ranked.slice(0, 3).map(told),
    }))),
  });

  return {
    collect, joinDates, textsOf, labelFor, labelText, groupText, conceptOf, formOf, kindOf, optionsOf, PRESS, NATIVE,
    /** What `field=` finds, below `scope` or anywhere. */
    find(name, scope, map) {
      const within = scope ? (el) => { for (let at = el; at; at = parentOf(at)) if (at === scope) return true; return false; } : null;
      return decided(match([name], map, within)[0]).el;
    },
  };
})();
