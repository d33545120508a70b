import { expect, it } from 'vitest';
import { ago, between, lasted, person, size } from './text.ts';

it('says times by their distance', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');

  expect(ago('2026-01-01T11:57:00Z', now)).toBe('3 min ago');
  expect(ago('2026-01-01T14:00:00Z', now)).toBe('in 2 h');
  expect(ago('2026-01-01T11:59:58Z', now)).toBe('now');
});

it('says durations in the units people use', () => {
  expect(lasted(340)).toBe('340 ms');
  expect(lasted(80_000)).toBe('1 min 20 s');
  expect(lasted(600_000)).toBe('10 min');
  expect(between('2026-01-01T00:00:00Z', '2026-01-01T02:05:00Z')).toBe('2 h 5 min');
  expect(between(undefined, undefined)).toBe('–');
});

it('says sizes and people', () => {
  expect(size(1_500_000)).toBe('1.5 MB');
  expect(person('user:ada@example.com')).toBe('ada@example.com');
});
