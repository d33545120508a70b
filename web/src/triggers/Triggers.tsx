/** What starts runs besides schedules, and whom the server tells; each with what came and went. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { May } from '../account/may.tsx';
import { api, got, type Schemas } from '../api/client.ts';
import { Act, Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { Button, Empty, Facts, Json, Page, State, Tabs, Tag, When } from '../ui/kit.tsx';
import { short } from '../ui/text.ts';
import { WorkflowName } from '../workflows/names.tsx';
import { Hooks, NewHook } from './Hooks.tsx';
import { KINDS } from './kinds.ts';
import { TriggerDialog } from './TriggerDialog.tsx';

type Trigger = Schemas['TriggerView'];

export function Triggers() {
  const { tab = 'triggers' } = getRouteApi('/inside/triggers').useSearch();
  const [isNew, setNew] = useState(false);
  return (
    <Page
      title="Triggers"
      fill
      actions={
        tab === 'hooks' ? (
          <NewHook />
        ) : (
          <May needs="trigger:write">
            <Button tone="main" onClick={() => setNew(true)}>
              New trigger
            </Button>
          </May>
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
      {isNew ? <TriggerDialog onClose={() => setNew(false)} /> : null}
    </Page>
  );
}

const kindOf = (trigger: Trigger) =>
  KINDS.find((kind) => kind.value === trigger.design.source.kind)?.label ?? trigger.design.source.kind;

function List() {
  const [open, setOpen] = useState<Trigger>();
  const [changed, setChanged] = useState<Trigger>();
  return (
    <>
      <DataTable
        label="Triggers"
        queryKey={['triggers', 'list']}
        page={(cursor) => got(api.GET('/api/v1/triggers', { params: { query: { cursor, limit: 100 } } }))}
        keyOf={(one) => one.id}
        onOpen={setOpen}
        least={600}
        empty={
          <Empty title="No triggers yet">
            A trigger runs a workflow when a file or a mail comes, somebody fills in a form, another system calls, or
            another run ends.
          </Empty>
        }
        columns={[
          {
            name: 'State',
            width: '100px',
            cell: (one) => <State state={one.problem ? 'error' : one.enabled ? 'enabled' : 'off'} />,
          },
          { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
          { name: 'Kind', width: '150px', cell: (one) => <Tag>{kindOf(one)}</Tag> },
          { name: 'Workflow', width: 'minmax(0,1fr)', cell: (one) => <WorkflowName id={one.workflow} /> },
          { name: 'Made', width: '86px', cell: (one) => <When at={one.created} /> },
        ]}
      />
      {open ? (
        <TriggerDetails
          trigger={open}
          onChange={() => {
            setChanged(open);
            setOpen(undefined);
          }}
          onClose={() => setOpen(undefined)}
        />
      ) : null}
      {changed ? <TriggerDialog trigger={changed} onClose={() => setChanged(undefined)} /> : null}
    </>
  );
}

function TriggerDetails({
  trigger: listed,
  onChange,
  onClose,
}: {
  trigger: Trigger;
  onChange: () => void;
  onClose: () => void;
}) {
  // The list does not tell why one can't watch.
  const asked = useQuery({
    queryKey: ['triggers', listed.id],
    queryFn: () => got(api.GET('/api/v1/triggers/{id}', { params: { path: { id: listed.id } } })),
    refetchInterval: 10_000,
  });
  const trigger = asked.data ?? listed;
  const { source, ...rest } = trigger.design;
  return (
    <Dialog title={trigger.name} wide onClose={onClose}>
      <div className="space-y-4">
        {trigger.problem ? (
          <p role="alert" className="flex gap-2 rounded-lg border bg-bad-soft px-3 py-2 text-bad">
            <TriangleAlert size={16} className="mt-0.5 shrink-0" aria-hidden />
            {trigger.problem}
          </p>
        ) : null}
        <Facts
          facts={[
            ['Workflow', <WorkflowName key="n" id={trigger.workflow} />],
            ['Kind', kindOf(trigger)],
            ['Made', <When key="w" at={trigger.created} />],
            ['State', <State key="s" state={trigger.enabled ? 'enabled' : 'off'} />],
          ]}
        />
        {trigger.url ? (
          <p>
            {source.kind === 'form' ? 'Filled in at' : 'Called at'}{' '}
            {source.kind === 'form' ? (
              <a
                className="break-all font-mono text-accent hover:underline"
                href={new URL(trigger.url).pathname}
                target="_blank"
                rel="noreferrer"
              >
                {trigger.url}
              </a>
            ) : (
              <code className="break-all font-mono">{trigger.url}</code>
            )}
          </p>
        ) : null}
        <details>
          <summary className="cursor-pointer text-soft">Design</summary>
          <div className="mt-2">
            <Json value={{ source, ...rest }} />
          </div>
        </details>
        <h3 className="font-medium">Deliveries</h3>
        <Deliveries id={trigger.id} />
        <div className="flex justify-end gap-2">
          <Act
            label="Delete"
            tone="bad"
            title={`Delete ${trigger.name}?`}
            touches="triggers"
            needs="trigger:write"
            onDo={async () => {
              await got(api.DELETE('/api/v1/triggers/{id}', { params: { path: { id: trigger.id } } }));
              onClose();
            }}
          />
          <May needs="trigger:write">
            <Button onClick={onChange}>Change</Button>
          </May>
        </div>
      </div>
    </Dialog>
  );
}

/** What came, and what became of it. What was refused can be tried once more. */
function Deliveries({ id }: { id: string }) {
  return (
    <DataTable
      label="Deliveries"
      height="16rem"
      queryKey={['triggers', id, 'deliveries']}
      page={(cursor) =>
        got(
          api.GET('/api/v1/triggers/{id}/deliveries', {
            params: { path: { id }, query: { cursor, limit: 100 } },
          }),
        )
      }
      keyOf={(one) => one.id}
      least={460}
      empty="Nothing came yet"
      columns={[
        { name: 'Came to', width: '110px', cell: (one) => <State state={one.outcome} /> },
        {
          name: 'Detail',
          width: 'minmax(0,1fr)',
          cell: (one) => (
            <span className="text-soft" title={one.detail ?? undefined}>
              {one.detail}
            </span>
          ),
        },
        {
          name: 'Run',
          width: '90px',
          cell: (one) =>
            one.job ? (
              <Link to="/runs/$job" params={{ job: one.job }} className="text-accent hover:underline">
                {short(one.job)}
              </Link>
            ) : one.outcome === 'refused' ? (
              <Now
                label="Repeat"
                told="It is tried again."
                touches="triggers"
                needs="job:control"
                onDo={() =>
                  got(
                    api.POST('/api/v1/triggers/{id}/deliveries/{delivery}/repeat', {
                      params: { path: { id, delivery: one.id } },
                    }),
                  )
                }
              />
            ) : (
              '–'
            ),
        },
        { name: 'At', width: '80px', end: true, cell: (one) => <When at={one.at} /> },
      ]}
    />
  );
}
