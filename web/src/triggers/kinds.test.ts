import { expect, test } from 'vitest';
import { type Design, designOf, fieldsOf, KINDS, sharedFields } from './kinds.ts';

/** What a person leaves as it is. */
function untouched(kind: Design['source']['kind'], auth: string, design: Design) {
  const fields = [...fieldsOf(kind, auth, design), ...sharedFields(design)];
  const typed = fields.filter((field) => field.initial !== undefined && field.initial !== '');
  return Object.fromEntries(
    typed.map(({ name, kind, initial }) => [name, kind === 'list' ? String(initial).split(', ') : initial]),
  );
}

test.each<Design['source']>([
  { kind: 'webhook', auth: { kind: 'hmac', secret: '', header: 'x-sign' }, wait_s: 5 } as never,
  { kind: 'webhook', auth: { kind: 'basic', username: 'shop', password: '' }, wait_s: 0 } as never,
  { kind: 'form', title: 'Leave', help: 'Ask in time', public: true } as never,
  { kind: 'file', folder: '/in', pattern: '*.pdf', every_s: 5, changed: true } as never,
  { kind: 'mail', server: 'mail.example.com', credential: 'office', folder: 'INBOX', security: 'tls' } as never,
  { kind: 'queue', queue: 'orders', items_per_run: 20, most_runs: 2 } as never,
  { kind: 'notify', credential: 'db', channel: 'orders' } as never,
  { kind: 'run_finished', workflow: 'import', states: ['failed', 'dead'] } as never,
])('a trigger that is opened and saved stays as it is: $kind', (source) => {
  const design: Design = {
    source,
    gather_s: 30,
    inputs: { customer: '/body/customer' },
    filter: { '/body/action': 'opened' as never },
    order: { priority: 80, inputs: {} } as never,
  };
  const auth = (source as { auth?: { kind: string } }).auth?.kind ?? 'bearer';

  expect(designOf(source.kind, auth, untouched(source.kind, auth, design), design)).toEqual(design);
});

test('every kind has a name and asks for something', () => {
  for (const { value, label } of KINDS) {
    expect(label).not.toBe('');
    expect(fieldsOf(value, 'bearer', undefined).length).toBeGreaterThan(0);
  }
});
