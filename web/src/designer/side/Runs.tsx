/** Past runs of the workflow: click one to see it on the canvas. */

import { useQuery } from '@tanstack/react-query';
import { ago } from '../controls.tsx';
import { withoutPasses } from '../model/progress.ts';
import { show } from '../run/watch.ts';
import { server } from '../server.ts';
import { useDesigner, useDesignerStore } from '../store.ts';

export function Runs() {
  const store = useDesignerStore();
  const workflow = useDesigner((state) => state.workflow);
  const shown = useDesigner((state) => state.shown?.job);
  const { data, isPending } = useQuery({
    queryKey: ['designer', workflow, 'jobs', shown?.id, shown?.state],
    queryFn: () => server.jobs(workflow),
    retry: false,
    placeholderData: (before) => before,
  });
  if (isPending) {
    return <p className="dz-empty">Loading…</p>;
  }
  if (!data || data.items.length === 0) {
    return <p className="dz-empty">It has not run yet.</p>;
  }
  return (
    <>
      <Log />
      <ul className="dz-items" aria-label="Runs">
      {data.items.map((job) => (
        <li key={job.id}>
          <button
            type="button"
            className="dz-item"
            data-selected={shown?.id === job.id || undefined}
            onClick={() =>
              show(store, job.id).catch((error: Error) =>
                store.getState().show({ notice: { text: error.message, tone: 'bad' } }),
              )
            }
          >
            <span className="dz-grow">
              <strong className={TONES[job.state]}>{job.state.replace('_', ' ')}</strong>
              <span className="dz-small dz-soft dz-cut" style={{ display: 'block' }}>
                {ago(job.submitted)}
                {job.version === undefined ? '' : ` · version ${job.version}`}
                {job.error_message ? ` · ${job.error_message}` : ''}
              </span>
            </span>
          </button>
        </li>
      ))}
      </ul>
    </>
  );
}

/** Lines that are drawn; the newest. */
const MOST_LINES = 300;

/** What the run that is shown wrote; a line leads to its step. */
function Log() {
  const store = useDesignerStore();
  const shown = useDesigner((state) => state.shown);
  if (!shown || shown.progress.log.length === 0) {
    return null;
  }
  const keys = new Map([...shown.places].map(([key, place]) => [place, key]));
  const lines = shown.progress.log.slice(-MOST_LINES);
  return (
    <details className="dz-pad" style={{ paddingBottom: 0 }} open>
      <summary style={{ cursor: 'pointer' }}>
        <strong>Log of the run that is shown</strong> <span className="dz-count">{shown.progress.log.length}</span>
      </summary>
      <div className="dz-data" style={{ marginTop: 6 }}>
        {lines.map((line, index) => (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name of their own
            key={index}
            type="button"
            className="dz-item dz-small"
            onClick={() => {
              const key = keys.get(withoutPasses(line.path));
              if (key !== undefined) {
                store.getState().reveal(key);
              }
            }}
          >
            <span className={LEVELS[line.level] ?? 'dz-soft'}>{line.level}</span>
            <span className="dz-grow" style={{ overflowWrap: 'anywhere' }}>
              {line.message}
            </span>
          </button>
        ))}
      </div>
    </details>
  );
}

const LEVELS: Record<string, string> = { error: 'dz-tone-bad', warn: 'dz-tone-warn', warning: 'dz-tone-warn' };

const TONES: Record<string, string> = {
  succeeded: 'dz-tone-good',
  failed: 'dz-tone-bad',
  dead: 'dz-tone-bad',
  running: 'dz-tone-run',
  leased: 'dz-tone-run',
};
