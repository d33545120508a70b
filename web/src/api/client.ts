/** The server, by the types that its own description gives. The session is in a cookie; the server
 * refuses what comes from pages of other sites, so that no token is needed beside it. */

import createClient from 'openapi-fetch';
import type { components, paths } from './schema.gen.ts';

export type Schemas = components['schemas'];

export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' });

/** Why the server did not do what it was asked. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly help?: string,
  ) {
    super(message);
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What the server answered, or its refusal thrown. */
export async function got<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch {
    throw new Refusal(0, 'unreachable', 'the server cannot be reached', 'The page tries again by itself.');
  }
  if (answer.response.ok) {
    return answer.data as T;
  }
  const told = (answer.error ?? {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  throw new Refusal(
    answer.response.status,
    text(told.code) ?? 'unknown',
    text(told.detail) ?? `the server answered ${answer.response.status}`,
    text(told.help),
  );
}

export interface Paged<T> {
  items: T[];
  next?: string | null;
}

/** All of a list that is never long, such as pools. */
export async function all<T>(page: (cursor: string | undefined) => Promise<Paged<T>>, most = 2_000): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const got = await page(cursor);
    items.push(...got.items);
    cursor = got.next ?? undefined;
  } while (cursor && items.length < most);
  return items;
}
