/** Everything that keys and commands do, in one list. */

import { extract } from './model/extract.ts';
import { type PlacedStep, layOut } from './model/layout.ts';
import { copyText, freeName, isRow, outermost, unwrap, withFreshIds } from './model/arrange.ts';
import { parseDocument, stringify } from 'yaml';
import { type Step, type StepList, isWithin } from './model/tree.ts';
import { server } from './server.ts';
import { type Designer, type DesignerStore, activeStep, selectedSteps, slotAfter } from './store.ts';

/** What the canvas itself can do. */
export interface Sight {
  fit(): void;
  zoom(factor: number): void;
  find(): void;
}

export interface Action {
  name: string;
  label: string;
  /** As `event.key` and its modifiers: `Ctrl+d`. */
  keys: string[];
  group: 'Steps' | 'Moving' | 'Looking' | 'Workflow';
  run(store: DesignerStore, sight: Sight): void;
}

/** What steps can be wrapped in. */
export const WRAPPERS: { label: string; head: string; block: string }[] = [
  { label: 'a loop over a list', head: '- use: flow.for_each\n', block: 'do' },
  { label: 'a condition', head: '- use: flow.if\n', block: 'then' },
  { label: 'a try', head: '- use: flow.try\n', block: 'do' },
  { label: 'a retry', head: '- use: flow.retry\n', block: 'do' },
  { label: 'a repetition', head: '- use: flow.repeat\n', block: 'do' },
];

const on = (work: (state: Designer, steps: Step[]) => void) => (store: DesignerStore) => {
  const state = store.getState();
  const steps = selectedSteps(state);
  if (steps.length > 0) {
    work(state, steps);
  }
};

export const ACTIONS: Action[] = [
  {
    name: 'insert',
    label: 'Insert a step',
    keys: ['/', 'Insert'],
    group: 'Steps',
    run: (store) => store.getState().show({ inserting: slotAfter(store.getState()) }),
  },
  {
    name: 'insert-inside',
    label: 'Insert a step inside',
    keys: ['Shift+Enter'],
    group: 'Steps',
    run: (store) => {
      const list = activeStep(store.getState())?.lists[0];
      if (list) {
        store.getState().show({ inserting: { list, index: list.steps.length } });
      }
    },
  },
  { name: 'edit', label: 'Edit its settings', keys: ['Enter'], group: 'Steps', run: on((state) => state.enter('settings')) },
  { name: 'rename', label: 'Give it a name', keys: ['F2'], group: 'Steps', run: on((state) => state.enter('name')) },
  {
    name: 'delete',
    label: 'Delete',
    keys: ['Delete', 'Backspace'],
    group: 'Steps',
    run: on((state, steps) => state.remove(steps)),
  },
  {
    name: 'duplicate',
    label: 'Duplicate',
    keys: ['Ctrl+d'],
    group: 'Steps',
    run: on((state, steps) => state.duplicate(steps)),
  },
  {
    name: 'disable',
    label: 'Disable or enable',
    keys: ['d'],
    group: 'Steps',
    run: on((state, steps) => state.setDisabled(steps)),
  },
  ...WRAPPERS.map(
    ({ label, head, block }, index): Action => ({
      name: `wrap-${block}-${index}`,
      label: `Wrap in ${label}`,
      keys: [`Alt+${index + 1}`],
      group: 'Steps',
      run: on((state, steps) => state.wrap(steps, head, block)),
    }),
  ),
  {
    name: 'unwrap',
    label: 'Take its steps out of it',
    keys: ['u'],
    group: 'Steps',
    run: on((state, [step]) => {
      const list = step?.lists.find((one) => one.steps.length > 0);
      const placed = step && list ? unwrap(state.model, step, list) : undefined;
      if (placed) {
        state.setText(placed.text, { label: 'Unwrap', at: placed.at, count: placed.count });
      }
    }),
  },
  { name: 'up', label: 'The step before', keys: ['ArrowUp'], group: 'Moving', run: go((at, all) => all[at - 1]) },
  { name: 'down', label: 'The next step', keys: ['ArrowDown'], group: 'Moving', run: go((at, all) => all[at + 1]) },
  {
    name: 'left',
    label: 'Fold, or to the step around it',
    keys: ['ArrowLeft'],
    group: 'Moving',
    run: on((state) => {
      const step = activeStep(state);
      if (step && step.lists.length > 0 && !state.folded.has(step.key)) {
        state.fold(step.key, true);
      } else if (step?.list.owner) {
        state.reveal(step.list.owner.key);
      }
    }),
  },
  {
    name: 'right',
    label: 'Unfold, or into it',
    keys: ['ArrowRight'],
    group: 'Moving',
    run: on((state) => {
      const step = activeStep(state);
      const inner = step?.lists.find((list) => list.steps.length > 0)?.steps[0];
      if (step && state.folded.has(step.key)) {
        state.fold(step.key, false);
      } else if (inner) {
        state.reveal(inner.key);
      } else {
        nextList(state, step);
      }
    }),
  },
  { name: 'more-up', label: 'Select upwards, too', keys: ['Shift+ArrowUp'], group: 'Moving', run: extend(-1) },
  { name: 'more-down', label: 'Select downwards, too', keys: ['Shift+ArrowDown'], group: 'Moving', run: extend(1) },
  {
    name: 'all',
    label: 'Select its whole list',
    keys: ['Ctrl+a'],
    group: 'Moving',
    run: (store) => {
      const state = store.getState();
      const list = activeStep(state)?.list ?? state.model.root;
      state.select(
        list.steps.map((step) => step.key),
        state.active,
      );
    },
  },
  { name: 'earlier', label: 'Move up', keys: ['Alt+ArrowUp'], group: 'Moving', run: on((state, steps) => shift(state, steps, -1)) },
  { name: 'later', label: 'Move down', keys: ['Alt+ArrowDown'], group: 'Moving', run: on((state, steps) => shift(state, steps, 1)) },
  {
    name: 'out',
    label: 'Move out of its block',
    keys: ['Alt+ArrowLeft'],
    group: 'Moving',
    run: on((state, steps) => {
      const owner = steps[0]?.list.owner;
      if (owner) {
        state.move(steps, { list: owner.list, index: owner.index + 1 });
      }
    }),
  },
  {
    name: 'into',
    label: 'Move into the step before',
    keys: ['Alt+ArrowRight'],
    group: 'Moving',
    run: on((state, steps) => {
      const [first] = outermost(state.model, steps);
      const list = first?.list.steps[first.index - 1]?.lists[0];
      if (list) {
        state.move(steps, { list, index: list.steps.length });
      }
    }),
  },
  {
    name: 'none',
    label: 'Select nothing',
    keys: ['Escape'],
    group: 'Moving',
    run: (store) => store.getState().select([]),
  },
  {
    name: 'fold',
    label: 'Fold or unfold',
    keys: [' '],
    group: 'Looking',
    run: on((state, [step]) => step && step.lists.length > 0 && state.fold(step.key)),
  },
  { name: 'find', label: 'Search in the workflow', keys: ['Ctrl+f'], group: 'Looking', run: (_, sight) => sight.find() },
  { name: 'fit', label: 'Show all of it', keys: ['f', '1'], group: 'Looking', run: (_, sight) => sight.fit() },
  { name: 'zoom-in', label: 'Larger', keys: ['+', '='], group: 'Looking', run: (_, sight) => sight.zoom(1.25) },
  { name: 'zoom-out', label: 'Smaller', keys: ['-'], group: 'Looking', run: (_, sight) => sight.zoom(0.8) },
  { name: 'undo', label: 'Undo', keys: ['Ctrl+z'], group: 'Workflow', run: (store) => store.getState().undo() },
  {
    name: 'redo',
    label: 'Do again',
    keys: ['Ctrl+Shift+z', 'Ctrl+y'],
    group: 'Workflow',
    run: (store) => store.getState().redo(),
  },
];

/** How a key is written in `keys`. */
export function keyOf(event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; shiftKey: boolean }): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isSign = event.key.length === 1 && event.key.toLowerCase() === event.key.toUpperCase();
  return [
    event.ctrlKey || event.metaKey ? 'Ctrl' : '',
    event.altKey ? 'Alt' : '',
    event.shiftKey && !isSign ? 'Shift' : '',
    key,
  ]
    .filter(Boolean)
    .join('+');
}

export function actionOf(event: Parameters<typeof keyOf>[0]): Action | undefined {
  const key = keyOf(event);
  return ACTIONS.find((action) => action.keys.includes(key));
}

/** The steps that can be seen, from top to bottom. */
function visible(state: Designer): PlacedStep[] {
  return layOut(state.model, state.folded).steps;
}

function go(to: (at: number, all: PlacedStep[]) => PlacedStep | undefined) {
  return (store: DesignerStore) => {
    const state = store.getState();
    const all = visible(state);
    const at = all.findIndex((placed) => placed.step.key === state.active);
    const next = at === -1 ? all[0] : to(at, all);
    if (next) {
      state.reveal(next.step.key);
    }
  };
}

function nextList(state: Designer, step: Step | undefined): void {
  const owner = step?.list.owner;
  if (!owner || !step) {
    return;
  }
  const next: StepList | undefined = owner.lists[owner.lists.indexOf(step.list) + 1];
  const first = next?.steps[0];
  if (first) {
    state.reveal(first.key);
  }
}

function extend(by: number) {
  return (store: DesignerStore) => {
    const state = store.getState();
    const step = activeStep(state);
    const next = step?.list.steps[step.index + by];
    if (step && next) {
      const shrinks = state.selection.has(next.key);
      const keys = new Set(state.selection);
      keys.add(next.key);
      if (shrinks) {
        keys.delete(step.key);
      }
      state.select([...keys], next.key);
      store.setState({ revealed: state.revealed + 1 });
    }
  };
}

function shift(state: Designer, steps: Step[], by: number): void {
  const row = outermost(state.model, steps);
  const [first] = row;
  const last = row[row.length - 1];
  if (!first || !last || !isRow(row)) {
    return;
  }
  const index = by < 0 ? first.index - 1 : last.index + 2;
  if (index >= 0 && index <= first.list.steps.length) {
    state.move(row, { list: first.list, index });
  }
}

/** The selected steps as text, for the clipboard. */
export function clipping(state: Designer): string | undefined {
  const steps = selectedSteps(state);
  return steps.length > 0 ? copyText(state.model, steps) : undefined;
}

/** The steps that a text holds: a list of them, one of them, or a whole workflow. */
export function pastable(text: string): string | undefined {
  const doc = parseDocument(text.replace(/\r\n/g, '\n'));
  if (doc.errors.length > 0) {
    return undefined;
  }
  const value: unknown = doc.toJS();
  const isStep = (one: unknown) => typeof one === 'object' && one !== null && typeof (one as { use?: unknown }).use === 'string';
  if (Array.isArray(value)) {
    if (!value.every(isStep) || value.length === 0) {
      return undefined;
    }
    const lines = text.replace(/\r\n/g, '\n').replace(/^\n+/, '');
    const margin = /^ */.exec(lines)?.[0].length ?? 0;
    const isBlock = /^\s*(#|- )/.test(lines);
    const plain = margin === 0 ? lines : lines.replace(new RegExp(`^ {0,${margin}}`, 'gm'), '');
    return isBlock ? `${plain.trimEnd()}\n` : stringify(value, { lineWidth: 0 });
  }
  if (isStep(value)) {
    return stringify([value], { lineWidth: 0 });
  }
  const steps = (value as { steps?: unknown } | null)?.steps;
  return Array.isArray(steps) && steps.length > 0 && steps.every(isStep) ? stringify(steps, { lineWidth: 0 }) : undefined;
}

export function paste(store: DesignerStore, text: string): boolean {
  const items = pastable(text);
  if (items === undefined) {
    store.getState().show({ notice: { text: 'The clipboard holds no steps.', tone: 'bad' } });
    return false;
  }
  const state = store.getState();
  state.insert(slotAfter(state), withFreshIds(state.model, items, state.catalogue.blocksOf), 'Paste');
  return true;
}

/** Takes the selected steps out into a workflow of their own, kept as a draft under `name`. */
export async function extractSelected(store: DesignerStore, name: string): Promise<void> {
  const state = store.getState();
  const result = extract(state.model, selectedSteps(state), name);
  if (!result) {
    state.show({ notice: { text: 'Choose steps that follow each other in one list.', tone: 'bad' } });
    return;
  }
  await server.keepDraft(name, result.callee, undefined, undefined);
  state.setText(result.caller, { label: 'Extract' });
  state.show({ notice: { text: `The steps are now the draft of “${name}”. Publish it before this one runs.`, tone: 'info' } });
}

/** A name for an output's step: sets one if it has none, and answers it. */
export function ensureId(store: DesignerStore, step: Step, suggested: string): string {
  if (step.id) {
    return step.id;
  }
  const state = store.getState();
  const id = freeName(suggested, new Set(state.model.steps.flatMap((one) => (one.id ? [one.id] : []))));
  state.set([...step.path, 'id'], id, { label: 'Give an id', group: undefined });
  return id;
}

/** Whether a step is inside another one that is selected. */
export function isCovered(step: Step, steps: readonly Step[]): boolean {
  return steps.some((one) => one !== step && isWithin(step, one));
}
