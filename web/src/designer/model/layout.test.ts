import { expect, it } from 'vitest';
import { insert, move, remove } from './arrange.ts';
import { KeyMaker, carryKeys } from './keys.ts';
import { type Layout, layOut, nearestSlot } from './layout.ts';
import { files, model, sure } from './samples.testing.ts';
import type { Model } from './tree.ts';

/** Models of texts that follow each other, as the designer reads them. */
function follow(): (text: string) => Model {
  const maker = new KeyMaker();
  let before: Model | undefined;
  return (text) => {
    const next = model(text);
    carryKeys(before, next, maker);
    before = next;
    return next;
  };
}

function places(layout: Layout): Map<string, string> {
  return new Map(layout.steps.map((placed) => [placed.step.key, `${placed.x},${placed.y}`]));
}

const NESTED = `steps:
  - use: a
  - use: flow.if
    then:
      - use: b
      - use: c
    else:
      - use: d
  - use: e
`;

it('nothing overlaps in any workflow of the repository', () => {
  for (const [name, text] of files()) {
    const layout = layOut(follow()(text), new Set());
    const cards = layout.steps;
    for (const [at, one] of cards.entries()) {
      for (const other of cards.slice(at + 1)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(apart, `${name}: ${one.step.use} and ${other.step.use}`).toBe(true);
      }
    }
  }
});

it('what stands above an edit does not move, and nothing moves sideways', () => {
  const next = follow();
  const before = next(NESTED);
  const was = places(layOut(before, new Set()));
  const inner = sure(before.steps[1]?.lists[0]);

  const after = next(insert(before, { list: inner, index: 2 }, '- use: new\n').text);
  const now = places(layOut(after, new Set()));

  const moved = [...was].filter(([key, place]) => now.get(key) !== place).map(([key]) => key);
  expect(moved).toEqual([before.steps[5]?.key]);
  expect(now.get(sure(moved[0]))?.split(',')[0]).toBe(was.get(sure(moved[0]))?.split(',')[0]);
});

it('a step keeps its key when it is edited, moved or something else goes', () => {
  const next = follow();
  const first = next(NESTED);
  const keys = first.steps.map((step) => step.key);

  const edited = next(NESTED.replace('use: c', 'use: c\n        note: hm'));
  expect(edited.steps.map((step) => step.key)).toEqual(keys);

  const gone = next(remove(edited, [sure(edited.steps[0])]));
  expect(gone.steps.map((step) => step.key)).toEqual(keys.slice(1));

  const slot = { list: gone.root, index: 2 };
  const moved = next(sure(move(gone, [sure(gone.steps[2])], slot)).text);
  expect(moved.steps.map((step) => step.key)).toEqual([keys[1], keys[2], keys[4], keys[5], keys[3]]);
});

it('a folded step hides what is in it and says how much', () => {
  const before = follow()(NESTED);
  const layout = layOut(before, new Set([sure(before.steps[1]).key]));

  expect(layout.steps.map((placed) => placed.hidden)).toEqual([0, 3, 0]);
  expect(layout.lists).toEqual([]);
});

it('what is dropped goes to the nearest place that takes it', () => {
  const before = follow()(NESTED);
  const layout = layOut(before, new Set());
  const inner = sure(layout.byKey.get(sure(before.steps[3]).key));

  const slot = nearestSlot(layout, { x: inner.x + 20, y: inner.y + inner.height + 10 }, () => true);
  const outside = nearestSlot(layout, { x: inner.x, y: inner.y }, (one) => one.list === before.root);

  expect([slot?.list.block, slot?.index]).toEqual(['then', 2]);
  expect(outside?.list).toBe(before.root);
});

it('a thousand steps are laid out in a few milliseconds', () => {
  const text = `steps:\n${'  - use: flow.if\n    then:\n      - use: a\n      - use: b\n    else:\n      - use: c\n'.repeat(250)}`;
  const next = follow();
  const before = next(text);
  const start = performance.now();
  for (let round = 0; round < 10; round += 1) {
    layOut(before, new Set());
  }
  expect((performance.now() - start) / 10).toBeLessThan(16);
  expect(before.steps.length).toBe(1000);
});
