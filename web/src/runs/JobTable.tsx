/** A list of runs, to open or to stop or repeat several of. */

import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { May } from '../account/may.tsx';
import { api, got } from '../api/client.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Button, Empty, State, When } from '../ui/kit.tsx';
import { between, short } from '../ui/text.ts';
import { tell } from '../ui/toast.tsx';
import { WorkflowName } from '../workflows/names.tsx';

export const ENDED = ['succeeded', 'failed', 'cancelled', 'dead'];
/** Requests at a time when something is done to many. */
const AT_ONCE = 6;

export function JobTable({ filter }: { filter: { state?: string; workflow?: string; robot?: string } }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [keys, setKeys] = useState(new Set<string>());
  const each = async (what: string, work: (id: string) => Promise<unknown>) => {
    const ids = [...keys];
    let refused = 0;
    while (ids.length > 0) {
      const results = await Promise.allSettled(ids.splice(0, AT_ONCE).map(work));
      refused += results.filter((result) => result.status === 'rejected').length;
    }
    const done = keys.size - refused;
    tell(`${what}: ${done}${refused ? `; ${refused} refused, because of their state` : ''}.`, refused > 0);
    setKeys(new Set());
    void client.invalidateQueries({ queryKey: ['jobs'] });
  };
  return (
    <>
      {keys.size > 0 ? (
        <div
          className="flex items-center gap-2 rounded-lg border bg-accent-soft px-3 py-1.5"
          role="toolbar"
          aria-label="Chosen runs"
        >
          <span className="flex-1">{keys.size} chosen</span>
          {keys.size === 2 ? (
            <Button
              small
              onClick={() => {
                // The list has the newest first; what came first is compared with what came then.
                const [one = '', other = ''] = [...keys].sort();
                void navigate({ to: '/runs/compare', search: { one, other } });
              }}
            >
              Compare
            </Button>
          ) : null}
          <May needs="job:control">
            <Button
              small
              onClick={() =>
                each('Asked to stop', (id) => got(api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id } } })))
              }
            >
              Cancel
            </Button>
            <Button
              small
              onClick={() =>
                each('Ordered again', (id) =>
                  got(api.POST('/api/v1/jobs/{id}/rerun', { params: { path: { id } }, body: {} })),
                )
              }
            >
              Run again
            </Button>
          </May>
          <Button small tone="quiet" onClick={() => setKeys(new Set())}>
            None
          </Button>
        </div>
      ) : null}
      <DataTable
        label="Runs"
        queryKey={['jobs', 'list', filter]}
        page={(cursor) => got(api.GET('/api/v1/jobs', { params: { query: { ...filter, cursor, limit: 100 } } }))}
        keyOf={(job) => job.id}
        onOpen={(job) => void navigate({ to: '/runs/$job', params: { job: job.id } })}
        chosen={{ keys, set: setKeys }}
        least={820}
        empty={
          <Empty title="No such runs">
            {filter.state || filter.workflow ? 'Nothing fits what is asked for.' : 'What runs shows here at once.'}
          </Empty>
        }
        columns={[
          { name: 'State', width: '130px', cell: (job) => <State state={job.state} /> },
          {
            name: 'Workflow',
            width: 'minmax(0,1.2fr)',
            cell: (job) => (
              <Link to="/runs/$job" params={{ job: job.id }} className="font-medium hover:underline" tabIndex={-1}>
                <WorkflowName id={job.workflow} />
              </Link>
            ),
          },
          {
            name: 'What happened',
            width: 'minmax(0,2fr)',
            cell: (job) => (
              <span className="text-soft" title={job.error_message ?? undefined}>
                {job.error_message ?? (job.attempt > 1 ? `attempt ${job.attempt}` : '')}
              </span>
            ),
          },
          {
            name: 'Run',
            width: '80px',
            cell: (job) => <span className="font-mono text-[12px] text-soft">{short(job.id)}</span>,
          },
          {
            name: 'Took',
            width: '86px',
            end: true,
            cell: (job) => (job.started ? between(job.started, job.finished) : <span className="text-soft">–</span>),
          },
          { name: 'Ordered', width: '86px', end: true, cell: (job) => <When at={job.submitted} /> },
        ]}
      />
    </>
  );
}
