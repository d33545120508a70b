/** Which names expressions of a step can use. */

import type { Catalogue } from './catalogue.ts';
import { outputsOf } from './fields.ts';
import { type Model, type Step, titleOf, valueAt } from './tree.ts';

/** A name, and what is below it. */
export interface Name {
  /** As expressions write it: `steps.people.rows`. */
  path: string;
  label: string;
  says: string;
  kind: string;
  /** The step whose output it is; it gets an id when it is used, if it has none. */
  step?: Step;
  output?: string;
  children: Name[];
}

/** What a step sees: inputs, variables, names of loops around it, outputs of steps before it. */
export function namesFor(model: Model, catalogue: Catalogue, step: Step | undefined): Name[] {
  const names = [...bound(model, catalogue, step)];
  for (const [realm, part, label] of [
    ['inputs', 'inputs', 'Inputs'],
    ['vars', 'variables', 'Variables'],
  ] as const) {
    const children = Object.entries(mapAt(model, part)).map(
      ([name, value]): Name => ({
        path: `${realm}.${name}`,
        label: name,
        says: realm === 'inputs' ? inputSays(value) : '',
        kind: realm === 'inputs' ? inputKind(value) : '',
        children: [],
      }),
    );
    if (children.length > 0) {
      names.push({ path: realm, label, says: '', kind: '', children });
    }
  }
  const before = step ? stepsBefore(step) : model.steps;
  names.push(...before.reverse().flatMap((one) => stepName(one, catalogue)));
  return names;
}

function stepName(step: Step, catalogue: Catalogue): Name[] {
  const outputs = outputsOf(catalogue.byName.get(step.use));
  if (outputs.length === 0) {
    return [];
  }
  const id = step.id ?? '';
  return [
    {
      path: `steps.${id}`,
      label: titleOf(step),
      says: step.use,
      kind: '',
      step,
      children: outputs.map(({ name, says, kind }) => ({
        path: `steps.${id}.${name}`,
        label: name,
        says,
        kind,
        step,
        output: name,
        children: [],
      })),
    },
  ];
}

/** The steps that have run when `step` begins, as far as the tree tells. */
function stepsBefore(step: Step): Step[] {
  const found: Step[] = [];
  const inside = (one: Step): void => {
    for (const list of one.lists) {
      for (const inner of list.steps) {
        inside(inner);
        found.push(inner);
      }
    }
  };
  const walk = (one: Step): void => {
    if (one.list.owner) {
      walk(one.list.owner);
    }
    for (const earlier of one.list.steps.slice(0, one.index)) {
      inside(earlier);
      found.push(earlier);
    }
  };
  walk(step);
  return found;
}

function bound(model: Model, catalogue: Catalogue, step: Step | undefined): Name[] {
  const names: Name[] = [];
  for (let list = step?.list; list?.owner; list = list.owner.list) {
    const { owner, block } = list;
    const spec = catalogue.byName.get(owner.use)?.blocks.find((one) => one.name === block);
    for (const bind of spec?.binds ?? []) {
      const name = 'fixed' in bind ? bind.fixed : boundName(model, owner, bind.from_setting);
      names.push({ path: name, label: name, says: `of ${titleOf(owner)}`, kind: '', children: attributes(name) });
    }
  }
  return names;
}

function boundName(model: Model, owner: Step, { setting, default: fallback }: { setting: string; default: string }): string {
  const value = valueAt(model, [...owner.path, 'with', setting]);
  return typeof value === 'string' && value !== '' ? value : fallback;
}

function attributes(name: string): Name[] {
  const known: Record<string, [string, string][]> = {
    loop: [
      ['index', 'The pass, from 1.'],
      ['index0', 'The pass, from 0.'],
      ['first', 'Whether it is the first pass.'],
      ['last', 'Whether it is the last one.'],
      ['length', 'How many passes there are, where known.'],
    ],
    error: [
      ['message', 'What went wrong.'],
      ['kind', 'Which kind of error it is.'],
      ['step', 'Which step failed.'],
      ['help', 'What to do about it.'],
      ['details', 'More about it.'],
    ],
  };
  return (known[name] ?? []).map(([attribute, says]) => ({
    path: `${name}.${attribute}`,
    label: attribute,
    says,
    kind: '',
    children: [],
  }));
}

export function mapAt(model: Model, part: string): Record<string, unknown> {
  const value = valueAt(model, [part]);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** An input as the workflow declares it. */
export interface InputSpec {
  type: string;
  default?: unknown;
  required: boolean;
  description?: string;
  options?: unknown[];
}

export function inputSpec(value: unknown): InputSpec {
  if (typeof value === 'string') {
    return { type: value, required: false };
  }
  const map = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return {
    type: typeof map.type === 'string' ? map.type : 'any',
    default: map.default,
    required: map.required === true,
    description: typeof map.description === 'string' ? map.description : undefined,
    options: Array.isArray(map.options) ? map.options : undefined,
  };
}

function inputKind(value: unknown): string {
  return inputSpec(value).type;
}

function inputSays(value: unknown): string {
  return inputSpec(value).description ?? '';
}

/** An id for a step that has none: the action of its node. */
export function suggestedId(step: Step): string {
  const action = step.use.split('.').pop() ?? 'step';
  return action.replace(/\W+/g, '_').replace(/^(\d)/, '_$1') || 'step';
}
