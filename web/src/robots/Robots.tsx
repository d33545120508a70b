/** Robots, the pools they are in, and the tokens with which new ones come. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { Act, Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog, SecretDialog } from '../ui/Dialog.tsx';
import { Asked, Button, Empty, Facts, Page, State, Tabs, Tag, When } from '../ui/kit.tsx';
import { person } from '../ui/text.ts';
import { Loads } from './Loads.tsx';
import { Refusals } from './Refusals.tsx';

type Robot = Schemas['RobotView'];

export function Robots() {
  const { tab = 'robots' } = getRouteApi('/inside/robots').useSearch();
  const [secret, setSecret] = useState<string>();
  return (
    <Page
      title="Robots"
      fill
      actions={
        <>
          <Act
            label="New pool"
            title="New pool"
            touches="pools"
            needs="robot:write"
            fields={[
              { name: 'name', label: 'Name' },
              { name: 'description', label: 'Description', optional: true },
            ]}
            onDo={({ name, description }) =>
              got(
                api.POST('/api/v1/pools', {
                  body: { name: String(name), description: description ? String(description) : null },
                }),
              )
            }
          />
          <Act
            label="Enrol a robot"
            tone="main"
            title="Enrol a robot"
            action="Make a token"
            touches="tokens"
            needs="robot:write"
            fields={[
              { name: 'name', label: 'Name', help: 'What the token is for.' },
              { name: 'uses', label: 'Robots that may use it', kind: 'number', initial: 1 },
              { name: 'hours', label: 'Hours it is good for', kind: 'number', initial: 24 },
              { name: 'pools', label: 'Pools', kind: 'list', help: 'Separated by commas.' },
              { name: 'environments', label: 'Environments', kind: 'list', help: 'All when empty.' },
            ]}
            onDo={async (values) =>
              setSecret((await got(api.POST('/api/v1/enrolment-tokens', { body: values as never }))).token)
            }
          />
        </>
      }
    >
      <Tabs
        shown={tab}
        tabs={[
          { id: 'robots', label: 'Robots' },
          { id: 'pools', label: 'Pools' },
          { id: 'tokens', label: 'Enrolment tokens' },
        ]}
      />
      {tab === 'pools' ? <Pools /> : tab === 'tokens' ? <Tokens /> : <List />}
      {secret ? (
        <SecretDialog title="Enrolment token" secret={secret} onClose={() => setSecret(undefined)}>
          Give it to the robot: <code className="font-mono">casare robot enroll {window.location.origin} TOKEN</code>.
          It is shown now and never again.
        </SecretDialog>
      ) : null}
    </Page>
  );
}

function List() {
  const { robot } = getRouteApi('/inside/robots').useSearch();
  const navigate = useNavigate();
  const show = (robot?: string) => void navigate({ to: '/robots', search: { robot }, replace: true });
  return (
    <>
      <DataTable
        label="Robots"
        queryKey={['robots', 'list']}
        page={() => got(api.GET('/api/v1/robots'))}
        keyOf={(robot) => robot.id}
        onOpen={(robot) => show(robot.id)}
        least={760}
        empty={
          <Empty title="No robot is enrolled">
            Make a token with “Enrol a robot” and give it to a machine; runs wait until one is there.
          </Empty>
        }
        columns={[
          { name: 'State', width: '110px', cell: (robot) => <State state={robot.status} /> },
          { name: 'Name', width: 'minmax(0,1fr)', cell: (robot) => <span className="font-medium">{robot.name}</span> },
          {
            name: 'Pools',
            width: 'minmax(0,1fr)',
            cell: (robot) => (
              <span className="flex gap-1">
                {robot.pools.map((pool) => (
                  <Tag key={pool}>{pool}</Tag>
                ))}
              </span>
            ),
          },
          { name: 'Slots', width: '60px', end: true, cell: (robot) => robot.slots },
          {
            name: 'Version',
            width: '90px',
            cell: (robot) => <span className="text-soft">{robot.version ?? '–'}</span>,
          },
          { name: 'Seen', width: '86px', cell: (robot) => <When at={robot.seen} /> },
          {
            name: 'Do',
            width: '150px',
            end: true,
            cell: (robot) => (
              <span className="flex justify-end gap-1">
                <Control robot={robot} />
              </span>
            ),
          },
        ]}
      />
      {robot ? <OneRobot id={robot} onClose={() => show()} /> : null}
    </>
  );
}

function Control({ robot, small }: { robot: Robot; small?: boolean }) {
  const params = { path: { id: robot.id } };
  return robot.status === 'paused' || robot.status === 'draining' ? (
    <Now
      small={small}
      label="Resume"
      told={`${robot.name} works again.`}
      touches="robots"
      needs="robot:control"
      onDo={() => got(api.POST('/api/v1/robots/{id}/resume', { params }))}
    />
  ) : (
    <>
      <Now
        small={small}
        label="Pause"
        told={`${robot.name} takes nothing more.`}
        touches="robots"
        needs="robot:control"
        onDo={() => got(api.POST('/api/v1/robots/{id}/pause', { params }))}
      />
      <Now
        small={small}
        label="Drain"
        told={`${robot.name} finishes what it has.`}
        touches="robots"
        needs="robot:control"
        onDo={() => got(api.POST('/api/v1/robots/{id}/drain', { params }))}
      />
    </>
  );
}

function OneRobot({ id, onClose }: { id: string; onClose: () => void }) {
  const robot = useQuery({
    queryKey: ['robots', id],
    queryFn: () => got(api.GET('/api/v1/robots/{id}', { params: { path: { id } } })),
  });
  return robot.data ? (
    <RobotDialog robot={robot.data} onClose={onClose} />
  ) : (
    <Dialog title="Robot" wide onClose={onClose}>
      <Asked query={robot}>{() => null}</Asked>
    </Dialog>
  );
}

function RobotDialog({ robot, onClose }: { robot: Robot; onClose: () => void }) {
  const navigate = useNavigate();
  const params = { path: { id: robot.id } };
  return (
    <Dialog title={robot.name} wide onClose={onClose}>
      <div className="space-y-4">
        <Facts
          facts={[
            ['State', <State key="s" state={robot.status} />],
            ['Seen', <When key="w" at={robot.seen} />],
            ['Enrolled', <When key="e" at={robot.enrolled} />],
            ['Version', robot.version ?? '–'],
            ['Slots', robot.slots],
            ['Pools', robot.pools.join(', ') || '–'],
            ['Environments', robot.environments.join(', ') || 'all'],
            ['Shared', robot.shared ? 'by all tenants' : 'no'],
          ]}
        />
        <div>
          <h3 className="mb-1 text-[12px] text-soft">Can</h3>
          <p className="flex flex-wrap gap-1">
            {robot.capabilities.length ? robot.capabilities.map((one) => <Tag key={one}>{one}</Tag>) : '–'}
          </p>
        </div>
        <Loads robot={robot.id} />
        <Refusals robot={robot.id} />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={() => void navigate({ to: '/runs', search: { robot: robot.id } })}>Its runs</Button>
          <Control robot={robot} small={false} />
          <Act
            label="Place"
            title={`Place ${robot.name}`}
            touches="robots"
            needs="robot:write"
            fields={[
              { name: 'slots', label: 'Jobs at a time', kind: 'number', initial: robot.slots },
              { name: 'pools', label: 'Pools', kind: 'list', initial: robot.pools.join(', ') },
              { name: 'environments', label: 'Environments', kind: 'list', initial: robot.environments.join(', ') },
            ]}
            onDo={async (values) => {
              await got(api.PATCH('/api/v1/robots/{id}', { params, body: values as never }));
              onClose();
            }}
          />
          <Act
            label="Remove"
            tone="bad"
            title={`Remove ${robot.name}?`}
            touches="robots"
            needs="robot:write"
            onDo={async () => {
              await got(api.DELETE('/api/v1/robots/{id}', { params }));
              onClose();
            }}
          >
            <p>Its key ends at once. What it was doing is given to others.</p>
          </Act>
        </div>
      </div>
    </Dialog>
  );
}

function Pools() {
  return (
    <DataTable
      label="Pools"
      queryKey={['pools']}
      page={() => got(api.GET('/api/v1/pools'))}
      keyOf={(pool) => pool.name}
      least={420}
      empty={<Empty title="No pools">A pool is a group of robots that a run can ask for by name.</Empty>}
      columns={[
        { name: 'Name', width: 'minmax(0,1fr)', cell: (pool) => <span className="font-medium">{pool.name}</span> },
        {
          name: 'Description',
          width: 'minmax(0,2fr)',
          cell: (pool) => <span className="text-soft">{pool.description}</span>,
        },
        {
          name: 'Do',
          width: '90px',
          end: true,
          cell: (pool) => (
            <Act
              label="Delete"
              small
              tone="quiet"
              title={`Delete the pool ${pool.name}?`}
              touches="pools"
              needs="robot:write"
              onDo={() => got(api.DELETE('/api/v1/pools/{name}', { params: { path: { name: pool.name } } }))}
            />
          ),
        },
      ]}
    />
  );
}

function Tokens() {
  return (
    <DataTable
      label="Enrolment tokens"
      queryKey={['tokens']}
      page={() => got(api.GET('/api/v1/enrolment-tokens'))}
      keyOf={(token) => token.id}
      least={560}
      empty="No open tokens"
      columns={[
        { name: 'Name', width: 'minmax(0,1fr)', cell: (token) => <span className="font-medium">{token.name}</span> },
        { name: 'Uses left', width: '80px', end: true, cell: (token) => token.uses_left },
        {
          name: 'By',
          width: 'minmax(0,1fr)',
          cell: (token) => <span className="text-soft">{person(token.created_by)}</span>,
        },
        { name: 'Ends', width: '86px', cell: (token) => <When at={token.expires} /> },
        {
          name: 'Do',
          width: '90px',
          end: true,
          cell: (token) => (
            <Now
              label="Revoke"
              told="The token is revoked."
              touches="tokens"
              needs="robot:write"
              onDo={() => got(api.DELETE('/api/v1/enrolment-tokens/{id}', { params: { path: { id: token.id } } }))}
            />
          ),
        },
      ]}
    />
  );
}
