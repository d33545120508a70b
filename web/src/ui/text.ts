/** How times, durations and states are said. */

const UNITS: [number, string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** `3 min ago`, `in 2 h`. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = Math.round((now - Date.parse(iso)) / 1_000);
  const far = Math.abs(seconds);
  if (far < 5) {
    return 'now';
  }
  const [size, unit] = UNITS.find(([size]) => far >= size) ?? [1, 's'];
  const amount = `${Math.round(far / size)} ${unit}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

/** `340 ms`, `1 min 20 s`, `10 min`. */
export function lasted(ms: number): string {
  if (ms < 1_000) {
    return `${Math.max(0, Math.round(ms))} ms`;
  }
  const seconds = ms / 1_000;
  if (seconds < 60) {
    return Number.isInteger(seconds) ? `${seconds} s` : `${seconds.toFixed(1)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  const rest = minutes < 60 ? Math.floor(seconds % 60) : minutes % 60;
  const [whole, part] = minutes < 60 ? [`${minutes} min`, 's'] : [`${Math.floor(minutes / 60)} h`, 'min'];
  return rest === 0 ? whole : `${whole} ${rest} ${part}`;
}

export function between(from: string | null | undefined, to: string | null | undefined): string {
  return from ? lasted((to ? Date.parse(to) : Date.now()) - Date.parse(from)) : '–';
}

export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = bytes < 1 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1_000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** A name for programs, for people: `needs_decision`. */
export function said(name: string): string {
  return name.replaceAll('_', ' ');
}

/** Whoever did something, without what programs need: `user:ada@example.com`. */
export function person(actor: string): string {
  const [kind, ...rest] = actor.split(':');
  const name = rest.join(':');
  return kind === 'user' ? name : kind === 'key' ? `key ${name}` : actor;
}

/** The end of a long id, which is what differs. */
export function short(id: string): string {
  return id.slice(-8);
}
