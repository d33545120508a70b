/** One queue and its items. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { Act, Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { Choice, Empty, Facts, Json, Page, State, Tag, When } from '../ui/kit.tsx';
import { said } from '../ui/text.ts';

type Item = Schemas['ItemView'];
const STATES = ['new', 'deferred', 'in_progress', 'completed', 'failed', 'abandoned', 'deleted'];

export function Queue() {
  const { queue } = getRouteApi('/inside/queues/$queue').useParams();
  const navigate = useNavigate();
  const [state, setState] = useState('');
  const [open, setOpen] = useState<Item>();
  const path = { queue };
  const counts = useQuery({
    queryKey: ['queues', queue, 'counts'],
    queryFn: () => got(api.GET('/api/v1/queues/{queue}/counts', { params: { path } })),
  });
  const many = new Map(counts.data?.items.map((one) => [one.state, one.items]));
  return (
    <Page
      title={queue}
      sub={
        STATES.filter((one) => many.get(one))
          .map((one) => `${many.get(one)?.toLocaleString()} ${said(one)}`)
          .join(' · ') || 'No items'
      }
      fill
      actions={
        <>
          <Choice
            label="State"
            value={state}
            options={[{ value: '', label: 'Every state' }, ...STATES]}
            onChange={setState}
          />
          <Act
            label="Delete"
            tone="bad"
            title={`Delete the queue ${queue}?`}
            touches="queues"
            needs="queue:write"
            onDo={async () => {
              await got(api.DELETE('/api/v1/queues/{queue}', { params: { path } }));
              await navigate({ to: '/queues' });
            }}
          >
            <p>Its items go, too.</p>
          </Act>
          <Act
            label="Add an item"
            tone="main"
            title="Add an item"
            touches="queues"
            needs="queue:use"
            fields={[
              { name: 'payload', label: 'Payload', kind: 'json', initial: {} },
              { name: 'reference', label: 'Reference', optional: true },
              { name: 'priority', label: 'Priority', kind: 'number', optional: true },
              { name: 'defer_until', label: 'Not before', kind: 'time', optional: true },
              { name: 'deadline', label: 'Deadline', kind: 'time', optional: true },
            ]}
            onDo={async (item) => {
              const added = await got(
                api.POST('/api/v1/queues/{queue}/items', { params: { path }, body: { items: [item as never] } }),
              );
              const error = added.items[0]?.error;
              if (error) {
                throw new Error(error);
              }
            }}
          />
        </>
      }
    >
      <DataTable
        label="Items"
        queryKey={['queues', queue, 'items', state]}
        page={(cursor) =>
          got(
            api.GET('/api/v1/queues/{queue}/items', {
              params: { path, query: { cursor, limit: 100, state: state || undefined } },
            }),
          )
        }
        keyOf={(item) => item.id}
        onOpen={setOpen}
        least={720}
        empty={<Empty title="No such items" />}
        columns={[
          { name: 'State', width: '120px', cell: (item) => <State state={item.state} /> },
          {
            name: 'Reference',
            width: 'minmax(0,1fr)',
            cell: (item) => <span className="font-medium">{item.reference ?? '–'}</span>,
          },
          {
            name: 'Payload',
            width: 'minmax(0,2fr)',
            cell: (item) => <span className="font-mono text-[12px] text-soft">{JSON.stringify(item.payload)}</span>,
          },
          { name: 'Review', width: '100px', cell: (item) => (item.review ? <Tag>{said(item.review)}</Tag> : '') },
          { name: 'Attempt', width: '66px', end: true, cell: (item) => item.attempt },
          { name: 'Due', width: '86px', end: true, cell: (item) => <When at={item.due} /> },
        ]}
      />
      {open ? (
        <Dialog title={open.reference ?? 'Item'} wide onClose={() => setOpen(undefined)}>
          <div className="space-y-4">
            <Facts
              facts={[
                ['State', <State key="s" state={open.state} />],
                ['Attempt', open.attempt],
                ['Priority', open.priority],
                ['Progress', open.progress ?? '–'],
                ['Taken', <When key="t" at={open.taken} />],
                ['Finished', <When key="f" at={open.finished} />],
                ['Deadline', <When key="d" at={open.deadline} />],
                ['Review', open.review ?? '–'],
              ]}
            />
            {open.error_message ? (
              <p className="break-words rounded-md bg-bad-soft px-3 py-2 text-bad">{open.error_message}</p>
            ) : null}
            <Json value={open.payload} />
            {open.output ? <Json value={open.output} /> : null}
            <div className="flex justify-end gap-2">
              {open.review ? (
                <Act
                  label="Review"
                  title="Review"
                  touches="queues"
                  needs="queue:use"
                  fields={[
                    {
                      name: 'to',
                      label: 'State',
                      kind: 'choice',
                      options: ['pending', 'in_review', 'verified'],
                      initial: open.review,
                    },
                  ]}
                  onDo={async ({ to }) => {
                    await got(
                      api.PUT('/api/v1/items/{id}/review', {
                        params: { path: { id: open.id } },
                        body: { from: String(open.review), to: String(to) },
                      }),
                    );
                    setOpen(undefined);
                  }}
                />
              ) : null}
              {open.state === 'failed' || open.state === 'abandoned' ? (
                <Now
                  small={false}
                  label="Try again"
                  told="It is tried again."
                  touches="queues"
                  needs="queue:use"
                  onDo={async () => {
                    await got(
                      api.POST('/api/v1/queues/{queue}/items/{id}/retry', { params: { path: { queue, id: open.id } } }),
                    );
                    setOpen(undefined);
                  }}
                />
              ) : null}
              <Act
                label="Delete"
                tone="bad"
                title="Delete this item?"
                touches="queues"
                needs="queue:use"
                onDo={async () => {
                  await got(api.DELETE('/api/v1/items/{id}', { params: { path: { id: open.id } } }));
                  setOpen(undefined);
                }}
              />
            </div>
          </div>
        </Dialog>
      ) : null}
    </Page>
  );
}
