/** What is promised of a workflow, and how it did lately. */

import { useQuery } from '@tanstack/react-query';
import { api, got, Refusal, type Schemas } from '../api/client.ts';
import { Act } from '../ui/Act.tsx';
import type { FieldSpec, Values } from '../ui/Dialog.tsx';
import { Asked, Card, Empty, Facts } from '../ui/kit.tsx';
import { lasted } from '../ui/text.ts';

type Level = Schemas['ServiceLevel'];

const seconds = (value: number | null | undefined) =>
  value === null || value === undefined ? '–' : lasted(value * 1_000);

const fieldsOf = (level: Level | undefined, isOn: boolean): FieldSpec[] => [
  {
    name: 'longest_run_s',
    label: 'Seconds that a run takes at most',
    kind: 'number',
    optional: true,
    initial: level?.longest_run_s,
  },
  {
    name: 'longest_wait_s',
    label: 'Seconds that a job waits at most',
    kind: 'number',
    optional: true,
    initial: level?.longest_wait_s,
    help: 'After it is due.',
  },
  {
    name: 'success_percent',
    label: 'Runs of a hundred that succeed',
    kind: 'number',
    optional: true,
    initial: level?.success_percent,
  },
  {
    name: 'failures_in_a_row',
    label: 'Failures in a row that are too many',
    kind: 'number',
    optional: true,
    initial: level?.failures_in_a_row,
  },
  { name: 'window_h', label: 'Hours that count', kind: 'number', initial: level?.window_h ?? 24 },
  {
    name: 'least_runs',
    label: 'Runs from which the share counts',
    kind: 'number',
    initial: level?.least_runs ?? 5,
  },
  { name: 'enabled', label: 'Enabled', kind: 'check', initial: isOn },
];

export function ServiceLevel({ workflow }: { workflow: string }) {
  const params = { path: { workflow } };
  const report = useQuery({
    queryKey: ['levels', workflow, 'report'],
    queryFn: () => got(api.GET('/api/v1/workflows/{workflow}/service-report', { params })),
  });
  const level = useQuery({
    queryKey: ['levels', workflow, 'level'],
    queryFn: async () => {
      try {
        return await got(api.GET('/api/v1/workflows/{workflow}/service-level', { params }));
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) {
          return null;
        }
        throw error;
      }
    },
  });
  const set = ({ enabled, ...promised }: Values) =>
    got(
      api.PUT('/api/v1/workflows/{workflow}/service-level', {
        params,
        body: { enabled: enabled === true, level: promised as never },
      }),
    );
  return (
    <div className="min-h-0 space-y-4 overflow-y-auto">
      <Card
        title="What is promised"
        actions={
          level.data === undefined ? null : (
            <>
              {level.data ? (
                <Act
                  label="Drop"
                  tone="quiet"
                  small
                  title={`Promise nothing of ${workflow}?`}
                  touches="levels"
                  needs="workflow:publish"
                  onDo={() => got(api.DELETE('/api/v1/workflows/{workflow}/service-level', { params }))}
                />
              ) : null}
              <Act
                label={level.data ? 'Change' : 'Promise something'}
                small
                title={`What ${workflow} has to keep`}
                action="Save"
                touches="levels"
                needs="workflow:publish"
                told="It is watched from now on."
                fields={fieldsOf(level.data?.level, level.data?.enabled ?? true)}
                onDo={set}
              />
            </>
          )
        }
      >
        <Asked query={level} lines={2}>
          {(level) =>
            level ? (
              <Facts
                facts={[
                  ['Longest run', seconds(level.level.longest_run_s)],
                  ['Longest wait', seconds(level.level.longest_wait_s)],
                  ['Succeed', level.level.success_percent ? `${level.level.success_percent} %` : '–'],
                  ['Failures in a row', level.level.failures_in_a_row ?? '–'],
                  ['Window', `${level.level.window_h} h, from ${level.level.least_runs} runs on`],
                  ['Watched', level.enabled === false ? 'no' : 'yes'],
                ]}
              />
            ) : (
              <Empty title="Nothing is promised">
                A promise, such as “no run takes longer than ten minutes”, opens an alert when it is not kept.
              </Empty>
            )
          }
        </Asked>
      </Card>
      <Card title={report.data ? `The last ${report.data.window_h} hours` : 'Lately'}>
        <Asked query={report} lines={3}>
          {(report) => (
            <Facts
              facts={[
                ['Runs', report.runs],
                ['Succeeded', report.succeeded],
                [
                  'Share',
                  report.success_percent === null || report.success_percent === undefined
                    ? '–'
                    : `${report.success_percent.toFixed(1)} %`,
                ],
                ['Half of the runs took', seconds(report.duration.p50_s)],
                ['95 % took', seconds(report.duration.p95_s)],
                ['The longest took', seconds(report.duration.longest_s)],
                ['Half of the jobs waited', seconds(report.wait.p50_s)],
                ['The longest waited', seconds(report.wait.longest_s)],
              ]}
            />
          )}
        </Asked>
      </Card>
    </div>
  );
}
