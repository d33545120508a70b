/** One workflow: its versions, its runs, what changed between two. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Pencil, Play } from 'lucide-react';
import { useState } from 'react';
import { May, useMay } from '../account/may.tsx';
import { all, api, got, type Schemas } from '../api/client.ts';
import { JobTable } from '../runs/JobTable.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Dialog, FormDialog } from '../ui/Dialog.tsx';
import { Asked, Button, Card, Choice, Empty, Json, Page, State, Tabs, Tag, When } from '../ui/kit.tsx';
import { person } from '../ui/text.ts';
import { attempt } from '../ui/toast.tsx';
import { ServiceLevel } from './Level.tsx';
import { RunDialog } from './RunDialog.tsx';

type Version = Schemas['VersionView'];

export function Workflow() {
  const route = getRouteApi('/inside/workflows/$workflow');
  const { workflow } = route.useParams();
  const { tab = 'versions' } = route.useSearch();
  const navigate = useNavigate();
  const client = useQueryClient();
  const may = useMay();
  const [open, setOpen] = useState<'run' | 'delete'>();
  const path = { workflow };
  const found = useQuery({
    queryKey: ['workflows', workflow, 'one'],
    queryFn: () => got(api.GET('/api/v1/workflows/{workflow}', { params: { path } })),
  });
  const again = () => client.invalidateQueries({ queryKey: ['workflows'] });
  return (
    <Page
      fill
      title={workflow}
      sub={found.data?.active ? `Version no. ${found.data.active} is active` : 'No version is active'}
      actions={
        <>
          <May needs="workflow:write">
            <Button tone="bad" onClick={() => setOpen('delete')}>
              Delete
            </Button>
          </May>
          <May needs="workflow:publish">
            <Button
              disabled={!found.data?.active || found.data.active < 2}
              onClick={() =>
                attempt(async () => {
                  await got(api.POST('/api/v1/workflows/{workflow}/roll-back', { params: { path } }));
                  await again();
                }, 'The version before is active again.')
              }
            >
              Roll back
            </Button>
          </May>
          <Button onClick={() => void navigate({ to: '/workflows/$workflow/edit', params: path })}>
            <Pencil size={14} aria-hidden /> {may('workflow:write') ? 'Edit' : 'Look'}
          </Button>
          <May needs="workflow:run">
            <Button tone="main" disabled={!found.data?.active} onClick={() => setOpen('run')}>
              <Play size={14} aria-hidden /> Run
            </Button>
          </May>
        </>
      }
    >
      <Tabs
        shown={tab}
        tabs={[
          { id: 'versions', label: 'Versions' },
          { id: 'runs', label: 'Runs' },
          { id: 'changes', label: 'Changes' },
          { id: 'level', label: 'Service level' },
        ]}
      />
      {found.error ? <Asked query={found}>{() => null}</Asked> : null}
      {tab === 'versions' ? <Versions workflow={workflow} active={found.data?.active ?? undefined} /> : null}
      {tab === 'runs' ? <JobTable filter={{ workflow }} /> : null}
      {tab === 'changes' ? <Changes workflow={workflow} /> : null}
      {tab === 'level' ? <ServiceLevel workflow={workflow} /> : null}
      {open === 'run' ? <RunDialog workflow={workflow} onClose={() => setOpen(undefined)} /> : null}
      {open === 'delete' ? (
        <FormDialog
          title={`Delete ${workflow}?`}
          action="Delete"
          isBad
          fields={[]}
          onDo={async () => {
            await got(api.DELETE('/api/v1/workflows/{workflow}', { params: { path } }));
            await again();
            await navigate({ to: '/workflows' });
          }}
          onClose={() => setOpen(undefined)}
        >
          <p>Its versions go, too. What it ran stays in the history.</p>
        </FormDialog>
      ) : null}
    </Page>
  );
}

function Versions({ workflow, active }: { workflow: string; active: number | undefined }) {
  const client = useQueryClient();
  const may = useMay();
  const [shown, setShown] = useState<number>();
  const [run, setRun] = useState<number>();
  const change = (work: () => Promise<unknown>, done: string) =>
    attempt(async () => {
      await work();
      await client.invalidateQueries({ queryKey: ['workflows'] });
    }, done);
  const set = (version: Version, state: Schemas['VersionState']) =>
    change(
      () =>
        got(
          api.PUT('/api/v1/workflows/{workflow}/versions/{number}/state', {
            params: { path: { workflow, number: version.number } },
            body: { state },
          }),
        ),
      `Version ${version.version} is ${state}.`,
    );
  return (
    <>
      <DataTable
        label="Versions"
        queryKey={['workflows', workflow, 'versions']}
        page={(cursor) =>
          got(
            api.GET('/api/v1/workflows/{workflow}/versions', {
              params: { path: { workflow }, query: { cursor, limit: 100 } },
            }),
          )
        }
        keyOf={(one) => String(one.number)}
        onOpen={(one) => setShown(one.number)}
        least={844}
        empty="No versions yet"
        columns={[
          { name: 'No.', width: '30px', cell: (one) => one.number },
          { name: 'Version', width: '60px', cell: (one) => <span className="font-medium">{one.version}</span> },
          {
            name: 'State',
            width: '156px',
            cell: (one) => (
              <span className="flex gap-1.5">
                <State state={one.state} />
                {one.number === active ? <State state="active" /> : null}
              </span>
            ),
          },
          { name: 'Note', width: 'minmax(80px,1fr)', cell: (one) => one.note ?? '' },
          { name: 'By', width: '110px', cell: (one) => <span className="text-soft">{person(one.created_by)}</span> },
          { name: 'Made', width: '76px', cell: (one) => <When at={one.created} /> },
          {
            name: 'Do',
            width: '212px',
            end: true,
            cell: (one) => (
              <span className="flex justify-end gap-1">
                {one.state === 'draft' && may('workflow:publish') ? (
                  <Button small onClick={() => set(one, 'published')}>
                    Publish
                  </Button>
                ) : null}
                {one.state === 'published' && one.number !== active && may('workflow:publish') ? (
                  <Button
                    small
                    onClick={() =>
                      change(
                        () =>
                          got(
                            api.PUT('/api/v1/workflows/{workflow}/active', {
                              params: { path: { workflow } },
                              body: { version: one.number },
                            }),
                          ),
                        `Version ${one.version} is active.`,
                      )
                    }
                  >
                    Activate
                  </Button>
                ) : null}
                {one.state === 'published' && one.number !== active && may('workflow:publish') ? (
                  <Button small tone="quiet" onClick={() => set(one, 'deprecated')}>
                    Deprecate
                  </Button>
                ) : null}
                <May needs="workflow:run">
                  <Button small tone="quiet" onClick={() => setRun(one.number)}>
                    Run
                  </Button>
                </May>
              </span>
            ),
          },
        ]}
      />
      {shown ? <VersionDialog workflow={workflow} number={shown} onClose={() => setShown(undefined)} /> : null}
      {run ? <RunDialog workflow={workflow} version={run} onClose={() => setRun(undefined)} /> : null}
    </>
  );
}

function VersionDialog({ workflow, number, onClose }: { workflow: string; number: number; onClose: () => void }) {
  const version = useQuery({
    queryKey: ['workflows', workflow, 'version', number],
    queryFn: () =>
      got(api.GET('/api/v1/workflows/{workflow}/versions/{number}', { params: { path: { workflow, number } } })),
  });
  return (
    <Dialog title={`${workflow}, version no. ${number}`} wide onClose={onClose}>
      <Asked query={version}>{(one) => <Json value={one.text ?? ''} />}</Asked>
    </Dialog>
  );
}

interface Change {
  change: string;
  step?: { title?: string; node?: string; path?: string };
  was?: { title?: string };
  values?: { path: string; old?: unknown; new?: unknown }[];
}

function Changes({ workflow }: { workflow: string }) {
  const versions = useQuery({
    queryKey: ['workflows', workflow, 'numbers'],
    queryFn: () =>
      all((cursor) =>
        got(
          api.GET('/api/v1/workflows/{workflow}/versions', {
            params: { path: { workflow }, query: { cursor, limit: 200 } },
          }),
        ),
      ),
  });
  const [chosen, setChosen] = useState<{ from?: string; to?: string }>({});
  const to = chosen.to ?? String(versions.data?.[0]?.number ?? '');
  const from = chosen.from ?? String(versions.data?.[1]?.number ?? '');
  const diff = useQuery({
    queryKey: ['workflows', workflow, 'diff', from, to],
    enabled: from !== '' && to !== '',
    queryFn: async () =>
      (await got(
        api.GET('/api/v1/workflows/{workflow}/diff', {
          params: { path: { workflow }, query: { from: Number(from), to: Number(to) } },
        }),
      )) as unknown as { parts?: Change['values']; steps?: Change[] },
  });
  if (versions.data && versions.data.length < 2) {
    return (
      <Card>
        <Empty title="There is one version so far">What changed shows here from the second one on.</Empty>
      </Card>
    );
  }
  const options = (versions.data ?? []).map((one) => ({
    value: String(one.number),
    label: `no. ${one.number} · ${one.version}`,
  }));
  return (
    <div className="min-h-0 space-y-3 overflow-y-auto">
      <div className="flex items-center gap-2">
        <Choice label="From" value={from} options={options} onChange={(from) => setChosen({ ...chosen, from })} />
        <span className="text-soft">to</span>
        <Choice label="To" value={to} options={options} onChange={(to) => setChosen({ ...chosen, to })} />
      </div>
      <Asked query={diff}>
        {(diff) => (
          <Card flush>
            <ul className="divide-y">
              {[
                ...(diff.parts?.length
                  ? [{ change: 'changed', step: { title: 'The workflow itself' }, values: diff.parts }]
                  : []),
                ...(diff.steps ?? []),
              ].map((one, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change
                <li key={index} className="px-4 py-2.5">
                  <p className="flex items-center gap-2">
                    <Tag>{one.change}</Tag>
                    <span className="font-medium">{one.step?.title ?? one.step?.path}</span>
                    <span className="text-soft">{one.step && 'node' in one.step ? one.step.node : ''}</span>
                  </p>
                  {one.values?.map((value) => (
                    <p key={value.path} className="mt-1 break-words pl-1 font-mono text-[12.5px]">
                      <span className="text-soft">{value.path}: </span>
                      {value.old === undefined ? null : (
                        <del className="bg-bad-soft text-bad">{JSON.stringify(value.old)}</del>
                      )}{' '}
                      {value.new === undefined ? null : (
                        <ins className="bg-good-soft text-good no-underline">{JSON.stringify(value.new)}</ins>
                      )}
                    </p>
                  ))}
                </li>
              ))}
            </ul>
            {!diff.steps?.length && !diff.parts?.length ? <Empty title="They say the same" /> : null}
          </Card>
        )}
      </Asked>
    </div>
  );
}
