/** Keys of steps that stay the same over edits, so that selection, folding and drawing do. */

import type { Model, Step, StepList } from './tree.ts';

/** Makes keys that nobody had before. */
export class KeyMaker {
  private next = 1;

  make(): string {
    const key = `s${this.next}`;
    this.next += 1;
    return key;
  }
}

/** Gives the steps of `model` the keys that they had in `before`, and new ones to new steps. */
export function carryKeys(before: Model | undefined, model: Model, maker: KeyMaker): void {
  const pairs = new Map<Step, Step>();
  if (before) {
    const taken = new Set<Step>();
    match(before, before.root, model, model.root, pairs, taken);
    matchMoved(before, model, pairs, taken);
  }
  for (const step of model.steps) {
    step.key = pairs.get(step)?.key ?? maker.make();
  }
  model.byKey = new Map(model.steps.map((step) => [step.key, step]));
}

function written(model: Model, step: Step): string {
  return model.text.slice(step.from, step.to);
}

/** What is likely to stay when a step is edited. */
function likeness(step: Step): string {
  return `${step.use}\n${step.id ?? ''}\n${step.name ?? ''}`;
}

function match(
  before: Model,
  old: StepList,
  model: Model,
  list: StepList,
  pairs: Map<Step, Step>,
  taken: Set<Step>,
): void {
  const pair = (was: Step, step: Step) => {
    pairs.set(step, was);
    taken.add(was);
    for (const inner of step.lists) {
      const counterpart = was.lists.find((one) => one.block === inner.block && one.name === inner.name);
      if (counterpart) {
        match(before, counterpart, model, inner, pairs, taken);
      }
    }
  };
  const same = (a: Step, b: Step) => written(before, a) === written(model, b);
  let start = 0;
  const most = Math.min(old.steps.length, list.steps.length);
  while (start < most && same(old.steps[start] as Step, list.steps[start] as Step)) {
    pair(old.steps[start] as Step, list.steps[start] as Step);
    start += 1;
  }
  let end = 0;
  while (
    end < most - start &&
    same(old.steps[old.steps.length - 1 - end] as Step, list.steps[list.steps.length - 1 - end] as Step)
  ) {
    pair(old.steps[old.steps.length - 1 - end] as Step, list.steps[list.steps.length - 1 - end] as Step);
    end += 1;
  }
  const oldRest = old.steps.slice(start, old.steps.length - end);
  const rest = list.steps.slice(start, list.steps.length - end);
  for (const alike of [same, (a: Step, b: Step) => likeness(a) === likeness(b)]) {
    for (const step of rest.filter((one) => !pairs.has(one))) {
      const was = oldRest.find((one) => !taken.has(one) && alike(one, step));
      if (was) {
        pair(was, step);
      }
    }
  }
  // As many as before: what changed was changed in place.
  if (oldRest.length === rest.length) {
    rest.forEach((step, index) => {
      const was = oldRest[index] as Step;
      if (!pairs.has(step) && !taken.has(was)) {
        pair(was, step);
      }
    });
  }
}

/** Steps that came into another list. */
function matchMoved(before: Model, model: Model, pairs: Map<Step, Step>, taken: Set<Step>): void {
  const lost = new Map<string, Step[]>();
  for (const step of before.steps) {
    if (!taken.has(step)) {
      const text = flat(written(before, step));
      lost.set(text, [...(lost.get(text) ?? []), step]);
    }
  }
  if (lost.size === 0) {
    return;
  }
  for (const step of model.steps) {
    if (!pairs.has(step)) {
      const was = lost.get(flat(written(model, step)))?.shift();
      if (was) {
        pairs.set(step, was);
        taken.add(was);
      }
    }
  }
}

/** Whatever is the same wherever it is indented to. */
function flat(text: string): string {
  return text.replace(/^ +/gm, '');
}
