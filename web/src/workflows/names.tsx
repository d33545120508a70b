/** The names of workflows, where the server tells their ids. */

import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { all, api, got } from '../api/client.ts';
import { short } from '../ui/text.ts';

const names = queryOptions({
  queryKey: ['workflows', 'names'],
  queryFn: async () => {
    const every = await all((cursor) =>
      got(api.GET('/api/v1/workflows', { params: { query: { cursor, limit: 500 } } })),
    );
    return new Map(every.map((one) => [one.id, one.name]));
  },
  staleTime: 60_000,
});

/** The names of all workflows, to suggest. */
export function useWorkflowList(): string[] {
  return [...(useQuery(names).data?.values() ?? [])];
}

/** Answers the name of a workflow by its id; a deleted one has none any more. */
export function useWorkflowNames(): (id: string) => string {
  const found = useQuery(names);
  return (id) => found.data?.get(id) ?? (found.data ? `${short(id)} (deleted)` : ' ');
}

export function WorkflowName({ id }: { id: string }) {
  const nameOf = useWorkflowNames();
  return <span title={id}>{nameOf(id)}</span>;
}

export function WorkflowLink({ id, tab }: { id: string; tab?: string }) {
  const name = useQuery(names).data?.get(id);
  return name === undefined ? (
    <WorkflowName id={id} />
  ) : (
    <Link to="/workflows/$workflow" params={{ workflow: name }} search={{ tab }} title={id} className="hover:underline">
      {name}
    </Link>
  );
}

/** What somebody did something to: a workflow by its name, anything else as it is written down. */
export function Subject({ subject }: { subject: string }) {
  return useQuery(names).data?.get(subject) ?? subject;
}
