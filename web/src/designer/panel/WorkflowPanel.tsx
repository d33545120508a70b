/** The workflow itself: what it is called, what it takes, keeps and answers. */

import { Plus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Button } from '../controls.tsx';
import { freeName } from '../model/arrange.ts';
import { renameValue } from '../model/names.ts';
import { type InputSpec, inputSpec, mapAt } from '../model/scope.ts';
import { useDesigner, useDesignerStore } from '../store.ts';
import { ExpressionField } from './ExpressionField.tsx';
import { FieldRow, TextInput, useTyping } from './Field.tsx';

const KINDS = ['string', 'integer', 'number', 'boolean', 'list', 'map', 'file', 'folder', 'date', 'credential', 'any'];

export function WorkflowPanel() {
  const store = useDesignerStore();
  const model = useDesigner((state) => state.model);
  const set = (path: (string | number)[], value: unknown, label: string) => store.getState().set(path, value, { label });
  const description = model.doc.get('description');
  const inputs = Object.entries(mapAt(model, 'inputs'));
  const variables = Object.entries(mapAt(model, 'variables'));
  const outputs = Object.entries(mapAt(model, 'outputs'));
  const rename = (realm: 'inputs' | 'vars', name: string, fresh: string) =>
    /^[A-Za-z_]\w*$/.test(fresh) &&
    store.getState().setText(renameValue(model, realm, name, fresh), { label: `Rename ${name}` });
  return (
    <div className="dz-pad">
      <h2 style={{ fontSize: 15, fontWeight: 650 }}>The workflow</h2>
      <p className="dz-says">Select a step to see its settings.</p>
      <FieldRow name="name">
        {(id) => (
          <TextInput id={id} value={model.name ?? ''} onValue={(name) => set(['name'], name === '' ? undefined : name, 'Rename')} />
        )}
      </FieldRow>
      <FieldRow name="description">
        {(id) => (
          <Words
            id={id}
            value={typeof description === 'string' ? description : ''}
            onValue={(text) => set(['description'], text === '' ? undefined : text, 'Describe')}
          />
        )}
      </FieldRow>
      <Part title="Inputs" says="What a run has to be given." onAdd={() => add('inputs', 'input', { type: 'string' })}>
        {inputs.map(([name, value]) => (
          <InputRow
            key={name}
            name={name}
            spec={inputSpec(value)}
            onRename={(fresh) => rename('inputs', name, fresh)}
            onSpec={(spec) => set(['inputs', name], spec, `Change ${name}`)}
            onRemove={() => set(['inputs', name], undefined, `Remove ${name}`)}
          />
        ))}
      </Part>
      <Part title="Variables" says="What steps keep and change, with their first values." onAdd={() => add('variables', 'value', '')}>
        {variables.map(([name, value]) => (
          <Pair
            key={name}
            name={name}
            value={value}
            onRename={(fresh) => rename('vars', name, fresh)}
            onValue={(next) => set(['variables', name], next, `Set ${name}`)}
            onRemove={() => set(['variables', name], undefined, `Remove ${name}`)}
          />
        ))}
      </Part>
      <Part title="Outputs" says="What a run answers." onAdd={() => add('outputs', 'result', '{{  }}')}>
        {outputs.map(([name, value]) => (
          <Pair
            key={name}
            name={name}
            value={value}
            isExpression
            onRename={(fresh) => {
              const next = Object.fromEntries(outputs.map(([one, given]) => [one === name ? fresh : one, given]));
              set(['outputs'], next, `Rename ${name}`);
            }}
            onValue={(next) => set(['outputs', name], next, `Set ${name}`)}
            onRemove={() => set(['outputs', name], undefined, `Remove ${name}`)}
          />
        ))}
      </Part>
    </div>
  );

  function add(part: string, stem: string, value: unknown) {
    const name = freeName(stem, new Set(Object.keys(mapAt(store.getState().model, part))));
    set([part, name], value, `Add ${name}`);
  }
}

function Words({ id, value, onValue }: { id: string; value: string; onValue: (text: string) => void }) {
  const typing = useTyping(value, onValue);
  return (
    <textarea
      id={id}
      className="dz-input"
      rows={2}
      placeholder="What it is for"
      value={typing.text}
      onChange={(event) => typing.type(event.target.value)}
      onBlur={typing.flush}
    />
  );
}

function Part({ title, says, onAdd, children }: { title: string; says: string; onAdd: () => void; children: ReactNode[] }) {
  return (
    <details className="dz-section" open>
      <summary>
        {title} {children.length > 0 ? <span className="dz-count">{children.length}</span> : null}
      </summary>
      <p className="dz-says" style={{ marginBottom: 6 }}>
        {says}
      </p>
      <div className="dz-rows">{children}</div>
      <Button small style={{ marginTop: 6 }} onClick={onAdd}>
        <Plus size={14} aria-hidden /> Add to {title.toLowerCase()}
      </Button>
    </details>
  );
}

function InputRow({
  name,
  spec,
  onRename,
  onSpec,
  onRemove,
}: {
  name: string;
  spec: InputSpec;
  onRename: (name: string) => void;
  onSpec: (spec: object) => void;
  onRemove: () => void;
}) {
  const change = (part: Partial<InputSpec>) => {
    const { type, default: fallback, required, description, options } = { ...spec, ...part };
    onSpec({
      type,
      ...(fallback === undefined || fallback === '' ? {} : { default: fallback }),
      ...(required ? { required } : {}),
      ...(description ? { description } : {}),
      ...(options ? { options } : {}),
    });
  };
  return (
    <div className="dz-rows" style={{ gap: 4, paddingBottom: 6 }}>
      <div className="dz-row">
        <TextInput className="dz-input" isCode lazily aria-label={`Name of the input ${name}`} value={name} onValue={onRename} />
        <select
          className="dz-input"
          aria-label={`Kind of ${name}`}
          value={spec.type}
          onChange={(event) => change({ type: event.target.value })}
        >
          {KINDS.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </select>
        <Button small tone="plain" label={`Remove the input ${name}`} onClick={onRemove}>
          <X size={14} aria-hidden />
        </Button>
      </div>
      <div className="dz-row">
        <TextInput
          className="dz-input"
          aria-label={`Value of ${name} when none is given`}
          placeholder="value when none is given"
          value={spec.default === undefined ? '' : typeof spec.default === 'string' ? spec.default : JSON.stringify(spec.default)}
          onValue={(text) => change({ default: text === '' ? undefined : typed(text, spec.type) })}
        />
        <label className="dz-row dz-small" style={{ whiteSpace: 'nowrap' }}>
          <input type="checkbox" checked={spec.required} onChange={(event) => change({ required: event.target.checked })} />
          required
        </label>
      </div>
    </div>
  );
}

/** What was typed, as a value of a kind. */
export function typed(text: string, kind: string): unknown {
  if (['integer', 'number'].includes(kind)) {
    const number = Number(text);
    return Number.isFinite(number) && text.trim() !== '' ? number : text;
  }
  if (['boolean', 'list', 'map', 'any'].includes(kind)) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

function Pair({
  name,
  value,
  isExpression,
  onRename,
  onValue,
  onRemove,
}: {
  name: string;
  value: unknown;
  isExpression?: boolean;
  onRename: (name: string) => void;
  onValue: (value: unknown) => void;
  onRemove: () => void;
}) {
  const [id] = useState(() => `dz-${Math.random().toString(36).slice(2)}`);
  return (
    <div className="dz-rows" style={{ gap: 4, paddingBottom: 6 }}>
      <div className="dz-row">
        <TextInput className="dz-input" isCode lazily aria-label={`Name of ${name}`} value={name} onValue={onRename} />
        <Button small tone="plain" label={`Remove ${name}`} onClick={onRemove}>
          <X size={14} aria-hidden />
        </Button>
      </div>
      <label htmlFor={id} className="dz-hidden">
        Value of {name}
      </label>
      {isExpression ? (
        <ExpressionField id={id} step={undefined} value={value} onValue={onValue} />
      ) : (
        <TextInput
          id={id}
          isCode
          placeholder="first value"
          value={typeof value === 'string' ? value : JSON.stringify(value)}
          onValue={(text) => onValue(typed(text, 'any'))}
        />
      )}
    </div>
  );
}
