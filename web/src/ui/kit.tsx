/** Small parts that every page is made of. */

import { Link } from '@tanstack/react-router';
import { Inbox, RotateCw, TriangleAlert } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { Refusal } from '../api/client.ts';
import { ago, said } from './text.ts';

type Tone = 'main' | 'bad' | 'quiet' | 'plain';

const TONES: Record<Tone, string> = {
  main: 'bg-accent text-on-accent border-transparent hover:opacity-90 font-medium',
  bad: 'bg-card text-bad border-strong hover:bg-bad-soft',
  plain: 'bg-card border-strong hover:bg-hover',
  quiet: 'border-transparent text-soft hover:bg-hover hover:text-text',
};

export function Button({
  tone = 'plain',
  small,
  className = '',
  ...rest
}: ComponentProps<'button'> & { tone?: Tone; small?: boolean }) {
  return (
    <button
      type="button"
      className={`inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-md border disabled:opacity-50 ${
        small ? 'h-7 px-2 text-[12.5px]' : 'h-8 px-3'
      } ${TONES[tone]} ${className}`}
      {...rest}
    />
  );
}

/** A page: its heading stays, the rest scrolls. */
export function Page({
  title,
  sub,
  actions,
  fill,
  children,
}: {
  title: ReactNode;
  sub?: ReactNode;
  actions?: ReactNode;
  /** The content takes all the height and scrolls by itself. */
  fill?: boolean;
  children: ReactNode;
}) {
  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex min-h-14 flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5 md:px-6">
        <div className="min-w-0 flex-[1_1_12rem]">
          <h1 className="truncate font-semibold text-[17px] tracking-tight">{title}</h1>
          {sub ? <div className="truncate text-[12.5px] text-soft">{sub}</div> : null}
        </div>
        {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
      </header>
      <div className={`min-h-0 flex-1 px-4 pb-4 md:px-6 ${fill ? 'flex flex-col gap-3' : 'space-y-4 overflow-y-auto'}`}>
        {children}
      </div>
    </div>
  );
}

export function Card({
  title,
  actions,
  children,
  flush,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}) {
  return (
    <section className="overflow-hidden rounded-lg border bg-card">
      {title ? (
        <div className="flex min-h-11 items-center justify-between gap-3 border-b px-4 py-1.5">
          <h2 className="font-medium">{title}</h2>
          <div className="flex items-center gap-2">{actions}</div>
        </div>
      ) : null}
      <div className={flush ? '' : 'p-4'}>{children}</div>
    </section>
  );
}

const GOOD = [
  'succeeded',
  'online',
  'completed',
  'published',
  'finished',
  'started',
  'delivered',
  'verified',
  'ok',
  'ready',
  'active',
  'enabled',
  'settled',
];
const BAD = ['failed', 'dead', 'offline', 'abandoned', 'refused', 'error', 'gone', 'open', 'given_up'];
const WARN = [
  'suspended',
  'needs_decision',
  'paused',
  'draining',
  'pending',
  'in_review',
  'warning',
  'missed',
  'blocked',
  'overlapped',
  'gathered',
  'seen',
  'waiting',
];
const BUSY = ['running', 'leased', 'in_progress'];

const TONE_OF = new Map<string, string>([
  ...GOOD.map((state) => [state, 'bg-good-soft text-good'] as const),
  ...BAD.map((state) => [state, 'bg-bad-soft text-bad'] as const),
  ...WARN.map((state) => [state, 'bg-warn-soft text-warn'] as const),
  ...BUSY.map((state) => [state, 'bg-accent-soft text-accent'] as const),
]);

/** A state, in words and colour. */
export function State({ state }: { state: string }) {
  return (
    <span
      className={`inline-flex h-5 items-center gap-1.5 whitespace-nowrap rounded px-1.5 text-[12px] ${TONE_OF.get(state) ?? 'bg-sunken text-soft'}`}
    >
      <span className={`size-1.5 rounded-full bg-current ${BUSY.includes(state) ? 'animate-pulse' : ''}`} aria-hidden />
      {said(state)}
    </span>
  );
}

export function Tag({ children }: { children: ReactNode }) {
  return <span className="rounded bg-sunken px-1.5 py-px text-[12px] text-soft">{children}</span>;
}

export function When({ at }: { at: string | null | undefined }) {
  return at ? (
    <time dateTime={at} title={new Date(at).toLocaleString()} className="whitespace-nowrap text-soft">
      {ago(at)}
    </time>
  ) : (
    <span className="text-soft">–</span>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-1.5 px-6 py-12 text-center">
      <Inbox size={22} className="mb-1 text-soft" aria-hidden />
      <p className="font-medium">{title}</p>
      {children ? <div className="max-w-prose text-soft">{children}</div> : null}
    </div>
  );
}

export function Failed({ error, again }: { error: Error; again?: () => void }) {
  return (
    <div role="alert" className="flex items-start gap-3 rounded-lg border bg-bad-soft px-4 py-3 text-bad">
      <TriangleAlert size={17} className="mt-0.5 shrink-0" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="break-words">{error.message}</p>
        {error instanceof Refusal && error.help ? <p className="text-text">{error.help}</p> : null}
      </div>
      {again ? (
        <Button small onClick={again}>
          <RotateCw size={13} aria-hidden /> Try again
        </Button>
      ) : null}
    </div>
  );
}

/** As high as what will stand there. */
export function Loading({ lines = 6 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="space-y-3 p-4">
      {Array.from({ length: lines }, (_, line) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
          key={line}
          className="h-4 animate-pulse rounded bg-sunken"
          style={{ width: `${92 - ((line * 17) % 45)}%` }}
        />
      ))}
    </div>
  );
}

/** What a query came to, or that it is under way or failed. */
export function Asked<T>({
  query,
  lines,
  children,
}: {
  query: { data: T | undefined; error: Error | null; refetch: () => unknown };
  lines?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) {
    return <>{children(query.data)}</>;
  }
  return query.error ? <Failed error={query.error} again={() => void query.refetch()} /> : <Loading lines={lines} />;
}

export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3 lg:grid-cols-4">
      {facts.map(([name, value]) => (
        <div key={name} className="min-w-0">
          <dt className="text-[12px] text-soft">{name}</dt>
          <dd className="truncate">{value ?? '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Json({ value }: { value: unknown }) {
  return (
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
      tabIndex={0}
      className="max-h-96 overflow-auto whitespace-pre-wrap break-words rounded-md bg-sunken p-3 font-mono text-[12.5px]"
    >
      {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
    </pre>
  );
}

/** Parts of a page, as links: the address says which one is shown. */
export function Tabs({ tabs, shown }: { tabs: { id: string; label: string; count?: number }[]; shown: string }) {
  return (
    <nav aria-label="Parts" className="flex gap-1 overflow-x-auto border-b">
      {tabs.map((tab) => (
        <Link
          key={tab.id}
          to="."
          search={(now: Record<string, unknown>) => ({ ...now, tab: tab.id === tabs[0]?.id ? undefined : tab.id })}
          aria-current={tab.id === shown ? 'page' : undefined}
          className={`-mb-px whitespace-nowrap border-b-2 px-3 py-2 ${
            tab.id === shown ? 'border-accent font-medium text-text' : 'border-transparent text-soft hover:text-text'
          }`}
        >
          {tab.label}
          {tab.count ? <span className="ml-1.5 text-soft">{tab.count}</span> : null}
        </Link>
      ))}
    </nav>
  );
}

export function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly (string | { value: string; label: string })[];
  onChange: (value: string) => void;
}) {
  return (
    <select
      aria-label={label}
      className="control w-auto!"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {options.map((option) => {
        const one = typeof option === 'string' ? { value: option, label: said(option) } : option;
        return (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        );
      })}
    </select>
  );
}
