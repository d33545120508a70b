// Things to look at, made over the API.
import { ask } from './server.mjs';

const hello = (greeting) => `casare: 1
name: hello
inputs:
  who: { type: string, description: Whom to greet, default: world }
steps:
  - name: Say hello
    use: log.write
    with: { message: "${greeting} {{ inputs.who }}" }
`;

export async function seed(page) {
  const make = (path, body, method = 'POST') => ask(page, method, path, body);
  await make('/workflows', { text: hello('Hello'), publish: true, note: 'The first one' });
  await make('/workflows', { text: hello('Good morning'), publish: true, note: 'Friendlier' });
  await make('/workflows', { text: hello('Hi').replace('name: hello', 'name: invoices'), publish: true });
  const jobs = [];
  for (const who of ['Ada', 'Grace', 'Edsger', 'Barbara']) {
    jobs.push((await make('/workflows/hello/runs', { inputs: { who } })).job);
  }
  await make(`/jobs/${jobs[3]}/cancel`);
  await make('/pools', { name: 'office', description: 'Machines with a browser' });
  await make('/enrolment-tokens', { name: 'new machines', uses: 5, pools: ['office'] });
  await make('/queues', { name: 'orders', design: { description: 'Orders to enter' } });
  await make('/queues/orders/items', {
    items: [1, 2, 3].map((number) => ({ reference: `A-${number}`, payload: { number, customer: 'Example' } })),
  });
  await make('/environments', { name: 'test', description: 'Nothing real' });
  await make('/assets/mailbox', { value: 'office@example.com' }, 'PUT');
  await make('/credentials/crm', { kind: 'login', fields: { username: 'a', password: 'b' } }, 'PUT');
  await make(
    '/calendars/office',
    { time_zone: 'UTC', holidays: ['2026-12-25'], hours: [{ days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00' }] },
    'PUT',
  );
  const schedule = await make('/schedules', {
    name: 'every morning',
    workflow: 'hello',
    enabled: true,
    plan: { when: { kind: 'cron', expression: '0 8 * * MON-FRI', time_zone: 'UTC' }, calendar: 'office' },
  });
  await make('/triggers', {
    name: 'shop',
    workflow: 'hello',
    enabled: true,
    design: { source: { kind: 'webhook', auth: { kind: 'bearer', token: 'a-long-secret-for-the-shop' } } },
  });
  const form = await make('/triggers', {
    name: 'greetings',
    workflow: 'hello',
    enabled: true,
    design: { source: { kind: 'form', title: 'Greet somebody', help: 'It is done at once.', public: true } },
  });
  await make('/workflows/hello/service-level', { level: { longest_run_s: 600, success_percent: 95 } }, 'PUT');
  await make('/hooks', { name: 'chat', url: 'https://example.com/hook', events: ['job.dead'] });
  await make('/api-keys', { name: 'laptop', role: 'developer' });
  await make('/users', { email: 'grace@example.com', role: 'operator' });
  return { job: jobs[0], schedule: schedule.id, form: form.id };
}
