/** The names of workflows, where the server tells their ids. */

import { useQuery } from '@tanstack/react-query';
import { all, api, got } from '../api/client.ts';
import { short } from '../ui/text.ts';

/** Answers the name of a workflow by its id; a deleted one has none any more. */
export function useWorkflowNames(): (id: string) => string {
  const names = useQuery({
    queryKey: ['workflows', 'names'],
    queryFn: async () => {
      const every = await all((cursor) =>
        got(api.GET('/api/v1/workflows', { params: { query: { cursor, limit: 500 } } })),
      );
      return new Map(every.map((one) => [one.id, one.name]));
    },
    staleTime: 60_000,
  });
  return (id) => names.data?.get(id) ?? (names.data ? `${short(id)} (deleted)` : ' ');
}

export function WorkflowName({ id }: { id: string }) {
  const nameOf = useWorkflowNames();
  return <span title={id}>{nameOf(id)}</span>;
}
