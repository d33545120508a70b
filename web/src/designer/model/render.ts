/** Values as YAML text. */

import { stringify } from 'yaml';

/** The longest value that stands on the line of its key. */
const WIDEST = 84;

const ONE_LINE = { lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER };

/** On one line, to stand in `{ }` or after a key. */
export function inline(value: unknown, inFlow: boolean): string {
  if (Array.isArray(value)) {
    return `[${value.map((item) => inline(item, true)).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, one]) => `${inline(key, true)}: ${inline(one, true)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  if (typeof value === 'string' && value.includes('\n')) {
    return JSON.stringify(value);
  }
  if (inFlow) {
    // As an item of a flow list, so that what has a meaning there is quoted.
    const listed = stringify([value], { collectionStyle: 'flow', ...ONE_LINE }).trimEnd();
    return listed.replace(/^\[\s*/, '').replace(/\s*\]$/, '');
  }
  return stringify(value, { ...ONE_LINE, blockQuote: false }).trimEnd();
}

/** What stands after `key:`, with the blank or line break before it; `column` is that of the key. */
export function afterKey(value: unknown, column: number): string {
  if (typeof value === 'string' && value.includes('\n')) {
    // Empty lines at the end would be lost among those that follow.
    const blockQuote = /\n\s*\n$/.test(value) ? false : 'literal';
    const literal = stringify({ k: value }, { ...ONE_LINE, blockQuote }).trimEnd();
    const [head = '', ...rest] = literal.slice('k:'.length).split('\n');
    return [head, ...rest.map((line) => shifted(line, column))].join('\n');
  }
  const isFilled = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  const short = inline(value, false);
  if (!isFilled || (short.length + column <= WIDEST && !hasLongText(value))) {
    return ` ${short}`;
  }
  const block = stringify(value, { ...ONE_LINE }).trimEnd();
  return `\n${block
    .split('\n')
    .map((line) => shifted(line, column + 2))
    .join('\n')}`;
}

function shifted(line: string, columns: number): string {
  return line === '' ? line : ' '.repeat(columns) + line;
}

function hasLongText(value: unknown): boolean {
  if (typeof value === 'string') {
    return value.includes('\n');
  }
  return typeof value === 'object' && value !== null && Object.values(value).some(hasLongText);
}

/** A key as it is written. */
export function keyText(key: string): string {
  return inline(key, true);
}
