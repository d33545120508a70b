/** Why a robot does not get runs that wait. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, got } from '../api/client.ts';
import { type Reason, refusedBy } from '../runs/reasons.ts';
import { Asked } from '../ui/kit.tsx';
import { useWorkflowNames } from '../workflows/names.tsx';
import { useRobotNames } from './names.tsx';

/** So many of those that wait are asked about: the server explains one at a time. */
const ASKED = 5;

export function Refusals({ robot }: { robot: string }) {
  const workflowOf = useWorkflowNames();
  const nameOf = useRobotNames();
  const waiting = useQuery({
    queryKey: ['robots', robot, 'refusals'],
    queryFn: async () => {
      const query = { state: 'queued', limit: ASKED };
      const { items } = await got(api.GET('/api/v1/jobs', { params: { query } }));
      return Promise.all(
        items.map(async (job) => ({
          job,
          reasons: (await got(
            api.GET('/api/v1/jobs/{id}/waiting', { params: { path: { id: job.id } } }),
          )) as unknown as Reason[],
        })),
      );
    },
    refetchInterval: 10_000,
  });
  return (
    <section aria-label="Runs that wait">
      <h3 className="mb-1 text-[12px] text-soft">Runs that wait, and what keeps it from them</h3>
      <Asked query={waiting} lines={2}>
        {(waiting) =>
          waiting.length === 0 ? (
            <p>No run waits.</p>
          ) : (
            <ul className="divide-y rounded-md border">
              {waiting.map(({ job, reasons }) => (
                <li key={job.id} className="flex flex-wrap gap-x-3 px-3 py-1.5">
                  <Link to="/runs/$job" params={{ job: job.id }} className="font-medium hover:underline">
                    {workflowOf(job.workflow)}
                  </Link>
                  <span className="min-w-0 flex-1 break-words text-soft">
                    {refusedBy(robot, reasons, nameOf) ?? 'it may have it'}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Asked>
    </section>
  );
}
