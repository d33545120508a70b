// Where a page stands in logging in: which form asks for what, what it complains of, and whether it is over.
casare.login ??= (() => {
  'use strict';

  const { squeeze, clip, textOf, visible, disabled, boxOf, survey, parentOf, closest, nameOf, setField, pointOf, clickable, until, now, frame, NotYet, SILENT } = casare.parts;
  const { says, norm } = casare.words;
  const { collect, textsOf, conceptOf } = casare.fields;
  const { submitOf, purposeOf, headingOf, FOREIGN } = casare.analysis;

  // ---- What asks ---------------------------------------------------------------------------------------------

  const TYPED = new Set(['text', 'email', 'tel', 'password', 'number', 'search', 'combobox']);
  const USER = new Set(['username', 'email', 'phone', 'full_name', 'mobile', 'iban', 'company']);
  const single = (field) => field.el.maxLength === 1 && field.kind !== 'password';

  /** The fields for a one-time code: one, or one for each digit. */
  function codesOf(fields) {
    const digits = fields.filter(single);
    if (digits.length >= 4 && digits.length <= 8) return digits;
    const code = fields.find((field) => field.concept === 'code' || field.el.autocomplete === 'one-time-code') ??
      fields.find((field) => TYPED.has(field.kind) && conceptOf(field) === 'code' && !(field.el.maxLength > 12));
    return code ? [code] : [];
  }

  /** The form that asks for a name, a password or a code; what it asks for. */
  function formsThatAsk(map) {
    const forms = new Map();
    for (const field of collect(map)) {
      textsOf(field);
      if (!forms.has(field.form)) forms.set(field.form, []);
      forms.get(field.form).push(field);
    }
    const asking = [];
    for (const [form, all] of forms) {
      const fields = all.filter((field) => !disabled(field.el));
      const typed = fields.filter((field) => TYPED.has(field.kind));
      if (!typed.length) continue;
      const submit = submitOf(form, fields);
      const codes = codesOf(typed);
      const purpose = purposeOf(form, fields, submit, headingOf(form));
      if (purpose !== 'login' && !(codes.length && typed.length === codes.length)) continue;
      const password = typed.find((field) => field.kind === 'password' && !codes.includes(field));
      const others = typed.filter((field) => field !== password && !codes.includes(field));
      const before = password ? others.filter((field) => field.el.compareDocumentPosition(password.el) & Node.DOCUMENT_POSITION_FOLLOWING) : others;
      const editable = before.filter((field) => !field.el.readOnly);
      const user = editable.find((field) => USER.has(conceptOf(field))) ?? editable.at(-1) ?? null;
      asking.push({ form, fields, submit, user, password: password ?? null, codes, worth: (password ? 4 : 0) + (user ? 2 : 0) + (codes.length ? 1 : 0) });
    }
    return asking.sort((a, b) => b.worth - a.worth)[0] ?? null;
  }

  const CAPTCHA = /recaptcha\/(api2|enterprise)\/(anchor|bframe)|hcaptcha\.com|challenges\.cloudflare\.com|arkoselabs|funcaptcha|geetest|captcha-delivery/;
  /** Whether something wants to know that a person is there, and does not know it yet. */
  function captchaOf(map) {
    for (const root of map.roots) {
      const answer = root.querySelector('[name=g-recaptcha-response],[name=h-captcha-response],[name=cf-turnstile-response]');
      if (answer?.value) return false;
      for (const el of root.querySelectorAll('iframe[src],.g-recaptcha,.h-captcha,.cf-turnstile,[class*=captcha i],[id*=captcha i]')) {
        const box = boxOf(el);
        if (box.width < 40 || box.height < 30 || !visible(el)) continue;
        if (el.localName !== 'iframe') {
          if (/g-recaptcha|h-captcha|cf-turnstile/.test(el.className) ? el.dataset.size !== 'invisible' : el.querySelector('img,canvas,input')) return true;
        } else if (CAPTCHA.test(el.src) && !/size=invisible/.test(el.src)) return true;
      }
    }
    return false;
  }

  // ---- What it says ------------------------------------------------------------------------------------------

  const TELLS = '[role=alert],[aria-live=assertive],[class*=error i],[class*=alert i],[class*=invalid i],[class*=danger i],[class*=warning i],[id*=error i],[class*=flash i],[class*=message i],[class*=notice i],[class*=toast i],[class*=feedback i],[class*=help i]';

  /** Texts by which the page may complain. */
  function complaintsOf(map, form, asked) {
    const found = [];
    const add = (el, alert) => {
      const text = clip(textOf(el), 300);
      if (text.length < 3 || found.some((one) => one.text === text || one.text.includes(text))) return;
      found.push({ text, alert, wrong: says('wrong', text), locked: says('locked', text) });
    };
    for (const root of map.roots) for (const el of root.querySelectorAll(TELLS)) {
      if (found.length >= 20) return found;
      if (el.matches('input,select,textarea,form,button,body,html') || el.querySelector('input:not([type=hidden])') || !visible(el) || textOf(el).length > 400) continue;
      add(el, el.matches('[role=alert],[aria-live=assertive],[class*=error i],[class*=danger i],[class*=invalid i]'));
    }
    // What the browser itself says of a value that it does not send.
    for (const el of asked) if (el.matches(':user-invalid') && el.validationMessage) found.push({ text: clip(el.validationMessage, 300), alert: true, wrong: true, locked: false });
    const around = form?.parentElement ?? form;
    if (around) {
      const walker = around.ownerDocument.createTreeWalker(around, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(), looked = 0; node && looked < 300; node = walker.nextNode(), looked++) {
        const el = node.parentElement;
        if (SILENT.has(el.nodeName) || node.data.length > 300 || !/\S/.test(node.data) || el.closest('button,a,option')) continue;
        if ((says('wrong', node.data) || says('locked', node.data)) && visible(el)) add(el, false);
      }
    }
    return found;
  }

  const BUSY = '[aria-busy=true],progress:not([value]),[class*=spinner i],[class*=loading i],[class*=loader i],[role=progressbar]:not([aria-valuenow])';
  const busy = (map) => map.roots.some((root) => [...root.querySelectorAll(BUSY)].slice(0, 20).some((el) => visible(el) && !el.matches('body,html,img,[loading]')));

  const leaves = (map) => map.roots.some((root) => [...root.querySelectorAll('a,button,[role=button],[role=menuitem],input[type=submit]')].slice(0, 400).some((el) => {
    const text = nameOf(el) || textOf(el);
    return text && text.length <= 40 && says('logout', text) && visible(el);
  }));

  function look() {
    const map = survey();
    const asks = formsThatAsk(map);
    const said = clip(squeeze((document.querySelector('main,[role=main],form') ?? document.body)?.innerText ?? ''), 2000);
    const stage = !asks ? (says('approve', said) && said.length < 1500 ? 'approval' : 'none')
      : asks.password ? (asks.user ? 'both' : 'password') : asks.codes.length ? 'code' : 'user';
    const asking = asks ? [asks.user, asks.password, ...asks.codes].filter(Boolean) : [];
    return {
      asks, map,
      sight: {
        stage, code: !!asks?.codes.length, captcha: captchaOf(map), sent: stage === 'code' && says('sent', said), leaves: leaves(map),
        complaints: complaintsOf(map, asks?.form, asking.map((field) => field.el)), email: asks?.user?.el.type === 'email', url: location.href, document: performance.timeOrigin, busy: busy(map),
        // Which fields ask: a page that asks again has new ones.
        asking: asking.map((field) => field.el.name || field.el.id || field.kind).join(),
      },
    };
  }

  // ---- Programs ----------------------------------------------------------------------------------------------

  /** How long a page has to stay as it is before it is believed. */
  const CALM = 400;
  const CALM_WITHOUT_FORM = 1000;

  const fresh = (sight, after) => sight.complaints.filter((one) => !after.complaints.some((known) => known.text === one.text));

  /** Whether the page has answered what was sent to it. */
  function answered(sight, after) {
    if (!after) return sight.stage !== 'none' || sight.leaves || sight.captcha;
    if (sight.document !== after.document) return true;
    if (sight.stage !== after.stage || sight.asking !== after.asking || sight.captcha !== after.captcha) return true;
    return fresh(sight, after).some((one) => one.alert || one.wrong || one.locked);
  }

  casare.extend({
    /** Where the page stands: at once, or as soon as it has answered what was done since `after`. */
    async 'login-look'(p, wait) {
      let [last, since] = ['', now()];
      const began = now();
      for (;;) {
        if (wait.cancelled) return { cancelled: true };
        const { sight } = look();
        const { complaints, ...rest } = sight;
        const mark = JSON.stringify([rest, complaints.length]);
        if (mark !== last) [last, since] = [mark, now()];
        const calm = now() - since;
        const done = document.readyState === 'complete' || (document.readyState === 'interactive' && calm > 2000);
        const enough = sight.stage === 'none' && !sight.leaves ? CALM_WITHOUT_FORM : CALM;
        const idle = !sight.busy || calm > 5000;
        if (done && idle && calm >= enough && (answered(sight, p.after) || (!p.after && now() - began > p.patience))) return { ok: { ...sight, settled: true, fresh: p.after ? fresh(sight, p.after) : complaints } };
        if (wait.over) return { ok: { ...sight, settled: false, fresh: p.after ? fresh(sight, p.after) : complaints } };
        await Promise.race([wait.change(), new Promise((resolve) => setTimeout(resolve, 100))]);
      }
    },
    /** Puts in what the form asks for. What is secret shows as dots, also where the page would show it. */
    'login-fill': (p, wait) => until(wait, { steps: [] }, () => {
      const { asks } = look();
      if (!asks) throw new NotYet('not-yet', 'without a form to log in');
      const put = (field, value, secret) => {
        if (secret) field.el.style.webkitTextSecurity = 'disc';
        setField(field.el, value);
      };
      const filled = [];
      if (asks.user && p.user !== undefined) { put(asks.user, p.user, false); filled.push('user'); }
      if (asks.password && p.password !== undefined) { put(asks.password, p.password, true); filled.push('password'); }
      if (asks.codes.length && p.code !== undefined) {
        if (asks.codes.length > 1) asks.codes.forEach((field, at) => put(field, p.code[at] ?? '', true));
        else put(asks.codes[0], p.code, true);
        filled.push('code');
      }
      return filled;
    }),
    /** Where to click to send it; null where there is no button, or it is not to be had. */
    'login-submit': async (p, wait) => {
      const { asks } = look();
      if (!asks?.submit) { (asks?.password ?? asks?.codes.at(-1) ?? asks?.user)?.el.focus(); return { ok: null }; }
      const again = () => { const other = look().asks?.submit; if (!other) throw new NotYet('not-attached'); return other; };
      const found = await until(wait, { steps: [], starts: [0] }, () => pointOf(clickable(again()), {}, { again }));
      return 'ok' in found ? found : { ok: null };
    },
    /** Where to click to be asked: the page's way to log in. */
    'login-open': async (p, wait) => {
      const way = () => {
        const map = survey();
        const found = map.roots.flatMap((root) => [...root.querySelectorAll('a[href],button,[role=button],[role=link]')].slice(0, 500)).filter((el) => {
          const text = nameOf(el) || textOf(el);
          return text.length <= 30 && says('login', text) && !FOREIGN.test(norm(text)) && visible(el) && !el.closest('form');
        });
        if (!found.length) throw new NotYet('not-attached');
        return found[0];
      };
      const found = await until(wait, { steps: [], starts: [0] }, () => pointOf(clickable(way()), {}, { again: way }));
      return 'ok' in found ? found : { ok: null };
    },
    /** Takes what is secret out of the fields, before a picture is taken. */
    'login-hide': () => {
      for (const field of collect()) if (field.kind === 'password' || field.el.style.webkitTextSecurity) field.el.value = '';
      return { ok: null };
    },
  });
  return { look };
})();
