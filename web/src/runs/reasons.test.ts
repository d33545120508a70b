import { expect, it } from 'vitest';
import { type Reason, refusedBy, why } from './reasons.ts';

const nameOf = (id: string) => ({ a: 'desk', b: 'cellar' })[id] ?? id;
const noRobot: Reason = {
  reason: 'no_robot',
  robots: [
    ['a', [{ obstacle: 'not_in_pool', wanted: 'office' }]],
    ['b', [{ obstacle: 'not_accepting' }, { obstacle: 'lacks_capability', wanted: 'browser' }]],
  ],
};

it('says of each robot by its name why it may not have a run', () => {
  expect(why(noRobot, nameOf)).toEqual({
    says: 'No robot that is connected may have it:',
    robots: ['desk: it is not in the pool office', 'cellar: it takes no runs now, it can’t do browser'],
  });
});

it('says what keeps one robot from a run', () => {
  expect(refusedBy('b', [noRobot], nameOf)).toBe('it takes no runs now, it can’t do browser');
  expect(refusedBy('c', [noRobot], nameOf)).toBeUndefined();
});

it('says a reason that it does not know by its name', () => {
  expect(why({ reason: 'new_moon' }, nameOf).says).toBe('new moon');
});
