/** A workflow's text as a tree of steps that knows where each part is written. */

import {
  type Document,
  LineCounter,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
} from 'yaml';

/** Where something stands in the document: `['steps', 2, 'do', 0]`. */
export type Path = readonly (string | number)[];

/** How a block is written, as the catalogue says it. */
export type BlockShape = 'list' | 'named' | { list_or_named: string[] };

/** What the tree needs to know of a node's blocks. */
export interface BlockSpec {
  name: string;
  summary?: string;
  shape: BlockShape;
  required: boolean;
}

export type BlocksOf = (use: string) => readonly BlockSpec[];

/** Steps in order: a block of a step, one of its named lists, or the whole workflow. */
export interface StepList {
  path: Path;
  /** The step it belongs to; none at the top. */
  owner: Step | undefined;
  /** `do`, `cases`, …; `steps` at the top. */
  block: string;
  /** The name of the list where a block holds several: a case, a branch, a kind of error. */
  name: string | undefined;
  steps: Step[];
  /** Whether it is written in the text; required blocks are shown before that. */
  isWritten: boolean;
}

/** One use of a node. */
export interface Step {
  /** Stays the same over edits; see `keys.ts`. */
  key: string;
  path: Path;
  /** As run events name it, without passes: `1.do.0`. */
  runPath: string;
  use: string;
  id: string | undefined;
  name: string | undefined;
  note: string | undefined;
  isDisabled: boolean;
  list: StepList;
  index: number;
  depth: number;
  lists: StepList[];
  node: YAMLMap;
  /** Offsets of its text, without its dash. */
  from: number;
  to: number;
}

/** Why a text is no tree of steps. */
export interface Unreadable {
  message: string;
  line: number;
  column: number;
}

/** A text that was read. */
export interface Model {
  text: string;
  doc: Document;
  name: string | undefined;
  root: StepList;
  /** Every step, in the order of the text. */
  steps: Step[];
  byKey: Map<string, Step>;
  lines: LineCounter;
}

export type Reading = { ok: true; model: Model } | { ok: false; error: Unreadable };

/** The keys of a step that are no blocks, in the order in which they are written. */
export const STEP_KEYS = [
  'id',
  'name',
  'use',
  'with',
  'when',
  'retry',
  'timeout',
  'on_error',
  'on_resume',
  'disabled',
  'note',
] as const;

const PLAIN_KEYS: ReadonlySet<string> = new Set(STEP_KEYS);

/** Reads `text`; the keys of the steps are their paths until `keys.ts` gives them better ones. */
export function read(text: string, blocksOf: BlocksOf): Reading {
  const lines = new LineCounter();
  const doc = parseDocument(text, { keepSourceTokens: true, lineCounter: lines, prettyErrors: false });
  const [error] = doc.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    return { ok: false, error: { message: sentence(error.message), line, column: col } };
  }
  if (doc.contents !== null && !isMap(doc.contents)) {
    return { ok: false, error: { message: 'A workflow is a map with `name` and `steps`.', line: 1, column: 1 } };
  }
  const steps: Step[] = [];
  const root = readList(doc.getIn(['steps'], true), {
    path: ['steps'],
    owner: undefined,
    block: 'steps',
    name: undefined,
    prefix: '',
    depth: 0,
    blocksOf,
    steps,
  });
  const name = doc.get('name');
  const model: Model = {
    text,
    doc,
    name: typeof name === 'string' ? name : undefined,
    root,
    steps,
    byKey: new Map(steps.map((step) => [step.key, step])),
    lines,
  };
  return { ok: true, model };
}

function sentence(message: string): string {
  return message.split('\n')[0] ?? message;
}

interface ListPlace {
  path: Path;
  owner: Step | undefined;
  block: string;
  name: string | undefined;
  /** The run path of the owner with the block, and a dot. */
  prefix: string;
  depth: number;
  blocksOf: BlocksOf;
  steps: Step[];
}

function readList(value: unknown, place: ListPlace): StepList {
  const { path, owner, block, name } = place;
  const list: StepList = { path, owner, block, name, steps: [], isWritten: value !== undefined };
  if (isSeq(value)) {
    value.items.forEach((item, index) => {
      if (isMap(item)) {
        list.steps.push(readStep(item, index, list, place));
      }
    });
  }
  return list;
}

function readStep(node: YAMLMap, index: number, list: StepList, place: ListPlace): Step {
  const path = [...place.path, index];
  const text = (key: string) => {
    const value = node.get(key);
    return value === undefined || value === null ? undefined : String(value);
  };
  const step: Step = {
    key: path.join('/'),
    path,
    runPath: `${place.prefix}${index}`,
    use: text('use') ?? '',
    id: text('id'),
    name: text('name'),
    note: text('note'),
    isDisabled: node.get('disabled') === true,
    list,
    index,
    depth: place.depth,
    lists: [],
    node,
    from: node.range?.[0] ?? 0,
    to: contentEnd(node),
  };
  place.steps.push(step);
  const declared = place.blocksOf(step.use);
  const written = node.items.flatMap((pair) => {
    const key = keyOf(pair);
    return key === undefined || PLAIN_KEYS.has(key) ? [] : [key];
  });
  const missing = declared.filter((spec) => spec.required && !written.includes(spec.name));
  // Declared blocks in the order of the node, so that the drawing does not depend on the text.
  const order = [
    ...declared.map((spec) => spec.name).filter((block) => written.includes(block)),
    ...written.filter((block) => !declared.some((spec) => spec.name === block)),
    ...missing.map((spec) => spec.name),
  ];
  for (const block of order) {
    step.lists.push(...readBlock(step, block, place));
  }
  return step;
}

function readBlock(step: Step, block: string, place: ListPlace): StepList[] {
  const value = step.node.get(block, true);
  const path = [...step.path, block];
  const inside = { ...place, owner: step, block, depth: step.depth + 1 };
  if (isMap(value)) {
    return value.items.map((pair) => {
      const name = keyOf(pair) ?? '';
      return readList(pair.value ?? null, {
        ...inside,
        path: [...path, name],
        name,
        prefix: `${step.runPath}.${block}:${encodeName(name)}.`,
      });
    });
  }
  const isBlock = isSeq(value) || value === undefined || (isScalar(value) && value.value === null);
  if (!isBlock && !place.blocksOf(step.use).some((spec) => spec.name === block)) {
    return [];
  }
  return [readList(value, { ...inside, path, name: undefined, prefix: `${step.runPath}.${block}.` })];
}

/** As run paths write the name of a list. */
function encodeName(name: string): string {
  return name.replace(/[.[\]%\p{Cc}]|\P{ASCII}/gu, (char) => encodeByte(char));
}

function encodeByte(char: string): string {
  return Array.from(new TextEncoder().encode(char), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
    '',
  );
}

/** The key of a pair as text. */
export function keyOf(pair: Pair): string | undefined {
  const key = pair.key;
  if (isScalar(key)) {
    return key.value === null ? undefined : String(key.value);
  }
  return typeof key === 'string' ? key : undefined;
}

/** The pair of `map` with this key. */
export function pairOf(map: YAMLMap, key: string): Pair<Node, Node | null> | undefined {
  return map.items.find((pair) => keyOf(pair) === key) as Pair<Node, Node | null> | undefined;
}

/** Where the content of a node ends, without what follows it on its line. */
export function contentEnd(node: Node | null | undefined): number {
  if (!node?.range) {
    return 0;
  }
  if (isCollection(node) && !node.flow && node.items.length > 0) {
    const last = node.items[node.items.length - 1] as Pair<Node, Node | null> | Node;
    if (isMap(node)) {
      const pair = last as Pair<Node, Node | null>;
      return Math.max(contentEnd(pair.value), contentEnd(pair.key));
    }
    return contentEnd(last as Node);
  }
  return node.range[1];
}

/** The sequence at `path`, if there is one. */
export function seqAt(model: Model, path: Path): YAMLSeq | undefined {
  const found = model.doc.getIn(path, true);
  return isSeq(found) ? found : undefined;
}

/** The step at `path`, or the one that the path leads into. */
export function stepAt(model: Model, path: Path): Step | undefined {
  let found: Step | undefined;
  let lists = [model.root];
  for (;;) {
    const list = lists.find((one) => startsWith(path, one.path));
    const index = list && path[list.path.length];
    const step = typeof index === 'number' ? list?.steps.find((one) => one.index === index) : undefined;
    if (!step) {
      return found;
    }
    found = step;
    lists = step.lists;
  }
}

export function startsWith(path: Path, start: Path): boolean {
  return path.length >= start.length && start.every((part, index) => part === path[index]);
}

/** A path as the check writes it: `steps[2].do[0].with.path`. */
export function pathText(path: Path): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('');
}

/** The step that a written path leads into, whatever its keys hold. */
export function stepOfText(model: Model, text: string): Step | undefined {
  const inside = (step: Step) => {
    const path = pathText(step.path);
    return text === path || text.startsWith(`${path}.`) || text.startsWith(`${path}[`);
  };
  let found: Step | undefined;
  let candidates = model.root.steps;
  for (;;) {
    const next = candidates.find(inside);
    if (!next) {
      return found;
    }
    found = next;
    candidates = next.lists.flatMap((list) => list.steps);
  }
}

/** What people read of a step: its name, else its id, else the node. */
export function titleOf(step: Step): string {
  return step.name ?? step.id ?? step.use;
}

/** The value at `path` as plain data. */
export function valueAt(model: Model, path: Path): unknown {
  const found = model.doc.getIn(path, true);
  return found && typeof found === 'object' && 'toJS' in found
    ? (found as Node).toJS(model.doc)
    : (found as unknown);
}

/** Whether `inner` is `outer` or stands inside it. */
export function isWithin(inner: Step, outer: Step): boolean {
  return startsWith(inner.path, outer.path);
}
