/** What runs when, and the calendars that say when nothing may. */

import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { api, got, type Schemas } from '../api/client.ts';
import { Act, Now } from '../ui/Act.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { FieldSpec, Values } from '../ui/Dialog.tsx';
import { Empty, Page, State, Tabs, When } from '../ui/kit.tsx';
import { WorkflowName } from '../workflows/names.tsx';

type Schedule = Schemas['ScheduleView'];

export function Schedules() {
  const { tab = 'schedules' } = getRouteApi('/inside/schedules').useSearch();
  return (
    <Page
      title="Schedules"
      fill
      actions={
        tab === 'calendars' ? (
          <Act
            label="New calendar"
            tone="main"
            title="New calendar"
            touches="calendars"
            needs="schedule:write"
            fields={[
              { name: 'name', label: 'Name' },
              { name: 'time_zone', label: 'Time zone', initial: Intl.DateTimeFormat().resolvedOptions().timeZone },
              {
                name: 'holidays',
                label: 'Holidays',
                kind: 'list',
                help: 'Dates such as 2026-12-25, separated by commas.',
              },
              { name: 'from', label: 'Open from', initial: '08:00' },
              { name: 'to', label: 'Open to', initial: '18:00', help: 'From Monday to Friday.' },
            ]}
            onDo={({ name, time_zone, holidays, from, to }) =>
              got(
                api.PUT('/api/v1/calendars/{name}', {
                  params: { path: { name: String(name) } },
                  body: {
                    time_zone: String(time_zone),
                    holidays: holidays as string[],
                    hours: [{ days: [1, 2, 3, 4, 5], from: String(from), to: String(to) }],
                  },
                }),
              )
            }
          />
        ) : (
          <Act
            label="New schedule"
            tone="main"
            title="New schedule"
            touches="schedules"
            needs="schedule:write"
            fields={fieldsOf()}
            onDo={(values) => got(api.POST('/api/v1/schedules', { body: orderOf(values) }))}
          />
        )
      }
    >
      <Tabs
        shown={tab}
        tabs={[
          { id: 'schedules', label: 'Schedules' },
          { id: 'calendars', label: 'Calendars' },
        ]}
      />
      {tab === 'calendars' ? <Calendars /> : <List />}
    </Page>
  );
}

export function fieldsOf(now?: Schedule, workflow?: string): FieldSpec[] {
  const when = now?.plan.when as
    | { kind?: string; expression?: string; time_zone?: string | null; seconds?: number; at?: string }
    | undefined;
  return [
    { name: 'name', label: 'Name', initial: now?.name },
    { name: 'workflow', label: 'Workflow', initial: workflow ?? now?.workflow },
    {
      name: 'kind',
      label: 'When',
      kind: 'choice',
      options: [
        { value: 'cron', label: 'By a cron expression' },
        { value: 'every', label: 'Every so many seconds' },
        { value: 'once', label: 'Once' },
      ],
      initial: when?.kind ?? 'cron',
    },
    {
      name: 'value',
      label: 'Time',
      initial: when?.expression ?? when?.seconds ?? when?.at ?? '0 8 * * MON-FRI',
      help: 'A cron expression, seconds, or a time such as 2026-12-01T08:00:00Z.',
    },
    {
      name: 'time_zone',
      label: 'Time zone',
      initial: when?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      help: 'For cron expressions.',
    },
    { name: 'calendar', label: 'Calendar', optional: true, initial: now?.plan.calendar },
    {
      name: 'overlap',
      label: 'While the run before goes on',
      kind: 'choice',
      options: [
        { value: 'allow', label: 'Start all the same' },
        { value: 'queue', label: 'Wait' },
        { value: 'skip', label: 'Leave it out' },
        { value: 'cancel_previous', label: 'Cancel the old one' },
      ],
      initial: now?.plan.overlap ?? 'allow',
    },
    {
      name: 'misfire',
      label: 'What was missed',
      kind: 'choice',
      options: [
        { value: 'skip', label: 'Skip' },
        { value: 'once', label: 'Run once' },
        { value: 'all', label: 'Run each' },
      ],
      initial: now?.plan.misfire ?? 'once',
    },
    { name: 'inputs', label: 'Inputs', kind: 'json', initial: now?.plan.order?.inputs ?? {} },
    { name: 'enabled', label: 'Enabled', kind: 'check', initial: now?.enabled ?? true },
  ];
}

export function orderOf(
  { name, workflow, kind, value, time_zone, calendar, overlap, misfire, inputs, enabled }: Values,
  now?: Schedule,
) {
  const text = String(value);
  const when =
    kind === 'every'
      ? { kind, seconds: Number(text) }
      : kind === 'once'
        ? { kind, at: text }
        : { kind: 'cron', expression: text, time_zone };
  const plan = {
    ...now?.plan,
    when,
    calendar: calendar ?? null,
    overlap,
    misfire,
    order: { ...now?.plan.order, inputs },
  };
  return { name: String(name), workflow: String(workflow), enabled: enabled === true, plan: plan as never };
}

function List() {
  const navigate = useNavigate();
  return (
    <DataTable
      label="Schedules"
      queryKey={['schedules', 'list']}
      page={(cursor) => got(api.GET('/api/v1/schedules', { params: { query: { cursor, limit: 100 } } }))}
      keyOf={(one) => one.id}
      onOpen={(one) => void navigate({ to: '/schedules/$schedule', params: { schedule: one.id } })}
      least={680}
      empty={<Empty title="No schedules yet">A schedule runs a workflow by the clock.</Empty>}
      columns={[
        { name: 'State', width: '100px', cell: (one) => <State state={one.enabled ? 'enabled' : 'off'} /> },
        { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
        { name: 'Workflow', width: 'minmax(0,1fr)', cell: (one) => <WorkflowName id={one.workflow} /> },
        {
          name: 'When',
          width: 'minmax(0,1fr)',
          cell: (one) => <span className="font-mono text-[12.5px]">{whenOf(one)}</span>,
        },
        { name: 'Next', width: '90px', cell: (one) => <When at={one.next} /> },
        {
          name: 'Do',
          width: '80px',
          end: true,
          cell: (one) => (
            <Now
              label="Run now"
              told="It is ordered."
              touches="jobs"
              needs="workflow:run"
              onDo={() => got(api.POST('/api/v1/schedules/{id}/run', { params: { path: { id: one.id } } }))}
            />
          ),
        },
      ]}
    />
  );
}

export function whenOf(schedule: Schedule): string {
  const when = schedule.plan.when as { kind: string; expression?: string; seconds?: number; at?: string };
  return (
    when.expression ??
    (when.seconds ? `every ${when.seconds} s` : `once, ${when.at ? new Date(when.at).toLocaleString() : ''}`)
  );
}

function Calendars() {
  return (
    <DataTable
      label="Calendars"
      queryKey={['calendars']}
      page={() => got(api.GET('/api/v1/calendars'))}
      keyOf={(one) => one.name}
      least={560}
      empty={<Empty title="No calendars">A calendar says in which hours schedules may fire.</Empty>}
      columns={[
        { name: 'Name', width: 'minmax(0,1fr)', cell: (one) => <span className="font-medium">{one.name}</span> },
        { name: 'Time zone', width: '160px', cell: (one) => one.time_zone },
        {
          name: 'Hours',
          width: 'minmax(0,1fr)',
          cell: (one) => (one.hours ?? []).map((hours) => `${hours.from}–${hours.to}`).join(', ') || 'always',
        },
        { name: 'Holidays', width: '80px', end: true, cell: (one) => one.holidays?.length ?? 0 },
        {
          name: 'Do',
          width: '90px',
          end: true,
          cell: (one) => (
            <Act
              label="Delete"
              small
              tone="quiet"
              title={`Delete the calendar ${one.name}?`}
              touches="calendars"
              needs="schedule:write"
              onDo={() => got(api.DELETE('/api/v1/calendars/{name}', { params: { path: { name: one.name } } }))}
            />
          ),
        },
      ]}
    />
  );
}
