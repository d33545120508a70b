import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, complaints, OWNER, open, serve } from './server.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.CASARE_SHOTS;

let server;
let browser;
let page;

const divide = `casare: 1
name: divide
inputs:
  by: { type: integer, description: What is divided by }
steps:
  - name: Begin
    use: log.write
    with: { message: "Dividing by {{ inputs.by }}" }
  - name: Refuse zero
    when: "{{ inputs.by == 0 }}"
    use: flow.fail
    with: { message: "nothing is divided by zero", kind: business }
  - name: Finish
    use: log.write
    with: { message: done }
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
  await ask(page, 'POST', '/workflows', { text: divide, publish: true });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** What axe finds; pictures in both colours and widths on the way, if they are wanted. */
async function looked(name) {
  const found = [];
  for (const theme of ['light', 'dark']) {
    await page.evaluate((theme) => {
      document.documentElement.dataset.theme = theme;
    }, theme);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    found.push(...violations.map((one) => `${theme}: ${one.id}: ${one.nodes[0]?.html}`));
    for (const width of shots ? [1440, 900] : []) {
      mkdirSync(shots, { recursive: true });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(shots, `${name}-${theme}-${width}.png`) });
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  }
  return found;
}

test('two runs are chosen and compared: what they were given, and which way they went', async () => {
  const wrong = complaints(page);
  for (const by of [2, 0]) {
    const { job } = await ask(page, 'POST', '/workflows/divide/runs', { inputs: { by } });
    await page.goto(`${server.address}/runs/${job}`);
    await page
      .getByRole('heading', { name: 'divide' })
      .getByText(by ? 'succeeded' : 'failed')
      .waitFor();
  }
  await page.goto(`${server.address}/runs`);
  const rows = page.getByRole('table', { name: 'Runs' }).getByLabel('Choose this one');
  await rows.nth(1).waitFor();
  await rows.nth(0).check();
  await rows.nth(1).check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Compare' }).click();

  await page.getByRole('heading', { name: 'Two runs compared' }).waitFor();
  const inputs = page.getByRole('region', { name: 'Inputs' }).getByRole('row').nth(1).getByRole('cell');
  assert.deepEqual(await inputs.allTextContents(), ['2', '0']);
  const steps = page.getByRole('region', { name: 'Steps' });
  await steps.getByText('nothing is divided by zero').waitFor();
  assert.equal(await steps.getByText('Begin').count(), 0);
  await page.getByLabel('Also those that went the same way').check();
  await steps.getByText('Begin').waitFor();

  assert.deepEqual(await looked('compare'), []);
  assert.deepEqual(wrong, []);
});

test('a robot and the run that it may not have say why, by their names', async () => {
  await ask(page, 'POST', '/pools', { name: 'office' });
  const { job } = await ask(page, 'POST', '/workflows/divide/runs', { inputs: { by: 1 }, pool: 'office' });
  const { items } = await ask(page, 'GET', '/robots');
  const robot = items[0].name;

  await page.goto(`${server.address}/runs/${job}`);
  await page.getByText(`${robot}: it is not in the pool office`).waitFor();
  assert.deepEqual(await looked('run-waits'), []);

  await page.goto(`${server.address}/robots`);
  await page.getByRole('table', { name: 'Robots' }).getByText(robot).click();
  const dialog = page.getByRole('dialog', { name: robot });
  await dialog.getByText('it is not in the pool office').waitFor();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await dialog.getByRole('button', { name: 'Pause' }).waitFor();
  assert.deepEqual(await looked('robot'), []);
});

test('a trigger that can not watch says why', async () => {
  await ask(page, 'PUT', '/credentials/post', { kind: 'login', fields: { username: 'a', password: 'b' } });
  const source = { kind: 'mail', server: '127.0.0.1:1', credential: 'post' };
  await ask(page, 'POST', '/triggers', { name: 'letters', workflow: 'divide', enabled: true, design: { source } });
  await page.goto(`${server.address}/triggers`);
  await page.getByRole('table', { name: 'Triggers' }).getByText('letters').click();
  await page.getByRole('dialog', { name: 'letters' }).getByRole('alert').waitFor({ timeout: 60_000 });
  assert.deepEqual(await looked('trigger-problem'), []);
});

test('who may only look is offered nothing else', async () => {
  const invited = await ask(page, 'POST', '/users', { email: 'grace@example.com', role: 'viewer' });
  const visitor = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const wrong = complaints(visitor);
  await visitor.goto(new URL(invited.link).href.replace(new URL(invited.link).origin, server.address));
  await visitor.getByLabel('Your name').fill('Grace');
  await visitor.getByLabel('Email').fill('grace@example.com');
  await visitor.getByLabel('Password').fill(OWNER.password);
  await visitor.getByRole('button', { name: 'Go in' }).click();
  await visitor.getByRole('heading', { name: 'Home' }).waitFor();

  const offered = {};
  for (const path of [
    '/',
    '/workflows',
    '/workflows/divide',
    '/runs',
    '/robots',
    '/queues',
    '/schedules',
    '/triggers',
  ]) {
    await visitor.goto(server.address + path);
    await visitor.getByRole('main').getByRole('heading').first().waitFor();
    await visitor.waitForFunction(() => !document.querySelector('[aria-label=Loading]'));
    const buttons = await visitor.getByRole('main').getByRole('button').allTextContents();
    offered[path] = [...new Set(buttons)].filter((name) => name.trim() !== 'Look');
  }
  const nothing = Object.fromEntries(Object.keys(offered).map((path) => [path, []]));
  assert.deepEqual(offered, nothing);
  assert.deepEqual(wrong, []);
  await visitor.context().close();
});
