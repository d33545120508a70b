/** What the server says of its nodes, and finding one by a few letters. */

import type { BlockSpec, BlocksOf } from './tree.ts';

/** A JSON Schema, as far as forms read it. */
export interface Schema {
  type?: string | string[] | null;
  description?: string;
  title?: string;
  default?: unknown;
  examples?: unknown[];
  format?: string;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
}

/** A name that a block brings into scope. */
export type Bind = { fixed: string } | { from_setting: { setting: string; default: string } };

export interface NodeBlock extends BlockSpec {
  summary: string;
  binds: Bind[];
}

export interface NodeSpec {
  name: string;
  summary: string;
  help: string;
  icon: string;
  effect: 'pure' | 'once' | 'live';
  settings: Schema;
  outputs: Schema;
  blocks: NodeBlock[];
  faults: { kind: string; when: string }[];
  example: string;
}

/** A filter, test or function of expressions. */
export interface ExpressionFunction {
  sort: string;
  name: string;
  group: string;
  usage: string;
  says: string;
  example: string;
  yields: string;
}

export interface Catalogue {
  nodes: NodeSpec[];
  functions: ExpressionFunction[];
  byName: ReadonlyMap<string, NodeSpec>;
  blocksOf: BlocksOf;
}

export function catalogueOf(answer: { nodes: NodeSpec[]; functions: ExpressionFunction[] }): Catalogue {
  const byName = new Map(answer.nodes.map((node) => [node.name, node]));
  return { ...answer, byName, blocksOf: (use) => byName.get(use)?.blocks ?? [] };
}

/** What people search for and nodes do not say of themselves. */
const SYNONYMS: Record<string, string> = {
  'flow.for_each': 'loop iterate',
  'flow.while': 'loop until',
  'flow.repeat': 'loop times',
  'flow.if': 'condition branch decide',
  'flow.switch': 'case condition',
  'flow.try': 'catch error exception',
  'flow.wait': 'sleep delay pause',
  'flow.call': 'subworkflow sub-workflow subflow run',
  'data.set': 'variable assign',
  'data.increment': 'counter add',
  'log.write': 'print message',
  'browser.fill': 'type enter text input',
  'browser.goto': 'navigate open url',
  'browser.session': 'open chrome start',
  'excel.read': 'xlsx spreadsheet',
  'http.request': 'api rest call',
  'mail.send': 'email smtp',
};

/** The nodes that fit a few letters, the best first. */
export function search(nodes: readonly NodeSpec[], query: string): NodeSpec[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return [...nodes];
  }
  return nodes
    .map((node) => ({ node, score: scoreOf(node, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.node.name.localeCompare(b.node.name))
    .map(({ node }) => node);
}

function scoreOf(node: NodeSpec, words: readonly string[]): number {
  let sum = 0;
  for (const word of words) {
    const score = Math.max(
      scoreIn(node.name.replace(/[._]/g, ' '), word, 100),
      scoreIn(node.name, word, 90),
      scoreIn(SYNONYMS[node.name] ?? '', word, 70),
      scoreIn(node.summary.toLowerCase(), word, 40),
    );
    if (score === 0) {
      return 0;
    }
    sum += score;
  }
  return sum;
}

function scoreIn(text: string, word: string, weight: number): number {
  if (text === word) {
    return weight * 2;
  }
  const parts = text.split(/[\s.,;:()/-]+/);
  if (parts.includes(word)) {
    return weight * 1.5;
  }
  if (parts.some((part) => part.startsWith(word))) {
    return weight;
  }
  if (text.includes(word)) {
    return weight * 0.6;
  }
  return weight >= 90 && isSubsequence(word, text) ? weight * 0.3 : 0;
}

function isSubsequence(word: string, text: string): boolean {
  let at = 0;
  for (const char of text) {
    if (char === word[at]) {
      at += 1;
    }
  }
  return word.length > 1 && at === word.length;
}

/** A step of a node as it is inserted: with its blocks, and what has to be set left to be said. */
export function newStep(node: NodeSpec): string {
  const lines = [`- use: ${node.name}`];
  for (const block of node.blocks.filter((one) => one.required)) {
    if (block.shape === 'named') {
      lines.push(`  ${block.name}:`, '    first: []', '    second: []');
    } else {
      lines.push(`  ${block.name}: []`);
    }
  }
  return `${lines.join('\n')}\n`;
}
