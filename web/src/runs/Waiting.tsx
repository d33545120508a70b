/** Why no robot has a run. */

import { useQuery } from '@tanstack/react-query';
import { api, got } from '../api/client.ts';
import { useRobotNames } from '../robots/names.tsx';
import { type Reason, why } from './reasons.ts';

export function Waiting({ id }: { id: string }) {
  const nameOf = useRobotNames();
  const waiting = useQuery({
    queryKey: ['jobs', id, 'waiting'],
    queryFn: async () =>
      (await got(api.GET('/api/v1/jobs/{id}/waiting', { params: { path: { id } } }))) as unknown as Reason[],
    refetchInterval: 10_000,
  });
  return waiting.data?.length ? (
    <div className="mt-3 rounded-md bg-warn-soft px-3 py-2">
      <p className="font-medium text-warn">Why it waits</p>
      <ul className="list-disc pl-5">
        {waiting.data.map((reason) => {
          const { says, robots } = why(reason, nameOf);
          return (
            <li key={says}>
              {says}
              {robots.length ? (
                <ul className="list-[circle] pl-5">
                  {robots.map((robot) => (
                    <li key={robot}>{robot}</li>
                  ))}
                </ul>
              ) : null}
            </li>
          );
        })}
      </ul>
    </div>
  ) : null;
}
