/** What starts runs besides schedules, and whom the server tells; each with what came and went. */

import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { Act } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog, SecretDialog } from '../ui/Dialog.tsx';
import { Empty, Facts, Json, Page, State, Tabs, Tag, When } from '../ui/kit.tsx';
import { WorkflowName } from '../workflows/names.tsx';

type Trigger = Schemas['TriggerView'];
type Hook = Schemas['HookView'];

export function Triggers() {
  const { tab = 'triggers' } = getRouteApi('/inside/triggers').useSearch();
  const [secret, setSecret] = useState<string>();
  return (
    <Page
      title="Triggers"
      fill
      actions={
        tab === 'hooks' ? (
          <Act
            label="New hook"
            tone="main"
            title="New hook"
            touches="hooks"
            fields={[
              { name: 'name', label: 'Name' },
              { name: 'url', label: 'Address', help: 'Where events are sent, signed.' },
              {
                name: 'events',
                label: 'Events',
                kind: 'list',
                initial: 'job.failed, job.dead',
                help: 'job.succeeded, job.*, robots, schedules, workflows or *.',
              },
              { name: 'enabled', label: 'Enabled', kind: 'check', initial: true },
            ]}
            onDo={async (values) =>
              setSecret((await got(api.POST('/api/v1/hooks', { body: values as never }))).secret ?? undefined)
            }
          />
        ) : (
          <Act
            label="New trigger"
            tone="main"
            title="New trigger"
            touches="triggers"
            fields={[
              { name: 'name', label: 'Name' },
              { name: 'workflow', label: 'Workflow', help: 'What is run.' },
              {
                name: 'design',
                label: 'Design',
                kind: 'json',
                initial: { source: { kind: 'webhook', auth: { kind: 'bearer', token: '' } } },
                help: 'A webhook with hmac, bearer or basic; or {"source": {"kind": "run_finished", "workflow": "…", "states": ["succeeded"]}}.',
              },
              { name: 'enabled', label: 'Enabled', kind: 'check', initial: true },
            ]}
            onDo={(values) => got(api.POST('/api/v1/triggers', { body: values as never }))}
          />
        )
      }
    >
      <Tabs
        shown={tab}
        tabs={[
          { id: 'triggers', label: 'Triggers' },
          { id: 'hooks', label: 'Outgoing hooks' },
        ]}
      />
      {tab === 'hooks' ? <Hooks /> : <List />}
      {secret ? <SecretDialog title="Secret of the hook" secret={secret} onClose={() => setSecret(undefined)} /> : null}
    </Page>
  );
}

const kindOf = (trigger: Trigger) => (trigger.design as unknown as { source?: { kind?: string } }).source?.kind ?? '–';

function List() {
  const [open, setOpen] = useState<Trigger>();
  return (
    <>
      <DataTable
        label="Triggers"
        queryKey={['triggers', 'list']}
        page={(cursor) => got(api.GET('/api/v1/triggers', { params: { query: { cursor, limit: 100 } } }))}
        keyOf={(one) => one.id}
        onOpen={setOpen}
        least={560}
        empty={
          <Empty title="No triggers yet">A trigger runs a workflow when a webhook is called or another run ends.</Empty>
        }
        columns={[
          { name: 'State', width: '100px', cell: (one) => <State state={one.enabled ? 'enabled' : 'off'} /> },
          { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
          { name: 'Kind', width: '120px', cell: (one) => <Tag>{kindOf(one).replace('_', ' ')}</Tag> },
          { name: 'Workflow', width: 'minmax(0,1fr)', cell: (one) => <WorkflowName id={one.workflow} /> },
          { name: 'Made', width: '86px', cell: (one) => <When at={one.created} /> },
        ]}
      />
      {open ? (
        <Dialog title={open.name} wide onClose={() => setOpen(undefined)}>
          <div className="space-y-4">
            <Facts
              facts={[
                ['Workflow', <WorkflowName key="n" id={open.workflow} />],
                ['Kind', kindOf(open)],
                ['Made', <When key="w" at={open.created} />],
                ['State', <State key="s" state={open.enabled ? 'enabled' : 'off'} />],
              ]}
            />
            {open.url ? (
              <p>
                Call <code className="break-all font-mono">{open.url}</code>
              </p>
            ) : null}
            <Json value={open.design} />
            <h3 className="font-medium">Deliveries</h3>
            <DataTable
              label="Deliveries"
              height="16rem"
              queryKey={['triggers', open.id, 'deliveries']}
              page={(cursor) =>
                got(
                  api.GET('/api/v1/triggers/{id}/deliveries', {
                    params: { path: { id: open.id }, query: { cursor, limit: 100 } },
                  }),
                )
              }
              keyOf={(one) => one.id}
              least={420}
              empty="Nothing came yet"
              columns={[
                { name: 'Came to', width: '110px', cell: (one) => <State state={one.outcome} /> },
                {
                  name: 'Detail',
                  width: 'minmax(0,1fr)',
                  cell: (one) => <span className="text-soft">{one.detail}</span>,
                },
                {
                  name: 'Run',
                  width: '80px',
                  cell: (one) =>
                    one.job ? (
                      <Link to="/runs/$job" params={{ job: one.job }} className="text-accent hover:underline">
                        {one.job.slice(-8)}
                      </Link>
                    ) : (
                      '–'
                    ),
                },
                { name: 'At', width: '80px', end: true, cell: (one) => <When at={one.at} /> },
              ]}
            />
            <div className="flex justify-end gap-2">
              <Act
                label="Delete"
                tone="bad"
                title={`Delete ${open.name}?`}
                touches="triggers"
                onDo={async () => {
                  await got(api.DELETE('/api/v1/triggers/{id}', { params: { path: { id: open.id } } }));
                  setOpen(undefined);
                }}
              />
              <Act
                label="Change"
                title={`Change ${open.name}`}
                action="Save"
                touches="triggers"
                fields={[
                  { name: 'name', label: 'Name', initial: open.name },
                  { name: 'workflow', label: 'Workflow', initial: open.workflow },
                  { name: 'design', label: 'Design', kind: 'json', initial: open.design },
                  { name: 'enabled', label: 'Enabled', kind: 'check', initial: open.enabled },
                ]}
                onDo={async (values) => {
                  await got(
                    api.PUT('/api/v1/triggers/{id}', {
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

function Hooks() {
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
              least={460}
              empty="Nothing was sent yet"
              columns={[
                { name: 'State', width: '100px', cell: (one) => <State state={one.state} /> },
                { name: 'Event', width: '120px', cell: (one) => one.event },
                {
                  name: 'Answer',
                  width: 'minmax(0,1fr)',
                  cell: (one) => <span className="text-soft">{one.error ?? one.status ?? ''}</span>,
                },
                { name: 'Tries', width: '50px', end: true, cell: (one) => one.attempts },
                { name: 'At', width: '80px', end: true, cell: (one) => <When at={one.created} /> },
              ]}
            />
            <div className="flex justify-end">
              <Act
                label="Delete"
                tone="bad"
                title={`Delete ${open.name}?`}
                touches="hooks"
                onDo={async () => {
                  await got(api.DELETE('/api/v1/hooks/{id}', { params: { path: { id: open.id } } }));
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
