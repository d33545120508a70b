/** Small parts that all of the designer is made of. */

import { X } from 'lucide-react';
import { type ComponentProps, type ReactNode, useEffect, useId, useRef } from 'react';

type ButtonProps = ComponentProps<'button'> & {
  tone?: 'main' | 'bad' | 'plain';
  small?: boolean;
  /** What it does, for those who cannot see its picture. */
  label?: string;
};

export function Button({ tone, small, label, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className="dz-button"
      data-tone={tone}
      data-size={small ? 'small' : undefined}
      data-shape={label && !rest['aria-describedby'] && isPicture(children) ? 'icon' : undefined}
      aria-label={label}
      title={label}
      {...rest}
    >
      {children}
    </button>
  );
}

function isPicture(children: ReactNode): boolean {
  return typeof children === 'object' && children !== null && !Array.isArray(children);
}

/** A dialog in front of everything; Escape and the cross close it. */
export function Dialog({
  title,
  children,
  footer,
  onClose,
}: {
  title: string;
  children: ReactNode;
  footer?: ReactNode;
  onClose: () => void;
}) {
  const ref = useModal();
  const id = useId();
  return (
    <dialog
      ref={ref}
      className="dz-dialog"
      aria-labelledby={id}
      onClose={onClose}
      onCancel={onClose}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <Button tone="plain" small label="Close" onClick={onClose}>
          <X size={16} aria-hidden />
        </Button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <section className="dz-body" tabIndex={0} aria-labelledby={id}>
        {children}
      </section>
      {footer ? <footer>{footer}</footer> : null}
    </dialog>
  );
}

/** Opens a dialog as soon as it is there. */
export function useModal() {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) {
      dialog.showModal();
    }
  }, []);
  return ref;
}

/** Help with `code` in it. */
export function Says({ text }: { text: string }) {
  return (
    <>
      {text.split(/(`[^`]+`)/).map((part, index) =>
        part.startsWith('`') && part.length > 2 ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a constant text
          <code key={index}>{part.slice(1, -1)}</code>
        ) : (
          part.replace(/\n(?!\n)/g, ' ')
        ),
      )}
    </>
  );
}

/** One of a few. */
export function Switch<T extends string>({
  label,
  value,
  options,
  small,
  onChange,
}: {
  label: string;
  value: T;
  options: { value: T; label: string; title?: string }[];
  small?: boolean;
  onChange: (value: T) => void;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be drawn as one bar
    <span className="dz-switch" role="group" aria-label={label} data-size={small ? 'small' : undefined}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          title={option.title}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </span>
  );
}

/** A time as people say it: `3 min ago`. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1_000));
  if (seconds < 5) {
    return 'just now';
  }
  const [amount, unit] =
    seconds < 60
      ? [seconds, 's']
      : seconds < 3_600
        ? [Math.round(seconds / 60), 'min']
        : seconds < 86_400
          ? [Math.round(seconds / 3_600), 'h']
          : [Math.round(seconds / 86_400), 'd'];
  return `${amount} ${unit} ago`;
}

/** A duration in microseconds. */
export function took(us: number | undefined): string {
  if (us === undefined) {
    return '';
  }
  if (us < 1_000) {
    return `${us} µs`;
  }
  if (us < 1_000_000) {
    return `${Math.round(us / 1_000)} ms`;
  }
  const seconds = us / 1_000_000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Whoever made something, without what programs need: `user:ada@example.com`. */
export function person(actor: string): string {
  const [kind, name = ''] = actor.split(':');
  return kind === 'user' ? name : kind === 'key' ? `key ${name}` : actor;
}
