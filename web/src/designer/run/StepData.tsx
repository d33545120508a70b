/** What a step got and gave in the run that is shown: each time it ran, failures first. */

import { useEffect, useRef, useState } from 'react';
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
          <Value label="Settings as written" value={valueAt(model, [...step.path, 'with']) ?? {}} />
          {instance.outputs === undefined || instance.outputs === null ? null : <Value label="Outputs" value={instance.outputs} />}
          {instance.log.length > 0 ? (
            <Value label="Log" value={instance.log.map((line) => `${line.level}: ${line.message}`).join('\n')} />
          ) : null}
          {instance.artifacts.map((artifact) => (
            <Kept key={artifact.name} address={`/api/v1/runs/${run}/artifacts/${encodeURIComponent(artifact.name)}`} artifact={artifact} />
          ))}
        </>
      ) : null}
    </section>
  );
}

/** A file that the step kept: a picture is shown, anything can be taken. */
function Kept({ address, artifact }: { address: string; artifact: { name: string; media_type?: string } }) {
  return (
    <div className="dz-rows" style={{ gap: 4, marginTop: 6 }}>
      <a className="dz-small" href={address} download={artifact.name}>
        {artifact.name}
      </a>
      {artifact.media_type?.startsWith('image/') ? <Picture address={address} name={artifact.name} /> : null}
    </div>
  );
}

/** Drawn, not linked: the server sends what runs kept as plain bytes, so that nothing of it acts as a page. */
function Picture({ address, name }: { address: string; name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isOver = false;
    const draw = async () => {
      const answer = await fetch(address, { credentials: 'same-origin' });
      const picture = await createImageBitmap(await answer.blob());
      const sheet = canvas.current;
      if (sheet && !isOver) {
        sheet.width = picture.width;
        sheet.height = picture.height;
        sheet.getContext('2d')?.drawImage(picture, 0, 0);
      }
    };
    draw().catch(() => undefined);
    return () => {
      isOver = true;
    };
  }, [address]);
  return <canvas ref={canvas} className="dz-data" role="img" aria-label={name} style={{ width: '100%', height: 'auto' }} />;
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
