import { expect, it } from 'vitest';
import { ACTIONS, actionOf, pastable } from './actions.ts';

it('steps are pasted from a list, a step, a whole workflow, and from the middle of a text', () => {
  const steps = '- use: a\n  with: { b: 1 }\n';

  expect(pastable(steps)).toBe(steps);
  expect(pastable('      - use: a\n        with: { b: 1 }')).toBe(steps);
  expect(pastable('use: a\nwith:\n  b: 1')).toBe('- use: a\n  with:\n    b: 1\n');
  expect(pastable(`casare: 1\nsteps:\n  ${steps.replaceAll('\n', '\n  ')}`)).toBe('- use: a\n  with:\n    b: 1\n');
  expect(pastable('[{"use": "a"}]')).toBe('- use: a\n');
});

it('what holds no steps is not pasted', () => {
  for (const text of ['', 'Dear all,', '- a\n- b', 'steps: []', '{ "use": 1 }', '- use: [']) {
    expect(pastable(text), text).toBeUndefined();
  }
});

it('no two actions have the same key', () => {
  const keys = ACTIONS.flatMap((action) => action.keys);

  expect(new Set(keys).size).toBe(keys.length);
  const press = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  expect(actionOf({ ...press, key: 'Z', metaKey: true, shiftKey: true })?.name).toBe('redo');
  expect(actionOf({ ...press, key: '+', shiftKey: true })?.name).toBe('zoom-in');
  expect(actionOf({ ...press, key: 'x' })).toBeUndefined();
});
