/** Keeping the draft as it is typed, and noticing what others publish meanwhile. */

import { useEffect } from 'react';
import { listen } from './live.ts';
import { Refusal, type VersionView, server } from './server.ts';
import { type DesignerStore, useDesigner, useDesignerStore } from './store.ts';

/** Waits so long for more changes before the draft is kept. */
const PAUSE_MS = 700;
const RETRY_MS = 5_000;
const LOOK_MS = 60_000;

/** What the designer begins with. */
export interface Opened {
  text: string;
  base: number | undefined;
  published: number | undefined;
  revision: number | undefined;
  changed: string | undefined;
}

/** A workflow that is not there yet. */
export function blank(name: string): string {
  return `casare: 1\nname: ${/^[\w.-]+$/.test(name) ? name : JSON.stringify(name)}\nsteps: []\n`;
}

/** One's own draft, else the active version, else the newest one, else a new workflow. */
export async function open(workflow: string): Promise<Opened> {
  await Promise.allSettled(onTheWay);
  const [known, drafts] = await Promise.all([server.workflow(workflow), server.drafts(workflow)]);
  const draft = drafts.items.some((one) => one.mine) ? await server.draft(workflow) : undefined;
  const published = known?.active;
  if (draft) {
    return { text: draft.text, base: draft.base, published, revision: draft.revision, changed: draft.changed };
  }
  const nothing = { revision: undefined, changed: undefined, published };
  if (!known) {
    return { ...nothing, text: blank(workflow), base: undefined };
  }
  const number = published ?? (await server.versions(workflow)).items[0]?.number;
  const version: VersionView | undefined = number === undefined ? undefined : await server.version(workflow, number);
  return { ...nothing, text: version?.text ?? blank(known.name), base: published };
}

/** Keeps the draft a moment after each change. */
export function useKeeping(): void {
  const store = useDesignerStore();
  useEffect(() => {
    const keeper = new Keeper(store);
    const stop = store.subscribe((state, before) => {
      if (state.keeping.state === 'changed' && (state.text !== before.text || before.keeping.state !== 'changed')) {
        keeper.later();
      }
    });
    const leave = () => keeper.leave();
    window.addEventListener('pagehide', leave);
    return () => {
      stop();
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, [store]);
}

/** What is on its way to the server: whoever opens the draft meanwhile waits for it. */
const onTheWay = new Set<Promise<void>>();

class Keeper {
  private timer: number | undefined;
  private isBusy = false;

  constructor(private readonly store: DesignerStore) {}

  later(wait = PAUSE_MS): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.send(false), wait);
  }

  /** When the page is left, nothing waits. */
  leave(): void {
    window.clearTimeout(this.timer);
    if (this.store.getState().keeping.state === 'changed') {
      this.send(true);
    }
  }

  private send(isLeaving: boolean): void {
    const sent = this.keep(isLeaving).finally(() => onTheWay.delete(sent));
    onTheWay.add(sent);
  }

  private async keep(isLeaving: boolean): Promise<void> {
    if (this.isBusy && !isLeaving) {
      this.later();
      return;
    }
    const { workflow, text, base, revision, show } = this.store.getState();
    if (this.store.getState().keeping.state !== 'changed') {
      return;
    }
    this.isBusy = true;
    show({ keeping: { state: 'keeping' } });
    try {
      const kept = await server.keepDraft(workflow, text, base, revision, isLeaving);
      const now = this.store.getState();
      // Unless it was published meanwhile: then the draft is gone.
      if (now.keeping.state !== 'kept') {
        const isNewer = now.text !== text;
        show({ revision: kept.revision, keeping: isNewer ? { state: 'changed' } : { state: 'kept', at: kept.changed } });
      }
    } catch (error) {
      if (error instanceof Refusal && error.code === 'changed') {
        show({ keeping: { state: 'overtaken' } });
      } else {
        show({ keeping: { state: 'failed', why: error instanceof Error ? error.message : String(error) } });
        this.timer = window.setTimeout(() => {
          show({ keeping: { state: 'changed' } });
        }, RETRY_MS);
      }
    } finally {
      this.isBusy = false;
    }
  }
}

/** Looks up which version is active whenever the server tells of a change. */
export function useOthers(): void {
  const store = useDesignerStore();
  const workflow = useDesigner((state) => state.workflow);
  useEffect(() => {
    const look = () => {
      server.workflow(workflow).then(
        (known) => {
          if (known && known.active !== store.getState().published) {
            store.getState().show({ published: known.active });
          }
        },
        () => undefined,
      );
    };
    // Where nothing is heard, it is looked up now and then.
    const timer = window.setInterval(look, LOOK_MS);
    const deaf = listen(['workflows'], look);
    return () => {
      window.clearInterval(timer);
      deaf();
    };
  }, [store, workflow]);
}

/** Takes what the draft of the other window holds; undo brings back what was here. */
export async function takeTheirs(store: DesignerStore): Promise<void> {
  const draft = await server.draft(store.getState().workflow);
  if (draft) {
    store.getState().setText(draft.text, { label: 'Take the draft of the other window', mayBreak: true });
    store.getState().show({ base: draft.base, revision: draft.revision, keeping: { state: 'kept', at: draft.changed } });
  }
}

/** Merges the version that others published into the draft; answers what a person has to decide. */
export async function mergePublished(store: DesignerStore): Promise<string[]> {
  const { workflow, text, base, published } = store.getState();
  if (published === undefined) {
    return [];
  }
  const [theirs, origin] = await Promise.all([
    server.version(workflow, published),
    base === undefined ? undefined : server.version(workflow, base),
  ]);
  const merged = await server.merge(origin?.text ?? blank(workflow), text, theirs.text ?? '');
  store.getState().show({ base: published });
  store.getState().setText(merged.text, { label: 'Merge what others published', mayBreak: true });
  return merged.conflicts;
}
