/** All runs, by state and workflow. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { api, got } from '../api/client.ts';
import { Button, Choice, Page } from '../ui/kit.tsx';
import { said } from '../ui/text.ts';
import { JobTable } from './JobTable.tsx';

const STATES = [
  'scheduled',
  'queued',
  'leased',
  'running',
  'suspended',
  'needs_decision',
  'succeeded',
  'failed',
  'cancelled',
  'dead',
];

export function Runs() {
  const filter = getRouteApi('/inside/runs').useSearch();
  const navigate = useNavigate();
  const counts = useQuery({ queryKey: ['jobs', 'counts'], queryFn: () => got(api.GET('/api/v1/jobs/counts')) });
  const workflows = useQuery({
    queryKey: ['workflows', 'palette'],
    queryFn: () => got(api.GET('/api/v1/workflows', { params: { query: { limit: 500 } } })),
  });
  const many = new Map(counts.data?.items.map((one) => [one.state, one.jobs]));
  const change = (change: Partial<typeof filter>) =>
    void navigate({ to: '/runs', search: { ...filter, ...change }, replace: true });
  return (
    <Page
      fill
      title="Runs"
      actions={
        <>
          <Choice
            label="State"
            value={filter.state ?? ''}
            options={[
              { value: '', label: 'Every state' },
              ...STATES.map((state) => ({
                value: state,
                label: `${said(state)}${many.get(state) ? ` (${many.get(state)?.toLocaleString()})` : ''}`,
              })),
            ]}
            onChange={(state) => change({ state: state || undefined })}
          />
          <Choice
            label="Workflow"
            value={filter.workflow ?? ''}
            options={[
              { value: '', label: 'Every workflow' },
              ...(workflows.data?.items ?? []).map((one) => ({ value: one.name, label: one.name })),
            ]}
            onChange={(workflow) => change({ workflow: workflow || undefined })}
          />
          {filter.robot ? (
            <Button small tone="quiet" onClick={() => change({ robot: undefined })}>
              Any robot
            </Button>
          ) : null}
        </>
      }
    >
      <JobTable key={JSON.stringify(filter)} filter={filter} />
    </Page>
  );
}
