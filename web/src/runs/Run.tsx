/** One run: where it stands, its steps in time, its log, what it left. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../account/may.tsx';
import { all, api, got, type Schemas } from '../api/client.ts';
import { RobotLink } from '../robots/names.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { FormDialog } from '../ui/Dialog.tsx';
import { Asked, Button, Card, Choice, Empty, Facts, Json, Page, State, Tabs, When } from '../ui/kit.tsx';
import { between, said, short, size } from '../ui/text.ts';
import { attempt, tell } from '../ui/toast.tsx';
import { WorkflowLink } from '../workflows/names.tsx';
import { ENDED } from './JobTable.tsx';
import { Steps } from './Steps.tsx';
import { Waiting } from './Waiting.tsx';

export function Run() {
  const route = getRouteApi('/inside/runs/$job');
  const { job: id } = route.useParams();
  const { tab = 'steps' } = route.useSearch();
  const path = { id };
  const [attemptShown, setAttempt] = useState<string>();
  const job = useQuery({
    queryKey: ['jobs', id],
    queryFn: () => got(api.GET('/api/v1/jobs/{id}', { params: { path } })),
  });
  return (
    <Page
      fill
      title={
        <span className="flex items-center gap-3">
          {job.data ? <WorkflowLink id={job.data.workflow} /> : 'Run'}{' '}
          {job.data ? <State state={job.data.state} /> : null}
        </span>
      }
      sub={<span className="font-mono">{id}</span>}
      actions={job.data ? <Actions job={job.data} /> : null}
    >
      <Asked query={job}>
        {(job) => {
          const attempts = job.attempts;
          const run = attemptShown ?? attempts.at(-1)?.run;
          return (
            <>
              <Card>
                <Facts
                  facts={[
                    ['Ordered', <When key="a" at={job.submitted} />],
                    ['Started', <When key="b" at={job.started} />],
                    ['Took', job.started ? between(job.started, job.finished) : '–'],
                    ['Version', job.version ? `no. ${job.version}` : '–'],
                    ['Attempt', job.attempt],
                    ['Priority', job.priority],
                    ['Robot', job.robot ? <RobotLink key="r" id={job.robot} /> : '–'],
                    [
                      'Repeats',
                      job.replay_of ? (
                        <Link
                          key="p"
                          to="/runs/$job"
                          params={{ job: job.replay_of }}
                          className="text-accent hover:underline"
                        >
                          {short(job.replay_of)}
                        </Link>
                      ) : (
                        '–'
                      ),
                    ],
                  ]}
                />
                {job.error_message ? (
                  <p className="mt-3 break-words rounded-md bg-bad-soft px-3 py-2 text-bad">
                    {job.error_kind ? <b className="font-medium">{said(job.error_kind)}: </b> : null}
                    {job.error_message}
                  </p>
                ) : null}
                {job.state === 'queued' || job.state === 'scheduled' ? <Waiting id={job.id} /> : null}
              </Card>
              <div className="flex items-end justify-between gap-3">
                <Tabs
                  shown={tab}
                  tabs={[
                    { id: 'steps', label: 'Steps' },
                    { id: 'log', label: 'Log' },
                    { id: 'artifacts', label: 'Files' },
                    { id: 'data', label: 'Inputs and outputs' },
                    { id: 'attempts', label: 'Attempts', count: attempts.length },
                  ]}
                />
                {attempts.length > 1 ? (
                  <Choice
                    label="Attempt"
                    value={run ?? ''}
                    options={attempts.map((one) => ({ value: one.run, label: `Attempt ${one.number}` }))}
                    onChange={setAttempt}
                  />
                ) : null}
              </div>
              {tab === 'data' ? (
                <div className="grid min-h-0 gap-3 overflow-y-auto md:grid-cols-2">
                  <Card title="Inputs">
                    <Json value={job.inputs} />
                  </Card>
                  <Card title="Outputs">
                    <Json value={job.outputs ?? null} />
                  </Card>
                </div>
              ) : tab === 'attempts' ? (
                <Attempts attempts={attempts} />
              ) : run === undefined ? (
                <Card>
                  <Empty title={ENDED.includes(job.state) ? 'It never started' : 'It has not started yet'} />
                </Card>
              ) : tab === 'log' ? (
                <Log run={run} />
              ) : tab === 'artifacts' ? (
                <Artifacts run={run} />
              ) : (
                <Steps run={run} />
              )}
            </>
          );
        }}
      </Asked>
    </Page>
  );
}

/** The run of the same workflow that was ordered before, if it is not long ago. */
async function runBefore(job: Schemas['JobDetail']): Promise<string | undefined> {
  const query = { workflow: job.workflow, limit: 500 };
  const { items } = await got(api.GET('/api/v1/jobs', { params: { query } }));
  return items.filter((one) => one.submitted < job.submitted).at(0)?.id;
}

function Actions({ job }: { job: Schemas['JobDetail'] }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState<'rerun' | 'decide'>();
  const path = { id: job.id };
  const isOver = ENDED.includes(job.state);
  const may = useMay();
  const again = () => client.invalidateQueries({ queryKey: ['jobs'] });
  const compare = async () => {
    const before = job.replay_of ?? (await runBefore(job));
    if (before) {
      await navigate({ to: '/runs/compare', search: { one: before, other: job.id } });
    } else {
      tell('There is no run of this workflow before this one. Choose two in the list of runs to compare them.');
    }
  };
  const stop = (how: 'cancel' | 'kill') =>
    attempt(
      async () => {
        await got(api.POST(`/api/v1/jobs/{id}/${how}`, { params: { path } }));
        await again();
      },
      how === 'cancel' ? 'It is asked to stop.' : 'It is ended.',
    );
  return (
    <>
      <Button onClick={() => attempt(compare)}>Compare</Button>
      {isOver || !may('job:control') ? null : (
        <Button onClick={() => stop('cancel')} disabled={job.stopping}>
          {job.stopping ? 'Stopping…' : 'Cancel'}
        </Button>
      )}
      {isOver || !job.stopping || !may('job:control') ? null : (
        <Button tone="bad" onClick={() => stop('kill')}>
          Kill
        </Button>
      )}
      {job.state === 'needs_decision' && may('job:control') ? (
        <Button tone="main" onClick={() => setOpen('decide')}>
          Decide
        </Button>
      ) : null}
      {isOver && may('job:control') ? (
        <Button tone="main" onClick={() => setOpen('rerun')}>
          Run again
        </Button>
      ) : null}
      {open === 'rerun' ? (
        <FormDialog
          title="Run again"
          action="Run"
          fields={[{ name: 'inputs', label: 'Inputs', kind: 'json', initial: job.inputs }]}
          onDo={async ({ inputs }) => {
            const made = await got(
              api.POST('/api/v1/jobs/{id}/rerun', { params: { path }, body: { inputs: inputs as never } }),
            );
            await again();
            await navigate({ to: '/runs/$job', params: { job: made.job } });
          }}
          onClose={() => setOpen(undefined)}
        />
      ) : null}
      {open === 'decide' ? (
        <FormDialog
          title="What happened to the step?"
          action="Go on"
          fields={[
            {
              name: 'decision',
              label: 'Decision',
              kind: 'choice',
              options: [
                { value: 'repeat', label: 'It did not happen: repeat it' },
                { value: 'happened', label: 'It happened: go on after it' },
                { value: 'fail', label: 'Let the run fail' },
              ],
            },
            { name: 'outputs', label: 'Outputs, if it happened', kind: 'json', optional: true },
            { name: 'message', label: 'Message, if it fails', optional: true },
          ]}
          onDo={async ({ decision, outputs, message }) => {
            const body =
              decision === 'repeat'
                ? { decision }
                : decision === 'happened'
                  ? { decision, outputs: outputs ?? {} }
                  : { decision, message: message ?? 'failed by decision' };
            await got(api.POST('/api/v1/jobs/{id}/decide', { params: { path }, body: body as never }));
            await again();
          }}
          onClose={() => setOpen(undefined)}
        >
          <p className="text-soft">
            The robot was lost while a step with an effect ran. Look at the other system, then say.
          </p>
        </FormDialog>
      ) : null}
    </>
  );
}

function Attempts({ attempts }: { attempts: Schemas['AttemptView'][] }) {
  if (attempts.length === 0) {
    return (
      <Card>
        <Empty title="No robot has tried it yet" />
      </Card>
    );
  }
  return (
    <Card flush>
      <ul className="divide-y">
        {attempts.map((one) => (
          <li key={one.run} className="flex min-h-10 flex-wrap items-center gap-3 px-4 py-2">
            <span className="w-20 font-medium">Attempt {one.number}</span>
            <State state={one.outcome} />
            <span className="min-w-0 flex-1 break-words text-soft">{one.error_message}</span>
            {one.robot ? <RobotLink id={one.robot} /> : null}
            <span>{one.started ? between(one.started, one.ended) : '–'}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Log({ run }: { run: string }) {
  const [level, setLevel] = useState('');
  return (
    <>
      <div>
        <Choice
          label="Level"
          value={level}
          options={[{ value: '', label: 'Every level' }, 'debug', 'info', 'warning', 'error']}
          onChange={setLevel}
        />
      </div>
      <DataTable
        label="Log"
        queryKey={['runs', run, 'log', level]}
        page={(cursor) =>
          got(
            api.GET('/api/v1/runs/{run}/log', {
              params: { path: { run }, query: { cursor, limit: 200, level: level || undefined } },
            }),
          )
        }
        keyOf={(line) => String(line.seq)}
        empty="Nothing was logged"
        least={480}
        columns={[
          {
            name: 'At',
            width: '90px',
            cell: (line) => <span className="text-soft">{new Date(line.at).toLocaleTimeString()}</span>,
          },
          { name: 'Level', width: '86px', cell: (line) => <State state={line.level} /> },
          { name: 'Message', width: 'minmax(0,1fr)', cell: (line) => <span title={line.message}>{line.message}</span> },
        ]}
      />
    </>
  );
}

function Artifacts({ run }: { run: string }) {
  const files = useQuery({
    queryKey: ['runs', run, 'artifacts'],
    queryFn: () => all(() => got(api.GET('/api/v1/runs/{run}/artifacts', { params: { path: { run } } }))),
  });
  return (
    <Asked query={files}>
      {(files) =>
        files.length === 0 ? (
          <Card>
            <Empty title="It left no files" />
          </Card>
        ) : (
          <ul className="grid min-h-0 gap-3 overflow-y-auto sm:grid-cols-2 lg:grid-cols-3">
            {files.map((file) => {
              const address = `/api/v1/runs/${run}/artifacts/${encodeURIComponent(file.name)}`;
              return (
                <li key={file.name} className="overflow-hidden rounded-lg border bg-card">
                  {file.media_type.startsWith('image/') ? (
                    <img
                      src={address}
                      alt={file.name}
                      loading="lazy"
                      className="h-40 w-full bg-sunken object-contain"
                    />
                  ) : null}
                  <a
                    href={address}
                    download
                    className="flex items-center justify-between gap-3 px-3 py-2 hover:bg-hover"
                  >
                    <span className="truncate">{file.name}</span>
                    <span className="shrink-0 text-soft">{size(file.size)}</span>
                  </a>
                </li>
              );
            })}
          </ul>
        )
      }
    </Asked>
  );
}
