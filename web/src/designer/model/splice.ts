/** Changes of a text as replacements of stretches, so that everything else stays to the byte. */

/** Replaces `[from, to)` by `insert`. */
export interface Splice {
  from: number;
  to: number;
  insert: string;
}

/** `text` with all of `splices`, which must not overlap. */
export function apply(text: string, splices: readonly Splice[]): string {
  const ordered = splices
    .map((splice, order) => ({ splice, order }))
    .sort((a, b) => a.splice.from - b.splice.from || a.splice.to - b.splice.to || a.order - b.order);
  let result = '';
  let at = 0;
  for (const { splice } of ordered) {
    if (splice.from < at) {
      throw new Error('two changes touch the same place');
    }
    result += text.slice(at, splice.from) + splice.insert;
    at = splice.to;
  }
  return result + text.slice(at);
}

/** The one replacement that turns `before` into `after`. */
export function difference(before: string, after: string): Splice | undefined {
  if (before === after) {
    return undefined;
  }
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) {
    start += 1;
  }
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) {
    end += 1;
  }
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

export function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** The offset of the line break that ends the line, or the end of the text. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** How far the offset is from the start of its line. */
export function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}

/** Moves lines to the right; empty ones stay empty. */
export function indent(lines: string, columns: number): string {
  return columns === 0 ? lines : lines.replace(/^(?=[^\n])/gm, ' '.repeat(columns));
}

/** Moves lines to the left, as far as they have blanks. */
export function dedent(lines: string, columns: number): string {
  return columns === 0 ? lines : lines.replace(new RegExp(`^ {1,${columns}}`, 'gm'), '');
}
