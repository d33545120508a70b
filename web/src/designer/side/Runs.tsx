/** Past runs of the workflow: click one to see it on the canvas. */

import { useQuery } from '@tanstack/react-query';
import { ago } from '../controls.tsx';
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
    <ul className="dz-items">
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
  );
}

const TONES: Record<string, string> = {
  succeeded: 'dz-tone-good',
  failed: 'dz-tone-bad',
  dead: 'dz-tone-bad',
  running: 'dz-tone-run',
  leased: 'dz-tone-run',
};
