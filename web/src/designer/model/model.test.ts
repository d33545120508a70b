import { expect, it } from 'vitest';
import { type NodeSpec, catalogueOf, newStep, search } from './catalogue.ts';
import { asExpression, asFixed, fieldsOf } from './fields.ts';
import { NO_PROGRESS, follow } from './progress.ts';
import { model } from './samples.testing.ts';
import { namesFor } from './scope.ts';

const CLICK = {
  name: 'browser.click',
  summary: 'Clicks an element.',
  settings: {
    type: 'object',
    required: ['target'],
    properties: {
      button: { $ref: '#/$defs/Button', description: 'Which mouse button.' },
      count: { type: 'integer', minimum: 0, maximum: 255, default: 1 },
      position: { anyOf: [{ $ref: '#/$defs/Position' }, { type: 'null' }], description: 'Where.' },
      heal: { type: ['boolean', 'null'] },
      target: { anyOf: [{ type: 'string', format: 'locator', examples: ['label=Email'] }, { type: 'object' }] },
    },
    $defs: {
      Button: { oneOf: [{ const: 'left', description: 'The usual one.' }, { const: 'right' }] },
      Position: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] },
    },
  },
  outputs: {},
  blocks: [],
} as unknown as NodeSpec;

const LOOP = {
  name: 'flow.for_each',
  summary: 'Runs `do` for each item.',
  settings: {},
  outputs: { properties: { passes: { type: 'integer' } } },
  blocks: [
    {
      name: 'do',
      shape: 'list',
      required: true,
      binds: [{ fixed: 'loop' }, { from_setting: { setting: 'as', default: 'item' } }],
    },
  ],
} as unknown as NodeSpec;

it('a form is made of the schema: what is required first, with choices and examples', () => {
  const fields = fieldsOf(CLICK);

  expect(fields.map((field) => [field.name, field.entry.kind])).toEqual([
    ['target', 'text'],
    ['button', 'choice'],
    ['count', 'number'],
    ['position', 'group'],
    ['heal', 'flag'],
  ]);
  expect(fields[0]).toMatchObject({ isRequired: true, examples: ['label=Email'] });
  expect(fields[1]?.entry).toEqual({
    kind: 'choice',
    options: [
      { value: 'left', says: 'The usual one.' },
      { value: 'right', says: undefined },
    ],
  });
});

it('a fixed value becomes an expression and comes back', () => {
  for (const value of ["it's", 3, true, ['a']]) {
    expect(asFixed(asExpression(value))).toEqual(value);
  }
  expect(asFixed('{{ vars.a + 1 }}')).toBeUndefined();
});

it('a node is found by its name, its letters and what people call it', () => {
  const nodes = [CLICK, LOOP];

  expect(search(nodes, 'click')[0]).toBe(CLICK);
  expect(search(nodes, 'brcl')[0]).toBe(CLICK);
  expect(search(nodes, 'loop')[0]).toBe(LOOP);
  expect(search(nodes, 'zebra')).toEqual([]);
  expect(newStep(LOOP)).toBe('- use: flow.for_each\n  do: []\n');
});

it('a step sees inputs, the loop around it, and the outputs of what ran before', () => {
  const catalogue = catalogueOf({ nodes: [CLICK, LOOP], functions: [] });
  const read = model(`inputs:
  file: { type: file, description: The book. }
steps:
  - id: first
    use: flow.for_each
    do: []
  - use: flow.for_each
    with: { as: person }
    do:
      - use: browser.click
  - use: flow.for_each
    do: []
`);

  const names = namesFor(read, catalogue, read.steps[2]);

  expect(names.map((name) => name.path)).toEqual(['loop', 'person', 'inputs', 'steps.first']);
  expect(names[2]?.children[0]).toMatchObject({ path: 'inputs.file', kind: 'file', says: 'The book.' });
  expect(names[3]?.children[0]).toMatchObject({ path: 'steps.first.passes', kind: 'whole number' });
});

it('a run is followed over passes, failures and retries', () => {
  const step = { node: 'a', title: 'A', id: 'a' };
  const first = follow(NO_PROGRESS, [
    { event: 'run_started', inputs: { who: 'Ada' } },
    { event: 'step_started', path: '0.do[0].0', step },
    { event: 'log', path: '0.do[0].0', level: 'info', message: 'hm' },
    { event: 'step_finished', path: '0.do[0].0', step, outputs: { n: 1 }, took: 5 },
    { event: 'step_started', path: '0.do[1].0', step },
  ]);
  expect(first.steps.get('0.do.0')).toMatchObject({ state: 'running', running: 1, failed: 0 });

  const last = follow(first, [
    { event: 'step_retried', path: '0.do[1].0', step, error: { message: 'no' } },
    { event: 'step_failed', path: '0.do[1].0', step, error: { message: 'still no' }, took: 7 },
    { event: 'run_finished', state: 'failed' as never },
  ]);

  const done = last.steps.get('0.do.0');
  expect(done).toMatchObject({ state: 'failed', running: 0, failed: 1, took: 12 });
  expect(done?.instances.map((one) => [one.state, one.retries])).toEqual([
    ['finished', 0],
    ['failed', 1],
  ]);
  expect(last.outputs).toEqual({ a: { n: 1 } });
  expect(first.steps.get('0.do.0')?.state, 'what was shown before stays as it was').toBe('running');
});

