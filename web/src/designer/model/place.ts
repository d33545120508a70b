/** Where the items of a list stand in the text. */

import type { Node, YAMLSeq } from 'yaml';
import { columnOf, dedent, lineEnd, lineStart } from './splice.ts';
import { type Model, type Path, type StepList, contentEnd, seqAt } from './tree.ts';

/** Whole lines of an item, with the comments right above it. */
export interface Extent {
  start: number;
  /** After its last line break. */
  end: number;
  /** The column of its dash. */
  column: number;
}

interface BlockItem {
  start: { type: string; offset: number }[];
}

/** Offsets of the dashes; nothing where the list is not written with dashes on lines of their own. */
function dashes(text: string, seq: YAMLSeq): number[] | undefined {
  const token = seq.srcToken;
  if (token?.type !== 'block-seq') {
    return undefined;
  }
  const found: number[] = [];
  for (const item of token.items as BlockItem[]) {
    const dash = item.start.find((part) => part.type === 'seq-item-ind');
    if (!dash) {
      continue;
    }
    if (text.slice(lineStart(text, dash.offset), dash.offset).trim() !== '') {
      return undefined;
    }
    found.push(dash.offset);
  }
  return found.length === seq.items.length ? found : undefined;
}

/** The extents of all items; nothing where the list is written in brackets. */
export function extents(model: Model, path: Path): Extent[] | undefined {
  const seq = seqAt(model, path);
  const found = seq && dashes(model.text, seq);
  return found?.map((dash, index) => extent(model.text, dash, seq?.items[index] as Node));
}

function extent(text: string, dash: number, node: Node): Extent {
  const column = columnOf(text, dash);
  let start = lineStart(text, dash);
  for (;;) {
    const above = text.slice(lineStart(text, start - 1), Math.max(0, start - 1));
    if (start === 0 || above.search(/\S/) !== column || above[column] !== '#') {
      break;
    }
    start = lineStart(text, start - 1);
  }
  let last = Math.max(contentEnd(node), dash + 1);
  while (last > dash + 1 && /\s/.test(text[last - 1] ?? '')) {
    last -= 1;
  }
  const end = Math.min(text.length, lineEnd(text, last) + 1);
  return { start, end, column };
}

/** The text of items, from the left margin, each line with its break. */
export function itemText(model: Model, { start, end, column }: Extent): string {
  const lines = dedent(model.text.slice(start, end), column);
  return lines.endsWith('\n') ? lines : `${lines}\n`;
}

/** Whether empty lines stand between the items. */
export function isAiry(model: Model, places: readonly Extent[]): boolean {
  return places.some((place, index) => {
    const next = places[index + 1];
    return next !== undefined && model.text.slice(place.end, next.start).includes('\n');
  });
}

/** How far dashes are from the key above them, as this file does it. */
export function listIndent(model: Model): number {
  const top = extents(model, ['steps'])?.[0];
  return top ? Math.min(top.column, 8) : 2;
}

/** The extent of each step of a list, by the steps' own indexes. */
export function placesOf(model: Model, list: StepList): Extent[] | undefined {
  return list.isWritten ? extents(model, list.path) : undefined;
}
