/** Two runs side by side: what they were given, which way they went, what they gave. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api, got, type Schemas } from '../api/client.ts';
import { RobotLink } from '../robots/names.tsx';
import { Asked, Button, Card, Empty, Page, State, When } from '../ui/kit.tsx';
import { between, lasted, short } from '../ui/text.ts';
import { WorkflowLink } from '../workflows/names.tsx';
import { type Difference, differences, type Pair, paired, wentOtherwise } from './comparison.ts';

type Job = Schemas['JobDetail'];
interface Two<T> {
  one: T;
  other: T;
}

/** More steps are not drawn. */
const MOST = 500;

export function Compare() {
  const chosen = getRouteApi('/inside/runs/compare').useSearch();
  const navigate = useNavigate();
  const both = useQuery({
    queryKey: ['jobs', 'compare', chosen.one, chosen.other],
    queryFn: async (): Promise<Two<Job>> => {
      const [one, other] = await Promise.all([job(chosen.one), job(chosen.other)]);
      return { one, other };
    },
  });
  return (
    <Page
      title="Two runs compared"
      actions={
        <Button
          onClick={() =>
            void navigate({ to: '/runs/compare', search: { one: chosen.other, other: chosen.one }, replace: true })
          }
        >
          Swap
        </Button>
      }
    >
      <Asked query={both}>
        {(both) => (
          <>
            <Summary {...both} />
            <Values title="Inputs" one={both.one.inputs} other={both.other.inputs} />
            <Steps one={both.one} other={both.other} />
            <Values title="Outputs" one={both.one.outputs ?? {}} other={both.other.outputs ?? {}} />
          </>
        )}
      </Asked>
    </Page>
  );
}

const job = (id: string) => got(api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }));

function Summary({ one, other }: Two<Job>) {
  const rows: [string, (job: Job) => ReactNode][] = [
    ['State', (job) => <State state={job.state} />],
    ['Workflow', (job) => <WorkflowLink id={job.workflow} />],
    ['Version', (job) => (job.version ? `no. ${job.version}` : '–')],
    ['Ordered', (job) => <When at={job.submitted} />],
    ['Took', (job) => (job.started ? between(job.started, job.finished) : '–')],
    ['Attempts', (job) => job.attempts.length],
    ['Robot', (job) => (job.robot ? <RobotLink id={job.robot} /> : '–')],
    ['Error', (job) => job.error_message ?? '–'],
  ];
  return (
    <Card flush>
      <Scrolled label="Both runs">
        <Table
          head={[
            'What',
            <RunLink key="one" id={one.id} name="The one" />,
            <RunLink key="other" id={other.id} name="The other" />,
          ]}
        >
          {rows.map(([name, of]) => (
            <tr key={name} className="border-b align-top last:border-b-0">
              <th scope="row" className="w-36 px-4 py-1.5 text-left font-normal text-soft">
                {name}
              </th>
              <td className="break-words px-4 py-1.5">{of(one)}</td>
              <td className="break-words px-4 py-1.5">{of(other)}</td>
            </tr>
          ))}
        </Table>
      </Scrolled>
    </Card>
  );
}

function RunLink({ id, name }: { id: string; name: string }) {
  return (
    <Link to="/runs/$job" params={{ job: id }} className="text-accent hover:underline">
      {name}, {short(id)}
    </Link>
  );
}

function Values({ title, one, other }: { title: string } & Two<unknown>) {
  const found = differences(one, other);
  return (
    <Card title={title} flush>
      {found.length === 0 ? (
        <p className="px-4 py-3 text-soft">The same in both.</p>
      ) : (
        <Scrolled label={title}>
          <Table head={['Where', 'The one', 'The other']}>
            {found.slice(0, MOST).map((difference) => (
              <Row key={difference.path} {...difference} />
            ))}
          </Table>
        </Scrolled>
      )}
    </Card>
  );
}

function Row({ path, one, other }: Difference) {
  return (
    <tr className="border-b align-top font-mono text-[12.5px] last:border-b-0">
      <th scope="row" className="w-48 break-words px-4 py-1.5 text-left font-normal text-soft">
        {path || 'all'}
      </th>
      {[one, other].map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: always these two
        <td key={index} className="break-words px-4 py-1.5">
          {value === undefined ? <span className="text-soft">nothing</span> : JSON.stringify(value)}
        </td>
      ))}
    </tr>
  );
}

async function steps(job: Job) {
  const run = job.attempts.at(-1)?.run;
  return run ? (await got(api.GET('/api/v1/runs/{run}/steps', { params: { path: { run } } }))).items : [];
}

function Steps({ one, other }: Two<Job>) {
  const [isAll, setAll] = useState(false);
  const pairs = useQuery({
    queryKey: ['runs', 'compare', one.id, other.id],
    queryFn: async () => paired(...(await Promise.all([steps(one), steps(other)]))),
  });
  const some = pairs.data?.filter(wentOtherwise) ?? [];
  return (
    <Card
      title="Steps"
      flush
      actions={
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={isAll}
            onChange={(event) => setAll(event.target.checked)}
          />
          Also those that went the same way
        </label>
      }
    >
      <Asked query={pairs} lines={4}>
        {(pairs) => {
          const shown = isAll ? pairs : some;
          if (pairs.length === 0) {
            return <Empty title="Neither has begun a step" />;
          }
          return shown.length === 0 ? (
            <p className="px-4 py-3 text-soft">All {pairs.length} steps went the same way.</p>
          ) : (
            <Scrolled label="Steps">
              <Table head={['Step', 'The one', 'The other', 'Longer by']}>
                {shown.slice(0, MOST).map((pair) => (
                  <StepRow key={pair.key} one={pair.one} other={pair.other} />
                ))}
              </Table>
            </Scrolled>
          );
        }}
      </Asked>
    </Card>
  );
}

function StepRow({ one, other }: Omit<Pair, 'key'>) {
  const named = (one ?? other)?.step as { title?: string; node?: string } | undefined;
  const by = ((other?.took_us ?? 0) - (one?.took_us ?? 0)) / 1_000;
  return (
    <tr className="border-b align-top last:border-b-0">
      <th scope="row" className="break-words px-4 py-1.5 text-left font-normal">
        {named?.title ?? named?.node ?? 'a step'}
      </th>
      <Side step={one} />
      <Side step={other} />
      <td className="whitespace-nowrap px-4 py-1.5 text-soft">
        {one && other && one.took_us && other.took_us ? `${by < 0 ? '−' : '+'}${lasted(Math.abs(by))}` : '–'}
      </td>
    </tr>
  );
}

function Side({ step }: { step: Schemas['StepView'] | undefined }) {
  const error = step?.error as { message?: string } | null | undefined;
  return (
    <td className="px-4 py-1.5">
      {step ? (
        <span className="flex flex-wrap items-center gap-2">
          <State state={step.state} />
          <span>{step.took_us ? lasted(step.took_us / 1_000) : ''}</span>
        </span>
      ) : (
        <span className="text-soft">not reached</span>
      )}
      {error?.message ? <span className="block break-words text-[12.5px] text-bad">{error.message}</span> : null}
    </td>
  );
}

function Scrolled({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className="overflow-x-auto -outline-offset-2!" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

function Table({ head, children }: { head: ReactNode[]; children: ReactNode }) {
  return (
    <table className="w-full min-w-[600px] table-fixed">
      <thead>
        <tr className="border-b text-left text-[12px] text-soft">
          {head.map((name, column) => (
            <th
              // biome-ignore lint/suspicious/noArrayIndexKey: columns stay where they are
              key={column}
              scope="col"
              className={`px-4 py-1.5 font-normal ${column === 3 ? 'w-28' : column === 0 && head.length === 3 ? 'w-48' : ''}`}
            >
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
