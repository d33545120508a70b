/** Ordering a run and following it, or looking at one that was. */

import { useEffect } from 'react';
import { NO_PROGRESS, type RunEvent, follow } from '../model/progress.ts';
import { listen } from '../live.ts';
import { type JobDetail, server } from '../server.ts';
import { type DesignerStore, useDesigner, useDesignerStore } from '../store.ts';

/** Looks again even when nothing was heard. */
const PULSE_MS = 1_500;
const ENDED = new Set(['succeeded', 'failed', 'cancelled', 'dead']);

export function hasEnded(state: string): boolean {
  return ENDED.has(state);
}

/** Uploads the text as a version that nobody else runs, and runs that. */
export async function start(store: DesignerStore, inputs: Record<string, unknown>): Promise<void> {
  const { text } = store.getState();
  const version = await server.upload({ text, publish: false, note: 'Run from the designer' });
  const { job: id } = await server.run(version.workflow, version.number, inputs);
  await show(store, id, text);
}

/** Shows a run on the canvas. Without its text, that of its version is looked up. */
export async function show(store: DesignerStore, id: string, text?: string): Promise<void> {
  const job = await server.job(id);
  const state = store.getState();
  let ran = text;
  if (ran === undefined && job.version !== undefined) {
    ran = (await server.version(state.workflow, job.version)).text;
  }
  state.show({ shown: { job, progress: NO_PROGRESS, places: state.placesIn(ran ?? state.text) } });
}

/** Keeps the run that is shown up to date until it has ended. */
export function useWatch(): void {
  const store = useDesignerStore();
  const job = useDesigner((state) => state.shown?.job.id);
  useEffect(() => {
    if (job === undefined) {
      return;
    }
    const stop = new AbortController();
    let read: { run: string; seq: number | undefined } | undefined;
    let isLooking = false;
    let again = false;
    const look = async () => {
      if (isLooking) {
        again = true;
        return;
      }
      isLooking = true;
      try {
        do {
          again = false;
          const detail = await server.job(job, stop.signal);
          read = await catchUp(store, detail, read, stop.signal);
        } while (again && !stop.signal.aborted);
      } catch {
        // The next look tries again; the page shows elsewhere that the server is away.
      } finally {
        isLooking = false;
      }
    };
    const deaf = listen(['jobs', 'runs/*'], (topic, data) => {
      if (topic === 'missed' || topic.startsWith('runs/') || JSON.stringify(data).includes(job)) {
        void look();
      }
    });
    const timer = window.setInterval(() => {
      const shown = store.getState().shown;
      if (shown && !(hasEnded(shown.job.state) && shown.progress.count > 0)) {
        void look();
      }
    }, PULSE_MS);
    void look();
    return () => {
      stop.abort();
      deaf();
      window.clearInterval(timer);
    };
  }, [job, store]);
}

async function catchUp(
  store: DesignerStore,
  job: JobDetail,
  before: { run: string; seq: number | undefined } | undefined,
  signal: AbortSignal,
): Promise<{ run: string; seq: number | undefined } | undefined> {
  const run = job.attempts.at(-1)?.run;
  const shown = store.getState().shown;
  if (!shown || shown.job.id !== job.id) {
    return before;
  }
  if (run === undefined) {
    store.getState().show({ shown: { ...shown, job } });
    return undefined;
  }
  let seq = before?.run === run ? before.seq : undefined;
  let progress = before?.run === run ? shown.progress : NO_PROGRESS;
  for (;;) {
    const page = await server.events(run, seq, signal);
    const events: RunEvent[] = page.items.map((row) => row.event);
    progress = follow(progress, events);
    seq = page.items.at(-1)?.seq ?? seq;
    const now = store.getState().shown;
    if (now?.job.id !== job.id) {
      return before;
    }
    store.getState().show({ shown: { ...now, job, progress } });
    if (!page.next || events.length === 0) {
      return { run, seq };
    }
  }
}
