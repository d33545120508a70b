/** One setting: its value, fixed or as an expression, with help, examples and what is wrong with it. */

import { Braces, CircleAlert, Plus, Type, X } from 'lucide-react';
import { type ComponentProps, type ReactNode, type Ref, useEffect, useId, useMemo, useRef, useState } from 'react';
import { parse, stringify } from 'yaml';
import { Button, Says } from '../controls.tsx';
import { type Entry, type Field, asExpression, asFixed, isExpression } from '../model/fields.ts';
import { type Path, type Step, pathText } from '../model/tree.ts';
import type { Problem } from '../server.ts';
import { useDesigner, useDesignerStore } from '../store.ts';
import { CodeField } from '../text/lazy.tsx';
import { CredentialField } from './CredentialField.tsx';
import { ExpressionField } from './ExpressionField.tsx';

/** Waits so long for more letters before the text is changed. */
const PAUSE_MS = 150;

type TextInputProps = Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'ref'> & {
  ref?: Ref<HTMLInputElement>;
  label?: string;
  value: string;
  isCode?: boolean;
  /** Only when it is left, or by Enter. */
  lazily?: boolean;
  onValue: (value: string) => void;
};

/** A field that shows at once what is typed, and tells a moment later. */
export function TextInput({ label, value, isCode, lazily, onValue, ...rest }: TextInputProps) {
  const typing = useTyping(value, onValue, lazily);
  return (
    <input
      className={label ? undefined : 'dz-input'}
      aria-label={label}
      spellCheck={!isCode}
      style={isCode ? { fontFamily: 'var(--dz-mono)' } : undefined}
      {...rest}
      value={typing.text}
      onChange={(event) => typing.type(event.target.value)}
      onBlur={typing.flush}
      onKeyDown={(event) => event.key === 'Enter' && typing.flush()}
    />
  );
}

/** Keeps what is being typed, and what came in from elsewhere meanwhile. */
export function useTyping(value: string, onValue: (value: string) => void, lazily = false) {
  const [typed, setTyped] = useState<string>();
  const timer = useRef<number>(undefined);
  const latest = useRef({ typed, onValue });
  latest.current = { typed, onValue };
  const flush = () => {
    window.clearTimeout(timer.current);
    const { typed: text, onValue: tell } = latest.current;
    latest.current.typed = undefined;
    if (text !== undefined) {
      tell(text);
      setTyped(undefined);
    }
  };
  const flushing = useRef(flush);
  flushing.current = flush;
  useEffect(() => () => flushing.current(), []);
  return {
    text: typed ?? value,
    type: (text: string) => {
      latest.current.typed = text;
      setTyped(text);
      window.clearTimeout(timer.current);
      if (!lazily) {
        timer.current = window.setTimeout(() => flushing.current(), PAUSE_MS);
      }
    },
    flush,
  };
}

/** A label, its help, its control, and what is wrong. */
export function FieldRow({
  name,
  says,
  isRequired,
  problems,
  extra,
  children,
}: {
  name: string;
  says?: string;
  isRequired?: boolean;
  problems?: readonly Problem[];
  extra?: ReactNode;
  children: (id: string, describedBy: string | undefined) => ReactNode;
}) {
  const id = useId();
  const help = says || problems?.length ? `${id}-help` : undefined;
  return (
    <div className="dz-field">
      <div className="dz-label">
        <label htmlFor={id}>{name.replaceAll('_', ' ')}</label>
        {isRequired ? (
          <span className="dz-must" title="required">
            *<span className="dz-hidden"> required</span>
          </span>
        ) : null}
        {extra ? <span className="dz-extra">{extra}</span> : null}
      </div>
      {children(id, help)}
      {help ? (
        <div id={help}>
          {problems?.map((problem) => (
            <p key={problem.message} className="dz-wrong" data-tone={problem.severity === 'error' ? undefined : 'warn'}>
              <CircleAlert size={14} aria-hidden style={{ flex: 'none', marginTop: 2 }} />
              <span>
                {problem.message} {problem.help ? <span className="dz-soft">{problem.help}</span> : null}
              </span>
            </p>
          ))}
          {says ? (
            <p className="dz-says">
              <Says text={says} />
            </p>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

/** A setting of a node. */
export function Setting({ step, field, path, value }: { step: Step; field: Field; path: Path; value: unknown }) {
  const store = useDesignerStore();
  const problems = useFieldProblems(step, path, field.name);
  const [wantsExpression, setWants] = useState<boolean>();
  const isWritten = isExpression(value);
  const showsExpression = wantsExpression ?? isWritten;
  const set = (next: unknown) => store.getState().set(path, next, { label: `Set ${field.name}` });
  const toggle = () => {
    if (showsExpression) {
      const fixed = typeof value === 'string' ? asFixed(value) : value;
      set(fixed);
      setWants(false);
    } else {
      set(asExpression(value));
      setWants(true);
    }
  };
  const canSwitch = field.entry.kind !== 'credential' && field.entry.kind !== 'code';
  return (
    <FieldRow
      name={field.name}
      says={field.says}
      isRequired={field.isRequired}
      problems={problems}
      extra={
        canSwitch ? (
          <Button
            small
            tone="plain"
            aria-pressed={showsExpression}
            label={showsExpression ? `Enter ${field.name} as a fixed value` : `Enter ${field.name} as an expression`}
            onClick={toggle}
          >
            {showsExpression ? <Type size={14} aria-hidden /> : <Braces size={14} aria-hidden />}
          </Button>
        ) : null
      }
    >
      {(id, help) => (
        <>
          {showsExpression ? (
            <ExpressionField
              id={id}
              step={step}
              value={value}
              isInvalid={problems.length > 0}
              describedBy={help}
              onValue={(text) => set(text === '' ? undefined : text)}
            />
          ) : (
            <Control
              id={id}
              step={step}
              name={field.name}
              entry={field.entry}
              value={value}
              fallback={field.fallback}
              path={path}
              isInvalid={problems.length > 0}
              describedBy={help}
              onValue={set}
            />
          )}
          {field.examples.length > 0 && (value === undefined || value === '') ? (
            <div className="dz-chips">
              {field.examples.slice(0, 4).map((example) => (
                <button key={example} type="button" className="dz-chip" onClick={() => set(example)}>
                  {example}
                </button>
              ))}
            </div>
          ) : null}
        </>
      )}
    </FieldRow>
  );
}

/** The problems that belong to a setting: of its path, or of the step because it is missing. */
function useFieldProblems(step: Step, path: Path, name: string): Problem[] {
  const problems = useDesigner((state) => state.problemsByKey.get(step.key));
  const place = pathText(path);
  return useMemo(
    () =>
      (problems ?? []).filter(
        (problem) =>
          problem.path === place ||
          problem.path.startsWith(`${place}.`) ||
          problem.path.startsWith(`${place}[`) ||
          (problem.code.startsWith('missing') && problem.message.includes(`\`${name}\``)),
      ),
    [problems, place, name],
  );
}

interface ControlProps {
  id: string;
  step: Step;
  name: string;
  entry: Entry;
  value: unknown;
  fallback?: unknown;
  path: Path;
  isInvalid?: boolean;
  describedBy?: string | undefined;
  onValue: (value: unknown) => void;
}

function Control(props: ControlProps) {
  const { id, entry, value, fallback, isInvalid, describedBy, onValue } = props;
  const common = { id, 'aria-invalid': isInvalid || undefined, 'aria-describedby': describedBy };
  const hint = fallback === undefined || fallback === null || fallback === '' ? '' : asText(fallback);
  switch (entry.kind) {
    case 'flag':
      return (
        <select
          {...common}
          className="dz-input"
          value={value === undefined ? '' : String(value)}
          onChange={(event) => onValue(event.target.value === '' ? undefined : event.target.value === 'true')}
        >
          <option value="">{hint ? `${hint === 'true' ? 'yes' : 'no'} (as usual)` : 'as usual'}</option>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      );
    case 'choice':
      return (
        <select
          {...common}
          className="dz-input"
          value={value === undefined ? '' : String(value)}
          onChange={(event) => onValue(event.target.value === '' ? undefined : event.target.value)}
        >
          <option value="">{hint ? `${hint} (as usual)` : '–'}</option>
          {entry.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.says ? `${option.value}: ${option.says}` : option.value}
            </option>
          ))}
        </select>
      );
    case 'number':
      return <NumberInput {...props} hint={hint} />;
    case 'credential':
      return <CredentialField id={id} value={value} describedBy={describedBy} onValue={onValue} />;
    case 'code':
      return (
        <CodeField
          label={props.name}
          language={entry.language}
          value={typeof value === 'string' ? value : ''}
          onValue={(text) => onValue(text === '' ? undefined : text)}
        />
      );
    case 'list':
      return <ListControl {...props} entry={entry} />;
    case 'map':
      return <MapControl {...props} entry={entry} />;
    case 'group':
      return <Group {...props} fields={entry.fields} />;
    case 'text':
      if (value === undefined || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
        const text = value === undefined ? '' : String(value);
        const give = (next: string) => onValue(next === '' ? undefined : next);
        return entry.isLong || text.includes('\n') ? (
          <LongText {...common} value={text} placeholder={hint} onValue={give} />
        ) : (
          <TextInput
            {...common}
            isCode={entry.format !== undefined}
            value={text}
            placeholder={hint || (entry.format === 'casare-duration' ? '30s' : '')}
            onValue={give}
          />
        );
      }
      return <DataInput {...props} />;
    default:
      return <DataInput {...props} />;
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function LongText({
  value,
  onValue,
  ...rest
}: { id: string; value: string; placeholder: string; onValue: (text: string) => void }) {
  const typing = useTyping(value, onValue);
  return (
    <textarea
      className="dz-input"
      rows={Math.min(12, Math.max(3, typing.text.split('\n').length))}
      {...rest}
      value={typing.text}
      onChange={(event) => typing.type(event.target.value)}
      onBlur={typing.flush}
    />
  );
}

function NumberInput({ id, entry, value, hint, isInvalid, describedBy, onValue }: ControlProps & { hint: string }) {
  const isWhole = entry.kind === 'number' && entry.isWhole;
  return (
    <TextInput
      id={id}
      inputMode={isWhole ? 'numeric' : 'decimal'}
      aria-invalid={isInvalid || undefined}
      aria-describedby={describedBy}
      value={value === undefined || value === null ? '' : String(value)}
      placeholder={hint}
      onValue={(text) => {
        const number = Number(text);
        // What is no number is kept as it is: the check says what is wrong with it.
        onValue(text.trim() === '' ? undefined : Number.isFinite(number) ? number : text);
      }}
    />
  );
}

/** Anything, as YAML: `[1, 2]`, `{ a: b }`, `text`. */
function DataInput({ id, value, fallback, isInvalid, describedBy, onValue }: ControlProps) {
  const [wrong, setWrong] = useState<string>();
  const shown = value === undefined ? '' : typeof value === 'string' ? quoted(value) : stringify(value, { lineWidth: 0 }).trimEnd();
  const typing = useTyping(shown, (text) => {
    try {
      setWrong(undefined);
      onValue(text.trim() === '' ? undefined : parse(text));
    } catch (error) {
      setWrong(error instanceof Error ? error.message.split('\n')[0] : String(error));
    }
  });
  const [draft, setDraft] = useState<string>();
  return (
    <>
      <textarea
        id={id}
        className="dz-input dz-mono"
        rows={Math.min(10, Math.max(1, (draft ?? typing.text).split('\n').length))}
        spellCheck={false}
        aria-invalid={isInvalid || wrong !== undefined || undefined}
        aria-describedby={describedBy}
        placeholder={fallback === undefined || fallback === null ? 'a value, [a, list] or { a: map }' : asText(fallback)}
        value={wrong !== undefined && draft !== undefined ? draft : typing.text}
        onChange={(event) => {
          setDraft(event.target.value);
          typing.type(event.target.value);
        }}
        onBlur={typing.flush}
      />
      {wrong ? <p className="dz-wrong">{wrong}</p> : null}
    </>
  );
}

/** A text as YAML writes it: with quotes where it would be something else without them. */
function quoted(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}

function ListControl({ entry, value, onValue, ...rest }: ControlProps & { entry: Extract<Entry, { kind: 'list' }> }) {
  const isSimple = ['text', 'number', 'choice', 'flag', 'group'].includes(entry.item.kind);
  if (!isSimple || (value !== undefined && !Array.isArray(value))) {
    return <DataInput {...rest} entry={entry} value={value} onValue={onValue} />;
  }
  const items = (value ?? []) as unknown[];
  const change = (index: number, next: unknown) => onValue(items.map((item, at) => (at === index ? (next ?? '') : item)));
  return (
    <div className="dz-rows">
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: items are what stands at an index
        <div key={index} className="dz-row">
          <div style={{ flex: 1, minWidth: 0 }}>
            {isExpression(item) ? (
              <ExpressionField
                id={index === 0 ? rest.id : `${rest.id}-${index}`}
                step={rest.step}
                value={item}
                onValue={(next) => change(index, next)}
              />
            ) : (
              <Control
                {...rest}
                id={index === 0 ? rest.id : `${rest.id}-${index}`}
                path={[...rest.path, index]}
                entry={entry.item}
                value={item === null ? undefined : item}
                fallback={undefined}
                onValue={(next) => change(index, next)}
              />
            )}
          </div>
          <Button
            small
            tone="plain"
            label={`Remove item ${index + 1} of ${rest.name}`}
            onClick={() => {
              const left = items.filter((_, at) => at !== index);
              onValue(left.length > 0 ? left : undefined);
            }}
          >
            <X size={14} aria-hidden />
          </Button>
        </div>
      ))}
      <div>
        <Button small id={items.length === 0 ? rest.id : undefined} onClick={() => onValue([...items, entry.item.kind === 'group' ? {} : ''])}>
          <Plus size={14} aria-hidden /> Add
        </Button>
      </div>
    </div>
  );
}

function MapControl({ entry, value, onValue, ...rest }: ControlProps & { entry: Extract<Entry, { kind: 'map' }> }) {
  const [fresh, setFresh] = useState('');
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return <DataInput {...rest} entry={entry} value={value} onValue={onValue} />;
  }
  const store = rest.path;
  const pairs = Object.entries((value ?? {}) as Record<string, unknown>);
  const rename = (index: number, key: string) =>
    onValue(Object.fromEntries(pairs.map(([name, one], at) => [at === index ? key : name, one])));
  const add = () => {
    if (fresh.trim() !== '') {
      onValue({ ...Object.fromEntries(pairs), [fresh.trim()]: '' });
      setFresh('');
    }
  };
  return (
    <div className="dz-rows">
      {pairs.map(([key, one], index) => {
        const change = (next: unknown) => onValue({ ...Object.fromEntries(pairs), [key]: next ?? '' });
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a pair keeps its place while its key is typed
          <div key={index} className="dz-rows" style={{ gap: 3 }}>
            <div className="dz-row">
              <TextInput
                className="dz-input"
                isCode
                aria-label={`Name ${index + 1} in ${rest.name}`}
                value={key}
                lazily
                onValue={(name) => name !== '' && name !== key && rename(index, name)}
              />
              <Button
                small
                tone="plain"
                label={`Remove ${key}`}
                onClick={() => {
                  const left = pairs.filter((_, at) => at !== index);
                  onValue(left.length > 0 ? Object.fromEntries(left) : undefined);
                }}
              >
                <X size={14} aria-hidden />
              </Button>
            </div>
            <div style={{ paddingLeft: 14 }}>
              {isExpression(one) ? (
                <ExpressionField id={`${rest.id}-${index}`} step={rest.step} value={one} onValue={change} />
              ) : typeof one === 'object' && one !== null ? (
                <DataInput {...rest} id={`${rest.id}-${index}`} entry={{ kind: 'any' }} value={one} onValue={change} />
              ) : (
                <Control {...rest} id={`${rest.id}-${index}`} path={[...store, key]} entry={entry.value} value={one ?? ''} onValue={change} />
              )}
            </div>
          </div>
        );
      })}
      <div className="dz-row">
        <input
          id={rest.id}
          className="dz-input"
          aria-label={`Another name in ${rest.name}`}
          placeholder="Another name"
          value={fresh}
          onChange={(event) => setFresh(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              event.preventDefault();
              add();
            }
          }}
        />
        <Button small label={`Add to ${rest.name}`} onClick={add}>
          <Plus size={14} aria-hidden />
        </Button>
      </div>
    </div>
  );
}

function Group({ fields, value, onValue, ...rest }: ControlProps & { fields: Field[] }) {
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return <DataInput {...rest} value={value} onValue={onValue} />;
  }
  const group = (value ?? {}) as Record<string, unknown>;
  const isEmpty = value === undefined;
  if (isEmpty) {
    return (
      <div>
        <Button small id={rest.id} onClick={() => onValue({})}>
          <Plus size={14} aria-hidden /> Set
        </Button>
      </div>
    );
  }
  return (
    <div className="dz-group">
      {fields.map((field) => {
        const inner = group[field.name];
        const change = (next: unknown) => {
          const { [field.name]: _, ...others } = group;
          onValue(next === undefined ? others : { ...group, [field.name]: next });
        };
        return (
          <FieldRow key={field.name} name={field.name} says={field.says} isRequired={field.isRequired}>
            {(id) =>
              isExpression(inner) ? (
                <ExpressionField id={id} step={rest.step} value={inner} onValue={(text) => change(text === '' ? undefined : text)} />
              ) : (
                <Control
                  {...rest}
                  id={id}
                  name={field.name}
                  entry={field.entry}
                  value={inner}
                  fallback={field.fallback}
                  path={[...rest.path, field.name]}
                  isInvalid={false}
                  describedBy={undefined}
                  onValue={change}
                />
              )
            }
          </FieldRow>
        );
      })}
      <div>
        <Button small tone="plain" onClick={() => onValue(undefined)}>
          Do not set {rest.name}
        </Button>
      </div>
    </div>
  );
}
