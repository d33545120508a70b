import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seed } from './seed.mjs';
import { complaints, OWNER, open, serve } from './server.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where pictures of every page are put, if anywhere. */
const shots = process.env.CASARE_SHOTS;

let server;
let browser;
let page;
let made;

before(async () => {
  server = await serve('--no-robot');
  browser = await open();
  page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(15_000);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('the printed link makes the first owner, who then signs out and in', async () => {
  const wrong = complaints(page);
  await page.goto(server.link);
  await page.getByLabel('Your name').fill(OWNER.name);
  await page.getByLabel('Email').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Go in' }).click();
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  assert.deepEqual(wrong, []);

  await page.goto(`${server.address}/settings`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to Casare' }).waitFor();

  await page.goto(`${server.address}/robots`);
  await page.getByLabel('Email').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Robots', exact: true }).waitFor();
});

test('a published workflow is run and stands in the history', async () => {
  made = await seed(page);
  await page.goto(`${server.address}/workflows/hello`);
  await page.getByRole('table', { name: 'Versions' }).getByText('Friendlier').waitFor();

  await page.getByRole('main').locator('header').getByRole('button', { name: 'Run' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run hello' });
  await dialog.getByLabel('who').fill('Katherine');
  await dialog.getByRole('button', { name: 'Run' }).click();
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
  await page.getByText('Why it waits').waitFor();

  await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
  await page.getByRole('table', { name: 'Runs' }).getByRole('row').nth(5).waitFor();
});

test('a list goes on by itself when something happens', async () => {
  await page.goto(`${server.address}/runs?state=cancelled`);
  const rows = page.getByRole('table', { name: 'Runs' }).getByRole('row');
  await rows.nth(1).waitFor();
  const other = await page.context().newPage();
  await other.goto(`${server.address}/runs/${made.job}`);
  await other.getByRole('button', { name: 'Cancel' }).click();

  await rows.nth(2).waitFor();
  await other.close();
});

test('keys lead everywhere, and the palette finds a workflow', async () => {
  await page.goto(`${server.address}/`);
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await page.getByRole('heading', { name: 'Queues' }).waitFor();

  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Go to a page').fill('invoices');
  await page.getByRole('option', { name: 'invoices' }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/workflows\/invoices$/);
});

test('the editor of the designer is styled under the policy of the page', async () => {
  const wrong = complaints(page);
  await page.goto(`${server.address}/workflows/hello/edit`);
  await page.getByRole('button', { name: 'Text', exact: true }).click();
  const editor = page.locator('.cm-editor').first();
  await editor.waitFor();

  assert.equal(await editor.evaluate((element) => getComputedStyle(element).display), 'flex');
  assert.deepEqual(wrong, []);
});

const pages = () => [
  ['home', '/'],
  ['workflows', '/workflows'],
  ['workflow', '/workflows/hello'],
  ['workflow-changes', '/workflows/hello?tab=changes'],
  ['workflow-runs', '/workflows/hello?tab=runs'],
  ['workflow-level', '/workflows/hello?tab=level'],
  ['runs', '/runs'],
  ['run', `/runs/${made.job}`],
  ['run-data', `/runs/${made.job}?tab=data`],
  ['tasks', '/tasks'],
  ['dead-letters', '/dead-letters'],
  ['alerts', '/alerts'],
  ['form', `/forms/${made.form}`],
  ['robots', '/robots'],
  ['robots-pools', '/robots?tab=pools'],
  ['robots-tokens', '/robots?tab=tokens'],
  ['queues', '/queues'],
  ['queue', '/queues/orders'],
  ['schedules', '/schedules'],
  ['schedule', `/schedules/${made.schedule}`],
  ['calendars', '/schedules?tab=calendars'],
  ['triggers', '/triggers'],
  ['hooks', '/triggers?tab=hooks'],
  ['credentials', '/values'],
  ['assets', '/values?tab=assets'],
  ['environments', '/values?tab=environments'],
  ['people', '/people'],
  ['keys', '/people?tab=keys'],
  ['audit', '/audit'],
  ['settings', '/settings'],
  ['missing', '/nowhere'],
  ['designer', '/workflows/hello/edit'],
];

for (const theme of ['light', 'dark']) {
  test(`every page opens in the ${theme} colours, without an error and readable by everybody`, async () => {
    const wrong = complaints(page);
    const violations = [];
    await page.evaluate((theme) => localStorage.setItem('casare-theme', theme), theme);
    for (const [name, path] of pages()) {
      await page.goto(`${server.address}${path}`);
      await page
        .getByRole('heading')
        .or(page.getByText('There is no page'))
        .or(page.locator('.dz-main'))
        .first()
        .waitFor();
      await page.waitForFunction(() => !document.querySelector('[aria-label=Loading]'));
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run());
      violations.push(
        ...found.violations.map(
          (one) =>
            `${name}: ${one.id}: ${one.nodes
              .map((node) => node.html)
              .slice(0, 2)
              .join(' ')}`,
        ),
      );
      if (shots) {
        mkdirSync(shots, { recursive: true });
        for (const width of [1440, 900, 390]) {
          await page.setViewportSize({ width, height: 900 });
          await page.screenshot({ path: join(shots, `${name}-${theme}-${width}.png`) });
        }
        await page.setViewportSize({ width: 1440, height: 900 });
      }
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(violations, []);
  });
}
