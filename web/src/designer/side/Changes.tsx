/** What differs between two texts of a workflow, step by step. */

import { Says } from '../controls.tsx';
import type { Difference, StepChange, ValueChange } from '../server.ts';

export function Changes({ difference, onStep }: { difference: Difference; onStep?: (path: string) => void }) {
  if (difference.same) {
    return <p className="dz-empty">Nothing differs.</p>;
  }
  return (
    <div className="dz-rows">
      {difference.parts.map((part) => (
        <div key={part.path} className="dz-change" data-change="changed">
          <Values values={[part]} />
        </div>
      ))}
      {difference.steps.map((change) => (
        <Step key={`${change.change} ${change.step.path} ${change.step.title}`} change={change} onStep={onStep} />
      ))}
    </div>
  );
}

function Step({ change, onStep }: { change: StepChange; onStep?: ((path: string) => void) | undefined }) {
  const { step } = change;
  const title = <strong>{step.title}</strong>;
  return (
    <div className="dz-change" data-change={change.change}>
      <div className="dz-row dz-small" style={{ flexWrap: 'wrap' }}>
        {onStep && change.change !== 'removed' ? (
          <button type="button" className="dz-button" data-size="small" data-tone="plain" onClick={() => onStep(step.path)}>
            {title}
          </button>
        ) : (
          title
        )}
        <span className="dz-soft">
          {WORDS[change.change]} {change.change === 'changed' && change.moved ? '(moved)' : ''}
        </span>
      </div>
      {change.change === 'changed' ? <Values values={change.values} /> : <pre>{change.text.trimEnd()}</pre>}
    </div>
  );
}

const WORDS = { added: 'is new', removed: 'is gone', changed: 'is not as it was' };

function Values({ values }: { values: ValueChange[] }) {
  return (
    <>
      {values.map((value) => (
        <div key={value.path} className="dz-small" style={{ marginTop: 3 }}>
          <Says text={`\`${value.path}\``} />
          <div className="dz-mono" style={{ overflowWrap: 'anywhere' }}>
            {value.old === undefined ? null : <del>{written(value.old)}</del>}{' '}
            {value.new === undefined ? null : <ins>{written(value.new)}</ins>}
          </div>
        </div>
      ))}
    </>
  );
}

function written(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
