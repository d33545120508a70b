/** Code in a setting: a script, a query. */

import { history, historyKeymap } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { python } from '@codemirror/lang-python';
import { sql } from '@codemirror/lang-sql';
import type { Extension } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { difference } from '../model/splice.ts';
import { basics, gutters, rootIn } from './editor.ts';

const LANGUAGES: Record<string, () => Extension> = {
  javascript: () => javascript(),
  python: () => python(),
  sql: () => sql(),
  shell: () => [],
};

export function CodeField({
  label,
  language,
  value,
  onValue,
}: {
  label: string;
  language: string;
  value: string;
  onValue: (text: string) => void;
}) {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const tell = useRef(onValue);
  tell.current = onValue;
  const first = useRef(value);
  useEffect(() => {
    if (!parent.current) {
      return;
    }
    const root = rootIn(parent.current);
    const editor = new EditorView({
      doc: first.current,
      root,
      parent: root,
      extensions: [
        basics(),
        gutters(),
        history(),
        keymap.of(historyKeymap),
        LANGUAGES[language]?.() ?? [],
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
        EditorView.theme({ '&': { minHeight: '120px', maxHeight: '420px' } }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) {
            tell.current(update.state.doc.toString());
          }
        }),
      ],
    });
    view.current = editor;
    return () => editor.destroy();
  }, [language, label]);
  useEffect(() => {
    const editor = view.current;
    const change = editor && difference(editor.state.doc.toString(), value);
    if (editor && change && !editor.hasFocus) {
      editor.dispatch({ changes: change });
    }
  }, [value]);
  // biome-ignore lint/a11y/noStaticElementInteractions: keys of the editor are none of the page
  return <div ref={parent} className="dz-code" onKeyDown={(event) => event.stopPropagation()} />;
}
