// The pattern of records of which one is known: from the texts of one record to the selectors of all.
casare.records ??= (() => {
  'use strict';

  const { squeeze, clip, textOf, visible, survey, find, quote, now, SILENT } = casare.parts;
  const { norm } = casare.words;
  const { Selectors, itemsSelector, select, speakingClasses, likenessOf } = casare.analysis;
  const { pathOf } = casare.healing;

  const ATTRIBUTES = ['href', 'src', 'alt', 'title', 'value', 'datetime', 'content'];
  const MOST = 60;

  /** The elements that show a value, those that show nothing else first; and attributes that have it. */
  function placesOf(value, map) {
    const wanted = squeeze(String(value));
    const loose = norm(wanted);
    const [exact, part, attributes] = [[], [], []];
    if (!wanted) return [];
    for (const root of map.roots) for (const el of root.querySelectorAll('*')) {
      if (SILENT.has(el.nodeName) || el.closest('svg')) continue;
      let own = '';
      for (const child of el.childNodes) if (child.nodeType === Node.TEXT_NODE) own += child.data;
      if (/\S/.test(own) || !el.firstElementChild) {
        const text = el.matches('input,textarea') ? el.value : textOf(el);
        if (text.length < 2000 && text) {
          if (text === wanted || norm(text) === loose && loose) exact.push({ el, attribute: null });
          else if (text.includes(wanted) && part.length < MOST) part.push({ el, attribute: null });
        }
      }
      for (const name of ATTRIBUTES) {
        const given = el.getAttribute(name);
        if (given && (given === wanted || (['href', 'src'].includes(name) && el[name] === wanted))) attributes.push({ el, attribute: name });
      }
      if (exact.length >= MOST) break;
    }
    return exact.length ? exact.slice(0, MOST) : attributes.length ? attributes.slice(0, MOST) : part;
  }

  /** The smallest element that shows a whole record, with the place of each field in it. */
  function smallest(names, places) {
    const rare = [...names].sort((a, b) => places[a].length - places[b].length)[0];
    let [best, least] = [null, Infinity];
    for (const start of places[rare]) {
      for (let at = start.el, up = 0; at && up < 12; at = at.parentElement, up++) {
        const chosen = {};
        for (const name of names) {
          const inside = places[name].filter(({ el, attribute }) => at.contains(el) && !Object.values(chosen).some((one) => one.el === el && one.attribute === attribute));
          if (!inside.length) break;
          chosen[name] = inside[0];
        }
        if (Object.keys(chosen).length < names.length) continue;
        const size = at.querySelectorAll('*').length;
        if (size < least) [best, least] = [{ box: at, chosen }, size];
        break;
      }
    }
    return best;
  }

  /** Ways to a field inside of an item, from the most speaking to its place. */
  function waysWithin(item, el) {
    if (el === item) return [''];
    const ways = [];
    for (const name of ['itemprop', 'data-testid', 'data-test', 'data-field']) if (el.getAttribute(name)) ways.push(`[${name}=${JSON.stringify(el.getAttribute(name))}]`);
    for (const name of speakingClasses(el)) ways.push(`${el.localName}.${CSS.escape(name)}`, `.${CSS.escape(name)}`);
    ways.push(el.localName);
    if (el.parentElement !== item) for (const name of speakingClasses(el.parentElement)) ways.push(`.${CSS.escape(name)} > ${el.localName}`);
    if (el.parentElement !== item) ways.push(`${el.parentElement.localName} > ${el.localName}`);
    let path = '';
    for (let at = el; at && at !== item; at = at.parentElement) {
      const same = [...at.parentElement.children].filter((one) => one.localName === at.localName);
      path = `> ${at.localName}${same.length > 1 ? `:nth-of-type(${same.indexOf(at) + 1})` : ''} ${path}`;
    }
    return [...ways, path.trim()];
  }

  /** Of the ways that find the field first in the example, the one that most items have. */
  function wayFor(item, el, items) {
    const sample = items.slice(0, 40);
    let [best, most] = [null, 0];
    for (const css of waysWithin(item, el)) {
      if (css === '') return { css, coverage: 1 };
      if (select(item, css)[0] !== el) continue;
      const once = sample.filter((one) => select(one, css).length > 0).length / sample.length;
      const crowded = sample.filter((one) => select(one, css).length > 1).length / sample.length;
      const worth = once - crowded * 0.3;
      if (worth > most + 0.05) [best, most] = [{ css, coverage: once }, worth];
    }
    return best;
  }

  /** What repeats around the record: its like under the same parent, or of the same class anywhere. */
  function itemsAround({ box, chosen }, map) {
    const els = Object.values(chosen).map((one) => one.el);
    const fits = (items, item) => {
      const ways = els.map((el) => wayFor(item, el, items));
      const share = ways.every(Boolean) ? ways.reduce((sum, way) => sum + way.coverage, 0) / ways.length : 0;
      return share >= 0.5;
    };
    for (let item = box; item?.parentElement && item.localName !== 'body'; item = item.parentElement) {
      const like = [...item.parentElement.children].filter((one) => likenessOf(one) === likenessOf(item));
      const same = like.length > 1 ? like : [...item.parentElement.children].filter((one) => one.localName === item.localName && one.localName !== 'td' && els.every((el) => wayFor(item, el, [one])));
      if (same.length > 1 && fits(same, item)) {
        // Cards often stand in several rows.
        for (const name of speakingClasses(item)) {
          const css = `${item.localName}.${CSS.escape(name)}`;
          const all = map.roots.flatMap((root) => [...root.querySelectorAll(css)]);
          if (all.length > same.length && all.includes(item) && !all.some((one) => one !== item && (one.contains(item) || item.contains(one))) && fits(all, item)) return { item, items: all };
        }
        return { item, items: same };
      }
      for (const name of speakingClasses(item)) {
        const all = map.roots.flatMap((root) => [...root.querySelectorAll(`${item.localName}.${CSS.escape(name)}`)]);
        if (all.length > 1 && !all.some((one) => one !== item && (one.contains(item) || item.contains(one))) && fits(all, item)) return { item, items: all };
      }
    }
    return null;
  }

  function pattern(example) {
    const map = survey();
    const names = Object.keys(example);
    const places = Object.fromEntries(names.map((name) => [name, placesOf(example[name], map).filter(({ el }) => visible(el) || el.matches('img,a,input,meta,time'))]));
    const missing = names.filter((name) => !places[name].length);
    if (missing.length) return { reason: `the page does not show ${missing.map((name) => `${quote(String(example[name]))} (${name})`).join(', ')}` };
    const record = smallest(names, places);
    if (!record) return { reason: 'what the example names does not stand together' };
    const around = itemsAround(record, map);
    if (!around) return { reason: 'nothing on the page repeats the example; name the items and their `fields` instead' };
    const { item } = around;
    // Headings stand among the rows of a table.
    const items = item.localName === 'tr' ? around.items.filter((one) => one.querySelector('td')) : around.items;
    const selector = itemsSelector(item.parentElement, items, new Selectors(map)) ?? `xpath=${pathOf(item.parentElement)} >> css=> ${item.localName}`;
    const fields = names.map((name) => {
      const { el, attribute } = record.chosen[name];
      const way = wayFor(item, el, items);
      return { name, css: way?.css ?? '', attribute };
    });
    return { items: selector, count: items.length, fields };
  }

  // ---- More of it ----------------------------------------------------------------------------------------------

  const BUSY = '[aria-busy=true],progress:not([value]),[class*=spinner i],[class*=loading i],[class*=loader i]';
  const isBusy = (map) => map.roots.some((root) => [...root.querySelectorAll(BUSY)].slice(0, 20).some((el) => visible(el) && !el.matches('body,html,img,[loading]')));

  /** What tells one state of a list from the next. */
  function markOf(p, map) {
    const items = find(p, map);
    const text = (el) => (el ? clip(textOf(el), 300) : '');
    // One item that grows is a table.
    const last = items.length === 1 ? `${text(items[0])} ${textOf(items[0]).length}` : text(items.at(-1));
    return JSON.stringify([items.length, text(items[0]), last]);
  }

  /** What has to be scrolled for a list to grow: its own box, and the page. */
  function scrollOn(p) {
    const items = find(p);
    const last = items.at(-1);
    for (let at = last?.parentElement; at; at = at.parentElement) {
      if (at.scrollHeight > at.clientHeight + 4 && /auto|scroll|overlay/.test(getComputedStyle(at).overflowY)) at.scrollTop = at.scrollHeight;
    }
    const view = last?.ownerDocument.defaultView ?? window;
    last?.scrollIntoView({ block: 'end', behavior: 'instant' });
    view.scrollTo({ top: view.document.documentElement.scrollHeight, left: view.scrollX, behavior: 'instant' });
  }

  casare.extend({
    'list-mark': (p) => ({ ok: markOf(p, survey()) }),
    'scroll-on': (p) => { scrollOn(p); return { ok: null }; },
    /** Whether the list has become another one, as soon as it has and rests; `patience` is for one that stays. */
    async 'list-grown'(p, wait) {
      const began = now();
      let [last, since] = ['', now()];
      for (;;) {
        if (wait.cancelled) return { cancelled: true };
        const map = survey();
        const mark = markOf(p, map);
        if (mark !== last) [last, since] = [mark, now()];
        const items = JSON.parse(mark)[0];
        if (mark !== p.before && items && now() - since >= 120 && !(isBusy(map) && now() - since < 1000)) return { ok: true };
        const busy = isBusy(map) || document.readyState === 'loading';
        if (wait.over || now() - began > (busy ? p.patience * 3 : p.patience)) return { ok: mark !== p.before && items > 0 };
        if (p.scroll && now() - since > 300) scrollOn(p);
        await Promise.race([wait.change(), new Promise((resolve) => setTimeout(resolve, 60))]);
      }
    },
    /** The selectors of all records like the example; a reason where there are none until the time is over. */
    async pattern(p, wait) {
      for (;;) {
        if (wait.cancelled) return { cancelled: true };
        const found = pattern(p.example);
        if (found.items || wait.over) return { ok: found };
        await wait.change();
      }
    },
  });
  casare.understands = true;
  return { pattern };
})();
