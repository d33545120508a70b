/** The steps of an attempt in time. */

import { useQuery } from '@tanstack/react-query';
import { api, got } from '../api/client.ts';
import { Asked, Empty, State } from '../ui/kit.tsx';
import { lasted } from '../ui/text.ts';

/** Long lists of steps are drawn up to here; the log has all. */
const MOST_STEPS = 500;

export function Steps({ run }: { run: string }) {
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
