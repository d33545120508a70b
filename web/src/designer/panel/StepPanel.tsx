/** Everything about the step that is selected. */

import { BookOpen, CircleAlert, MoreHorizontal } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { WRAPPERS, extractSelected } from '../actions.ts';
import { Button, Says, Switch } from '../controls.tsx';
import { NodeIcon } from '../icons.tsx';
import type { NodeSpec } from '../model/catalogue.ts';
import { type Field, fieldsOf } from '../model/fields.ts';
import { renameId } from '../model/names.ts';
import { type Step, pathText, titleOf, valueAt } from '../model/tree.ts';
import { StepData } from '../run/StepData.tsx';
import { activeStep, selectedSteps, useDesigner, useDesignerStore } from '../store.ts';
import { Common } from './Common.tsx';
import { FieldRow, Setting, TextInput } from './Field.tsx';
import { WorkflowPanel } from './WorkflowPanel.tsx';

export function StepPanel() {
  const step = useDesigner(activeStep);
  const count = useDesigner((state) => state.selection.size);
  if (count > 1) {
    return <Several />;
  }
  return step ? <OneStep key={step.key} step={step} /> : <WorkflowPanel />;
}

function OneStep({ step }: { step: Step }) {
  const store = useDesignerStore();
  const spec = useDesigner((state) => state.catalogue.byName.get(step.use));
  const hasRun = useDesigner((state) => state.shown !== undefined);
  const entered = useDesigner((state) => state.entered);
  const body = useRef<HTMLDivElement>(null);
  const title = useRef<HTMLInputElement>(null);
  const [isHelping, setHelping] = useState(false);
  const part = useDesigner((state) => state.part);
  const setPart = (next: 'settings' | 'run') => store.getState().show({ part: next });
  const seen = useRef(entered.count);
  useEffect(() => {
    if (entered.count === seen.current) {
      return;
    }
    seen.current = entered.count;
    const field = body.current?.querySelector<HTMLElement>('.dz-form input, .dz-form textarea, .dz-form select');
    (entered.part === 'name' || !field ? title.current : field)?.focus();
  }, [entered]);
  return (
    <div ref={body} className="dz-pad">
      <div className="dz-head">
        <span className="dz-glyph">
          <NodeIcon name={spec?.icon} size={20} />
        </span>
        <div>
          <TextInput
            ref={title}
            label="Name of the step"
            value={step.name ?? ''}
            placeholder={titleOf({ ...step, name: undefined })}
            onValue={(name) => store.getState().set([...step.path, 'name'], name === '' ? undefined : name, { label: 'Rename' })}
          />
          <small>{step.use}</small>
        </div>
        <span className="dz-row">
          <Button tone="plain" small label="What it does" aria-pressed={isHelping} onClick={() => setHelping(!isHelping)}>
            <BookOpen size={16} aria-hidden />
          </Button>
        </span>
      </div>
      {spec ? <Manual spec={spec} isOpen={isHelping} /> : <Unknown use={step.use} />}
      {hasRun ? (
        <div style={{ margin: '8px 0' }}>
          <Switch
            label="What is shown of the step"
            value={part}
            options={[
              { value: 'settings', label: 'Settings' },
              { value: 'run', label: 'In the run' },
            ]}
            onChange={setPart}
          />
        </div>
      ) : null}
      {hasRun && part === 'run' ? (
        <StepData step={step} />
      ) : (
        <>
          <StepProblems step={step} />
          {spec ? <Settings step={step} spec={spec} /> : null}
          {spec ? <Blocks step={step} spec={spec} /> : null}
          <Identity step={step} spec={spec} />
          <Common step={step} spec={spec} />
        </>
      )}
    </div>
  );
}

function Manual({ spec, isOpen }: { spec: NodeSpec; isOpen: boolean }) {
  if (!isOpen) {
    return (
      <p className="dz-says">
        <Says text={spec.summary} />
      </p>
    );
  }
  const effect = {
    pure: 'A resumed run may do it again.',
    once: 'A resumed run never repeats it by itself.',
    live: 'A resumed run does it again when its session is opened again.',
  }[spec.effect];
  return (
    <div className="dz-help">
      {spec.help.split('\n\n').map((part) => (
        <p key={part}>
          <Says text={part} />
        </p>
      ))}
      <p>{effect}</p>
      {spec.faults.map((fault) => (
        <p key={fault.kind}>
          Fails with <code>{fault.kind}</code>: <Says text={fault.when} />
        </p>
      ))}
      {spec.example ? <pre>{spec.example.trimEnd()}</pre> : null}
    </div>
  );
}

function Unknown({ use }: { use: string }) {
  return (
    <p className="dz-wrong">
      <CircleAlert size={15} aria-hidden /> This server knows no node “{use}”.
    </p>
  );
}

/** What is wrong with the step as a whole; its settings show theirs. */
function StepProblems({ step }: { step: Step }) {
  const problems = useDesigner((state) => state.problemsByKey.get(step.key));
  const start = `${pathText(step.path)}.with.`;
  const own = problems?.filter((problem) => !problem.path.startsWith(start));
  return own && own.length > 0 ? (
    <div className="dz-rows" style={{ marginTop: 8 }}>
      {own.map((problem) => (
        <p key={problem.message} className="dz-wrong" data-tone={problem.severity === 'error' ? undefined : 'warn'}>
          <CircleAlert size={15} aria-hidden style={{ flex: 'none' }} />
          <span>
            {problem.message} {problem.help ? <span className="dz-soft">{problem.help}</span> : null}
          </span>
        </p>
      ))}
    </div>
  ) : null;
}

function Settings({ step, spec }: { step: Step; spec: NodeSpec }) {
  const model = useDesigner((state) => state.model);
  const fields = useMemo(() => fieldsOf(spec), [spec]);
  const settings = (valueAt(model, [...step.path, 'with']) ?? {}) as Record<string, unknown>;
  // What was set when the step was opened stays in sight while it is changed.
  const [shown] = useState(() => new Set(Object.keys(settings)));
  const isMain = (field: Field) => field.isRequired || shown.has(field.name);
  const main = fields.filter(isMain);
  const rest = fields.filter((field) => !isMain(field));
  const known = new Set(fields.map((field) => field.name));
  const strange = Object.keys(settings).filter((name) => !known.has(name));
  const few = main.length === 0 && rest.length <= 4;
  const row = (field: Field) => (
    <Setting key={field.name} step={step} field={field} path={[...step.path, 'with', field.name]} value={settings[field.name]} />
  );
  if (fields.length === 0) {
    return null;
  }
  return (
    <div className="dz-form">
      {main.map(row)}
      {strange.map((name) => (
        <Setting
          key={name}
          step={step}
          field={{ name, says: 'The node has no such setting.', isRequired: false, fallback: undefined, examples: [], entry: { kind: 'any' } }}
          path={[...step.path, 'with', name]}
          value={settings[name]}
        />
      ))}
      {rest.length === 0 ? null : few ? (
        rest.map(row)
      ) : (
        <details className="dz-section" open={main.length === 0}>
          <summary>
            More settings <span className="dz-count">{rest.length}</span>
          </summary>
          {rest.map(row)}
        </details>
      )}
    </div>
  );
}

/** The blocks that a step can have and has not, and the lists of those with names. */
function Blocks({ step, spec }: { step: Step; spec: NodeSpec }) {
  const store = useDesignerStore();
  const [name, setName] = useState('');
  const missing = spec.blocks.filter((block) => !step.node.has(block.name) && block.shape !== 'named');
  const named = spec.blocks.filter((block) => block.shape === 'named');
  if (missing.length === 0 && named.length === 0) {
    return null;
  }
  return (
    <details className="dz-section" open>
      <summary>Blocks</summary>
      <div className="dz-rows">
        {missing.map((block) => (
          <div key={block.name} className="dz-row">
            <Button small onClick={() => store.getState().set([...step.path, block.name], [], { label: `Add ${block.name}` })}>
              Add {block.name}
            </Button>
            <span className="dz-says">
              <Says text={block.summary} />
            </span>
          </div>
        ))}
        {named.map((block) => (
          <div key={block.name}>
            <p className="dz-says">
              <Says text={`\`${block.name}\`: ${block.summary}`} />
            </p>
            {step.lists
              .filter((list) => list.block === block.name && list.name !== undefined)
              .map((list) => (
                <div key={list.name} className="dz-row">
                  <code className="dz-cut" style={{ flex: 1 }}>
                    {list.name}
                  </code>
                  <span className="dz-small dz-soft">{list.steps.length} steps</span>
                  <Button
                    small
                    tone="plain"
                    disabled={list.steps.length > 0}
                    onClick={() => store.getState().set(list.path, undefined, { label: 'Remove a list' })}
                  >
                    Remove
                  </Button>
                </div>
              ))}
            <form
              className="dz-row"
              onSubmit={(event) => {
                event.preventDefault();
                if (name.trim() !== '') {
                  store.getState().set([...step.path, block.name, name.trim()], [], { label: `Add ${name}` });
                  setName('');
                }
              }}
            >
              <input
                className="dz-input"
                aria-label={`Name of another list of ${block.name}`}
                placeholder="Name of another one"
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
              <button type="submit" className="dz-button" data-size="small">
                Add
              </button>
            </form>
          </div>
        ))}
      </div>
    </details>
  );
}

function Identity({ step, spec }: { step: Step; spec: NodeSpec | undefined }) {
  const store = useDesignerStore();
  const hasOutputs = Object.keys(spec?.outputs.properties ?? {}).length > 0;
  if (!hasOutputs && !step.id) {
    return null;
  }
  const rename = (id: string) => {
    const state = store.getState();
    if (id === step.id || (id !== '' && !/^[A-Za-z_]\w*$/.test(id))) {
      return;
    }
    if (step.id && id !== '') {
      state.setText(renameId(state.model, step, id), { label: 'Rename the id', group: `id ${step.key}` });
    } else {
      state.set([...step.path, 'id'], id === '' ? undefined : id, { label: 'Set the id' });
    }
  };
  return (
    <FieldRow
      name="id"
      says="Other steps read its outputs under this name. Renaming it renames it in their expressions, too."
    >
      {(id) => <TextInput id={id} isCode value={step.id ?? ''} placeholder="none" lazily onValue={rename} />}
    </FieldRow>
  );
}

function Several() {
  const store = useDesignerStore();
  const steps = useDesigner((state) => state.selection.size);
  const [name, setName] = useState('');
  const work = (run: (state: ReturnType<typeof store.getState>) => void) => () => run(store.getState());
  const chosen = () => selectedSteps(store.getState());
  return (
    <div className="dz-pad">
      <h2 className="dz-row" style={{ fontSize: 15 }}>
        <MoreHorizontal size={18} aria-hidden /> {steps} steps are selected
      </h2>
      <div className="dz-chips" style={{ marginTop: 12 }}>
        <Button onClick={work((state) => state.duplicate(chosen()))}>Duplicate</Button>
        <Button onClick={work((state) => state.setDisabled(chosen()))}>Disable or enable</Button>
        <Button tone="bad" onClick={work((state) => state.remove(chosen()))}>
          Delete
        </Button>
      </div>
      <h3 style={{ margin: '16px 0 6px' }}>Wrap them in</h3>
      <div className="dz-chips">
        {WRAPPERS.map(({ label, head, block }) => (
          <Button key={label} small onClick={work((state) => state.wrap(chosen(), head, block))}>
            {label}
          </Button>
        ))}
      </div>
      <h3 style={{ margin: '16px 0 6px' }}>Make them a workflow of their own</h3>
      <form
        className="dz-row"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') {
            extractSelected(store, name.trim()).catch((error: Error) =>
              store.getState().show({ notice: { text: error.message, tone: 'bad' } }),
            );
          }
        }}
      >
        <input
          className="dz-input"
          aria-label="Name of the new workflow"
          placeholder="read-invoices"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit" className="dz-button">
          Extract
        </button>
      </form>
      <p className="dz-says" style={{ marginTop: 6 }}>
        What they read from outside becomes its inputs, what others read of them its outputs.
      </p>
    </div>
  );
}
