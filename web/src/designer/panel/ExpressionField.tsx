/** An expression: typed or picked from what earlier steps gave, with what it yields. */

import { ListTree } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ensureId } from '../actions.ts';
import { Button, Says } from '../controls.tsx';
import { mapAt, inputSpec, suggestedId } from '../model/scope.ts';
import { type Step, valueAt } from '../model/tree.ts';
import { type Trial, server } from '../server.ts';
import { type Designer, useDesigner, useDesignerStore } from '../store.ts';
import { DataPicker } from './DataPicker.tsx';
import { useTyping } from './Field.tsx';

const PAUSE_MS = 300;

export function ExpressionField({
  id,
  step,
  value,
  isInvalid,
  isCondition,
  describedBy,
  onValue,
}: {
  id: string;
  step: Step | undefined;
  value: unknown;
  isInvalid?: boolean;
  isCondition?: boolean;
  describedBy?: string | undefined;
  onValue: (text: string) => void;
}) {
  const store = useDesignerStore();
  const text = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const typing = useTyping(text, onValue);
  const area = useRef<HTMLTextAreaElement>(null);
  const [isPicking, setPicking] = useState(false);
  const pick = (path: string, from: Step | undefined) => {
    let name = path;
    if (from && path.startsWith('steps.')) {
      const chosen = ensureId(store, from, suggestedId(from));
      name = `steps.${chosen}.${path.split('.').slice(2).join('.')}`;
    }
    const now = typing.text;
    const start = area.current?.selectionStart ?? now.length;
    const end = area.current?.selectionEnd ?? start;
    const opened = now.lastIndexOf('{{', start - 1);
    const isInside = opened > now.lastIndexOf('}}', start - 1);
    const isBlank = /^\s*(\{\{\s*\}\})?\s*$/.test(now);
    const next = isBlank
      ? isCondition
        ? name
        : `{{ ${name} }}`
      : `${now.slice(0, start)}${isInside || isCondition ? name : `{{ ${name} }}`}${now.slice(end)}`;
    typing.type(next);
    typing.flush();
    setPicking(false);
    area.current?.focus();
  };
  return (
    <>
      <div className="dz-row" style={{ alignItems: 'flex-start' }}>
        <textarea
          ref={area}
          id={id}
          className="dz-input"
          data-expression
          spellCheck={false}
          rows={Math.min(8, Math.max(1, typing.text.split('\n').length, Math.ceil(typing.text.length / 42)))}
          aria-invalid={isInvalid || undefined}
          aria-describedby={describedBy}
          placeholder={isCondition ? 'vars.total > 100' : '{{ steps.read.rows }}'}
          value={typing.text}
          onChange={(event) => typing.type(event.target.value)}
          onBlur={typing.flush}
        />
        <Button label="Pick a value" aria-expanded={isPicking} onClick={() => setPicking(!isPicking)}>
          <ListTree size={16} aria-hidden />
        </Button>
      </div>
      {isPicking ? <DataPicker step={step} onPick={pick} /> : null}
      <Preview step={step} text={typing.text} isCondition={isCondition === true} />
    </>
  );
}

/** What names mean as far as it is known: defaults of inputs, first values of variables, the run that is shown. */
export function knownScope(state: Designer): Record<string, unknown> {
  const inputs = Object.fromEntries(
    Object.entries(mapAt(state.model, 'inputs')).map(([name, value]) => [name, inputSpec(value).default ?? null]),
  );
  const progress = state.shown?.progress;
  return {
    inputs: { ...inputs, ...progress?.inputs },
    vars: { ...mapAt(state.model, 'variables'), ...progress?.variables },
    steps: progress?.outputs ?? {},
    run: { attempt: 1, started_at: new Date().toISOString() },
    env: {},
    assets: {},
  };
}

/** The items of the loops around a step, the outermost first. */
function loopsAround(step: Step | undefined): Step[] {
  const loops: Step[] = [];
  for (let owner = step?.list.owner; owner; owner = owner.list.owner) {
    if (owner.use === 'flow.for_each') {
      loops.unshift(owner);
    }
  }
  return loops;
}

async function tryOut(state: Designer, step: Step | undefined, text: string, isCondition: boolean, signal: AbortSignal): Promise<Trial> {
  const scope = knownScope(state);
  for (const loop of loopsAround(step)) {
    const items = valueAt(state.model, [...loop.path, 'with', 'items']);
    const as = valueAt(state.model, [...loop.path, 'with', 'as']);
    const found = await server.preview(items, scope, false, signal);
    if (Array.isArray(found.value) && found.value.length > 0) {
      scope[typeof as === 'string' ? as : 'item'] = found.value[0];
      scope.loop = { index: 1, index0: 0, first: true, last: found.value.length === 1, length: found.value.length };
    }
  }
  return server.preview(text, scope, isCondition, signal);
}

function Preview({ step, text, isCondition }: { step: Step | undefined; text: string; isCondition: boolean }) {
  const store = useDesignerStore();
  const model = useDesigner((state) => state.model);
  const shown = useDesigner((state) => state.shown?.progress);
  const [trial, setTrial] = useState<Trial>();
  const isKnownWrong = useDesigner((state) => (step ? state.problemsByKey.has(step.key) : state.problems.length > 0));
  const isBlank = useMemo(() => /^\s*(\{\{\s*\}\})?\s*$/.test(text), [text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new run or text gives new values
  useEffect(() => {
    if (isBlank) {
      setTrial(undefined);
      return;
    }
    const stop = new AbortController();
    const timer = window.setTimeout(() => {
      tryOut(store.getState(), step, text, isCondition, stop.signal).then(setTrial, () => undefined);
    }, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [text, isBlank, isCondition, step, model, shown, store]);
  if (!trial || isBlank) {
    return null;
  }
  if (trial.error && isUnknownYet(trial.error.message, isKnownWrong)) {
    return <output className="dz-says">Its value is known when it runs.</output>;
  }
  if (trial.error) {
    return (
      <output className="dz-preview" data-tone="bad">
        <span>
          <Says text={[trial.error.message, trial.error.help].filter(Boolean).join('. ')} />
        </span>
      </output>
    );
  }
  return (
    <output className="dz-preview">
      <span className="dz-soft">{trial.kind}</span>
      <pre>{short(trial.value)}</pre>
    </output>
  );
}

/** Whether a mistake only says that a name has no value before a run: the check knows better which names there are. */
function isUnknownYet(message: string, isKnownWrong: boolean): boolean {
  return !isKnownWrong && /is not defined/.test(message);
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
