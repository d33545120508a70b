/** What the designer asks the server, and what it is told. */

import type { ExpressionFunction, NodeSpec } from './model/catalogue.ts';
import type { RunEvent } from './model/progress.ts';

/** Why the server did not do what it was asked. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly help: string | undefined,
    readonly problems: unknown[],
  ) {
    super(message);
  }
}

/** Something wrong with a text, as the check tells it. */
export interface Problem {
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  code: string;
  severity: 'error' | 'warning';
  message: string;
  help: string | null;
  path: string;
}

export interface WorkflowView {
  id: string;
  name: string;
  active?: number;
  revision: number;
}

export interface VersionView {
  number: number;
  version: string;
  state: string;
  note?: string;
  created_by: string;
  created: string;
  text?: string;
}

export interface DraftView {
  base?: number;
  text: string;
  revision: number;
  changed: string;
}

export interface OpenDraft {
  who: string;
  mine: boolean;
  base?: number;
  changed: string;
}

export interface JobView {
  id: string;
  version?: number;
  state: string;
  submitted: string;
  started?: string;
  finished?: string;
  error_message?: string;
}

export interface JobDetail extends JobView {
  stopping: boolean;
  inputs: Record<string, unknown>;
  outputs?: unknown;
  attempts: { run: string; number: number; outcome: string; error_message?: string }[];
}

export interface Trial {
  value?: unknown;
  kind?: string;
  error?: { message: string; help?: string; at: string; offset?: number };
}

export interface ValueChange {
  path: string;
  old?: unknown;
  new?: unknown;
}

interface StepPlace {
  title: string;
  node: string;
  path: string;
  line: number;
  home: string;
}

export type StepChange =
  | { change: 'added' | 'removed'; step: StepPlace; inside: number; text: string }
  | { change: 'changed'; step: StepPlace; was: StepPlace; moved: boolean; renamed: boolean; values: ValueChange[] };

export interface Difference {
  same: boolean;
  parts: ValueChange[];
  steps: StepChange[];
}

export interface Merged {
  text: string;
  conflicts: string[];
  notes: string[];
}

interface Remark {
  at?: string;
  kind?: string;
  message: string;
}

export interface Imported {
  source: string;
  text?: string;
  error?: string;
  help?: string;
  report?: { converted: number; total: number; no_equivalent: Remark[]; changed: Remark[]; look: Remark[] };
}

interface Paged<T> {
  items: T[];
  next?: string | null;
}

interface Asking {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  keepalive?: boolean;
}

async function ask<T>(path: string, { method = 'GET', body, headers = {}, signal, keepalive }: Asking = {}): Promise<T> {
  const answer = await fetch(`/api/v1${path}`, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    credentials: 'same-origin',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
    ...(keepalive ? { keepalive } : {}),
  });
  if (answer.ok) {
    const text = await answer.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<Refusal> {
  const told = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return new Refusal(
    answer.status,
    text(told.code) ?? 'unknown',
    text(told.detail) ?? `the server answered ${answer.status}`,
    text(told.help),
    Array.isArray(told.problems) ? told.problems : [],
  );
}

/** `undefined` where there is no such thing. */
async function found<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) {
      return undefined;
    }
    throw error;
  }
}

const of = (workflow: string) => `/workflows/${encodeURIComponent(workflow)}`;

export const server = {
  catalogue: (signal?: AbortSignal) =>
    ask<{ nodes: NodeSpec[]; functions: ExpressionFunction[] }>('/designer/catalogue', { signal }),
  check: (text: string, signal?: AbortSignal) =>
    ask<{ valid: boolean; name?: string; problems: Problem[] }>('/workflows/check', {
      method: 'POST',
      body: { text },
      signal,
    }),
  preview: (setting: unknown, scope: Record<string, unknown>, condition: boolean, signal?: AbortSignal) =>
    ask<Trial>('/designer/expression', { method: 'POST', body: { setting, scope, condition }, signal }),
  compare: (before: string, after: string) =>
    ask<Difference>('/designer/compare', { method: 'POST', body: { old: before, new: after } }),
  merge: (base: string, ours: string, theirs: string) =>
    ask<Merged>('/designer/merge', { method: 'POST', body: { base, ours, theirs } }),
  importFiles: (files: { path: string; text: string }[]) =>
    ask<{ files: Imported[] }>('/designer/import', { method: 'POST', body: { files } }),

  workflow: (workflow: string) => found(ask<WorkflowView>(of(workflow))),
  versions: (workflow: string) => ask<Paged<VersionView>>(`${of(workflow)}/versions?limit=100`),
  version: (workflow: string, number: number) => ask<VersionView>(`${of(workflow)}/versions/${number}`),
  upload: (upload: { text: string; publish: boolean; note?: string; base?: number }) =>
    ask<VersionView & { workflow: string }>('/workflows', { method: 'POST', body: upload }),

  draft: (workflow: string) => found(ask<DraftView>(`${of(workflow)}/draft`)),
  drafts: (workflow: string) => ask<Paged<OpenDraft>>(`${of(workflow)}/drafts`),
  keepDraft: (workflow: string, text: string, base: number | undefined, revision: number | undefined, keepalive = false) =>
    ask<{ revision: number; changed: string }>(`${of(workflow)}/draft`, {
      method: 'PUT',
      body: { text, ...(base === undefined ? {} : { base }) },
      headers: revision === undefined ? { 'if-none-match': '*' } : { 'if-match': `"${revision}"` },
      keepalive,
    }),
  dropDraft: (workflow: string) => found(ask<void>(`${of(workflow)}/draft`, { method: 'DELETE' })),

  run: (workflow: string, version: number, inputs: Record<string, unknown>) =>
    ask<{ job: string }>(`${of(workflow)}/runs`, { method: 'POST', body: { inputs, version, max_attempts: 1 } }),
  jobs: (workflow: string) => ask<Paged<JobView>>(`/jobs?workflow=${encodeURIComponent(workflow)}&limit=30`),
  job: (id: string, signal?: AbortSignal) => ask<JobDetail>(`/jobs/${id}`, { signal }),
  waiting: (id: string) => ask<Record<string, unknown>[]>(`/jobs/${id}/waiting`),
  cancel: (id: string) => ask<unknown>(`/jobs/${id}/cancel`, { method: 'POST', body: {} }),
  kill: (id: string) => ask<unknown>(`/jobs/${id}/kill`, { method: 'POST', body: {} }),
  events: (run: string, after: number | undefined, signal?: AbortSignal) =>
    ask<Paged<{ seq: number; at: string; event: RunEvent }>>(
      `/runs/${run}/events?limit=500${after === undefined ? '' : `&cursor=${cursorAfter(after)}`}`,
      { signal },
    ),
  credentials: () => ask<Paged<{ name: string; kind?: string }>>('/credentials?limit=200'),
};

/** The cursor behind an event: a run goes on, and the last page of its events names no next one. */
function cursorAfter(seq: number): string {
  return btoa(String(seq)).replace(/=+$/, '');
}
