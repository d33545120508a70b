/** One schedule: its next times on a calendar, and what became of the last ones. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { api, got, type Schemas } from '../api/client.ts';
import { Act, Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { Asked, Card, Page, State, When } from '../ui/kit.tsx';
import { fieldsOf, orderOf, whenOf } from './Schedules.tsx';
import { useWorkflowNames } from '../workflows/names.tsx';

export function Schedule() {
  const { schedule: id } = getRouteApi('/inside/schedules/$schedule').useParams();
  const navigate = useNavigate();
  const params = { path: { id } };
  const nameOf = useWorkflowNames();
  const schedule = useQuery({
    queryKey: ['schedules', id],
    queryFn: () => got(api.GET('/api/v1/schedules/{id}', { params })),
  });
  const upcoming = useQuery({
    queryKey: ['schedules', id, 'upcoming'],
    queryFn: () => got(api.GET('/api/v1/schedules/{id}/upcoming', { params: { ...params, query: { count: 60 } } })),
  });
  const one = schedule.data;
  return (
    <Page
      title={one?.name ?? 'Schedule'}
      sub={one ? `${nameOf(one.workflow)} · ${whenOf(one)}` : undefined}
      actions={
        one ? (
          <>
            <Act
              label="Delete"
              tone="bad"
              title={`Delete ${one.name}?`}
              touches="schedules"
              needs="schedule:write"
              onDo={async () => {
                await got(api.DELETE('/api/v1/schedules/{id}', { params }));
                await navigate({ to: '/schedules' });
              }}
            />
            <Act
              label="Make good"
              title="Make good a range of the past"
              touches="schedules"
              needs="workflow:run"
              fields={[
                { name: 'from', label: 'From', kind: 'time' },
                { name: 'to', label: 'To', kind: 'time' },
              ]}
              told="The missed runs are ordered."
              onDo={(values) => got(api.POST('/api/v1/schedules/{id}/backfill', { params, body: values as never }))}
            />
            <Now
              small={false}
              label="Run now"
              told="It is ordered."
              touches="jobs"
              needs="workflow:run"
              onDo={() => got(api.POST('/api/v1/schedules/{id}/run', { params }))}
            />
            <Act
              label="Change"
              tone="main"
              title={`Change ${one.name}`}
              action="Save"
              touches="schedules"
              needs="schedule:write"
              fields={fieldsOf(one, nameOf(one.workflow))}
              onDo={(values) =>
                got(
                  api.PUT('/api/v1/schedules/{id}', {
                    params,
                    body: orderOf(values, one),
                    headers: { 'if-match': `"${one.revision}"` },
                  }),
                )
              }
            />
          </>
        ) : null
      }
    >
      <Asked query={schedule}>{() => null}</Asked>
      <Card title="Next runs">
        <Asked query={upcoming}>{({ items }) => <Month times={items} />}</Asked>
      </Card>
      <h2 className="px-1 font-medium">Last firings</h2>
      <DataTable
        label="Last firings"
        height="24rem"
        queryKey={['schedules', id, 'firings']}
        page={(cursor) =>
          got(api.GET('/api/v1/schedules/{id}/firings', { params: { ...params, query: { cursor, limit: 100 } } }))
        }
        keyOf={(firing) => firing.at}
        least={460}
        empty="It has not fired yet"
        columns={[
          { name: 'For', width: 'minmax(0,1fr)', cell: (firing) => new Date(firing.at).toLocaleString() },
          { name: 'Came to', width: '120px', cell: (firing) => <State state={firing.outcome} /> },
          { name: 'Fired', width: '90px', cell: (firing) => <When at={firing.fired} /> },
          {
            name: 'Run',
            width: '90px',
            end: true,
            cell: (firing) =>
              firing.job ? (
                <Link to="/runs/$job" params={{ job: firing.job }} className="text-accent hover:underline">
                  {firing.job.slice(-8)}
                </Link>
              ) : (
                '–'
              ),
          },
        ]}
      />
    </Page>
  );
}

const DAY = 86_400_000;
const WEEKS = 5;

/** Five weeks from this Monday on, with the times of each day. */
function Month({ times }: { times: Schemas['Upcoming'][] }) {
  const today = new Date();
  today.setHours(0, 0, 0, 0);
  const monday = new Date(today.getTime() - ((today.getDay() + 6) % 7) * DAY);
  const days = Array.from(
    { length: WEEKS * 7 },
    (_, index) => new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() + index),
  );
  const byDay = new Map<string, Schemas['Upcoming'][]>();
  for (const time of times) {
    const day = new Date(time.at).toDateString();
    byDay.set(day, [...(byDay.get(day) ?? []), time]);
  }
  if (times.length === 0) {
    return <p className="text-soft">It never fires again.</p>;
  }
  return (
    <ol className="grid grid-cols-7 gap-px overflow-hidden rounded-md border bg-line">
      {days.map((day) => {
        const here = byDay.get(day.toDateString()) ?? [];
        return (
          <li key={day.getTime()} className="min-h-16 bg-card p-1.5">
            <span
              className={`text-[12px] ${day.getTime() === today.getTime() ? 'rounded bg-accent px-1 text-on-accent' : 'text-soft'}`}
            >
              <span className="hidden sm:inline">{day.toLocaleDateString(undefined, { weekday: 'short' })} </span>
              {day.getDate()}
            </span>
            {here.slice(0, 2).map((time) => (
              <span
                key={time.at}
                className={`block truncate text-[12px] ${time.blocked ? 'text-soft line-through' : 'text-accent'}`}
                title={time.blocked ? 'The calendar is closed then' : undefined}
              >
                {new Date(time.starts ?? time.at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })}
              </span>
            ))}
            {here.length > 2 ? <span className="block text-[11.5px] text-soft">{here.length - 2} more</span> : null}
          </li>
        );
      })}
    </ol>
  );
}
