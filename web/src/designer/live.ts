/**
 * What happens, as the server tells it: one WebSocket for all of the designer. Browsers open only six
 * connections of the other kind to a server, for all of their tabs together.
 */

type Heard = (topic: string, data: Record<string, unknown>) => void;

interface Listener {
  topics: string[];
  heard: Heard;
}

const TOPICS = ['drafts', 'jobs', 'runs/*', 'workflows'];
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

const listeners = new Set<Listener>();
let socket: WebSocket | undefined;
let timer: number | undefined;
let pause = FIRST_PAUSE_MS;
let seq: number | undefined;

/** Calls `heard` for what happens on these topics, until the answer is called. */
export function listen(topics: string[], heard: Heard): () => void {
  const listener = { topics, heard };
  listeners.add(listener);
  connect();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.clearTimeout(timer);
      socket?.close();
      socket = undefined;
      seq = undefined;
    }
  };
}

function connect(): void {
  if (socket || listeners.size === 0) {
    return;
  }
  const address = new URL('/api/v1/live', window.location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.searchParams.set('topics', TOPICS.join(','));
  if (seq !== undefined) {
    address.searchParams.set('after', String(seq));
  }
  const opened = new WebSocket(address);
  socket = opened;
  opened.onopen = () => {
    pause = FIRST_PAUSE_MS;
  };
  opened.onmessage = (message) => {
    const event = JSON.parse(String(message.data)) as {
      seq: number;
      topic?: string;
      missed?: boolean;
      data?: Record<string, unknown>;
    };
    seq = event.seq;
    tell(event.missed ? 'missed' : (event.topic ?? ''), event.data ?? {});
  };
  opened.onclose = () => {
    if (socket === opened) {
      socket = undefined;
      timer = window.setTimeout(connect, pause);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
  };
}

function tell(topic: string, data: Record<string, unknown>): void {
  for (const listener of listeners) {
    const isMeant =
      topic === 'missed' ||
      listener.topics.some((wanted) => wanted === topic || (wanted.endsWith('*') && topic.startsWith(wanted.slice(0, -1))));
    if (isMeant) {
      listener.heard(topic, data);
    }
  }
}
