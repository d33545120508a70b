import { CompletionContext } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { expect, it } from 'vitest';
import { type NodeSpec, catalogueOf } from '../model/catalogue.ts';
import { model } from '../model/samples.testing.ts';
import { complete } from './completion.ts';

const catalogue = catalogueOf({
  nodes: [
    {
      name: 'excel.read',
      summary: 'Reads a sheet.',
      settings: { properties: { path: { type: 'string' }, sheet: { type: 'string' } }, required: ['path'] },
      outputs: { properties: { rows: { type: 'array' } } },
      blocks: [],
    } as unknown as NodeSpec,
  ],
  functions: [{ sort: 'filter', name: 'upper', group: 'text', usage: 'upper', says: '', example: '', yields: '' }],
});

/** What is offered where `|` stands in the text. */
function offered(text: string): string[] {
  const pos = text.indexOf('¦');
  const plain = text.replace('¦', '');
  const read = model(plain);
  const found = complete(new CompletionContext(EditorState.create({ doc: plain }), pos, true), {
    catalogue,
    model: read,
    stepAround: (offset) => read.steps.findLast((step) => step.from <= offset && offset <= step.to + 80),
  });
  return found?.options.map((option) => option.label) ?? [];
}

it('nodes, settings, names and filters are offered where they fit', () => {
  const first = 'inputs:\n  file: file\nsteps:\n  - id: people\n    use: excel.read\n';

  expect(offered(`${first}  - use: ex¦\n`)).toEqual(['excel.read']);
  expect(offered(`${first}    with: { pa¦ }\n`)).toEqual(['path', 'sheet']);
  expect(offered(`${first}  - use: excel.read\n    with: { path: "{{ st¦ }}" }\n`)).toEqual([
    'inputs',
    'inputs.file',
    'steps.people',
    'steps.people.rows',
  ]);
  expect(offered(`${first}  - use: excel.read\n    with: { path: "{{ steps.people.rows | u¦ }}" }\n`)).toEqual(['upper']);
  expect(offered(`${first}    note: any¦\n`)).toEqual([]);
});
