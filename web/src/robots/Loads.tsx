/** What a robot's machine was doing over the last day. */

import { useQuery } from '@tanstack/react-query';
import { api, got, type Schemas } from '../api/client.ts';
import { Asked, State } from '../ui/kit.tsx';
import { lasted, size } from '../ui/text.ts';

type Point = Schemas['LoadPoint'];

const HOURS = 24;
/** What is younger than this would be a jagged line over a few pixels of a whole day. */
const LEAST_MS = 600_000;
const WIDTH = 600;
const HEIGHT = 64;

export function Loads({ robot }: { robot: string }) {
  const loads = useQuery({
    queryKey: ['robots', robot, 'loads'],
    queryFn: () =>
      got(api.GET('/api/v1/robots/{id}/loads', { params: { path: { id: robot }, query: { hours: HOURS } } })),
    refetchInterval: 30_000,
  });
  return (
    <section aria-label="Load">
      <Asked query={loads} lines={3}>
        {({ items }) => {
          const points = [...items].sort((one, other) => one.at.localeCompare(other.at));
          const last = points.at(-1);
          if (!last) {
            return <p className="text-soft">It has not told of its machine yet.</p>;
          }
          return (
            <div className="space-y-3">
              <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <State state={last.health === 'healthy' ? 'ok' : last.health === 'critical' ? 'error' : 'warning'} />
                <span>{last.running} running</span>
                <span className="text-soft">{size(last.disk_free)} of disk free</span>
              </p>
              <div className="grid gap-4 sm:grid-cols-2">
                <Chart name="Processor" points={points} of={(one) => one.cpu} now={`${Math.round(last.cpu * 100)} %`} />
                <Chart
                  name="Memory"
                  points={points}
                  of={(one) => one.memory_used / Math.max(1, one.memory_total)}
                  now={`${size(last.memory_used)} of ${size(last.memory_total)}`}
                />
              </div>
            </div>
          );
        }}
      </Asked>
    </section>
  );
}

/** A line from 0 to 100 %, since it tells of its machine, a day at most. */
function Chart({
  name,
  points,
  of,
  now,
}: {
  name: string;
  points: Point[];
  of: (point: Point) => number;
  now: string;
}) {
  const until = Date.now();
  const told = until - Date.parse(points[0]?.at ?? '');
  const span = Math.min(HOURS * 3_600_000, Math.max(LEAST_MS, told));
  const at = (point: Point) => {
    const x = WIDTH * (1 - (until - Date.parse(point.at)) / span);
    const y = HEIGHT * (1 - Math.min(1, Math.max(0, of(point))));
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  return (
    <figure>
      <figcaption className="mb-1 flex justify-between text-[12.5px]">
        <span className="text-soft">
          {name}, the last {lasted(Math.round(span / 60_000) * 60_000)}
        </span>
        <span>{now}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        className="h-16 w-full rounded-md bg-sunken text-accent"
        role="img"
        aria-label={`${name}, now ${now}`}
      >
        <polyline
          // A single point is a line to itself, which its round ends make a dot.
          points={(points.length === 1 ? [...points, ...points] : points).map(at).join(' ')}
          fill="none"
          stroke="currentColor"
          strokeWidth={points.length === 1 ? 5 : 1.5}
          strokeLinecap="round"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
    </figure>
  );
}
