/** What can be written at a place of the text: nodes, settings, names and filters. */

import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { Catalogue } from '../model/catalogue.ts';
import { fieldsOf } from '../model/fields.ts';
import { type Name, namesFor } from '../model/scope.ts';
import type { Model, Step } from '../model/tree.ts';

/** What completion looks things up in, as they are now. */
export interface Known {
  catalogue: Catalogue;
  model: Model;
  /** The step around an offset of the text. */
  stepAround: (offset: number) => Step | undefined;
}

/** The completions at a place; nothing where anything may be written. */
export function complete(context: CompletionContext, known: Known): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const inside = /\{\{(?:(?!\}\}).)*$/.exec(before);
  if (inside) {
    return inExpression(context, known, inside[0]);
  }
  const use = /^\s*(?:-\s+)?use:\s*([\w.]*)$/.exec(before);
  if (use) {
    return {
      from: context.pos - (use[1]?.length ?? 0),
      options: known.catalogue.nodes.map((node) => ({ label: node.name, detail: node.summary, type: 'function' })),
      validFor: /^[\w.]*$/,
    };
  }
  const key = /^\s+(\w*)$/.exec(before) ?? /\bwith:\s*\{(?:.*,)?\s*(\w*)$/.exec(before);
  if (key && (context.explicit || (key[1] ?? '') !== '')) {
    return settings(context, known, key[1] ?? '');
  }
  return null;
}

function settings(context: CompletionContext, known: Known, typed: string): CompletionResult | null {
  const step = known.stepAround(context.pos);
  const node = step && known.catalogue.byName.get(step.use);
  if (!node) {
    return null;
  }
  return {
    from: context.pos - typed.length,
    options: fieldsOf(node).map((field) => ({
      label: field.name,
      apply: `${field.name}: `,
      detail: field.isRequired ? 'required' : '',
      info: field.says,
      type: 'property',
    })),
    validFor: /^\w*$/,
  };
}

function inExpression(context: CompletionContext, known: Known, text: string): CompletionResult {
  const filter = /\|\s*(\w*)$/.exec(text);
  if (filter) {
    return {
      from: context.pos - (filter[1]?.length ?? 0),
      options: known.catalogue.functions
        .filter((one) => one.sort === 'filter')
        .map((one) => ({ label: one.name, detail: one.usage, info: one.says, type: 'method' })),
      validFor: /^\w*$/,
    };
  }
  const path = /[\w.]*$/.exec(text)?.[0] ?? '';
  const names: Name[] = namesFor(known.model, known.catalogue, known.stepAround(context.pos));
  const flat = names.flatMap((name) => [...(name.path.endsWith('.') ? [] : [name]), ...name.children]);
  return {
    from: context.pos - path.length,
    options: flat
      .filter((name) => !name.path.includes('..') && !name.path.endsWith('.'))
      .map((name) => ({ label: name.path, detail: name.kind, info: name.says || undefined, type: 'variable' })),
    validFor: /^[\w.]*$/,
  };
}
