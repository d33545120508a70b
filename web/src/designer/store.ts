/** What the designer shows and what was done to it; every change goes through here. */

import { createContext, useContext } from 'react';
import { type StoreApi, createStore, useStore } from 'zustand';
import * as arrange from './model/arrange.ts';
import type { Catalogue } from './model/catalogue.ts';
import { KeyMaker, carryKeys } from './model/keys.ts';
import type { Progress } from './model/progress.ts';
import { put } from './model/put.ts';
import { apply } from './model/splice.ts';
import { type Model, type Path, type Step, type Unreadable, read, stepAt, stepOfText } from './model/tree.ts';
import type { JobDetail, Problem } from './server.ts';

/** What a change needs to be undone and told. */
interface Past {
  text: string;
  selection: Path[];
  label: string;
}

/** Whether the draft is kept. */
export type Keeping =
  | { state: 'kept'; at: string | undefined }
  | { state: 'changed' | 'keeping' }
  | { state: 'failed'; why: string }
  /** Another window has changed the draft. */
  | { state: 'overtaken' };

export type View = 'canvas' | 'both' | 'text';
export type Side = 'step' | 'nodes' | 'outline' | 'problems' | 'versions' | 'runs';

/** A run that is shown on the canvas. */
export interface Shown {
  job: JobDetail;
  progress: Progress;
  /** Where the steps stood in the text that ran, by their keys. */
  places: ReadonlyMap<string, string>;
}

/** How a step differs from a version that is compared with. */
export type Differs = 'added' | 'changed';

export interface Change {
  label: string;
  /** Changes of the same group that follow each other closely are undone together. */
  group?: string;
  /** What is selected afterwards. */
  at?: Path;
  count?: number;
  /** Whether the text may be one that cannot be read: somebody types it. */
  mayBreak?: boolean;
}

export interface Designer {
  workflow: string;
  catalogue: Catalogue;
  text: string;
  /** The newest text that could be read. */
  model: Model;
  error: Unreadable | undefined;
  selection: ReadonlySet<string>;
  /** The step that keys act on and the panel shows. */
  active: string | undefined;
  folded: ReadonlySet<string>;
  past: Past[];
  future: Past[];
  problems: Problem[];
  /** The text that `problems` are about. */
  checked: string | undefined;
  problemsByKey: ReadonlyMap<string, Problem[]>;
  keeping: Keeping;
  /** The revision of the draft that the server has; nothing while it has none. */
  revision: number | undefined;
  /** The version that the draft began from; nothing for a new workflow. */
  base: number | undefined;
  /** The active version that the server tells of. */
  published: number | undefined;
  shown: Shown | undefined;
  compared: ReadonlyMap<string, Differs> | undefined;
  view: View;
  side: Side;
  /** What the panel shows of the step while a run is shown. */
  part: 'settings' | 'run';
  /** Where the palette inserts; nothing while it is closed. */
  inserting: arrange.Slot | undefined;
  notice: { text: string; tone: 'info' | 'bad' } | undefined;
  /** Counts up when the canvas should show the active step, or the panel should have the keyboard. */
  revealed: number;
  entered: { count: number; part: 'name' | 'settings' };

  setText(text: string, change: Change): void;
  undo(): void;
  redo(): void;
  select(keys: readonly string[], active?: string): void;
  fold(key: string, isFolded?: boolean): void;
  set(path: Path, value: unknown, change?: Partial<Change>): void;
  insert(slot: arrange.Slot, items: string, label: string): void;
  remove(steps: readonly Step[]): void;
  move(steps: readonly Step[], slot: arrange.Slot): void;
  duplicate(steps: readonly Step[]): void;
  wrap(steps: readonly Step[], head: string, block: string): void;
  setDisabled(steps: readonly Step[]): void;
  noteProblems(text: string, problems: Problem[]): void;
  show(part: Partial<Pick<Designer, 'view' | 'side' | 'part' | 'inserting' | 'notice' | 'keeping' | 'revision' | 'base' | 'published' | 'shown' | 'compared'>>): void;
  /** Selects a step and brings it into view. */
  reveal(key: string): void;
  /** Gives the keyboard to the panel of the active step. */
  enter(part: 'name' | 'settings'): void;
  /** Where the steps of another text stand, by the keys of the steps here that they are. */
  placesIn(text: string): Map<string, string>;
}

export type DesignerStore = StoreApi<Designer>;

/** What can be undone. */
const MOST_PAST = 300;
const GROUP_MS = 1_500;

export interface Beginning {
  workflow: string;
  catalogue: Catalogue;
  text: string;
  base: number | undefined;
  published: number | undefined;
  revision: number | undefined;
  keeping: Keeping;
}

export function createDesigner(beginning: Beginning): DesignerStore {
  const maker = new KeyMaker();
  const { blocksOf } = beginning.catalogue;
  let lastGroup: { name: string; at: number } | undefined;
  const first = read(beginning.text, blocksOf);
  const empty = read('steps: []\n', blocksOf);
  const start = first.ok ? first : empty;
  if (!start.ok) {
    throw new Error('an empty workflow cannot be read');
  }
  carryKeys(undefined, start.model, maker);

  return createStore<Designer>((setState, get) => {
    /** Takes a text as it is: reads it, and keeps what is selected. */
    const take = (text: string, selection?: Path[], reading = read(text, blocksOf)) => {
      const { model: before } = get();
      if (!reading.ok) {
        setState({ text, error: reading.error });
        return;
      }
      carryKeys(before, reading.model, maker);
      const chosen = selection?.flatMap((path) => stepAt(reading.model, path)?.key ?? []);
      const kept = chosen ?? [...get().selection].filter((key) => reading.model.byKey.has(key));
      const { active } = get();
      setState({
        text,
        model: reading.model,
        error: undefined,
        selection: new Set(kept),
        active: chosen ? chosen[0] : active && reading.model.byKey.has(active) ? active : kept[0],
        ...about(reading.model, get().problems),
      });
    };
    const moment = (label: string): Past => {
      const { text, model, selection } = get();
      return { text, label, selection: pathsOf(model, selection) };
    };
    /** Where steps are written in brackets, they are first written on lines of their own. */
    const openUp = () => {
      const text = arrange.onLines(get().model);
      if (text !== undefined) {
        get().setText(text, { label: 'Write the steps on lines' });
      }
    };
    const now = (steps: readonly Step[]) => steps.map((step) => get().model.byKey.get(step.key) ?? step);
    const there = (slot: arrange.Slot): arrange.Slot => ({
      list: listAt(get().model, slot.list.path) ?? slot.list,
      index: slot.index,
    });
    const attempt = (label: string, work: () => arrange.Placed | string | undefined) => {
      try {
        const done = work();
        if (typeof done === 'string') {
          get().setText(done, { label });
        } else if (done) {
          get().setText(done.text, { label, at: done.at, count: done.count });
        }
      } catch (error) {
        setState({ notice: { text: `${label}: ${error instanceof Error ? error.message : String(error)}`, tone: 'bad' } });
      }
    };

    return {
      ...beginning,
      model: start.model,
      error: first.ok ? undefined : first.error,
      selection: new Set(),
      active: undefined,
      folded: new Set(),
      past: [],
      future: [],
      problems: [],
      checked: undefined,
      problemsByKey: new Map(),
      shown: undefined,
      compared: undefined,
      revealed: 0,
      entered: { count: 0, part: 'settings' },
      view: 'canvas',
      side: 'step',
      part: 'settings',
      inserting: undefined,
      notice: undefined,

      setText(text, { label, group, at, count = 1, mayBreak = false }) {
        const { text: before, past } = get();
        if (text === before) {
          return;
        }
        const reading = read(text, blocksOf);
        if (!reading.ok && !mayBreak) {
          setState({ notice: { text: `${label}: this place cannot be changed here; change it in the text.`, tone: 'bad' } });
          return;
        }
        const now = Date.now();
        const joins = group !== undefined && lastGroup?.name === group && now - lastGroup.at < GROUP_MS && past.length > 0;
        lastGroup = group === undefined ? undefined : { name: group, at: now };
        setState({
          past: joins ? past : [...past.slice(-MOST_PAST), moment(label)],
          future: [],
          keeping: get().keeping.state === 'overtaken' ? get().keeping : { state: 'changed' },
        });
        const index = at?.[at.length - 1];
        take(
          text,
          at && typeof index === 'number'
            ? Array.from({ length: count }, (_, offset) => [...at.slice(0, -1), index + offset])
            : undefined,
          reading,
        );
      },
      undo() {
        const { past, future } = get();
        const last = past[past.length - 1];
        if (last) {
          lastGroup = undefined;
          setState({ past: past.slice(0, -1), future: [moment(last.label), ...future], keeping: { state: 'changed' } });
          take(last.text, last.selection);
        }
      },
      redo() {
        const { past, future } = get();
        const [next, ...rest] = future;
        if (next) {
          lastGroup = undefined;
          setState({ past: [...past, moment(next.label)], future: rest, keeping: { state: 'changed' } });
          take(next.text, next.selection);
        }
      },
      select(keys, active) {
        setState({ selection: new Set(keys), active: active ?? keys[keys.length - 1] });
      },
      fold(key, isFolded) {
        const folded = new Set(get().folded);
        if (isFolded ?? !folded.has(key)) {
          folded.add(key);
        } else {
          folded.delete(key);
        }
        setState({ folded });
      },
      set(path, value, change) {
        attempt(change?.label ?? 'Change a setting', () => {
          const { model } = get();
          const text = apply(model.text, put(model, path, value));
          get().setText(text, { label: 'Change a setting', group: `set ${path.join('/')}`, ...change });
          return undefined;
        });
      },
      insert(slot, items, label) {
        openUp();
        attempt(label, () => arrange.insert(get().model, there(slot), items));
      },
      remove(chosen) {
        openUp();
        const steps = now(chosen);
        const { model } = get();
        const [first] = arrange.outermost(model, steps);
        attempt(steps.length === 1 ? 'Delete a step' : `Delete ${steps.length} steps`, () => arrange.remove(model, steps));
        const after = get().model;
        // The step that came into its place, the one before it, or the one around it.
        const list = first && listAt(after, first.list.path);
        const next = list?.steps[Math.min(first?.index ?? 0, list.steps.length - 1)] ?? list?.owner;
        get().select(next ? [next.key] : []);
      },
      move(steps, slot) {
        openUp();
        attempt('Move', () => arrange.move(get().model, now(steps), there(slot)));
      },
      duplicate(steps) {
        openUp();
        attempt('Duplicate', () => arrange.duplicate(get().model, now(steps), blocksOf));
      },
      wrap(steps, head, block) {
        openUp();
        attempt('Wrap', () => {
          const wrapped = arrange.wrap(get().model, now(steps), head, block);
          if (!wrapped) {
            throw new Error('choose steps that follow each other in one list');
          }
          return wrapped;
        });
      },
      setDisabled(steps) {
        const { model } = get();
        const disable = steps.some((step) => !step.isDisabled);
        const splices = steps
          .filter((step) => step.isDisabled !== disable)
          .flatMap((step) => put(model, [...step.path, 'disabled'], disable ? true : undefined));
        get().setText(apply(model.text, splices), { label: disable ? 'Disable' : 'Enable' });
      },
      noteProblems(text, problems) {
        setState({ checked: text, problems, ...about(get().model, problems) });
      },
      show(part) {
        setState(part);
      },
      reveal(key) {
        const { model, revealed } = get();
        const folded = new Set(get().folded);
        for (let step = model.byKey.get(key)?.list.owner; step; step = step.list.owner) {
          folded.delete(step.key);
        }
        setState({ folded, revealed: revealed + 1 });
        get().select([key]);
      },
      enter(part) {
        setState({ side: 'step', part: 'settings', entered: { count: get().entered.count + 1, part } });
      },
      placesIn(text) {
        const reading = read(text, blocksOf);
        if (!reading.ok) {
          return new Map();
        }
        carryKeys(get().model, reading.model, maker);
        return new Map(reading.model.steps.map((step) => [step.key, step.runPath]));
      },
    };
  });
}

function pathsOf(model: Model, keys: ReadonlySet<string>): Path[] {
  return [...keys].map((key) => model.byKey.get(key)?.path).filter((path) => path !== undefined);
}

function listAt(model: Model, path: Path) {
  if (path.length === 1) {
    return model.root;
  }
  const owner = stepAt(model, path.slice(0, -1));
  return owner?.lists.find((list) => list.path.join('/') === path.join('/'));
}

function about(model: Model, problems: readonly Problem[]): { problemsByKey: ReadonlyMap<string, Problem[]> } {
  const problemsByKey = new Map<string, Problem[]>();
  for (const problem of problems) {
    const step = stepOfText(model, problem.path);
    if (step) {
      problemsByKey.set(step.key, [...(problemsByKey.get(step.key) ?? []), problem]);
    }
  }
  return { problemsByKey };
}

const Context = createContext<DesignerStore | undefined>(undefined);
export const DesignerProvider = Context.Provider;

export function useDesignerStore(): DesignerStore {
  const store = useContext(Context);
  if (!store) {
    throw new Error('this part belongs into a designer');
  }
  return store;
}

export function useDesigner<T>(pick: (state: Designer) => T): T {
  return useStore(useDesignerStore(), pick);
}

/** The selected steps, in the order of the text. */
export function selectedSteps({ model, selection }: Designer): Step[] {
  return model.steps.filter((step) => selection.has(step.key));
}

export function activeStep({ model, active }: Designer): Step | undefined {
  return active === undefined ? undefined : model.byKey.get(active);
}

/** Where something new goes: after the active step, else at the end. */
export function slotAfter(state: Designer): arrange.Slot {
  const step = activeStep(state);
  return step ? { list: step.list, index: step.index + 1 } : { list: state.model.root, index: state.model.root.steps.length };
}
