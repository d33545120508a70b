import { expect, it } from 'vitest';
import type { Schemas } from '../api/client.ts';
import { differences, paired, wentOtherwise } from './comparison.ts';

const step = (name: string, state = 'finished') =>
  ({ path: [name], step: {}, state, started: '2026-01-01T00:00:00Z', retries: 0 }) as unknown as Schemas['StepView'];

it('names what differs in two values by its path', () => {
  expect(differences({ who: 'Ada', to: [{ at: 1 }] }, { who: 'Ada', to: [{ at: 2 }, 3] })).toEqual([
    { path: 'to.0.at', one: 1, other: 2 },
    { path: 'to.1', one: undefined, other: 3 },
  ]);
  expect(differences({ all: [] }, { all: {} })).toEqual([{ path: 'all', one: [], other: {} }]);
});

it('puts a step that only the other run has after the one that it came after', () => {
  const pairs = paired([step('open'), step('save')], [step('open'), step('retry'), step('save')]);

  expect(pairs.map(({ key }) => key)).toEqual(['["open"]', '["retry"]', '["save"]']);
  expect(pairs.map(wentOtherwise)).toEqual([false, true, false]);
});

it('sees a step that ended otherwise', () => {
  expect(paired([step('save')], [step('save', 'failed')]).map(wentOtherwise)).toEqual([true]);
});
