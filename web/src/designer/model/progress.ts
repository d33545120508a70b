/** What a run has done so far, step by step, out of its events. */

/** An event of a run, as the engine emits it. */
export interface RunEvent {
  event: string;
  at?: number;
  path?: string;
  step?: { node: string; title: string; id?: string; line?: number };
  outputs?: unknown;
  variables?: Record<string, unknown>;
  inputs?: Record<string, unknown>;
  state?: unknown;
  error?: ErrorReport;
  block?: string;
  pass?: number;
  took?: number;
  level?: string;
  message?: string;
  artifact?: { name: string; media_type?: string };
  attempt?: number;
  done?: number;
  total?: number;
  continued?: boolean;
  reason?: unknown;
}

export interface ErrorReport {
  kind?: string;
  message?: string;
  help?: string;
}

export type StepState = 'running' | 'finished' | 'failed' | 'skipped';

/** One execution of a step. */
export interface Instance {
  /** With its passes: `1.do[17].0`. */
  path: string;
  state: StepState;
  started: number | undefined;
  took: number | undefined;
  retries: number;
  outputs: unknown;
  error: ErrorReport | undefined;
  log: { level: string; message: string }[];
  artifacts: { name: string; media_type?: string }[];
  progress: { done: number; total: number | undefined } | undefined;
}

/** A step with all its executions. */
export interface StepProgress {
  state: StepState;
  instances: Instance[];
  running: number;
  failed: number;
  took: number;
}

export interface Progress {
  /** By run path without passes. */
  steps: ReadonlyMap<string, StepProgress>;
  inputs: Record<string, unknown>;
  variables: Record<string, unknown>;
  /** The newest outputs by step id. */
  outputs: Record<string, unknown>;
  finished: { state: string; outputs: unknown; error: ErrorReport | undefined } | undefined;
  log: { path: string; level: string; message: string; at: number | undefined }[];
  /** Events that were read. */
  count: number;
}

/** Executions of one step that are kept in full; the rest is counted. */
const MOST_INSTANCES = 500;
const MOST_LOG = 2_000;

export const NO_PROGRESS: Progress = {
  steps: new Map(),
  inputs: {},
  variables: {},
  outputs: {},
  finished: undefined,
  log: [],
  count: 0,
};

/** A path without its passes: `1.do.0`. */
export function withoutPasses(path: string): string {
  return path.replace(/\[\d+\]/g, '');
}

/** `before` with what the events tell. */
export function follow(before: Progress, events: readonly RunEvent[]): Progress {
  if (events.length === 0) {
    return before;
  }
  const now: Progress = {
    ...before,
    steps: new Map(before.steps),
    outputs: { ...before.outputs },
    log: [...before.log],
    count: before.count + events.length,
  };
  const touched = new Set<string>();
  for (const event of events) {
    if (event.event === 'run_started') {
      now.inputs = event.inputs ?? {};
    } else if (event.event === 'run_finished') {
      now.finished = { state: String(event.state ?? ''), outputs: event.outputs, error: event.error };
    } else if (event.path !== undefined) {
      noteStep(now, event, event.path, touched);
    }
  }
  if (now.log.length > MOST_LOG) {
    now.log.splice(0, now.log.length - MOST_LOG);
  }
  return now;
}

function noteStep(now: Progress, event: RunEvent, path: string, touched: Set<string>): void {
  const place = withoutPasses(path);
  const steps = now.steps as Map<string, StepProgress>;
  let step = steps.get(place);
  if (!step) {
    step = { state: 'running', instances: [], running: 0, failed: 0, took: 0 };
    steps.set(place, step);
    touched.add(place);
  } else if (!touched.has(place)) {
    step = { ...step, instances: [...step.instances] };
    steps.set(place, step);
    touched.add(place);
  }
  let instance = step.instances.findLast((one) => one.path === path);
  const isEnd = event.event === 'step_finished' || event.event === 'step_failed' || event.event === 'step_skipped';
  if (!instance || (event.event === 'step_started' && instance.state !== 'running')) {
    instance = {
      path,
      state: 'running',
      started: event.at,
      took: undefined,
      retries: 0,
      outputs: undefined,
      error: undefined,
      log: [],
      artifacts: [],
      progress: undefined,
    };
    if (step.instances.length >= MOST_INSTANCES) {
      const kept = step.instances.findIndex((one) => one.state === 'finished');
      step.instances.splice(Math.max(0, kept), 1);
    }
    step.instances.push(instance);
    step.running += 1;
    step.state = 'running';
  }
  note(now, event, path, instance);
  if (isEnd) {
    step.running = Math.max(0, step.running - 1);
    step.failed += instance.state === 'failed' ? 1 : 0;
    step.took += instance.took ?? 0;
    step.state = step.failed > 0 ? 'failed' : step.running > 0 ? 'running' : instance.state;
  }
}

function note(now: Progress, event: RunEvent, path: string, instance: Instance): void {
  switch (event.event) {
    case 'step_finished':
      instance.state = 'finished';
      instance.took = event.took;
      instance.outputs = event.outputs;
      if (event.step?.id && event.outputs !== undefined) {
        now.outputs[event.step.id] = event.outputs;
      }
      now.variables = { ...now.variables, ...event.variables };
      break;
    case 'step_failed':
      instance.state = 'failed';
      instance.took = event.took;
      instance.error = event.error;
      break;
    case 'step_skipped':
      instance.state = 'skipped';
      break;
    case 'step_retried':
      instance.retries += 1;
      instance.error = event.error;
      break;
    case 'log': {
      const line = { level: event.level ?? 'info', message: event.message ?? '' };
      instance.log.push(line);
      now.log.push({ path, at: event.at, ...line });
      break;
    }
    case 'artifact':
      if (event.artifact) {
        instance.artifacts.push(event.artifact);
      }
      break;
    case 'progress':
      instance.progress = { done: event.done ?? 0, total: event.total };
      break;
    default:
  }
}
