import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, complaints, OWNER, open, serve } from './server.mjs';

let server;
let browser;
let page;

const workflow = (name, step) => `casare: 1
name: ${name}
inputs:
  who: { type: string, description: Whom to greet }
steps:
  - ${step}
`;

before(async () => {
  server = await serve();
  browser = await open();
  page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(server.link);
  await page.getByLabel('Your name').fill(OWNER.name);
  await page.getByLabel('Email').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Go in' }).click();
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  const hello = workflow('hello', '{ use: log.write, with: { message: "Hello {{ inputs.who }}" } }');
  const failing = workflow('failing', '{ use: flow.fail, with: { message: "not today", kind: business } }');
  await ask(page, 'POST', '/workflows', { text: hello, publish: true });
  await ask(page, 'POST', '/workflows', { text: failing, publish: true });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('a form is made on the page, and filled in by somebody who is not signed in', async () => {
  const wrong = complaints(page);
  await page.goto(`${server.address}/triggers`);
  await page.getByRole('button', { name: 'New trigger' }).click();
  const dialog = page.getByRole('dialog', { name: 'New trigger' });
  await dialog.getByLabel('What starts it').selectOption({ label: 'Form' });
  await dialog.getByLabel('Name', { exact: true }).fill('Greetings');
  await dialog.getByLabel('Workflow that is run').fill('hello');
  await dialog.getByLabel('Title').fill('Greet somebody');
  await dialog.getByLabel('For anybody who has the address').check();
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('table', { name: 'Triggers' }).getByText('Greetings').click();
  const address = await page.getByRole('dialog', { name: 'Greetings' }).getByRole('link').first().getAttribute('href');

  const visitor = await (await browser.newContext()).newPage();
  await visitor.goto(server.address + address);
  await visitor.getByRole('heading', { name: 'Greet somebody' }).waitFor();
  await visitor.getByLabel('who').fill('Grace');
  await visitor.getByRole('button', { name: 'Send' }).click();
  await visitor.getByText('Thank you, it was sent.').waitFor();
  await visitor.context().close();

  await page.reload();
  await page.getByRole('table', { name: 'Triggers' }).getByText('Greetings').click();
  const deliveries = page.getByRole('table', { name: 'Deliveries' });
  await deliveries.getByText('started').waitFor();
  await deliveries.getByRole('link').click();
  await page.getByRole('heading', { name: 'hello' }).getByText('succeeded').waitFor();
  assert.deepEqual(wrong, []);
});

test('a trigger keeps its secret when something else of it is changed', async () => {
  const token = 'a-long-secret-for-the-shop';
  const design = { source: { kind: 'webhook', auth: { kind: 'bearer', token } } };
  const shop = await ask(page, 'POST', '/triggers', { name: 'shop', workflow: 'hello', enabled: true, design });
  await page.goto(`${server.address}/triggers`);
  await page.getByRole('table', { name: 'Triggers' }).getByText('shop').click();
  await page.getByRole('dialog', { name: 'shop' }).getByRole('button', { name: 'Change' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change shop' });
  await dialog.getByLabel('Name', { exact: true }).fill('web shop');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('table', { name: 'Triggers' }).getByText('web shop').waitFor();

  const called = await fetch(`${server.address}/api/v1/webhooks/${shop.id}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ who: 'Edsger' }),
  });
  assert.equal(called.status, 202);
});

test('a promise that is not kept opens an alert, which somebody has seen', async () => {
  await page.goto(`${server.address}/workflows/failing?tab=level`);
  await page.getByRole('button', { name: 'Promise something' }).click();
  const dialog = page.getByRole('dialog', { name: 'What failing has to keep' });
  await dialog.getByLabel('Failures in a row that are too many').fill('1');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Failures in a row').waitFor();
  await ask(page, 'POST', '/workflows/failing/runs', { inputs: { who: 'Ada' } });

  await page.goto(`${server.address}/alerts`);
  const seen = page.getByRole('table', { name: 'Alerts' }).getByRole('button', { name: 'I have seen it' });
  await seen.click({ timeout: 60_000 });
  await page.getByRole('table', { name: 'Alerts' }).getByText('seen', { exact: true }).waitFor();
});

test('the robot inside tells what its machine does', async () => {
  await page.waitForFunction(
    async () => {
      const { items } = await (await fetch('/api/v1/robots')).json();
      return (await (await fetch(`/api/v1/robots/${items[0].id}/loads`)).json()).items.length > 0;
    },
    undefined,
    { timeout: 60_000, polling: 500 },
  );
  await page.goto(`${server.address}/robots`);
  await page.getByRole('table', { name: 'Robots' }).getByRole('row').nth(1).click();
  await page
    .getByRole('dialog')
    .getByRole('img', { name: /^Processor/ })
    .waitFor({ timeout: 60_000 });
});
