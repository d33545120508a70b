/** What a step got and gave in the run that is shown: each time it ran, failures first. */

import { useState } from 'react';
import { took } from '../controls.tsx';
import type { Instance } from '../model/progress.ts';
import { type Step, valueAt } from '../model/tree.ts';
import { useDesigner } from '../store.ts';
import { Value } from './Value.tsx';

export function StepData({ step }: { step: Step }) {
  const shown = useDesigner((state) => state.shown);
  const model = useDesigner((state) => state.model);
  const [chosen, setChosen] = useState<string>();
  const place = shown?.places.get(step.key);
  const progress = place === undefined ? undefined : shown?.progress.steps.get(place);
  const run = shown?.job.attempts.at(-1)?.run;
  const ordered = [...(progress?.instances ?? [])].sort((a, b) => rank(a) - rank(b));
  const instance = ordered.find((one) => one.path === chosen) ?? ordered[0];
  return (
    <section aria-label="In the run">
      {!instance ? <p className="dz-says">It has not run{shown?.progress.finished ? '' : ' yet'}.</p> : null}
      {ordered.length > 1 ? (
        <select
          className="dz-input"
          aria-label="Which time it ran"
          value={instance?.path}
          onChange={(event) => setChosen(event.target.value)}
        >
          {ordered.map((one) => (
            <option key={one.path} value={one.path}>
              {passes(one.path)}: {one.state} {took(one.took)}
            </option>
          ))}
        </select>
      ) : null}
      {instance ? (
        <>
          <p className="dz-small" style={{ marginTop: 6 }}>
            <strong className={TONES[instance.state]}>{instance.state}</strong> {took(instance.took)}
            {instance.retries > 0 ? `, after ${instance.retries} more attempts` : ''}
          </p>
          {instance.error ? (
            <p className="dz-wrong" style={{ marginTop: 4 }}>
              {instance.error.kind ? `${instance.error.kind}: ` : ''}
              {instance.error.message} {instance.error.help ?? ''}
            </p>
          ) : null}
          <Value label="Settings" value={valueAt(model, [...step.path, 'with']) ?? {}} />
          {instance.outputs === undefined || instance.outputs === null ? null : <Value label="Outputs" value={instance.outputs} />}
          {instance.log.length > 0 ? (
            <Value label="Log" value={instance.log.map((line) => `${line.level}: ${line.message}`).join('\n')} />
          ) : null}
          {instance.artifacts.map((artifact) => (
            <p key={artifact.name} className="dz-small">
              <a href={`/api/v1/runs/${run}/artifacts/${encodeURIComponent(artifact.name)}`} download={artifact.name}>
                {artifact.name}
              </a>
            </p>
          ))}
        </>
      ) : null}
    </section>
  );
}

const TONES = { running: 'dz-tone-run', finished: 'dz-tone-good', failed: 'dz-tone-bad', skipped: 'dz-soft' };

function rank(instance: Instance): number {
  return { failed: 0, running: 1, finished: 2, skipped: 3 }[instance.state];
}

/** The passes on the way to a step: `3 › 1`. */
function passes(path: string): string {
  const found = Array.from(path.matchAll(/\[(\d+)\]/g), (match) => String(Number(match[1]) + 1));
  return found.length > 0 ? `pass ${found.join(' › ')}` : 'once';
}
