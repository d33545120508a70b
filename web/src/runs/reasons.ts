/** Why no robot has a run, in sentences. */

export interface Reason {
  reason: string;
  [about: string]: unknown;
}

interface Obstacle {
  obstacle: string;
  wanted?: string;
  name?: string;
  robot?: string;
}

export type NameOf = (robot: string) => string;

const text = (value: unknown) => String(value ?? '');
const time = (value: unknown) => new Date(text(value)).toLocaleString();

const OBSTACLES: Record<string, (told: Obstacle, nameOf: NameOf) => string> = {
  not_accepting: () => 'it takes no runs now',
  other_tenant: () => 'it belongs to another tenant',
  other_environment: ({ wanted }) => `it does not work in the environment ${wanted}`,
  not_in_pool: ({ wanted }) => `it is not in the pool ${wanted}`,
  pinned_to_another: ({ robot }, nameOf) => `the run is for ${nameOf(text(robot))} alone`,
  excluded: () => 'the run is not for this robot',
  lacks_capability: ({ wanted }) => `it can’t do ${wanted}`,
  lacks_label: ({ name, wanted }) => `its label ${name} is not ${wanted}`,
};

function obstacles(list: unknown, nameOf: NameOf): string {
  const told = Array.isArray(list) ? (list as Obstacle[]) : [];
  return told.map((one) => OBSTACLES[one.obstacle]?.(one, nameOf) ?? one.obstacle.replaceAll('_', ' ')).join(', ');
}

/** Of `no_robot`: each robot with what keeps it. */
function refusals(reason: Reason): [string, unknown][] {
  return reason.reason === 'no_robot' && Array.isArray(reason.robots) ? (reason.robots as [string, unknown][]) : [];
}

const names = (robots: unknown, nameOf: NameOf) =>
  Array.isArray(robots) ? robots.map((robot) => nameOf(text(robot))).join(', ') : '';

const REASONS: Record<string, (reason: Reason, nameOf: NameOf) => string> = {
  not_due: ({ until }) => `It is due at ${time(until)}.`,
  suspended: ({ until }) => `It waits for an answer${until ? ` until ${time(until)}` : ''}.`,
  needs_decision: () => 'Somebody has to decide what happened to a step.',
  paused: ({ scope }) => `${text(scope)} is paused.`,
  no_robot: (reason) =>
    refusals(reason).length === 0 ? 'No robot is connected.' : 'No robot that is connected may have it:',
  robots_busy: ({ robots }, nameOf) => `Busy with other runs: ${names(robots, nameOf)}.`,
  limit_reached: ({ scope, most, held }) => `${text(scope)} runs ${most} at a time, and ${held} do.`,
  behind: ({ jobs }) => `${jobs} ${jobs === 1 ? 'run goes' : 'runs go'} before it.`,
  next: ({ robots }, nameOf) => `Nothing is in its way; next asked: ${names(robots, nameOf)}.`,
  not_waiting: ({ state }) => `It does not wait; it is ${text(state).replaceAll('_', ' ')}.`,
};

/** A reason as a sentence, with a part for each robot that may not have the run. */
export function why(reason: Reason, nameOf: NameOf): { says: string; robots: string[] } {
  return {
    says: REASONS[reason.reason]?.(reason, nameOf) ?? reason.reason.replaceAll('_', ' '),
    robots: refusals(reason).map(([robot, list]) => `${nameOf(robot)}: ${obstacles(list, nameOf)}`),
  };
}

/** What keeps one robot from a run; nothing when it may have it. */
export function refusedBy(robot: string, reasons: Reason[], nameOf: NameOf): string | undefined {
  const found = reasons.flatMap(refusals).find(([id]) => id === robot);
  return found && obstacles(found[1], nameOf);
}
