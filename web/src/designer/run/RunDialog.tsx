/** What a run is given before it starts. */

import { Play } from 'lucide-react';
import { useState } from 'react';
import { Button, Dialog } from '../controls.tsx';
import { FieldRow } from '../panel/Field.tsx';
import { typed } from '../panel/WorkflowPanel.tsx';
import { type InputSpec, inputSpec, mapAt } from '../model/scope.ts';
import { Refusal } from '../server.ts';
import { useDesigner, useDesignerStore } from '../store.ts';
import { start } from './watch.ts';

export function RunDialog({ onClose }: { onClose: () => void }) {
  const store = useDesignerStore();
  const model = useDesigner((state) => state.model);
  const last = useDesigner((state) => state.shown?.job.inputs);
  const [isStarting, setStarting] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const inputs = Object.entries(mapAt(model, 'inputs')).map(([name, value]) => [name, inputSpec(value)] as const);
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(inputs.map(([name, spec]) => [name, asText(last?.[name] ?? spec.default)])),
  );
  const missing = inputs.filter(([name, spec]) => spec.required && spec.default === undefined && (texts[name] ?? '') === '');
  const run = async () => {
    setStarting(true);
    setWrong(undefined);
    const given = inputs.flatMap(([name, spec]) => {
      const text = texts[name] ?? '';
      return text === '' ? [] : [[name, typed(text, spec.type)] as const];
    });
    try {
      await start(store, Object.fromEntries(given));
      onClose();
    } catch (error) {
      setStarting(false);
      setWrong(told(error));
    }
  };
  return (
    <Dialog
      title={`Run ${model.name ?? 'the workflow'}`}
      onClose={onClose}
      footer={
        <>
          {wrong ? (
            <span className="dz-wrong" role="alert" style={{ flex: 1 }}>
              {wrong}
            </span>
          ) : null}
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="main" disabled={isStarting || missing.length > 0} onClick={() => void run()}>
            <Play size={15} aria-hidden /> {isStarting ? 'Starting…' : 'Run'}
          </Button>
        </>
      }
    >
      <p className="dz-says">What is on the canvas runs, whether it is published or not.</p>
      {inputs.map(([name, spec]) => (
        <FieldRow key={name} name={name} says={spec.description ?? ''} isRequired={spec.required}>
          {(id) => (
            <Entry id={id} spec={spec} text={texts[name] ?? ''} onText={(text) => setTexts((now) => ({ ...now, [name]: text }))} />
          )}
        </FieldRow>
      ))}
    </Dialog>
  );
}

function asText(value: unknown): string {
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

export function told(error: unknown): string {
  if (error instanceof Refusal) {
    const details = error.problems
      .map((one) => (one as { message?: string; input?: string }) ?? {})
      .map((one) => [one.input, one.message].filter(Boolean).join(': '));
    return [error.message, ...details.slice(0, 3), error.help].filter(Boolean).join(' – ');
  }
  return error instanceof Error ? error.message : String(error);
}

function Entry({ id, spec, text, onText }: { id: string; spec: InputSpec; text: string; onText: (text: string) => void }) {
  const options = spec.type === 'boolean' ? [true, false] : spec.options;
  if (options) {
    return (
      <select id={id} className="dz-input" value={text} onChange={(event) => onText(event.target.value)}>
        <option value="">–</option>
        {options.map((option) => (
          <option key={asText(option)} value={asText(option)}>
            {asText(option)}
          </option>
        ))}
      </select>
    );
  }
  return ['list', 'map'].includes(spec.type) ? (
    <textarea id={id} className="dz-input dz-mono" rows={3} placeholder="JSON" value={text} onChange={(event) => onText(event.target.value)} />
  ) : (
    <input
      id={id}
      className="dz-input"
      type={spec.type === 'date' ? 'date' : 'text'}
      placeholder={spec.type}
      value={text}
      onChange={(event) => onText(event.target.value)}
    />
  );
}
