/** Inserting, moving, wrapping and removing steps. */

import { isCollection, parse, stringify } from 'yaml';
import { references } from './names.ts';
import { type Extent, isAiry, itemText, listIndent, placesOf } from './place.ts';
import { type Splice, apply, columnOf, indent, lineEnd } from './splice.ts';
import { type BlocksOf, type Model, type Path, type Step, type StepList, isWithin, pairOf, read, startsWith } from './tree.ts';

/** A place between steps: before the step at `index` of `list`. */
export interface Slot {
  list: StepList;
  index: number;
}

/** Where the steps that were put somewhere are afterwards. */
export interface Placed {
  text: string;
  /** The path of the first of them, and how many there are. */
  at: Path;
  count: number;
}

/** Those of `steps` that stand in none of the others, in the order of the text. */
export function outermost(model: Model, steps: readonly Step[]): Step[] {
  const chosen = new Set(steps);
  return model.steps.filter((step) => {
    for (let above = step.list.owner; above; above = above.list.owner) {
      if (chosen.has(above)) {
        return false;
      }
    }
    return chosen.has(step);
  });
}

/** The text of steps, as a list from the left margin. */
export function copyText(model: Model, steps: readonly Step[]): string {
  return outermost(model, steps)
    .map((step) => {
      const place = placesOf(model, step.list)?.[step.index];
      return place ? itemText(model, place) : stringify([step.node.toJS(model.doc)], { lineWidth: 0 });
    })
    .join('');
}

/**
 * The text with every step on lines of its own, where some are written in brackets, as in JSON; nothing where
 * that is so already. Comments stay.
 */
export function onLines(model: Model): string | undefined {
  const inBrackets = (list: StepList): boolean =>
    (list.steps.length > 0 && placesOf(model, list) === undefined) ||
    list.steps.some((step) => step.node.flow === true || step.lists.some(inBrackets));
  if (!inBrackets(model.root)) {
    return undefined;
  }
  const doc = model.doc.clone();
  const open = (path: Path) => {
    const node = doc.getIn(path, true);
    if (isCollection(node)) {
      node.flow = false;
    }
  };
  const root = doc.contents;
  if (isCollection(root)) {
    root.flow = false;
  }
  for (const step of model.steps) {
    for (let length = 1; length <= step.path.length; length += 1) {
      open(step.path.slice(0, length));
    }
  }
  return doc.toString({ lineWidth: 0 });
}

/** The changes that put `items` (a list from the left margin) at `slot`. */
export function insertion(model: Model, slot: Slot, items: string): Splice[] {
  const { list, index } = slot;
  const { text } = model;
  const places = placesOf(model, list);
  const first = places?.[0];
  if (places && first) {
    const gap = isAiry(model, places) ? '\n' : '';
    const here = places[index];
    if (here) {
      return [{ from: here.start, to: here.start, insert: indent(items, first.column) + gap }];
    }
    const last = places[places.length - 1] as Extent;
    const open = text[last.end - 1] === '\n' ? '' : '\n';
    return [{ from: last.end, to: last.end, insert: open + gap + indent(items, first.column) }];
  }
  if (list.steps.length > 0) {
    throw new Error('this list is written in brackets; change it in the text');
  }
  return filled(model, list, items);
}

/** The changes that make an empty or missing list hold `items`. */
function filled(model: Model, list: StepList, items: string): Splice[] {
  const { text } = model;
  const key = String(list.path[list.path.length - 1]);
  const holder = list.path.length === 1 ? model.doc.contents : model.doc.getIn(list.path.slice(0, -1), true);
  const map = holder as Parameters<typeof pairOf>[0] | null;
  const pair = map && 'items' in map ? pairOf(map, key) : undefined;
  const step = listIndent(model);
  if (pair?.key.range) {
    const column = columnOf(text, pair.key.range[0]);
    const colon = text.indexOf(':', pair.key.range[1]);
    const end = pair.value?.range ? Math.max(colon + 1, pair.value.range[1]) : colon + 1;
    return [{ from: colon + 1, to: end, insert: `\n${indent(items, column + step).trimEnd()}` }];
  }
  const lines = (column: number) => `${' '.repeat(column)}${key}:\n${indent(items, column + step)}`;
  if (!list.owner) {
    const open = text === '' || text.endsWith('\n') ? '' : '\n';
    return [{ from: text.length, to: text.length, insert: open + lines(0) }];
  }
  const owner = list.owner;
  const place = placesOf(model, owner.list)?.[owner.index];
  if (!place) {
    throw new Error('this list is written in brackets; change it in the text');
  }
  const open = text[place.end - 1] === '\n' ? '' : '\n';
  return [{ from: place.end, to: place.end, insert: open + lines(place.column + 2) }];
}

/** The changes that take steps out of the text. */
export function removal(model: Model, steps: readonly Step[]): Splice[] {
  const byList = new Map<StepList, Step[]>();
  for (const step of outermost(model, steps)) {
    byList.set(step.list, [...(byList.get(step.list) ?? []), step]);
  }
  return [...byList].flatMap(([list, gone]) => removalFrom(model, list, gone));
}

function removalFrom(model: Model, list: StepList, gone: readonly Step[]): Splice[] {
  const places = placesOf(model, list);
  if (!places) {
    throw new Error('this list is written in brackets; change it in the text');
  }
  const first = places[0] as Extent;
  const last = places[places.length - 1] as Extent;
  if (gone.length === places.length) {
    const holder = list.path.length === 1 ? model.doc.contents : model.doc.getIn(list.path.slice(0, -1), true);
    const pair = pairOf(holder as Parameters<typeof pairOf>[0], String(list.path[list.path.length - 1]));
    const colon = model.text.indexOf(':', pair?.key.range?.[1] ?? 0);
    const end = model.text[last.end - 1] === '\n' ? last.end - 1 : last.end;
    return [{ from: colon + 1, to: Math.max(end, lineEnd(model.text, colon)), insert: ' []' }];
  }
  const indexes = new Set(gone.map((step) => step.index));
  const kept = places.filter((_, index) => !indexes.has(index));
  return gone.map((step) => {
    const place = places[step.index] as Extent;
    const next = places[step.index + 1];
    if (next) {
      return { from: place.start, to: next.start, insert: '' };
    }
    // The last one goes with the empty lines above it, which would otherwise stay at the end.
    const above = kept[kept.length - 1] ?? first;
    const runBefore = places[step.index - 1];
    const from = runBefore && !indexes.has(step.index - 1) ? above.end : place.start;
    return { from, to: place.end, insert: '' };
  });
}

/** `items` at `slot`. */
export function insert(model: Model, slot: Slot, items: string): Placed {
  const count = countOf(items);
  return { text: apply(model.text, insertion(model, slot, items)), at: [...slot.list.path, slot.index], count };
}

function countOf(items: string): number {
  const parsed: unknown = parse(items);
  return Array.isArray(parsed) ? parsed.length : 1;
}

export function remove(model: Model, steps: readonly Step[]): string {
  return apply(model.text, removal(model, steps));
}

/** Steps somewhere else; nothing where they would come into themselves or stay where they are. */
export function move(model: Model, steps: readonly Step[], slot: Slot): Placed | undefined {
  const moved = outermost(model, steps);
  if (moved.length === 0 || moved.some((step) => slot.list.owner && isWithin(slot.list.owner, step))) {
    return undefined;
  }
  const before = moved.filter((step) => step.list === slot.list && step.index < slot.index).length;
  const stays =
    moved.every((step) => step.list === slot.list) &&
    moved.every((step, at) => step.index === (moved[0] as Step).index + at) &&
    slot.index >= (moved[0] as Step).index &&
    slot.index <= (moved[moved.length - 1] as Step).index + 1;
  if (stays) {
    return undefined;
  }
  const items = copyText(model, moved);
  const emptied = moved.length === slot.list.steps.length && moved.every((step) => step.list === slot.list);
  if (emptied) {
    return undefined;
  }
  const splices = separated([...removal(model, moved), ...insertion(model, slot, items)]);
  return {
    text: apply(model.text, splices),
    at: shifted([...slot.list.path, slot.index - before], moved),
    count: moved.length,
  };
}

/** An insertion inside a stretch that goes away stands at its end. */
function separated(splices: Splice[]): Splice[] {
  const removals = splices.filter((splice) => splice.insert === '' || splice.insert === ' []');
  return splices.map((splice) => {
    const around = removals.find((gone) => splice !== gone && splice.from > gone.from && splice.to < gone.to);
    return around && splice.from === splice.to ? { ...splice, from: around.to, to: around.to } : splice;
  });
}

/** A path after `gone` were taken out in front of it. */
function shifted(path: Path, gone: readonly Step[]): Path {
  const result = [...path];
  for (let length = 1; length < path.length; length += 1) {
    const part = path[length];
    if (typeof part !== 'number' || length === path.length - 1) {
      continue;
    }
    const before = gone.filter(
      (step) =>
        step.list.path.length === length &&
        startsWith(path, step.list.path) &&
        step.index < part,
    ).length;
    result[length] = part - before;
  }
  return result;
}

/** Copies right after the last of `steps`, under ids of their own. */
export function duplicate(model: Model, steps: readonly Step[], blocksOf: BlocksOf): Placed | undefined {
  const copied = outermost(model, steps);
  const last = copied[copied.length - 1];
  if (!last) {
    return undefined;
  }
  const items = withFreshIds(model, copyText(model, copied), blocksOf);
  return insert(model, { list: last.list, index: last.index + 1 }, items);
}

/** A list of steps whose ids nobody in `model` has; what it says of itself goes along. */
export function withFreshIds(model: Model, items: string, blocksOf: BlocksOf): string {
  const reading = read(`steps:\n${items}`, blocksOf);
  if (!reading.ok) {
    return items;
  }
  const taken = new Set(model.steps.flatMap((step) => (step.id ? [step.id] : [])));
  const splices: Splice[] = [];
  for (const step of reading.model.steps) {
    if (!step.id || !taken.has(step.id)) {
      if (step.id) {
        taken.add(step.id);
      }
      continue;
    }
    const fresh = freeName(step.id, taken);
    taken.add(fresh);
    const value = pairOf(step.node, 'id')?.value;
    if (value?.range) {
      splices.push({ from: value.range[0], to: value.range[1], insert: fresh });
    }
    splices.push(...references(reading.model, 'steps', step.id).map((place) => ({ ...place, insert: fresh })));
  }
  return apply(reading.model.text, splices).slice('steps:\n'.length);
}

/** `name_2`, `name_3`, … */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) {
    return name;
  }
  const stem = name.replace(/_\d+$/, '');
  let number = 2;
  while (taken.has(`${stem}_${number}`)) {
    number += 1;
  }
  return `${stem}_${number}`;
}

/** The steps of a list that stand side by side with nothing between them. */
export function isRow(steps: readonly Step[]): boolean {
  const [first] = steps;
  return (
    first !== undefined &&
    steps.every((step, at) => step.list === first.list && step.index === first.index + at)
  );
}

/** Puts `steps` into `block` of a new step; `head` is that step without the block, as a list. */
export function wrap(model: Model, steps: readonly Step[], head: string, block: string): Placed | undefined {
  const row = outermost(model, steps);
  const [first] = row;
  if (!first || !isRow(row)) {
    return undefined;
  }
  const places = placesOf(model, first.list);
  const start = places?.[first.index];
  const end = places?.[first.index + row.length - 1];
  if (!start || !end) {
    return undefined;
  }
  const inner = indent(copyText(model, row), 2 + listIndent(model));
  const items = `${head.trimEnd()}\n  ${block}:\n${inner}`;
  const splice = { from: start.start, to: end.end, insert: indent(items, start.column) };
  return { text: apply(model.text, [splice]), at: first.path, count: 1 };
}

/** Puts the steps of a block where the step with the block was. */
export function unwrap(model: Model, step: Step, list: StepList): Placed | undefined {
  const place = placesOf(model, step.list)?.[step.index];
  if (!place || list.owner !== step || list.steps.length === 0) {
    return undefined;
  }
  const items = copyText(model, list.steps);
  const splice = { from: place.start, to: place.end, insert: indent(items, place.column) };
  return { text: apply(model.text, [splice]), at: step.path, count: list.steps.length };
}
