import { expect, it } from 'vitest';
import { touched } from './live.ts';

it('reads tasks and dead letters again when a job changes', () => {
  expect(touched('jobs')).toEqual(['jobs', 'tasks', 'dead-letters']);
});

it('reads alerts again when one is opened', () => {
  expect(touched('alert.opened')).toEqual(['alerts']);
});

it('knows the kind of a topic that names one thing', () => {
  expect(touched('runs/0192')).toEqual(['runs']);
});
