/** The run that is shown: how it stands, why it waits, stopping it. */

import { Check, CircleSlash, Hourglass, LoaderCircle, Square, X, Zap } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from '../controls.tsx';
import { server } from '../server.ts';
import { type Shown, useDesigner, useDesignerStore } from '../store.ts';
import { hasEnded } from './watch.ts';

export function RunBar() {
  const store = useDesignerStore();
  const shown = useDesigner((state) => state.shown);
  if (!shown) {
    return null;
  }
  const { job } = shown;
  const state = job.state;
  const tell = (error: Error) => store.getState().show({ notice: { text: error.message, tone: 'bad' } });
  return (
    <section className="dz-run" aria-label="The run that is shown">
      <Picture state={state} />
      <div className="dz-grow dz-cut" role="status">
        <strong>{SAYS[state] ?? state}</strong> <Detail shown={shown} />
      </div>
      <Failed shown={shown} />
      {hasEnded(state) ? null : (
        <>
          <Button small disabled={job.stopping} onClick={() => server.cancel(job.id).catch(tell)}>
            <Square size={14} aria-hidden /> {job.stopping ? 'Stopping…' : 'Stop'}
          </Button>
          {job.stopping ? (
            <Button small tone="bad" onClick={() => server.kill(job.id).catch(tell)}>
              <Zap size={14} aria-hidden /> Kill
            </Button>
          ) : null}
        </>
      )}
      <a className="dz-button" data-size="small" href={`/runs/${job.id}`}>
        Details
      </a>
      <Button small tone="plain" label="Do not show this run" onClick={() => store.getState().show({ shown: undefined })}>
        <X size={15} aria-hidden />
      </Button>
    </section>
  );
}

const SAYS: Record<string, string> = {
  scheduled: 'Waits for its time',
  queued: 'Waits for a robot',
  leased: 'A robot has taken it',
  running: 'Running',
  suspended: 'Waits for an answer',
  needs_decision: 'Needs a decision',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
  dead: 'Failed for good',
};

function Picture({ state }: { state: string }) {
  switch (state) {
    case 'succeeded':
      return <Check size={18} className="dz-tone-good" aria-hidden />;
    case 'failed':
    case 'dead':
      return <X size={18} className="dz-tone-bad" aria-hidden />;
    case 'cancelled':
      return <CircleSlash size={18} className="dz-soft" aria-hidden />;
    case 'running':
    case 'leased':
      return <LoaderCircle size={18} className="dz-tone-run dz-spin" aria-hidden />;
    default:
      return <Hourglass size={18} className="dz-soft" aria-hidden />;
  }
}

function Detail({ shown }: { shown: Shown }) {
  const { job, progress } = shown;
  const waiting = useWaiting(job.id, job.state);
  if (job.state === 'queued' || job.state === 'scheduled') {
    return <span className="dz-soft">{waiting}</span>;
  }
  const error = job.error_message ?? progress.finished?.error?.message;
  return (
    <span className="dz-soft">
      {progress.steps.size > 0 ? `${progress.steps.size} steps` : ''}
      {job.started ? ` · ${lasted(job.started, job.finished)}` : ''}
      {error ? ` · ${error}` : ''}
    </span>
  );
}

/** Leads from one failed step to the next, the innermost first: the others failed because of it. */
function Failed({ shown }: { shown: Shown }) {
  const store = useDesignerStore();
  const keys = [...shown.places]
    .filter(([, place]) => shown.progress.steps.get(place)?.state === 'failed')
    .sort(([, a], [, b]) => b.split('.').length - a.split('.').length)
    .map(([key]) => key);
  if (keys.length === 0) {
    return null;
  }
  return (
    <Button
      small
      tone="bad"
      onClick={() => {
        const state = store.getState();
        const next = keys[(keys.indexOf(state.active ?? '') + 1) % keys.length];
        if (next !== undefined) {
          state.reveal(next);
          state.show({ side: 'step', part: 'run' });
        }
      }}
    >
      {keys.length === 1 ? 'Show the step that failed' : `Show the ${keys.length} steps that failed`}
    </Button>
  );
}

function lasted(from: string, to: string | undefined): string {
  const seconds = Math.max(0, (to ? Date.parse(to) : Date.now()) - Date.parse(from)) / 1_000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Why no robot has it, as the server tells. */
function useWaiting(id: string, state: string): string {
  const [says, setSays] = useState('');
  useEffect(() => {
    if (state !== 'queued') {
      setSays('');
      return;
    }
    let isOver = false;
    const ask = () =>
      server.waiting(id).then(
        (told) => !isOver && setSays(explain(told)),
        () => undefined,
      );
    void ask();
    const timer = window.setInterval(ask, 4_000);
    return () => {
      isOver = true;
      window.clearInterval(timer);
    };
  }, [id, state]);
  return says;
}

const REASONS: Record<string, (told: Record<string, unknown>) => string> = {
  not_due: ({ until }) => `It is due at ${new Date(String(until)).toLocaleString()}.`,
  paused: ({ scope }) => `${scope} is paused.`,
  no_robot: ({ robots }) =>
    Array.isArray(robots) && robots.length > 0
      ? `None of ${robots.length} robots may run it.`
      : 'No robot is connected. Start one to run it.',
  robots_busy: () => 'All robots that may run it are busy.',
  limit_reached: ({ scope, most }) => `${scope} runs ${most} at a time.`,
  behind: ({ count }) => `${count ?? 'Others'} go before it.`,
};

/** Why no robot has it, in a sentence. */
function explain(told: Record<string, unknown>[]): string {
  return told
    .map((one) => REASONS[String(one.reason)]?.(one) ?? String(one.reason).replaceAll('_', ' '))
    .join(' ');
}
