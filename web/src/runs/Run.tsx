/** One run: where it stands, its steps in time, its log, what it left. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { all, api, got, type Schemas } from '../api/client.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { FormDialog } from '../ui/Dialog.tsx';
import { Asked, Button, Card, Choice, Empty, Facts, Json, Page, State, Tabs, When } from '../ui/kit.tsx';
import { between, lasted, said, size } from '../ui/text.ts';
import { attempt } from '../ui/toast.tsx';
import { ENDED } from './JobTable.tsx';
import { WorkflowName } from '../workflows/names.tsx';

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
          {job.data ? <WorkflowName id={job.data.workflow} /> : 'Run'}{' '}
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
                    [
                      'Robot',
                      job.robot ? (
                        <Link key="r" to="/robots" className="text-accent hover:underline">
                          {job.robot.slice(-8)}
                        </Link>
                      ) : (
                        '–'
                      ),
                    ],
                    [
                      'Repeats',
                      job.replay_of ? (
                        <Link
                          key="p"
                          to="/runs/$job"
                          params={{ job: job.replay_of }}
                          className="text-accent hover:underline"
                        >
                          {job.replay_of.slice(-8)}
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

function Actions({ job }: { job: Schemas['JobDetail'] }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState<'rerun' | 'decide'>();
  const path = { id: job.id };
  const isOver = ENDED.includes(job.state);
  const again = () => client.invalidateQueries({ queryKey: ['jobs'] });
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
      {isOver ? null : (
        <Button onClick={() => stop('cancel')} disabled={job.stopping}>
          {job.stopping ? 'Stopping…' : 'Cancel'}
        </Button>
      )}
      {isOver || !job.stopping ? null : (
        <Button tone="bad" onClick={() => stop('kill')}>
          Kill
        </Button>
      )}
      {job.state === 'needs_decision' ? (
        <Button tone="main" onClick={() => setOpen('decide')}>
          Decide
        </Button>
      ) : null}
      {isOver ? (
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

function Waiting({ id }: { id: string }) {
  const waiting = useQuery({
    queryKey: ['jobs', id, 'waiting'],
    queryFn: async () =>
      (await got(api.GET('/api/v1/jobs/{id}/waiting', { params: { path: { id } } }))) as Record<string, unknown>[],
    refetchInterval: 10_000,
  });
  return waiting.data?.length ? (
    <div className="mt-3 rounded-md bg-warn-soft px-3 py-2">
      <p className="font-medium text-warn">Why it waits</p>
      <ul className="list-disc pl-5">
        {waiting.data.map((reason, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: read only
          <li key={index}>{why(reason)}</li>
        ))}
      </ul>
    </div>
  ) : null;
}

/** A reason is `{reason, …what it is about}`. */
function why(reason: Record<string, unknown>): string {
  const { reason: name, kind, message, ...rest } = reason;
  const about = Object.entries(rest).map(
    ([key, value]) => `${said(key)} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
  );
  return [message ?? said(String(name ?? kind ?? 'it waits')), ...about].join(' · ');
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
            <span className="font-mono text-[12px] text-soft">{one.robot?.slice(-8)}</span>
            <span>{one.started ? between(one.started, one.ended) : '–'}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Long lists of steps are drawn up to here; the log has all. */
const MOST_STEPS = 500;

function Steps({ run }: { run: string }) {
  const steps = useQuery({
    queryKey: ['runs', run, 'steps'],
    queryFn: () => got(api.GET('/api/v1/runs/{run}/steps', { params: { path: { run } } })),
  });
  return (
    <Asked query={steps}>
      {({ items }) => {
        const times = items.map((step) => Date.parse(step.started));
        const begin = Math.min(...times);
        const end = Math.max(
          begin + 1,
          ...items.map((step, index) => (times[index] ?? 0) + (step.took_us ?? 0) / 1_000),
        );
        return (
          <section
            className="min-h-0 flex-1 overflow-auto rounded-lg border bg-card"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
            tabIndex={0}
            aria-label="Steps"
          >
            {items.length === 0 ? <Empty title="No step has begun yet" /> : null}
            <ol className="min-w-[560px] divide-y">
              {items.slice(0, MOST_STEPS).map((step, index) => {
                const named = step.step as { title?: string; node?: string } | undefined;
                const at = times[index] ?? begin;
                const took = (step.took_us ?? 0) / 1_000;
                const error = step.error as { message?: string } | null | undefined;
                const key = JSON.stringify(step.path);
                return (
                  <li
                    key={key}
                    className="grid grid-cols-[110px_minmax(0,1.4fr)_minmax(120px,1fr)_90px] items-center gap-3 px-4 py-1.5"
                  >
                    <State state={step.state} />
                    <span className="min-w-0">
                      <span className="block truncate">{named?.title ?? named?.node ?? key}</span>
                      {error?.message ? (
                        <span className="block break-words text-[12.5px] text-bad">{error.message}</span>
                      ) : null}
                      {step.retries > 0 ? <span className="text-[12px] text-warn">{step.retries} retries</span> : null}
                    </span>
                    <span className="relative h-2 rounded-full bg-sunken" aria-hidden>
                      <span
                        className={`absolute inset-y-0 min-w-[3px] rounded-full ${step.state === 'failed' ? 'bg-bad' : 'bg-accent'}`}
                        style={{
                          left: `${((at - begin) / (end - begin)) * 99}%`,
                          width: `${(took / (end - begin)) * 99}%`,
                        }}
                      />
                    </span>
                    <span className="text-right">
                      {step.took_us === null || step.took_us === undefined ? '–' : lasted(took)}
                    </span>
                  </li>
                );
              })}
            </ol>
            {items.length > MOST_STEPS ? (
              <p className="p-3 text-center text-soft">{items.length - MOST_STEPS} more steps are in the log.</p>
            ) : null}
          </section>
        );
      }}
    </Asked>
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
