/** Setting and removing values at a path, in the smallest stretch of text that holds them. */

import { type Node, type Pair, type YAMLMap, isCollection, isMap, isScalar, isSeq } from 'yaml';
import { afterKey, inline, keyText } from './render.ts';
import { type Splice, columnOf, indent, lineEnd, lineStart } from './splice.ts';
import { type Model, type Path, STEP_KEYS, contentEnd, keyOf, pairOf } from './tree.ts';

const ORDER: ReadonlyMap<string, number> = new Map(STEP_KEYS.map((key, index) => [key, index]));
const TOP_ORDER: ReadonlyMap<string, number> = new Map(
  ['casare', 'name', 'description', 'inputs', 'variables', 'env', 'limits', 'steps', 'outputs'].map((key, index) => [
    key,
    index,
  ]),
);

/** The changes that make `value` stand at `path`; `undefined` removes what is there. */
export function put(model: Model, path: Path, value: unknown): Splice[] {
  const parentPath = path.slice(0, -1);
  const key = path[path.length - 1];
  const parent = parentPath.length === 0 ? model.doc.contents : model.doc.getIn(parentPath, true);
  if (key === undefined) {
    return [];
  }
  if (isMap(parent)) {
    return value === undefined
      ? removePair(model, parent, String(key), parentPath)
      : setPair(model, parent, String(key), value, parentPath.length === 0 ? TOP_ORDER : ORDER);
  }
  if (isSeq(parent) && typeof key === 'number') {
    const node = parent.items[key];
    if (value !== undefined && isScalar(node) && node.range && !isMultiline(value)) {
      return [{ from: node.range[0], to: node.range[1], insert: inline(value, parent.flow === true) }];
    }
    const items = parent.toJS(model.doc) as unknown[];
    if (value === undefined) {
      items.splice(key, 1);
    } else {
      items[key] = value;
    }
    return put(model, parentPath, items);
  }
  if (value === undefined) {
    return [];
  }
  return put(model, parentPath, typeof key === 'number' ? [value] : { [key]: value });
}

function isMultiline(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\n');
}

function setPair(model: Model, map: YAMLMap, key: string, value: unknown, order: ReadonlyMap<string, number>): Splice[] {
  const pair = pairOf(map, key);
  if (map.flow) {
    return setInFlow(model, map, pair, key, value);
  }
  if (!pair) {
    return [addPair(model, map, key, value, order)];
  }
  const { text } = model;
  const start = colonOf(text, pair) + 1;
  const column = columnOf(text, pair.key.range?.[0] ?? 0);
  const end = pair.value ? Math.max(start, trimmedEnd(text, pair.value)) : start;
  return [{ from: start, to: end, insert: afterKey(value, column) }];
}

/** The end of a value without the line breaks that belong to a block of text. */
function trimmedEnd(text: string, node: Node): number {
  let end = contentEnd(node);
  const floor = node.range?.[0] ?? 0;
  while (end > floor && /\s/.test(text[end - 1] ?? '')) {
    end -= 1;
  }
  return end;
}

/** The offset of the colon after a key. */
function colonOf(text: string, pair: Pair<Node, Node | null>): number {
  const keyEnd = pair.key.range?.[1] ?? 0;
  const colon = text.indexOf(':', keyEnd);
  return colon === -1 ? keyEnd : colon;
}

function setInFlow(
  model: Model,
  map: YAMLMap,
  pair: Pair<Node, Node | null> | undefined,
  key: string,
  value: unknown,
): Splice[] {
  const { text } = model;
  const [from = 0, to = 0] = map.range ?? [];
  const current = map.toJS(model.doc) as Record<string, unknown>;
  const written = inline(value, true);
  const isJson = /^\{\s*"/.test(text.slice(from, to));
  const isSimple = !text.slice(from, to).includes('\n') && !isMultiline(value);
  const growth = pair?.value ? written.length - (contentEnd(pair.value) - (pair.value.range?.[0] ?? 0)) : written.length + key.length + 4;
  const width = lineEnd(text, to) - lineStart(text, from) + growth;
  const owner = isSimple && width <= 110 ? undefined : ownerOf(model, map);
  if (owner && !isJson) {
    const column = columnOf(text, owner.key.range?.[0] ?? 0);
    return [{ from: colonOf(text, owner) + 1, to, insert: afterKey({ ...current, [key]: value }, column) }];
  }
  if (pair?.value?.range) {
    const isEmpty = pair.value.range[0] === pair.value.range[1];
    const blank = isEmpty && /:$/.test(text.slice(0, pair.value.range[0])) ? ' ' : '';
    return [{ from: pair.value.range[0], to: contentEnd(pair.value), insert: blank + written }];
  }
  const added = `${isJson ? JSON.stringify(key) : keyText(key)}: ${isJson ? JSON.stringify(value) : written}`;
  const last = map.items[map.items.length - 1] as Pair<Node, Node | null> | undefined;
  if (!last) {
    return [{ from, to, insert: `{ ${added} }` }];
  }
  const end = Math.max(contentEnd(last.value), contentEnd(last.key));
  return [{ from: end, to: end, insert: `, ${added}` }];
}

/** The pair of a block map whose value `node` is. */
function ownerOf(model: Model, node: Node): Pair<Node, Node | null> | undefined {
  let found: Pair<Node, Node | null> | undefined;
  const walk = (inside: unknown): boolean => {
    if (!isCollection(inside)) {
      return false;
    }
    for (const item of inside.items) {
      if (isMap(inside)) {
        const pair = item as Pair<Node, Node | null>;
        if (pair.value === node && !inside.flow) {
          found = pair;
          return true;
        }
        if (walk(pair.value)) {
          return true;
        }
      } else if (walk(item)) {
        return true;
      }
    }
    return false;
  };
  walk(model.doc.contents);
  return found;
}

/** Adds a pair where the order of keys has it. */
function addPair(
  model: Model,
  map: YAMLMap,
  key: string,
  value: unknown,
  order: ReadonlyMap<string, number>,
): Splice {
  const { text } = model;
  const first = map.items[0] as Pair<Node, Node | null> | undefined;
  const column = first ? columnOf(text, first.key.range?.[0] ?? 0) : 0;
  const line = `${keyText(key)}:${afterKey(value, column)}`;
  const rank = order.get(key) ?? order.size;
  const next = map.items.find((pair) => (order.get(keyOf(pair) ?? '') ?? order.size) > rank) as
    | Pair<Node, Node | null>
    | undefined;
  if (next?.key.range) {
    const at = next.key.range[0];
    return { from: at, to: at, insert: `${line}\n${' '.repeat(column)}` };
  }
  const last = map.items[map.items.length - 1] as Pair<Node, Node | null> | undefined;
  const end = last ? Math.max(colonOf(text, last) + 1, last.value ? trimmedEnd(text, last.value) : 0) : text.length;
  const at = lineEnd(text, end);
  const gap = order === TOP_ORDER && text.includes('\n\n') ? '\n' : '';
  return { from: at, to: at, insert: `\n${gap}${indent(line, 0).replace(/^/, ' '.repeat(column))}` };
}

function removePair(model: Model, map: YAMLMap, key: string, parentPath: Path): Splice[] {
  const index = map.items.findIndex((pair) => keyOf(pair) === key);
  const pair = map.items[index] as Pair<Node, Node | null> | undefined;
  if (!pair?.key.range) {
    return [];
  }
  if (map.items.length === 1 && parentPath.length > 0) {
    return put(model, parentPath, undefined);
  }
  const { text } = model;
  const next = map.items[index + 1] as Pair<Node, Node | null> | undefined;
  const before = map.items[index - 1] as Pair<Node, Node | null> | undefined;
  const start = pair.key.range[0];
  if (map.flow) {
    if (next?.key.range) {
      return [{ from: start, to: next.key.range[0], insert: '' }];
    }
    const from = before ? Math.max(contentEnd(before.value), contentEnd(before.key)) : start;
    return [{ from, to: Math.max(contentEnd(pair.value), contentEnd(pair.key)), insert: '' }];
  }
  const isFirstOnDash = text.slice(lineStart(text, start), start).trim() !== '';
  if (isFirstOnDash && next?.key.range) {
    return [{ from: start, to: next.key.range[0], insert: '' }];
  }
  const end = Math.max(colonOf(text, pair) + 1, pair.value ? trimmedEnd(text, pair.value) : 0);
  return [{ from: lineStart(text, start), to: Math.min(text.length, lineEnd(text, end) + 1), insert: '' }];
}
