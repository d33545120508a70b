/** Making a workflow of its own out of some steps. */

import { stringify } from 'yaml';
import { freeName, isRow, outermost } from './arrange.ts';
import { expressions } from './names.ts';
import { itemText, placesOf } from './place.ts';
import { type Splice, apply, indent } from './splice.ts';
import { type Model, type Step, isWithin } from './tree.ts';

/** The new workflow, and what the old one has become. */
export interface Extracted {
  /** What calls it. */
  caller: string;
  /** The new workflow. */
  callee: string;
  /** Its file, as the call names it. */
  file: string;
}

/** A value from outside that the steps read, or one of theirs that others read. */
interface Use {
  from: number;
  to: number;
  realm: string;
  names: string[];
}

const REALM = /(?<![\w.'"])(steps|vars|inputs)((?:\s*\.\s*[A-Za-z_]\w*)+)/g;

/** What expressions read of other steps, variables and inputs, in `[from, to)`. */
function uses(model: Model, from: number, to: number): Use[] {
  return expressions(model)
    .filter((one) => one.from >= from && one.to <= to)
    .flatMap((one) =>
      Array.from(model.text.slice(one.from, one.to).matchAll(REALM), (match) => ({
        from: one.from + match.index,
        to: one.from + match.index + match[0].length,
        realm: match[1] ?? '',
        names: (match[2] ?? '').split('.').map((name) => name.trim()).filter(Boolean),
      })),
    );
}

/** Takes a row of steps out into the workflow `name`, and calls that in their place. */
export function extract(model: Model, steps: readonly Step[], name: string): Extracted | undefined {
  const row = outermost(model, steps);
  const [first] = row;
  const places = first && isRow(row) ? placesOf(model, first.list) : undefined;
  const start = first && places?.[first.index];
  const end = first && places?.[first.index + row.length - 1];
  if (!first || !start || !end) {
    return undefined;
  }
  const ids = new Set(
    model.steps.filter((step) => step.id && row.some((one) => isWithin(step, one))).map((step) => step.id as string),
  );
  const inputs = new Map<string, string>();
  const inner: Splice[] = [];
  for (const use of uses(model, start.start, end.end)) {
    const [head = '', ...rest] = use.names;
    if (use.realm === 'steps' && ids.has(head)) {
      continue;
    }
    const isStep = use.realm === 'steps';
    const taken = isStep ? [head, rest[0]].filter(Boolean) : [head];
    const input = taken.join('_');
    inputs.set(input, `{{ ${use.realm}.${taken.join('.')} }}`);
    const after = isStep ? rest.slice(1) : rest;
    inner.push({ from: use.from, to: use.to, insert: ['inputs', input, ...after].join('.') });
  }
  const callId = freeName(identifier(name), new Set(model.steps.flatMap((step) => (step.id ? [step.id] : []))));
  const outputs = new Map<string, string>();
  const outer: Splice[] = [];
  for (const use of [...uses(model, 0, start.start), ...uses(model, end.end, model.text.length)]) {
    const [head = '', ...rest] = use.names;
    if (use.realm !== 'steps' || !ids.has(head)) {
      continue;
    }
    const output = [head, rest[0]].filter(Boolean).join('_');
    outputs.set(output, `{{ steps.${[head, rest[0]].filter(Boolean).join('.')} }}`);
    outer.push({ from: use.from, to: use.to, insert: ['steps', callId, output, ...rest.slice(1)].join('.') });
  }
  const file = `${name}.workflow.yaml`;
  const changed = apply(model.text, inner.map((splice) => ({ ...splice })));
  const growth = changed.length - model.text.length;
  const items = itemText({ ...model, text: changed }, { ...start, end: end.end + growth });
  const call = {
    ...(outputs.size > 0 ? { id: callId } : {}),
    use: 'flow.call',
    with: { workflow: file, ...(inputs.size > 0 ? { inputs: Object.fromEntries(inputs) } : {}) },
  };
  const callText = indent(stringify([call], { lineWidth: 0 }), start.column);
  const caller = apply(model.text, [...outer, { from: start.start, to: end.end, insert: callText }]);
  const head = {
    casare: 1,
    name,
    ...(inputs.size > 0
      ? { inputs: Object.fromEntries([...inputs.keys()].map((input) => [input, { required: true }])) }
      : {}),
  };
  const tail = outputs.size > 0 ? stringify({ outputs: Object.fromEntries(outputs) }, { lineWidth: 0 }) : '';
  const callee = `${stringify(head, { lineWidth: 0 })}steps:\n${indent(items, 2)}${tail}`;
  return { caller, callee, file };
}

function identifier(name: string): string {
  const plain = name.replace(/\W+/g, '_').replace(/^(\d)/, '_$1');
  return plain === '' ? 'call' : plain;
}
