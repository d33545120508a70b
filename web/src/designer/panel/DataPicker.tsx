/** Values that an expression can read: click one to write its name. */

import { useMemo, useState } from 'react';
import { type Name, namesFor } from '../model/scope.ts';
import type { Step } from '../model/tree.ts';
import { useDesigner } from '../store.ts';
import { knownScope } from './ExpressionField.tsx';

/** How far real values are opened, and how many of each. */
const DEEPEST = 4;
const MOST = 40;

export function DataPicker({
  step,
  onPick,
}: {
  step: Step | undefined;
  onPick: (path: string, from: Step | undefined) => void;
}) {
  const model = useDesigner((state) => state.model);
  const catalogue = useDesigner((state) => state.catalogue);
  const [query, setQuery] = useState('');
  const names = useMemo(() => namesFor(model, catalogue, step), [model, catalogue, step]);
  const words = query.trim().toLowerCase();
  const fits = (name: Name): boolean =>
    words === '' || `${name.path} ${name.label}`.toLowerCase().includes(words) || name.children.some(fits);
  const found = names.filter(fits);
  return (
    <div className="dz-data" style={{ padding: 6 }}>
      <input
        // biome-ignore lint/a11y/noAutofocus: it was opened to choose from
        autoFocus
        className="dz-input"
        aria-label="Search for a value"
        placeholder="Search for a value"
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      {found.length === 0 ? <p className="dz-empty">There is nothing to read here yet.</p> : null}
      {found.map((name) => (
        <Branch key={name.path + name.label} name={name} fits={fits} onPick={onPick} />
      ))}
    </div>
  );
}

function Branch({
  name,
  fits,
  onPick,
}: {
  name: Name;
  fits: (name: Name) => boolean;
  onPick: (path: string, from: Step | undefined) => void;
}) {
  const scope = useDesigner(knownValues);
  const real = valueAtPath(scope, name.path);
  if (name.children.length > 0) {
    const isNameable = !['inputs', 'vars'].includes(name.path) && name.step === undefined;
    return (
      <details open style={{ padding: '2px 0' }}>
        <summary className="dz-row" style={{ cursor: 'pointer' }}>
          <strong className="dz-cut">{name.label}</strong>
          <span className="dz-small dz-soft dz-cut">{name.says}</span>
        </summary>
        <div style={{ paddingLeft: 12 }}>
          {isNameable ? <Leaf name={{ ...name, children: [] }} real={undefined} depth={DEEPEST} onPick={onPick} /> : null}
          {name.children.filter((child) => fits(child) || fits({ ...name, children: [] })).map((child) => (
            <Leaf key={child.path} name={child} real={valueAtPath(scope, child.path)} depth={0} onPick={onPick} />
          ))}
        </div>
      </details>
    );
  }
  return <Leaf name={name} real={real} depth={0} onPick={onPick} />;
}

/** Compared by what it was made of: a scope is made anew each time. */
let lastScope: { model: unknown; shown: unknown; scope: Record<string, unknown> } | undefined;
function knownValues(state: Parameters<typeof knownScope>[0]): Record<string, unknown> {
  if (lastScope?.model !== state.model || lastScope.shown !== state.shown) {
    lastScope = { model: state.model, shown: state.shown, scope: knownScope(state) };
  }
  return lastScope.scope;
}

function Leaf({
  name,
  real,
  depth,
  onPick,
}: {
  name: Name;
  real: unknown;
  depth: number;
  onPick: (path: string, from: Step | undefined) => void;
}) {
  const inner = depth < DEEPEST ? parts(real) : [];
  return (
    <>
      <button type="button" className="dz-item" title={name.says} onClick={() => onPick(name.path, name.step)}>
        <code className="dz-cut">{name.label}</code>
        <span className="dz-small dz-soft dz-cut dz-grow">{real === undefined || real === null ? name.kind : short(real)}</span>
      </button>
      {inner.length > 0 ? (
        <div style={{ paddingLeft: 12 }}>
          {inner.map(([key, value]) => (
            <Leaf
              key={key}
              name={{ ...name, path: `${name.path}${key}`, label: key.replace(/^\./, ''), says: '', kind: '', children: [] }}
              real={value}
              depth={depth + 1}
              onPick={onPick}
            />
          ))}
        </div>
      ) : null}
    </>
  );
}

/** The parts of a value, by what is written after its name. */
function parts(value: unknown): [string, unknown][] {
  if (Array.isArray(value)) {
    return value.length > 0 ? [['[0]', value[0]]] : [];
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .slice(0, MOST)
      .map(([key, one]) => [/^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `['${key.replace(/'/g, "\\'")}']`, one]);
  }
  return [];
}

function valueAtPath(scope: Record<string, unknown>, path: string): unknown {
  let value: unknown = scope;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
