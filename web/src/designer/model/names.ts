/** Names in expressions: who refers to what, and giving a thing another name everywhere. */

import { isPair, isScalar, visit } from 'yaml';
import { type Splice, apply } from './splice.ts';
import { type Model, type Step, pairOf } from './tree.ts';

/** What expressions read by name. */
export type Realm = 'steps' | 'vars' | 'inputs';

/** Settings whose whole text is an expression, with braces or without. */
const CONDITIONS: ReadonlySet<string> = new Set(['when', 'condition']);

/** Where expressions stand in the text: what is between braces, and conditions without them. */
export function expressions(model: Model): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  visit(model.doc, {
    Scalar(key, node, path) {
      if (key === 'key' || typeof node.value !== 'string' || !node.range) {
        return;
      }
      const [start, end] = node.range;
      const source = model.text.slice(start, end);
      const braces = [...source.matchAll(/\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g)];
      for (const match of braces) {
        found.push({ from: start + match.index, to: start + match.index + match[0].length });
      }
      const pair = path[path.length - 1];
      if (braces.length === 0 && isPair(pair) && isScalar(pair.key) && CONDITIONS.has(String(pair.key.value))) {
        found.push({ from: start, to: end });
      }
    },
  });
  return found;
}

/** The places where expressions of a text read `realm.name`: the name alone. */
export function references(model: Model, realm: Realm, name: string): { from: number; to: number }[] {
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`(?<![\\w.])${realm}\\s*(?:\\.\\s*|\\[\\s*\\\\?['"])(${quoted})(?![\\w])`, 'g');
  return expressions(model).flatMap(({ from, to }) =>
    Array.from(model.text.slice(from, to).matchAll(pattern), (match) => {
      const at = from + match.index + match[0].length - name.length;
      return { from: at, to: at + name.length };
    }),
  );
}

/** Gives a step another id, and tells everybody who refers to it. */
export function renameId(model: Model, step: Step, id: string): string {
  const splices: Splice[] = [];
  const value = pairOf(step.node, 'id')?.value;
  if (value?.range && step.id) {
    splices.push({ from: value.range[0], to: value.range[1], insert: id });
    splices.push(...references(model, 'steps', step.id).map((place) => ({ ...place, insert: id })));
  }
  return apply(model.text, splices);
}

/** Gives an input or a variable another name, and tells everybody who refers to it. */
export function renameValue(model: Model, realm: 'vars' | 'inputs', name: string, fresh: string): string {
  const splices: Splice[] = references(model, realm, name).map((place) => ({ ...place, insert: fresh }));
  const part = realm === 'vars' ? 'variables' : 'inputs';
  const map = model.doc.get(part, true);
  const pair = map && typeof map === 'object' && 'items' in map ? pairOf(map as never, name) : undefined;
  if (pair?.key.range) {
    splices.push({ from: pair.key.range[0], to: pair.key.range[1], insert: fresh });
  }
  if (realm === 'vars') {
    for (const step of model.steps.filter((one) => one.use === 'data.set' || one.use === 'data.increment')) {
      const setting = step.node.getIn(['with', 'name'], true);
      if (isScalar(setting) && setting.value === name && setting.range) {
        splices.push({ from: setting.range[0], to: setting.range[1], insert: fresh });
      }
    }
  }
  return apply(model.text, splices);
}
