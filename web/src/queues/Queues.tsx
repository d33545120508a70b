/** The transaction queues. */

import { useNavigate } from '@tanstack/react-router';
import { api, got } from '../api/client.ts';
import { Act, Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Empty, Page, State, When } from '../ui/kit.tsx';

export function Queues() {
  const navigate = useNavigate();
  return (
    <Page
      title="Queues"
      fill
      actions={
        <Act
          label="New queue"
          tone="main"
          title="New queue"
          touches="queues"
          needs="queue:write"
          fields={[
            { name: 'name', label: 'Name' },
            { name: 'description', label: 'Description', optional: true },
            { name: 'max_attempts', label: 'Attempts in all', kind: 'number', initial: 3 },
            { name: 'lease_s', label: 'Seconds that somebody has an item', kind: 'number', initial: 600 },
            { name: 'unique_reference', label: 'No two items with the same reference', kind: 'check' },
            { name: 'schema', label: 'JSON Schema of an item', kind: 'json', optional: true },
          ]}
          onDo={({ name, ...design }) =>
            got(api.POST('/api/v1/queues', { body: { name: String(name), design: design as never } }))
          }
        />
      }
    >
      <DataTable
        label="Queues"
        queryKey={['queues', 'list']}
        page={(cursor) => got(api.GET('/api/v1/queues', { params: { query: { cursor, limit: 100 } } }))}
        keyOf={(queue) => queue.id}
        onOpen={(queue) => void navigate({ to: '/queues/$queue', params: { queue: queue.name } })}
        least={560}
        empty={<Empty title="No queues yet">A queue holds items of work that workflows take one by one.</Empty>}
        columns={[
          { name: 'Name', width: 'minmax(0,1fr)', cell: (queue) => <span className="font-medium">{queue.name}</span> },
          {
            name: 'Description',
            width: 'minmax(0,2fr)',
            cell: (queue) => <span className="text-soft">{queue.description}</span>,
          },
          { name: 'State', width: '90px', cell: (queue) => <State state={queue.paused ? 'paused' : 'active'} /> },
          { name: 'Attempts', width: '70px', end: true, cell: (queue) => queue.max_attempts },
          { name: 'Made', width: '86px', end: true, cell: (queue) => <When at={queue.created} /> },
          {
            name: 'Do',
            width: '90px',
            end: true,
            cell: (queue) => (
              <Now
                label={queue.paused ? 'Go on' : 'Pause'}
                told={queue.paused ? `${queue.name} goes on.` : `${queue.name} is paused.`}
                touches="queues"
                needs="queue:use"
                onDo={() =>
                  got(
                    api.PUT('/api/v1/queues/{queue}/paused', {
                      params: { path: { queue: queue.name } },
                      body: { paused: !queue.paused },
                    }),
                  )
                }
              />
            ),
          },
        ]}
      />
    </Page>
  );
}
