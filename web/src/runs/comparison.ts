/** What differs between two runs. */

import type { Schemas } from '../api/client.ts';

type Step = Schemas['StepView'];

export interface Difference {
  path: string;
  /** `undefined` where one of them has nothing there. */
  one: unknown;
  other: unknown;
}

/** Each value that is not the same, by its path. Lists of other lengths differ where one of them ends. */
export function differences(one: unknown, other: unknown, path = ''): Difference[] {
  if (isTree(one) && isTree(other) && Array.isArray(one) === Array.isArray(other)) {
    const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    return names.flatMap((name) => differences(one[name], other[name], path ? `${path}.${name}` : name));
  }
  return JSON.stringify(one) === JSON.stringify(other) ? [] : [{ path, one, other }];
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export interface Pair {
  key: string;
  one?: Step;
  other?: Step;
}

/** The steps of both, side by side: the same execution of the same step is one pair. */
export function paired(one: Step[], other: Step[]): Pair[] {
  const key = (step: Step) => JSON.stringify(step.path);
  const pairs: Pair[] = one.map((step) => ({ key: key(step), one: step }));
  const at = new Map(pairs.map((pair, index) => [pair.key, index]));
  const added = new Map<number, Pair[]>();
  let before = -1;
  for (const step of other) {
    const index = at.get(key(step));
    const pair = index === undefined ? undefined : pairs[index];
    if (index !== undefined && pair) {
      pair.other = step;
      before = index;
    } else {
      added.set(before, [...(added.get(before) ?? []), { key: key(step), other: step }]);
    }
  }
  return [...(added.get(-1) ?? []), ...pairs.flatMap((pair, index) => [pair, ...(added.get(index) ?? [])])];
}

/** Whether a step went another way: it is in one of them alone, or ended otherwise. */
export function wentOtherwise({ one, other }: Pair): boolean {
  return one === undefined || other === undefined || one.state !== other.state;
}
