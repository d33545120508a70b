/** What the server's check says of the text as it is now. */

import { AlertTriangle, Check, CircleAlert } from 'lucide-react';
import { useEffect } from 'react';
import { stepOfText, titleOf } from '../model/tree.ts';
import { type Problem, server } from '../server.ts';
import { useDesigner, useDesignerStore } from '../store.ts';

const PAUSE_MS = 350;

/** Has the text checked whenever it has been left alone for a moment. */
export function useCheck(): void {
  const store = useDesignerStore();
  const text = useDesigner((state) => state.text);
  useEffect(() => {
    const stop = new AbortController();
    const timer = window.setTimeout(() => {
      server.check(text, stop.signal).then(
        (answer) => store.getState().noteProblems(text, answer.problems),
        () => undefined,
      );
    }, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [text, store]);
}

export function Problems() {
  const store = useDesignerStore();
  const problems = useDesigner((state) => state.problems);
  const checked = useDesigner((state) => state.checked);
  const model = useDesigner((state) => state.model);
  if (problems.length === 0) {
    return (
      <p className="dz-empty">
        {checked === undefined ? (
          'Checking…'
        ) : (
          <>
            <Check size={16} className="dz-tone-good" aria-hidden style={{ verticalAlign: -3 }} /> Nothing is wrong with it.
          </>
        )}
      </p>
    );
  }
  const show = (problem: Problem) => {
    const step = stepOfText(model, problem.path);
    if (step) {
      store.getState().reveal(step.key);
      store.getState().show({ side: 'step' });
    } else if (store.getState().view === 'canvas') {
      store.getState().show({ view: 'both' });
    }
  };
  return (
    <ul className="dz-items">
      {problems.map((problem) => {
        const step = stepOfText(model, problem.path);
        return (
          <li key={`${problem.line}:${problem.column}:${problem.message}`}>
            <button type="button" className="dz-item" style={{ alignItems: 'flex-start' }} onClick={() => show(problem)}>
              {problem.severity === 'error' ? (
                <CircleAlert size={16} className="dz-tone-bad" aria-label="error" style={{ flex: 'none', marginTop: 2 }} />
              ) : (
                <AlertTriangle size={16} className="dz-tone-warn" aria-label="warning" style={{ flex: 'none', marginTop: 2 }} />
              )}
              <span className="dz-grow">
                {problem.message}
                <span className="dz-small dz-soft" style={{ display: 'block' }}>
                  {step ? `${titleOf(step)} · ` : ''}line {problem.line}
                  {problem.help ? ` · ${problem.help}` : ''}
                </span>
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
