/** What needs somebody now: what failed, who is asked, what was given up, who is gone. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { May } from '../account/may.tsx';
import { api, got, type Schemas } from '../api/client.ts';
import { Asked, Button, Card, Empty, Page, State, When } from '../ui/kit.tsx';
import { said } from '../ui/text.ts';
import { useWorkflowNames } from '../workflows/names.tsx';

const FEW = 6;

export function Home() {
  const nameOf = useWorkflowNames();
  const counts = useQuery({ queryKey: ['jobs', 'counts'], queryFn: () => got(api.GET('/api/v1/jobs/counts')) });
  const failed = useQuery({
    queryKey: ['jobs', 'failed'],
    queryFn: () => got(api.GET('/api/v1/jobs', { params: { query: { state: 'failed', limit: FEW } } })),
  });
  const letters = useQuery({
    queryKey: ['dead-letters', 'few'],
    queryFn: () => got(api.GET('/api/v1/dead-letters', { params: { query: { limit: FEW } } })),
  });
  const tasks = useQuery({
    queryKey: ['tasks', 'few'],
    queryFn: () => got(api.GET('/api/v1/tasks', { params: { query: { limit: FEW } } })),
  });
  const alerts = useQuery({
    queryKey: ['alerts', 'few'],
    queryFn: () => got(api.GET('/api/v1/alerts', { params: { query: { open: true, limit: FEW } } })),
  });
  const robots = useQuery({ queryKey: ['robots', 'all'], queryFn: () => got(api.GET('/api/v1/robots')) });
  const recent = useQuery({
    queryKey: ['jobs', 'recent'],
    queryFn: () => got(api.GET('/api/v1/jobs', { params: { query: { limit: 10 } } })),
  });
  const dead = useQuery({
    queryKey: ['dead-letters', 'counts'],
    queryFn: () => got(api.GET('/api/v1/dead-letters/counts')),
  });
  const many = new Map(counts.data?.items.map((one) => [one.state, one.jobs]));
  const gone = robots.data?.items.filter((robot) => robot.status === 'offline') ?? [];
  const isQuiet =
    failed.data?.items.length === 0 &&
    letters.data?.items.length === 0 &&
    tasks.data?.items.length === 0 &&
    alerts.data?.items.length === 0 &&
    gone.length === 0;
  return (
    <Page
      title="Home"
      actions={
        <May needs="workflow:write">
          <Link to="/workflows" search={{ new: true }}>
            <Button tone="main" tabIndex={-1}>
              New workflow
            </Button>
          </Link>
        </May>
      }
    >
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-6">
        {(['scheduled', 'queued', 'running', 'suspended', 'needs_decision'] as const).map((state) => (
          <Count key={state} to={`/runs?state=${state}`} name={state} many={counts.data && (many.get(state) ?? 0)} />
        ))}
        <Count to="/dead-letters" name="dead" many={dead.data && sum(dead.data.items.map((one) => one.letters))} />
      </div>
      {isQuiet ? (
        <Card>
          <p className="flex items-center gap-2">
            <CircleCheck size={17} className="text-good" aria-hidden /> Nothing needs you now.
          </p>
        </Card>
      ) : null}
      <div className={isQuiet ? 'hidden' : 'grid items-start gap-4 lg:grid-cols-2'}>
        {tasks.data?.items.length ? (
          <Card title="Waiting for an answer" actions={<All to="/tasks" />} flush>
            <Rows items={tasks.data.items} of={(task) => task.job}>
              {(task) => (
                <Line to="/tasks" name={nameOf(task.workflow)} detail={asked(task)}>
                  <State state={task.state} />
                </Line>
              )}
            </Rows>
          </Card>
        ) : null}
        {alerts.data?.items.length ? (
          <Card title="Alerts" actions={<All to="/alerts" />} flush>
            <Rows items={alerts.data.items} of={(alert) => alert.id}>
              {(alert) => (
                <Line
                  to="/alerts"
                  name={alert.workflow ? nameOf(alert.workflow) : alert.message}
                  detail={alert.workflow ? alert.message : undefined}
                >
                  <When at={alert.opened} />
                </Line>
              )}
            </Rows>
          </Card>
        ) : null}
        {failed.data?.items.length ? (
          <Card title="Failed runs" actions={<All to="/runs?state=failed" />} flush>
            <Rows items={failed.data.items} of={(job) => job.id}>
              {(job) => (
                <Line to={`/runs/${job.id}`} name={nameOf(job.workflow)} detail={job.error_message}>
                  <When at={job.finished} />
                </Line>
              )}
            </Rows>
          </Card>
        ) : null}
        {letters.data?.items.length ? (
          <Card title="Dead letters" actions={<All to="/dead-letters" />} flush>
            <Rows items={letters.data.items} of={(letter) => letter.job}>
              {(letter) => (
                <Line
                  to="/dead-letters"
                  name={nameOf(letter.workflow)}
                  detail={letter.error_message ?? letter.error_kind}
                >
                  <When at={letter.died} />
                </Line>
              )}
            </Rows>
          </Card>
        ) : null}
        {gone.length ? (
          <Card title="Robots that are gone" actions={<All to="/robots" />} flush>
            <Rows items={gone.slice(0, FEW)} of={(robot) => robot.id}>
              {(robot) => (
                <Line to="/robots" name={robot.name} detail={robot.pools.join(', ')}>
                  <When at={robot.seen} />
                </Line>
              )}
            </Rows>
          </Card>
        ) : null}
      </div>
      <Card title="Latest runs" actions={<All to="/runs" />} flush>
        <Asked query={recent} lines={5}>
          {(page) =>
            page.items.length ? (
              <Rows items={page.items} of={(job) => job.id}>
                {(job) => (
                  <Line to={`/runs/${job.id}`} name={nameOf(job.workflow)} detail={job.error_message}>
                    <State state={job.state} />
                    <span className="hidden w-20 text-right sm:block">
                      <When at={job.submitted} />
                    </span>
                  </Line>
                )}
              </Rows>
            ) : (
              <Empty title="Nothing has run yet">Publish a workflow and run it; it shows here at once.</Empty>
            )
          }
        </Asked>
      </Card>
    </Page>
  );
}

const sum = (numbers: number[]) => numbers.reduce((one, other) => one + other, 0);

function Count({ to, name, many }: { to: string; name: string; many: number | undefined }) {
  return (
    <Link to={to} className="rounded-lg border bg-card px-4 py-3 hover:bg-hover">
      <span className="block text-[22px] leading-7">{many?.toLocaleString() ?? '–'}</span>
      {many ? <State state={name} /> : <span className="text-[12px] text-soft">{said(name)}</span>}
    </Link>
  );
}

function asked(task: Schemas['TaskView']): string | undefined {
  const question = task.question as { title?: string; label?: string; message?: string } | undefined;
  return question?.title ?? question?.message ?? question?.label;
}

function All({ to }: { to: string }) {
  return (
    <Link to={to} className="text-[12.5px] text-accent hover:underline">
      Show all
    </Link>
  );
}

function Rows<T>({ items, of, children }: { items: T[]; of: (item: T) => string; children: (item: T) => ReactNode }) {
  return (
    <ul className="divide-y">
      {items.map((item) => (
        <li key={of(item)}>{children(item)}</li>
      ))}
    </ul>
  );
}

function Line({
  to,
  name,
  detail,
  children,
}: {
  to: string;
  name: string;
  detail?: string | null;
  children: ReactNode;
}) {
  return (
    <Link to={to} className="flex h-10 items-center gap-3 px-4 -outline-offset-2! hover:bg-hover">
      <span className="max-w-[55%] shrink-0 truncate font-medium">{name}</span>
      <span className="min-w-0 flex-1 truncate text-soft">{detail}</span>
      {children}
    </Link>
  );
}
