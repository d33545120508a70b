/** Every workflow of the repository, and the examples of all nodes, for tests. */

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indent } from './splice.ts';
import { type BlocksOf, type Model, read } from './tree.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** Name and text of a workflow. */
export type Sample = [name: string, text: string];

/** The workflow files below `examples` and the crates. */
export function files(): Sample[] {
  return ['examples', 'crates/cli/src/init'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.workflow.yaml'))
      .map((name): Sample => [name, readFileSync(join(ROOT, folder, name), 'utf8')]),
  );
}

/** The examples of the manuals of all nodes, each as a workflow. */
export function manuals(): Sample[] {
  const folder = join(ROOT, 'docs/nodes');
  return readdirSync(folder).flatMap((file) =>
    Array.from(readFileSync(join(folder, file), 'utf8').matchAll(/^## (\S+)\n(?:(?!^## )[\s\S])*?```yaml\n([\s\S]*?)```/gm), (match): Sample => [
      match[1] ?? '',
      `casare: 1\nname: sample\nsteps:\n${indent(match[2] ?? '', 2)}`,
    ]),
  );
}

/** The blocks of the nodes that tests use. */
export const blocksOf: BlocksOf = (use) =>
  use === 'flow.if'
    ? [
        { name: 'then', shape: 'list', required: true },
        { name: 'else', shape: 'list', required: false },
      ]
    : use === 'flow.for_each' || use === 'flow.repeat'
      ? [{ name: 'do', shape: 'list', required: true }]
      : [];

/** The model of a text that can be read. */
export function model(text: string): Model {
  const reading = read(text, blocksOf);
  if (!reading.ok) {
    throw new Error(`${reading.error.line}: ${reading.error.message}`);
  }
  return reading.model;
}

/** A value that a test needs: it fails without. */
export function sure<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new Error('what the test needs is not there');
  }
  return value;
}
