import { beforeEach, expect, it } from 'vitest';
import { catalogueOf } from './model/catalogue.ts';
import { sure } from './model/samples.testing.ts';
import { type DesignerStore, createDesigner, selectedSteps } from './store.ts';

let designer: DesignerStore;
const TEXT = 'casare: 1\nname: a\nsteps:\n  - use: one\n  - use: two\n';

beforeEach(() => {
  designer = createDesigner({
    workflow: 'a',
    catalogue: catalogueOf({ nodes: [], functions: [] }),
    text: TEXT,
    base: undefined,
    published: undefined,
    revision: undefined,
    keeping: { state: 'kept', at: undefined },
  });
});

const state = () => designer.getState();
const uses = () => state().model.steps.map((step) => step.use);

it('what was inserted is selected, undone and done again', () => {
  state().insert({ list: state().model.root, index: 1 }, '- use: new\n', 'Insert');
  expect(uses()).toEqual(['one', 'new', 'two']);
  expect(selectedSteps(state()).map((step) => step.use)).toEqual(['new']);
  expect(state().keeping.state).toBe('changed');

  state().undo();
  expect(state().text).toBe(TEXT);
  state().redo();
  expect(uses()).toEqual(['one', 'new', 'two']);
});

it('what is typed into one field is undone at once', () => {
  for (const text of ['H', 'Hi', 'Hi!']) {
    state().set(['steps', 0, 'name'], text);
  }
  state().set(['steps', 1, 'name'], 'Other');

  state().undo();
  expect(state().text).toContain('name: Hi!');
  state().undo();
  expect(state().text).toBe(TEXT);
});

it('a text that cannot be read keeps the drawing, and the way back', () => {
  state().setText('steps: [', { label: 'Type', group: 'text', mayBreak: true });

  expect(state().error?.line).toBe(1);
  expect(uses()).toEqual(['one', 'two']);
  state().undo();
  expect(state().error).toBeUndefined();
});

it('after a step is deleted the next one is selected', () => {
  state().remove([sure(state().model.steps[0])]);

  expect(uses()).toEqual(['two']);
  expect(selectedSteps(state()).map((step) => step.use)).toEqual(['two']);
});

it('problems belong to the innermost step that their path leads into', () => {
  const problem = { line: 4, column: 1, end_line: 4, end_column: 2, code: 'x', severity: 'error', message: 'm', help: null } as const;
  state().noteProblems(TEXT, [{ ...problem, path: 'steps[1].with.a' }, { ...problem, path: 'name' }]);

  expect([...state().problemsByKey.keys()]).toEqual([state().model.steps[1]?.key]);
});

it('steps that are written in brackets, as in JSON, are edited all the same', () => {
  const json = '{"casare": 1, "steps": [{"use": "one", "do": [{"use": "inner", "with": {"a": [1]}}]}, {"use": "two"}]}';
  state().setText(json, { label: 'Take' });
  const inner = sure(state().model.steps[1]);

  state().insert({ list: inner.list, index: 1 }, '- use: new\n', 'Insert');
  expect(uses()).toEqual(['one', 'inner', 'new', 'two']);
  state().move([sure(state().model.steps[3])], { list: state().model.root, index: 0 });
  expect(uses()).toEqual(['two', 'one', 'inner', 'new']);
  state().remove([sure(state().model.steps[2])]);
  expect(uses()).toEqual(['two', 'one', 'new']);
  expect(state().notice).toBeUndefined();
});
