/**
 * Where steps are drawn: a list runs down, the lists of a step stand side by side below it.
 *
 * Everything is aligned to the left, so that an edit moves only what is below it: nothing is centred,
 * and the top of the workflow stays where it is.
 */

import type { Model, Step, StepList } from './tree.ts';

export const CARD_WIDTH = 264;
export const CARD_HEIGHT = 56;
/** Between two steps; the `+` is in its middle. */
export const GAP = 36;
/** Around the steps of a block. */
export const PADDING = 20;
/** The line with the name of a list. */
export const LABEL = 34;
const LIST_GAP = 20;
/** The place to drop the first step of an empty list. */
export const EMPTY_HEIGHT = 44;

/** A rectangle on the canvas. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedStep extends Box {
  step: Step;
  /** With everything inside it. */
  whole: Box;
  isFolded: boolean;
  /** Steps that are folded away in it. */
  hidden: number;
}

export interface PlacedList extends Box {
  list: StepList;
  /** The key of its owner, with block and name: stays as long as they do. */
  key: string;
}

/** A place between two steps, or at the end of a list. */
export interface PlacedSlot {
  list: StepList;
  index: number;
  x: number;
  y: number;
  isEmpty: boolean;
}

export interface Layout {
  steps: PlacedStep[];
  lists: PlacedList[];
  slots: PlacedSlot[];
  /** The lines between the steps, as the data of one SVG path. */
  wires: string;
  byKey: Map<string, PlacedStep>;
  width: number;
  height: number;
}

interface Size {
  width: number;
  height: number;
}

/** Lays a workflow out; `folded` holds the keys of the steps whose blocks are hidden. */
export function layOut(model: Model, folded: ReadonlySet<string>): Layout {
  const sizes = new Map<Step, Size>();
  const layout: Layout = { steps: [], lists: [], slots: [], wires: '', byKey: new Map(), width: 0, height: 0 };
  const wires: string[] = [];
  const size = listSize(model.root, folded, sizes);
  placeSteps(model.root, 0, 0, { folded, sizes, layout, wires });
  layout.wires = wires.join('');
  layout.width = size.width;
  layout.height = size.height;
  return layout;
}

export function listKey(list: StepList): string {
  return `${list.owner?.key ?? 'top'}/${list.block}/${list.name ?? ''}`;
}

function isOpen(step: Step, folded: ReadonlySet<string>): boolean {
  return step.lists.length > 0 && !folded.has(step.key);
}

function stepSize(step: Step, folded: ReadonlySet<string>, sizes: Map<Step, Size>): Size {
  let size = { width: CARD_WIDTH, height: CARD_HEIGHT };
  if (isOpen(step, folded)) {
    let width = 0;
    let height = 0;
    for (const list of step.lists) {
      const inner = frameSize(list, folded, sizes);
      width += (width === 0 ? 0 : LIST_GAP) + inner.width;
      height = Math.max(height, inner.height);
    }
    size = {
      width: Math.max(CARD_WIDTH, width + 2 * PADDING),
      height: CARD_HEIGHT + PADDING + height + PADDING,
    };
  }
  sizes.set(step, size);
  return size;
}

function frameSize(list: StepList, folded: ReadonlySet<string>, sizes: Map<Step, Size>): Size {
  const inner = listSize(list, folded, sizes);
  return { width: inner.width + 2 * PADDING, height: LABEL + inner.height + PADDING };
}

function listSize(list: StepList, folded: ReadonlySet<string>, sizes: Map<Step, Size>): Size {
  if (list.steps.length === 0) {
    return { width: CARD_WIDTH, height: EMPTY_HEIGHT };
  }
  let width = CARD_WIDTH;
  let height = 0;
  for (const step of list.steps) {
    const size = stepSize(step, folded, sizes);
    width = Math.max(width, size.width);
    height += size.height + GAP;
  }
  return { width, height };
}

interface Drawing {
  folded: ReadonlySet<string>;
  sizes: Map<Step, Size>;
  layout: Layout;
  wires: string[];
}

function placeSteps(list: StepList, x: number, top: number, drawing: Drawing): void {
  const { layout, wires, sizes, folded } = drawing;
  const middle = x + CARD_WIDTH / 2;
  if (list.steps.length === 0) {
    layout.slots.push({ list, index: 0, x: middle, y: top + EMPTY_HEIGHT / 2, isEmpty: true });
    return;
  }
  let y = top;
  wires.push(`M${middle} ${y - GAP / 2}V${y}`);
  layout.slots.push({ list, index: 0, x: middle, y: y - GAP / 2, isEmpty: false });
  list.steps.forEach((step, at) => {
    const size = sizes.get(step) ?? { width: CARD_WIDTH, height: CARD_HEIGHT };
    const open = isOpen(step, folded);
    const placed: PlacedStep = {
      step,
      x,
      y,
      width: open ? size.width : CARD_WIDTH,
      height: CARD_HEIGHT,
      whole: { x, y, ...size },
      isFolded: step.lists.length > 0 && !open,
      hidden: open ? 0 : countInside(step),
    };
    layout.steps.push(placed);
    layout.byKey.set(step.key, placed);
    if (open) {
      placeLists(step, x + PADDING, y + CARD_HEIGHT + PADDING, y + size.height - PADDING, drawing);
    }
    const bottom = y + size.height;
    const isLast = at === list.steps.length - 1;
    wires.push(`M${middle} ${bottom}V${bottom + (isLast ? GAP / 2 : GAP)}`);
    layout.slots.push({ list, index: step.index + 1, x: middle, y: bottom + GAP / 2, isEmpty: false });
    y = bottom + GAP;
  });
}

function placeLists(step: Step, left: number, top: number, bottom: number, drawing: Drawing): void {
  let x = left;
  for (const list of step.lists) {
    const inner = listSizeOf(list, drawing);
    const width = inner.width + 2 * PADDING;
    drawing.layout.lists.push({ list, key: listKey(list), x, y: top, width, height: bottom - top });
    placeSteps(list, x + PADDING, top + LABEL, drawing);
    x += width + LIST_GAP;
  }
}

function listSizeOf(list: StepList, { sizes }: Drawing): Size {
  let width = CARD_WIDTH;
  let height = 0;
  for (const step of list.steps) {
    const size = sizes.get(step) ?? { width: CARD_WIDTH, height: CARD_HEIGHT };
    width = Math.max(width, size.width);
    height += size.height + GAP;
  }
  return { width, height: list.steps.length === 0 ? EMPTY_HEIGHT : height };
}

function countInside(step: Step): number {
  return step.lists.reduce(
    (sum, list) => sum + list.steps.length + list.steps.reduce((inner, one) => inner + countInside(one), 0),
    0,
  );
}

/** The slot nearest to a point, among those that `allowed` lets through. */
export function nearestSlot(
  layout: Layout,
  point: { x: number; y: number },
  allowed: (slot: PlacedSlot) => boolean,
): PlacedSlot | undefined {
  let best: PlacedSlot | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const slot of layout.slots) {
    const dx = Math.max(0, Math.abs(point.x - slot.x) - CARD_WIDTH / 2);
    const dy = Math.abs(point.y - slot.y);
    const distance = dx * 2 + dy;
    if (distance < least && allowed(slot)) {
      best = slot;
      least = distance;
    }
  }
  return best;
}
