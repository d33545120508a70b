/** What every step has: when it runs, what happens when it fails, a note. */

import type { NodeSpec } from '../model/catalogue.ts';
import { type Step, valueAt } from '../model/tree.ts';
import { useDesigner, useDesignerStore } from '../store.ts';
import { ExpressionField } from './ExpressionField.tsx';
import { FieldRow, TextInput, useTyping } from './Field.tsx';

interface Retry {
  attempts?: number;
  delay?: string;
  backoff?: number;
  max_delay?: string;
  jitter?: boolean;
  on?: string | string[];
}

export function Common({ step, spec }: { step: Step; spec: NodeSpec | undefined }) {
  const store = useDesignerStore();
  const model = useDesigner((state) => state.model);
  const value = (key: string) => valueAt(model, [...step.path, key]);
  const set = (key: string, next: unknown) => store.getState().set([...step.path, key], next, { label: `Set ${key}` });
  const when = value('when');
  const retry = value('retry') as Retry | undefined;
  const isSet = ['when', 'retry', 'timeout', 'on_error', 'on_resume', 'disabled'].some((key) => step.node.has(key));
  return (
    <>
      <details className="dz-section" open={isSet}>
        <summary>Running it</summary>
        <FieldRow name="when" says="The step is skipped unless this is true.">
          {(id, help) => (
            <ExpressionField
              id={id}
              step={step}
              value={when}
              isCondition
              describedBy={help}
              onValue={(text) => set('when', text === '' ? undefined : text)}
            />
          )}
        </FieldRow>
        <FieldRow name="timeout" says="Time one attempt may take: `30s`, `5m`, `1h30m`.">
          {(id, help) => (
            <TextInput
              id={id}
              aria-describedby={help}
              value={String(value('timeout') ?? '')}
              placeholder="as long as it takes"
              onValue={(text) => set('timeout', text === '' ? undefined : text)}
            />
          )}
        </FieldRow>
        <FieldRow name="on_error" says="What a failure does to the run.">
          {(id, help) => (
            <select
              id={id}
              className="dz-input"
              aria-describedby={help}
              value={String(value('on_error') ?? '')}
              onChange={(event) => set('on_error', event.target.value || undefined)}
            >
              <option value="">fail: what is around it fails (as usual)</option>
              <option value="continue">continue: it is noted, and the next step runs</option>
            </select>
          )}
        </FieldRow>
        <RetryFields retry={retry} onValue={(next) => set('retry', next)} />
        {spec?.effect === 'once' ? (
          <FieldRow name="on_resume" says="What a resumed run does when nobody knows whether this step happened.">
            {(id, help) => (
              <select
                id={id}
                className="dz-input"
                aria-describedby={help}
                value={String(value('on_resume') ?? '')}
                onChange={(event) => set('on_resume', event.target.value || undefined)}
              >
                <option value="">ask (as usual)</option>
                <option value="repeat">repeat: doing it again does no harm</option>
              </select>
            )}
          </FieldRow>
        ) : null}
        <label className="dz-row" style={{ padding: '8px 0' }}>
          <input type="checkbox" checked={step.isDisabled} onChange={() => store.getState().setDisabled([step])} />
          Disabled: as if it was not there
        </label>
      </details>
      <details className="dz-section" open={step.note !== undefined}>
        <summary>Note</summary>
        <Note step={step} onValue={(text) => set('note', text === '' ? undefined : text)} />
      </details>
    </>
  );
}

function Note({ step, onValue }: { step: Step; onValue: (text: string) => void }) {
  const typing = useTyping(step.note ?? '', onValue);
  return (
    <textarea
      className="dz-input"
      aria-label="Note for people"
      placeholder="A remark for people"
      rows={3}
      value={typing.text}
      onChange={(event) => typing.type(event.target.value)}
      onBlur={typing.flush}
    />
  );
}

function RetryFields({ retry, onValue }: { retry: Retry | undefined; onValue: (retry: Retry | undefined) => void }) {
  const change = (part: Partial<Retry>) => {
    const next = Object.fromEntries(Object.entries({ ...retry, ...part }).filter(([, one]) => one !== undefined));
    onValue(next as Retry);
  };
  return (
    <div className="dz-field">
      <label className="dz-row">
        <input
          type="checkbox"
          checked={retry !== undefined}
          onChange={(event) => onValue(event.target.checked ? { attempts: 3 } : undefined)}
        />
        <strong>Try again when it fails</strong>
      </label>
      {retry ? (
        <div className="dz-group" style={{ gridTemplateColumns: '1fr 1fr', columnGap: 10 }}>
          <FieldRow name="attempts">
            {(id) => (
              <TextInput
                id={id}
                inputMode="numeric"
                value={String(retry.attempts ?? '')}
                placeholder="3"
                onValue={(text) => change({ attempts: text === '' ? undefined : Number(text) || 1 })}
              />
            )}
          </FieldRow>
          <FieldRow name="delay">
            {(id) => (
              <TextInput
                id={id}
                value={retry.delay ?? ''}
                placeholder="1s"
                onValue={(text) => change({ delay: text === '' ? undefined : text })}
              />
            )}
          </FieldRow>
          <FieldRow name="backoff">
            {(id) => (
              <TextInput
                id={id}
                inputMode="decimal"
                value={String(retry.backoff ?? '')}
                placeholder="2"
                onValue={(text) => change({ backoff: text === '' ? undefined : Number(text) || 1 })}
              />
            )}
          </FieldRow>
          <FieldRow name="max_delay">
            {(id) => (
              <TextInput
                id={id}
                value={retry.max_delay ?? ''}
                placeholder="60s"
                onValue={(text) => change({ max_delay: text === '' ? undefined : text })}
              />
            )}
          </FieldRow>
        </div>
      ) : null}
    </div>
  );
}
