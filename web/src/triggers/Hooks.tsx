/** Whom the server tells what happens: other systems, chats and people by mail. */

import { useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { Act, Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog, type FieldSpec, SecretDialog } from '../ui/Dialog.tsx';
import { Empty, State, Tag, When } from '../ui/kit.tsx';

type Hook = Schemas['HookView'];

const fieldsOf = (hook?: Hook): FieldSpec[] => [
  { name: 'name', label: 'Name', initial: hook?.name },
  {
    name: 'url',
    label: 'Address',
    initial: hook?.url,
    help: 'https://… or mailto:ada@example.com; mail needs a server that was started with --smtp.',
  },
  {
    name: 'format',
    label: 'Told as',
    kind: 'choice',
    initial: hook?.format ?? 'standard',
    options: [
      { value: 'standard', label: 'Signed event, for programs' },
      { value: 'chat', label: 'Chat message (Slack, Teams, Mattermost, …)' },
    ],
  },
  {
    name: 'events',
    label: 'Events',
    kind: 'list',
    initial: hook?.events.join(', ') ?? 'alert.opened, job.failed, job.dead',
    help: 'alert.opened, job.succeeded, job.*, robots, schedules, workflows or *.',
  },
  { name: 'enabled', label: 'Enabled', kind: 'check', initial: hook?.enabled ?? true },
];

const asOf = (hook: Hook) =>
  hook.url.startsWith('mailto:') ? 'mail' : hook.format === 'chat' ? 'chat message' : 'event';

export function NewHook() {
  const [secret, setSecret] = useState<string>();
  return (
    <>
      <Act
        label="New hook"
        tone="main"
        title="New hook"
        touches="hooks"
        needs="hook:write"
        fields={fieldsOf()}
        onDo={async (values) =>
          setSecret((await got(api.POST('/api/v1/hooks', { body: values as never }))).secret ?? undefined)
        }
      />
      {secret ? <SecretDialog title="Secret of the hook" secret={secret} onClose={() => setSecret(undefined)} /> : null}
    </>
  );
}

export function Hooks() {
  const [open, setOpen] = useState<Hook>();
  return (
    <>
      <DataTable
        label="Hooks"
        queryKey={['hooks', 'list']}
        page={(cursor) => got(api.GET('/api/v1/hooks', { params: { query: { cursor, limit: 100 } } }))}
        keyOf={(one) => one.id}
        onOpen={setOpen}
        least={560}
        empty={<Empty title="No hooks yet">A hook tells another system what happens here.</Empty>}
        columns={[
          { name: 'State', width: '100px', cell: (one) => <State state={one.enabled ? 'enabled' : 'off'} /> },
          { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
          { name: 'As', width: '120px', cell: (one) => <Tag>{asOf(one)}</Tag> },
          { name: 'Address', width: 'minmax(0,2fr)', cell: (one) => <span className="text-soft">{one.url}</span> },
          { name: 'Events', width: 'minmax(0,1fr)', cell: (one) => one.events.join(', ') },
        ]}
      />
      {open ? (
        <Dialog title={open.name} wide onClose={() => setOpen(undefined)}>
          <div className="space-y-4">
            <p className="break-all">{open.url}</p>
            <DataTable
              label="Deliveries"
              height="20rem"
              queryKey={['hooks', open.id, 'deliveries']}
              page={(cursor) =>
                got(
                  api.GET('/api/v1/hooks/{id}/deliveries', {
                    params: { path: { id: open.id }, query: { cursor, limit: 100 } },
                  }),
                )
              }
              keyOf={(one) => one.id}
              least={540}
              empty="Nothing was sent yet"
              columns={[
                { name: 'State', width: '100px', cell: (one) => <State state={one.state} /> },
                { name: 'Event', width: '150px', cell: (one) => <span title={one.event}>{one.event}</span> },
                {
                  name: 'Answer',
                  width: 'minmax(0,1fr)',
                  cell: (one) => (
                    <span className="text-soft" title={one.error ?? undefined}>
                      {one.error ?? one.status ?? ''}
                    </span>
                  ),
                },
                { name: 'Tries', width: '50px', end: true, cell: (one) => one.attempts },
                { name: 'At', width: '80px', end: true, cell: (one) => <When at={one.created} /> },
                {
                  name: 'Do',
                  width: '84px',
                  end: true,
                  cell: (one) =>
                    one.state === 'waiting' ? null : (
                      <Now
                        label="Repeat"
                        told="It is sent again."
                        touches="hooks"
                        needs="hook:write"
                        onDo={() =>
                          got(
                            api.POST('/api/v1/hooks/{id}/deliveries/{delivery}/repeat', {
                              params: { path: { id: open.id, delivery: one.id } },
                            }),
                          )
                        }
                      />
                    ),
                },
              ]}
            />
            <div className="flex justify-end gap-2">
              <Act
                label="Delete"
                tone="bad"
                title={`Delete ${open.name}?`}
                touches="hooks"
                needs="hook:write"
                onDo={async () => {
                  await got(api.DELETE('/api/v1/hooks/{id}', { params: { path: { id: open.id } } }));
                  setOpen(undefined);
                }}
              />
              <Act
                label="Change"
                title={`Change ${open.name}`}
                action="Save"
                touches="hooks"
                needs="hook:write"
                fields={fieldsOf(open)}
                onDo={async (values) => {
                  await got(
                    api.PUT('/api/v1/hooks/{id}', {
                      params: { path: { id: open.id } },
                      body: values as never,
                      headers: { 'if-match': `"${open.revision}"` },
                    }),
                  );
                  setOpen(undefined);
                }}
              />
            </div>
          </div>
        </Dialog>
      ) : null}
    </>
  );
}
