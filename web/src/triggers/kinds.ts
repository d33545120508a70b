/** The kinds of triggers: what each asks for, and the design that comes of it. */

import type { Schemas } from '../api/client.ts';
import type { FieldSpec, Values } from '../ui/Dialog.tsx';

export type Design = Schemas['TriggerDesign'];
export type Kind = Schemas['Source']['kind'];

export const KINDS: { value: Kind; label: string; help: string }[] = [
  { value: 'webhook', label: 'Web request', help: 'Another system calls an address of this server.' },
  { value: 'form', label: 'Form', help: 'A person fills in the inputs of the workflow.' },
  { value: 'file', label: 'Files in a folder', help: 'A file comes into a folder that the server may watch.' },
  { value: 'mail', label: 'Mail', help: 'A mail comes into a mailbox.' },
  { value: 'queue', label: 'Items of a queue', help: 'Items wait in a queue of this server.' },
  { value: 'notify', label: 'Database notice', help: 'PostgreSQL tells of something with NOTIFY.' },
  { value: 'run_finished', label: 'Ended run', help: 'A run of a workflow has ended.' },
];

const SECRET_HELP = 'At least 16 characters.';
const KEPT = 'Left empty, it stays as it is.';

/** What is in a design, by the names of the fields. */
function valueIn(design: Design | undefined): (name: string) => unknown {
  const source = (design?.source ?? {}) as Record<string, unknown>;
  const auth = (source.auth ?? {}) as Record<string, unknown>;
  return (name) => (name.startsWith('auth_') ? auth[name.slice('auth_'.length)] : source[name]);
}

/** How callers of a web request show that they may. */
function authFields(auth: string, isNew: boolean, was: (name: string) => unknown): FieldSpec[] {
  const secret = { kind: 'password' as const, optional: !isNew, help: isNew ? SECRET_HELP : KEPT };
  if (auth === 'basic') {
    return [
      { name: 'auth_username', label: 'Name', initial: was('auth_username') },
      { name: 'auth_password', label: 'Password', ...secret },
    ];
  }
  if (auth === 'hmac') {
    return [
      { name: 'auth_secret', label: 'Shared secret', ...secret },
      {
        name: 'auth_header',
        label: 'Header with the signature',
        optional: true,
        initial: was('auth_header'),
        help: 'x-hub-signature-256 if empty.',
      },
      {
        name: 'auth_prefix',
        label: 'What stands before it',
        optional: true,
        initial: was('auth_prefix'),
        help: 'sha256= if empty.',
      },
    ];
  }
  return [{ name: 'auth_token', label: 'Token', ...secret }];
}

/** The fields of one kind, filled from `design` where there is one. */
export function fieldsOf(kind: Kind, auth: string, design: Design | undefined): FieldSpec[] {
  const was = valueIn(design?.source.kind === kind ? design : undefined);
  const isNew = design?.source.kind !== kind;
  switch (kind) {
    case 'webhook':
      return [
        ...authFields(auth, isNew, was),
        {
          name: 'wait_s',
          label: 'Seconds to wait for the outputs',
          kind: 'number',
          initial: was('wait_s') ?? 0,
          help: 'With 0 the caller is answered at once; 60 at most.',
        },
      ];
    case 'form':
      return [
        { name: 'title', label: 'Title', initial: was('title'), optional: true },
        { name: 'help', label: 'What people read above it', kind: 'area', initial: was('help'), optional: true },
        {
          name: 'public',
          label: 'For anybody who has the address',
          kind: 'check',
          initial: was('public'),
          help: 'Otherwise for those who are signed in and may run workflows.',
        },
      ];
    case 'file':
      return [
        {
          name: 'folder',
          label: 'Folder',
          initial: was('folder'),
          help: 'As the server sees it; it has to be allowed with casare serve --watch.',
        },
        { name: 'pattern', label: 'Which names', initial: was('pattern') ?? '*', help: '*.pdf, **/order-*.csv' },
        { name: 'every_s', label: 'Seconds between looks', kind: 'number', initial: was('every_s') ?? 10 },
        { name: 'changed', label: 'Also files that have changed', kind: 'check', initial: was('changed') },
      ];
    case 'mail':
      return [
        { name: 'server', label: 'IMAP server', initial: was('server'), help: 'mail.example.com:993' },
        { name: 'credential', label: 'Credential', initial: was('credential'), help: 'With username and password.' },
        { name: 'folder', label: 'Folder', initial: was('folder') ?? 'INBOX' },
        {
          name: 'security',
          label: 'Encryption',
          kind: 'choice',
          initial: was('security') ?? '',
          optional: true,
          options: [
            { value: '', label: 'As is usual on the port' },
            { value: 'tls', label: 'TLS' },
            { value: 'starttls', label: 'STARTTLS' },
            { value: 'none', label: 'None' },
          ],
        },
      ];
    case 'queue':
      return [
        { name: 'queue', label: 'Queue', initial: was('queue') },
        { name: 'items_per_run', label: 'Items per run', kind: 'number', initial: was('items_per_run') ?? 1 },
        { name: 'most_runs', label: 'Runs at a time', kind: 'number', initial: was('most_runs') ?? 1 },
      ];
    case 'notify':
      return [
        {
          name: 'credential',
          label: 'Credential',
          initial: was('credential'),
          help: 'With the url of the database.',
        },
        { name: 'channel', label: 'Channel', initial: was('channel') },
      ];
    case 'run_finished':
      return [
        { name: 'source_workflow', label: 'Workflow whose runs count', initial: was('workflow') },
        {
          name: 'states',
          label: 'States',
          kind: 'list',
          initial: (was('states') as string[] | undefined)?.join(', ') ?? 'succeeded',
          help: 'succeeded, failed, cancelled, dead',
        },
      ];
  }
}

/** Fields that every kind has. */
export function sharedFields(design: Design | undefined): FieldSpec[] {
  const map = (value: object | undefined) => (value && Object.keys(value).length > 0 ? value : undefined);
  return [
    {
      name: 'gather_s',
      label: 'Gather for seconds',
      kind: 'number',
      optional: true,
      initial: design?.gather_s,
      help: 'One run for all that comes close together: it starts when nothing more has come for so long.',
    },
    {
      name: 'inputs',
      label: 'Inputs',
      kind: 'json',
      optional: true,
      initial: map(design?.inputs),
      help: 'Name to JSON pointer into what came, or = and a text: {"customer": "/body/customer/name"}. If empty, the fields that came.',
    },
    {
      name: 'filter',
      label: 'Only if',
      kind: 'json',
      optional: true,
      initial: map(design?.filter),
      help: 'JSON pointer to value: {"/body/action": "opened"}. Other calls start nothing.',
    },
  ];
}

/** The design that was typed; what the form does not show stays as it was. */
export function designOf(kind: Kind, auth: string, values: Values, before: Design | undefined): Design {
  const source: Record<string, unknown> = { kind };
  const shown: Record<string, unknown> = { kind: auth };
  for (const { name } of fieldsOf(kind, auth, before)) {
    const value = values[name];
    if (name.startsWith('auth_')) {
      const isSecret = ['auth_token', 'auth_password', 'auth_secret'].includes(name);
      if (value !== undefined || isSecret) {
        shown[name.slice('auth_'.length)] = value ?? '';
      }
    } else if (value !== undefined && value !== '') {
      source[name === 'source_workflow' ? 'workflow' : name] = value;
    }
  }
  if (kind === 'webhook') {
    source.auth = shown;
  }
  const { gather_s, inputs, filter } = values;
  return {
    ...(before?.order ? { order: before.order } : {}),
    source: source as never,
    ...(gather_s === undefined ? {} : { gather_s: gather_s as number }),
    inputs: (inputs ?? {}) as Design['inputs'],
    filter: (filter ?? {}) as Design['filter'],
  };
}
