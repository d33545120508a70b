/** Keeps what is shown true: what the server tells of is read again. */

import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { create } from 'zustand';

/** Reads again at most so often, however much happens. */
const PAUSE_MS = 1_500;

/** Which lists may change when something is told of a topic. */
const TOUCHED: Record<string, string[]> = {
  jobs: ['jobs', 'tasks', 'dead-letters'],
  runs: ['runs'],
  robots: ['robots'],
  workflows: ['workflows'],
  drafts: ['workflows'],
  schedules: ['schedules'],
  queues: ['queues'],
  items: ['queues'],
  triggers: ['triggers'],
  alert: ['alerts'],
};

export const useLiveState = create<{ isLive: boolean }>(() => ({ isLive: false }));

/** The names of the queries that an event of this topic touches. */
export function touched(topic: string): string[] {
  const kind = topic.split(/[/.]/)[0] ?? topic;
  return TOUCHED[kind] ?? [kind];
}

function follow(client: QueryClient): () => void {
  const waiting = new Set<string>();
  let timer: number | undefined;
  const flush = () => {
    timer = undefined;
    for (const name of waiting) {
      void client.invalidateQueries({ queryKey: [name] });
    }
    waiting.clear();
  };
  const later = (names: string[]) => {
    for (const name of names) {
      waiting.add(name);
    }
    timer ??= window.setTimeout(flush, PAUSE_MS);
  };
  const source = new EventSource('/api/v1/events?topics=*');
  let wasLost = false;
  source.onopen = () => {
    useLiveState.setState({ isLive: true });
    if (wasLost) {
      void client.invalidateQueries();
    }
  };
  source.onerror = () => {
    wasLost = true;
    useLiveState.setState({ isLive: false });
  };
  source.onmessage = (message) => {
    const event = JSON.parse(message.data as string) as { topic?: string };
    if (event.topic) {
      later(touched(event.topic));
    }
  };
  source.addEventListener('missed', () => void client.invalidateQueries());
  return () => {
    window.clearTimeout(timer);
    source.close();
  };
}

export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => follow(client), [client]);
}
