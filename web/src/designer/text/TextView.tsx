/** The file itself, beside the canvas: what one changes, the other shows. */

import { yaml } from '@codemirror/lang-yaml';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import type { CompletionContext } from '@codemirror/autocomplete';
import { Annotation, EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { type RefObject, useEffect, useRef } from 'react';
import { difference } from '../model/splice.ts';
import type { Model } from '../model/tree.ts';
import { type Designer, useDesigner, useDesignerStore } from '../store.ts';
import { complete } from './completion.ts';
import { basics, gutters, rootIn } from './editor.ts';

/** Marks changes that came from the canvas. */
const fromOutside = Annotation.define<true>();

export function TextView() {
  const store = useDesignerStore();
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const text = useDesigner((state) => state.text);
  const active = useDesigner((state) => state.active);
  useEffect(() => {
    if (!parent.current) {
      return;
    }
    const root = rootIn(parent.current);
    const back = (run: (state: Designer) => void) => () => {
      run(store.getState());
      return true;
    };
    // The same each time: completion goes on only with the source that it began with.
    const offers = [
      {
        autocomplete: (context: CompletionContext) => {
          const { catalogue, model } = store.getState();
          return complete(context, { catalogue, model, stepAround: (offset) => stepAround(model, offset) });
        },
      },
    ];
    const editor = new EditorView({
      doc: store.getState().text,
      root,
      parent: root,
      extensions: [
        keymap.of([
          { key: 'Mod-z', run: back((state) => state.undo()), preventDefault: true },
          { key: 'Mod-Shift-z', run: back((state) => state.redo()), preventDefault: true },
          { key: 'Mod-y', run: back((state) => state.redo()), preventDefault: true },
        ]),
        basics(),
        gutters(),
        lintGutter(),
        yaml(),
        EditorState.languageData.of(() => offers),
        EditorView.contentAttributes.of({ 'aria-label': 'The workflow as text', tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((one) => one.annotation(fromOutside))) {
            store.getState().setText(update.state.doc.toString(), { label: 'Type', group: 'text', mayBreak: true });
          }
          if (update.selectionSet && editor.hasFocus) {
            selectAt(store.getState(), update.state.selection.main.head);
          }
        }),
      ],
    });
    view.current = editor;
    return () => editor.destroy();
  }, [store]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new text is compared
  useEffect(() => {
    const editor = view.current;
    // What is newest, not what was drawn: somebody may have typed on meanwhile.
    const change = editor && difference(editor.state.doc.toString(), store.getState().text);
    if (editor && change) {
      editor.dispatch({ changes: change, annotations: fromOutside.of(true) });
    }
  }, [text, store]);
  useEffect(() => {
    const editor = view.current;
    const step = active ? store.getState().model.byKey.get(active) : undefined;
    if (editor && step && !editor.hasFocus && step.from <= editor.state.doc.length) {
      editor.dispatch({ selection: { anchor: step.from }, effects: EditorView.scrollIntoView(step.from, { y: 'center' }) });
    }
  }, [active, store]);
  useProblems(view);
  // biome-ignore lint/a11y/noStaticElementInteractions: keys of the editor are none of the page
  return <div ref={parent} className="dz-text" onKeyDown={(event) => event.stopPropagation()} />;
}

/** The innermost step around an offset becomes the selected one. */
function selectAt(state: Designer, offset: number): void {
  const step = stepAround(state.model, offset);
  if (step && state.error === undefined && !(state.selection.size === 1 && state.active === step.key)) {
    state.select([step.key]);
  }
}

function stepAround(model: Model, offset: number) {
  return model.steps.findLast((step) => step.from <= offset && offset <= step.to);
}

function useProblems(view: RefObject<EditorView | undefined>): void {
  const problems = useDesigner((state) => state.problems);
  const error = useDesigner((state) => state.error);
  useEffect(() => {
    const editor = view.current;
    if (!editor) {
      return;
    }
    const { doc } = editor.state;
    const offset = (line: number, column: number) => {
      const at = doc.line(Math.min(doc.lines, Math.max(1, line)));
      return Math.min(at.to, at.from + Math.max(0, column - 1));
    };
    const shown: Diagnostic[] = error
      ? [{ from: offset(error.line, error.column), to: offset(error.line, 10_000), severity: 'error', message: error.message }]
      : problems.map((problem) => {
          const from = offset(problem.line, problem.column);
          return {
            from,
            to: Math.max(from, offset(problem.end_line, problem.end_column)),
            severity: problem.severity,
            message: problem.help ? `${problem.message}\n${problem.help}` : problem.message,
          };
        });
    editor.dispatch(setDiagnostics(editor.state, shown));
  }, [problems, error, view]);
}
