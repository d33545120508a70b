// The recorder's own small window in the page, in the top frame only: what was recorded, pause, stop, picking elements
// and saying what is expected. It lives in a closed root: the page's styles and scripts stay outside, and it in.
globalThis.casare.recorder ??= (() => {
  'use strict';
  if (window !== window.top) return { keep() {}, show() {} };
  const { own, say } = casare.recording;

  const STYLE = `
    * { box-sizing: border-box; font: 13px/1.35 system-ui, sans-serif; }
    section { width: 268px; color: light-dark(#1d2433, #e8ebf2); background: light-dark(#fff, #1d2433); border: 1px solid light-dark(#c9cfdb, #3d475c);
      border-radius: 8px; box-shadow: 0 6px 24px rgb(0 0 0 / .22); overflow: hidden; }
    header { display: flex; align-items: center; gap: 6px; padding: 6px 8px; cursor: move; user-select: none; touch-action: none; }
    header b { flex: 1; font-weight: 600; }
    i { width: 10px; height: 10px; border-radius: 50%; background: #d92d20; }
    .paused i { background: #b7791f; border-radius: 2px; }
    button, select { color: inherit; background: light-dark(#f1f3f7, #2b3447); border: 1px solid light-dark(#c9cfdb, #46516a); border-radius: 5px; padding: 3px 8px; cursor: pointer; }
    button:hover { background: light-dark(#e3e7ef, #374260); }
    button[aria-pressed=true] { background: #2f6fed; border-color: #2f6fed; color: #fff; }
    :focus-visible { outline: 2px solid #2f6fed; outline-offset: 1px; }
    ol { margin: 0; padding: 2px 8px 4px 28px; max-height: 104px; overflow: hidden; }
    li { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
    li::marker { color: light-dark(#667085, #98a2b3); }
    p { margin: 0; padding: 2px 8px 6px; color: light-dark(#475467, #b0b8c9); overflow-wrap: anywhere; }
    p:empty, .small ol, .small p, .small nav { display: none; }
    code { font: 12px/1.4 ui-monospace, monospace; }
    nav { display: flex; flex-wrap: wrap; gap: 5px; padding: 4px 8px 8px; }
    .small { width: auto; }`;

  const make = (tag, properties = {}, ...children) => {
    const el = Object.assign(document.createElement(tag), properties);
    el.append(...children);
    return el;
  };
  const host = document.createElement('casare-recorder');
  const root = host.attachShadow({ mode: 'closed' });
  own.add(host);
  // The page's styles reach the host: what is said here goes before them.
  const style = (name, value) => host.style.setProperty(name, value, 'important');
  for (const [name, value] of [['all', 'initial'], ['position', 'fixed'], ['z-index', '2147483647'], ['right', '12px'], ['bottom', '12px'], ['color-scheme', 'light dark'], ['display', 'block']]) style(name, value);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const title = make('b', { textContent: 'Recording' });
  const smaller = make('button', { type: 'button', textContent: '–', title: 'Make smaller or larger', onclick: () => { panel.classList.toggle('small'); } });
  const head = make('header', {}, make('i'), title, smaller);
  const list = make('ol', {});
  const hint = make('p', {});
  hint.setAttribute('role', 'status');
  const pause = make('button', { type: 'button', textContent: 'Pause', title: 'Alt+Shift+P', onclick: () => say({ say: 'pause' }) });
  const pick = make('button', { type: 'button', textContent: 'Pick', title: 'Show the selector of an element (Alt+Shift+E)', onclick: () => toggle('pick') });
  const expect = make('select', { title: 'Say what has to be so (Alt+Shift+T, Alt+Shift+V)', onchange: () => { const { value } = expect; expect.value = ''; if (value) toggle(value); } },
    ...[['', 'Expect…'], ['text', 'its text'], ['visible', 'it is visible'], ['value', 'its value'], ['enabled', 'it is enabled']].map(([value, text]) => make('option', { value, textContent: text })));
  expect.setAttribute('aria-label', 'Expect');
  const stop = make('button', { type: 'button', textContent: 'Stop', title: 'Write the workflow (Alt+Shift+S)', onclick: () => { casare.recording.told(); say({ say: 'stop' }); } });
  const panel = make('section', {}, head, list, hint, make('nav', {}, pause, pick, expect, stop));
  panel.setAttribute('aria-label', 'Casare recorder');
  root.append(panel);

  let current = { mode: 'record' };
  const toggle = (mode) => say({ say: 'mode', mode: current.mode === mode ? 'record' : mode });

  // Moved by its head; where it is, is remembered over pages.
  let grip = null;
  head.addEventListener('pointerdown', (event) => {
    if (event.target.localName === 'button') return;
    const box = host.getBoundingClientRect();
    grip = { x: event.clientX - box.left, y: event.clientY - box.top };
    head.setPointerCapture(event.pointerId);
  });
  head.addEventListener('pointermove', (event) => {
    if (grip) place(innerWidth - (event.clientX - grip.x) - panel.offsetWidth, innerHeight - (event.clientY - grip.y) - panel.offsetHeight);
  });
  head.addEventListener('pointerup', () => {
    if (grip) say({ say: 'moved', right: parseFloat(host.style.right), bottom: parseFloat(host.style.bottom) });
    grip = null;
  });
  function place(right, bottom) {
    const within = (value, most) => `${Math.round(Math.min(Math.max(value, 0), Math.max(most, 0)))}px`;
    style('right', within(right, innerWidth - panel.offsetWidth));
    style('bottom', within(bottom, innerHeight - panel.offsetHeight));
  }
  // What is done to the recorder is no business of the page.
  for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'dblclick', 'keydown', 'keyup', 'keypress', 'input', 'change', 'focusin', 'focusout', 'wheel', 'contextmenu'])
    root.addEventListener(type, (event) => event.stopPropagation());

  const HINTS = {
    pick: 'Click an element to see its selector. Arrow keys move, Enter takes, Escape ends.',
    text: 'Click what has to show its text.', visible: 'Click what has to be visible.',
    value: 'Click the field that has to hold its value.', enabled: 'Click what has to be enabled.',
  };
  return {
    /** Puts the window back where a page has thrown it out, or shows something over it. */
    keep() {
      const place = document.querySelector('dialog:modal') ?? document.documentElement;
      if (place && current.shown && host.parentNode !== place) place.append(host);
    },
    show(state) {
      current = state;
      if (!state.shown) { host.remove(); return; }
      title.textContent = state.paused ? 'Paused' : `Recording · ${state.count}`;
      pause.textContent = state.paused ? 'Resume' : 'Pause';
      pick.setAttribute('aria-pressed', String(state.mode === 'pick'));
      panel.classList.toggle('paused', !!state.paused);
      list.replaceChildren(...state.steps.map((text, at) => make('li', { value: Math.max(state.count - state.steps.length, 0) + at + 1, textContent: text, title: text })));
      hint.replaceChildren(...(HINTS[state.mode] ? [HINTS[state.mode]] : state.picked ? [make('code', { textContent: state.picked })] : []));
      this.keep();
      if (state.place) place(state.place[0], state.place[1]);
      if (state.focus) pause.focus();
    },
  };
})();
casare.recording.hello();
