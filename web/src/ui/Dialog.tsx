/** Dialogs: the browser's own, which keep the keyboard inside and close with Escape. */

import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Button, Failed } from './kit.tsx';

export function Dialog({
  title,
  onClose,
  wide,
  children,
}: {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (ref.current && !ref.current.open) {
      ref.current.showModal();
    }
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onClose={onClose}
      className={`max-h-[88vh] w-[94vw] overflow-hidden rounded-xl border bg-card p-0 shadow-card open:flex open:flex-col ${wide ? 'max-w-4xl' : 'max-w-lg'}`}
    >
      <header className="flex items-center justify-between gap-3 border-b py-2.5 pr-2 pl-4">
        <h2 id={id} className="font-semibold text-[15px]">
          {title}
        </h2>
        <Button tone="quiet" small aria-label="Close" onClick={() => ref.current?.close()}>
          <X size={16} aria-hidden />
        </Button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll */}
      <div className="min-h-0 overflow-y-auto p-4" tabIndex={0} role="group" aria-labelledby={id}>
        {children}
      </div>
    </dialog>
  );
}

export interface FieldSpec {
  name: string;
  label: string;
  kind?: 'text' | 'password' | 'email' | 'number' | 'area' | 'json' | 'choice' | 'check' | 'list' | 'time' | 'day';
  help?: string;
  /** What a choice offers; what a text suggests. */
  options?: readonly (string | { value: string; label: string })[];
  initial?: unknown;
  optional?: boolean;
  autoComplete?: string;
}

export type Values = Record<string, unknown>;

class Unreadable extends Error {}

/** What was typed, as the API wants it; empty optional fields are left out. */
export function valuesOf(fields: FieldSpec[], form: FormData): Values {
  const values: Values = {};
  for (const field of fields) {
    const raw = form.get(field.name);
    const text = typeof raw === 'string' ? raw : '';
    if (field.kind === 'check') {
      values[field.name] = raw !== null;
    } else if (field.kind === 'list') {
      values[field.name] = text
        .split(/[,\n]/)
        .map((part) => part.trim())
        .filter((part) => part !== '');
    } else if (text === '' && field.optional) {
      // Left out.
    } else if (field.kind === 'number') {
      values[field.name] = Number(text);
    } else if (field.kind === 'time') {
      values[field.name] = new Date(text).toISOString();
    } else if (field.kind === 'json') {
      try {
        values[field.name] = JSON.parse(text);
      } catch (error) {
        throw new Unreadable(`${field.label} is not JSON: ${error instanceof Error ? error.message : ''}`);
      }
    } else {
      values[field.name] = text;
    }
  }
  return values;
}

export function Fields({ fields }: { fields: FieldSpec[] }) {
  return (
    <div className="space-y-3.5">
      {fields.map((field) => (
        <Field key={field.name} field={field} />
      ))}
    </div>
  );
}

function Field({ field }: { field: FieldSpec }) {
  const id = useId();
  const { name, kind = 'text', initial } = field;
  const told = field.help ? `${id}-help` : undefined;
  const common = {
    id,
    name,
    required: !field.optional && kind !== 'list',
    'aria-describedby': told,
    autoComplete: field.autoComplete ?? 'off',
  };
  if (kind === 'check') {
    return (
      <div>
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            name={name}
            defaultChecked={initial === true}
            className="size-4 accent-accent"
            aria-describedby={told}
          />
          {field.label}
        </label>
        {field.help ? (
          <p id={told} className="mt-0.5 pl-6 text-[12.5px] text-soft">
            {field.help}
          </p>
        ) : null}
      </div>
    );
  }
  const text =
    initial === undefined || initial === null
      ? ''
      : kind === 'json'
        ? JSON.stringify(initial, null, 2)
        : String(initial);
  const type = kind === 'time' ? 'datetime-local' : kind === 'day' ? 'date' : kind === 'list' ? 'text' : kind;
  return (
    <div>
      <label htmlFor={id} className="mb-1 flex justify-between font-medium text-[12.5px]">
        {field.label}
        {field.optional || kind === 'list' ? <span className="font-normal text-soft">optional</span> : null}
      </label>
      {kind === 'choice' ? (
        <select {...common} defaultValue={text || undefined} className="control">
          {(field.options ?? []).map((option) => {
            const one = typeof option === 'string' ? { value: option, label: option } : option;
            return (
              <option key={one.value} value={one.value}>
                {one.label}
              </option>
            );
          })}
        </select>
      ) : kind === 'area' || kind === 'json' ? (
        <textarea
          {...common}
          defaultValue={text}
          rows={kind === 'json' ? 7 : 4}
          spellCheck={kind !== 'json'}
          className={`control h-auto! py-1.5 ${kind === 'json' ? 'font-mono text-[12.5px]' : ''}`}
        />
      ) : (
        <>
          <input
            {...common}
            type={type}
            step={kind === 'number' ? 'any' : undefined}
            defaultValue={text}
            list={field.options ? `${id}-options` : undefined}
            className="control"
          />
          {field.options ? (
            <datalist id={`${id}-options`}>
              {field.options.map((option) => (
                <option
                  key={typeof option === 'string' ? option : option.value}
                  value={typeof option === 'string' ? option : option.value}
                />
              ))}
            </datalist>
          ) : null}
        </>
      )}
      {field.help ? (
        <p id={told} className="mt-1 text-[12.5px] text-soft">
          {field.help}
        </p>
      ) : null}
    </div>
  );
}

/** A form in a dialog; it closes when the server took what was typed. */
export function FormDialog({
  title,
  fields,
  action,
  isBad,
  children,
  onDo,
  onClose,
}: {
  title: string;
  fields: FieldSpec[];
  action: string;
  isBad?: boolean;
  children?: ReactNode;
  onDo: (values: Values) => Promise<unknown>;
  onClose: () => void;
}) {
  const [error, setError] = useState<Error>();
  const [isBusy, setBusy] = useState(false);
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          setBusy(true);
          setError(undefined);
          try {
            await onDo(valuesOf(fields, form));
            onClose();
          } catch (error) {
            setError(error instanceof Error ? error : new Error(String(error)));
          } finally {
            setBusy(false);
          }
        }}
        className="space-y-4"
      >
        {children}
        <Fields fields={fields} />
        {error ? <Failed error={error} /> : null}
        <div className="flex justify-end gap-2 pt-1">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone={isBad ? 'bad' : 'main'} type="submit" disabled={isBusy}>
            {isBusy ? 'Working…' : action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** A secret that is shown once. */
export function SecretDialog({
  title,
  secret,
  children,
  onClose,
}: {
  title: string;
  secret: string;
  children?: ReactNode;
  onClose: () => void;
}) {
  const [isCopied, setCopied] = useState(false);
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="space-y-3">
        <p className="text-soft">{children ?? 'It is shown now and never again. Copy it to a safe place.'}</p>
        <div className="flex gap-2">
          <input
            readOnly
            aria-label={title}
            value={secret}
            className="control font-mono text-[12.5px]"
            onFocus={(event) => event.target.select()}
          />
          <Button
            tone="main"
            onClick={() =>
              navigator.clipboard.writeText(secret).then(
                () => setCopied(true),
                () => undefined,
              )
            }
          >
            {isCopied ? 'Copied' : 'Copy'}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
