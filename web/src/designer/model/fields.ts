/** The form of a step, out of the JSON Schema of its node. */

import type { NodeSpec, Schema } from './catalogue.ts';

/** How a value is entered. */
export type Entry =
  | { kind: 'text'; isLong: boolean; format?: string }
  | { kind: 'code'; language: 'javascript' | 'python' | 'shell' | 'sql' }
  | { kind: 'number'; isWhole: boolean; minimum?: number; maximum?: number }
  | { kind: 'flag' }
  | { kind: 'choice'; options: Choice[] }
  | { kind: 'credential' }
  | { kind: 'list'; item: Entry; itemSchema: Schema }
  | { kind: 'map'; value: Entry }
  | { kind: 'group'; fields: Field[] }
  | { kind: 'any' };

export interface Choice {
  value: string;
  says: string | undefined;
}

export interface Field {
  name: string;
  says: string;
  isRequired: boolean;
  fallback: unknown;
  examples: string[];
  entry: Entry;
}

const LONG_TEXT = new Set(['text', 'html', 'body', 'message', 'prompt', 'template', 'markdown', 'instructions']);

/** The fields of a node's settings, those that are required first. */
export function fieldsOf(node: NodeSpec): Field[] {
  return fieldsIn(node.settings, node.settings.$defs ?? {}, node.name, 0);
}

function fieldsIn(schema: Schema, defs: Record<string, Schema>, node: string, depth: number): Field[] {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]): Field => {
    const [plain, isNullable] = withoutNull(property, defs);
    return {
      name,
      says: property.description ?? plain.description ?? '',
      isRequired: required.has(name) && !isNullable,
      fallback: property.default ?? undefined,
      examples: examplesOf(property, plain),
      entry: entryOf(name, plain, defs, node, depth),
    };
  });
  return [...fields.filter((field) => field.isRequired), ...fields.filter((field) => !field.isRequired)];
}

function resolve(schema: Schema, defs: Record<string, Schema>): Schema {
  let found = schema;
  for (let turns = 0; found.$ref && turns < 8; turns += 1) {
    const { $ref, ...rest } = found;
    found = { ...(defs[$ref.replace('#/$defs/', '')] ?? {}), ...rest };
  }
  return found;
}

/** A schema without its `null`, and whether it had one. */
function withoutNull(schema: Schema, defs: Record<string, Schema>): [Schema, boolean] {
  const found = resolve(schema, defs);
  if (Array.isArray(found.type)) {
    const types = found.type.filter((type) => type !== 'null');
    return [{ ...found, type: types.length === 1 ? types[0] : types }, types.length < found.type.length];
  }
  const branches = found.anyOf;
  if (branches?.some((branch) => branch.type === 'null')) {
    const rest = branches.filter((branch) => branch.type !== 'null').map((branch) => resolve(branch, defs));
    const { anyOf: _, ...outer } = found;
    const [only] = rest;
    return rest.length === 1 && only
      ? [{ ...only, ...withoutUndefined({ description: outer.description ?? only.description }) }, true]
      : [{ ...outer, anyOf: rest }, true];
  }
  return [found, false];
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<T>;
}

function examplesOf(...schemas: Schema[]): string[] {
  const all = schemas
    .flatMap((schema) => [schema, ...(schema.anyOf ?? [])])
    .flatMap((schema) => schema.examples ?? [])
    .filter((example): example is string => typeof example === 'string');
  return [...new Set(all)];
}

function choices(schema: Schema): Choice[] | undefined {
  if (schema.enum?.every((value) => typeof value === 'string')) {
    return (schema.enum as string[]).map((value) => ({ value, says: undefined }));
  }
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches && branches.length > 0 && branches.every((one) => typeof one.const === 'string' || one.enum)) {
    return branches.flatMap((one) =>
      typeof one.const === 'string'
        ? [{ value: one.const, says: one.description }]
        : ((one.enum ?? []) as string[]).map((value) => ({ value, says: one.description })),
    );
  }
  return undefined;
}

function codeLanguage(name: string, node: string): 'javascript' | 'python' | 'shell' | 'sql' | undefined {
  if (name === 'code') {
    return node.includes('python') ? 'python' : 'javascript';
  }
  if (name === 'script') {
    return node.startsWith('browser.') ? 'javascript' : 'shell';
  }
  return node.startsWith('sql.') && (name === 'query' || name === 'statement' || name === 'sql') ? 'sql' : undefined;
}

function entryOf(name: string, schema: Schema, defs: Record<string, Schema>, node: string, depth: number): Entry {
  const options = choices(schema);
  if (options) {
    return { kind: 'choice', options };
  }
  if (schema.anyOf || schema.oneOf) {
    const branches = (schema.anyOf ?? schema.oneOf ?? []).map((branch) => resolve(branch, defs));
    // What is text or more is text to begin with; the rest is entered as data.
    return branches.some((branch) => branch.type === 'string')
      ? { kind: 'text', isLong: false, format: branches.find((branch) => branch.type === 'string')?.format }
      : { kind: 'any' };
  }
  switch (schema.type) {
    case 'string': {
      const language = codeLanguage(name, node);
      if (language) {
        return { kind: 'code', language };
      }
      if (name === 'credential' || name.endsWith('_credential')) {
        return { kind: 'credential' };
      }
      return { kind: 'text', isLong: LONG_TEXT.has(name), format: schema.format };
    }
    case 'boolean':
      return { kind: 'flag' };
    case 'integer':
    case 'number':
      return {
        kind: 'number',
        isWhole: schema.type === 'integer',
        minimum: schema.minimum,
        maximum: (schema.maximum ?? 0) > 2 ** 40 ? undefined : schema.maximum,
      };
    case 'array': {
      const item = schema.items ? resolve(schema.items, defs) : {};
      const entry = depth > 2 ? ({ kind: 'any' } as const) : entryOf('', item, defs, node, depth + 1);
      return { kind: 'list', item: entry, itemSchema: item };
    }
    case 'object': {
      if (schema.properties && depth < 3) {
        return { kind: 'group', fields: fieldsIn(schema, defs, node, depth + 1) };
      }
      if (typeof schema.additionalProperties === 'object' && !schema.properties) {
        const [value] = withoutNull(schema.additionalProperties, defs);
        const entry = depth > 2 ? ({ kind: 'any' } as const) : entryOf('', value, defs, node, depth + 1);
        return { kind: 'map', value: entry.kind === 'any' ? { kind: 'text', isLong: false } : entry };
      }
      return { kind: 'any' };
    }
    default:
      return { kind: 'any' };
  }
}

/** Whether a value holds an expression. */
export function isExpression(value: unknown): value is string {
  return typeof value === 'string' && /\{\{|\{%/.test(value);
}

/** A fixed value as an expression that yields it. */
export function asExpression(value: unknown): string {
  if (value === undefined || value === null || value === '') {
    return '{{  }}';
  }
  return typeof value === 'string' ? `{{ '${value.replace(/'/g, "\\'")}' }}` : `{{ ${JSON.stringify(value)} }}`;
}

/** What an expression that is a plain value yields; nothing where it reads or computes something. */
export function asFixed(text: string): unknown {
  const inner = /^\s*\{\{\s*([\s\S]*?)\s*\}\}\s*$/.exec(text)?.[1];
  if (inner === undefined || inner === '') {
    return undefined;
  }
  const quoted = /^'((?:[^'\\]|\\.)*)'$/.exec(inner);
  if (quoted) {
    return (quoted[1] ?? '').replace(/\\'/g, "'");
  }
  try {
    return JSON.parse(inner);
  } catch {
    return undefined;
  }
}

/** The outputs of a node by name, with what they are. */
export function outputsOf(node: NodeSpec | undefined): { name: string; says: string; kind: string }[] {
  const defs = node?.outputs.$defs ?? {};
  return Object.entries(node?.outputs.properties ?? {}).map(([name, schema]) => {
    const [plain] = withoutNull(schema, defs);
    const type = Array.isArray(plain.type) ? plain.type.join(' or ') : (plain.type ?? 'any');
    return { name, says: schema.description ?? plain.description ?? '', kind: KINDS[type] ?? type };
  });
}

const KINDS: Record<string, string> = {
  array: 'list',
  object: 'map',
  string: 'text',
  integer: 'whole number',
};
