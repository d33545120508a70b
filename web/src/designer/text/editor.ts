/** CodeMirror, set up once for all texts of the designer. */

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import {
  HighlightStyle,
  bracketMatching,
  foldGutter,
  foldKeymap,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import type { Extension } from '@codemirror/state';
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--dz-accent)' },
  { tag: [tags.keyword, tags.atom, tags.bool], color: 'var(--dz-code)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--dz-good)' },
  { tag: [tags.number], color: 'var(--dz-warn)' },
  { tag: [tags.comment, tags.meta], color: 'var(--dz-faint)', fontStyle: 'italic' },
]);

const look = EditorView.theme({
  '&': { height: '100%', minWidth: '0', backgroundColor: 'var(--dz-card)', color: 'var(--dz-text)', fontSize: '12.5px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { fontFamily: 'var(--dz-mono)', caretColor: 'var(--dz-text)' },
  '.cm-scroller': { lineHeight: '1.55' },
  '.cm-cursor': { borderLeftColor: 'var(--dz-text)' },
  '.cm-gutters': { backgroundColor: 'var(--dz-sunken)', color: 'var(--dz-faint)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--dz-accent-soft) 60%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--dz-accent) 28%, transparent)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--dz-raised)',
    color: 'var(--dz-text)',
    border: '1px solid var(--dz-line)',
    borderRadius: '6px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--dz-mono)', maxHeight: '16em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--dz-accent-soft)',
    color: 'var(--dz-text)',
  },
  '.cm-completionDetail': { color: 'var(--dz-soft)', fontStyle: 'normal' },
  '.cm-panels': { backgroundColor: 'var(--dz-sunken)', color: 'var(--dz-text)' },
  '.cm-textfield, .cm-button': { backgroundColor: 'var(--dz-card)', backgroundImage: 'none', color: 'var(--dz-text)' },
});

/** What every editor has. Undoing is left to whoever uses it. */
export function basics(): Extension {
  return [
    // Only styles with the value of this page are applied.
    EditorView.cspNonce.of(document.querySelector<HTMLElement>('meta[property="csp-nonce"]')?.nonce ?? ''),
    drawSelection(),
    highlightActiveLine(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    search({ top: true }),
    autocompletion(),
    syntaxHighlighting(colours),
    look,
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
  ];
}

/** Line numbers and folding, for whole files. */
export function gutters(): Extension {
  return [lineNumbers(), highlightActiveLineGutter(), foldGutter()];
}

/**
 * A root of its own in `parent`: the editor's styles are then constructed style sheets, which a strict
 * Content-Security-Policy lets through.
 */
export function rootIn(parent: HTMLElement): ShadowRoot {
  return parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
}
