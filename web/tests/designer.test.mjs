/** The designer, as people use it: the real program, its own database, and Chromium. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, serve } from './server.mjs';

let server;
let browser;
let url;
let cookie;

before(async () => {
  server = await serve();
  url = server.address;
  const answer = await fetch(`${url}/api/v1/use-link`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      token: new URL(server.link).hash.slice(1),
      email: 'ada@example.com',
      name: 'Ada',
      password: 'at least twelve letters',
    }),
  });
  assert.equal(answer.status, 200);
  cookie = /casare_session=([^;]+)/.exec(answer.headers.get('set-cookie'))[1];
  browser = await open();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A window of somebody who is signed in, at this address. */
async function visit(path) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies([{ name: 'casare_session', value: cookie, domain: '127.0.0.1', path: '/' }]);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(`${url}${path}`);
  await page.getByRole('application', { name: /^Canvas/ }).waitFor();
  return { page, faults };
}

async function ask(method, path, body) {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', cookie: `casare_session=${cookie}`, origin: url },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

const step = (page, words) => page.locator('.dz-card', { hasText: words });
const kept = (page) => page.getByText(/^Draft kept/).waitFor();

test('a person makes a workflow from nothing, sees what is wrong, fixes it, publishes and runs it', async () => {
  const { page, faults } = await visit('/workflows/greet-guests/edit');
  await page.getByText('A workflow is a list of steps').waitFor();

  // With the keyboard: a loop, its items, and a step inside.
  await page.keyboard.press('/');
  await page.keyboard.type('loop');
  await page.getByRole('option', { name: /flow\.for_each/ }).waitFor();
  await page.keyboard.press('Enter');
  await step(page, 'flow.for_each').waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.type('[Ada, Grace]');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('log write');
  await page.getByRole('option', { name: /log\.write/ }).waitFor();
  await page.keyboard.press('Enter');
  await step(page, 'log.write').waitFor();

  // It says what is missing, at the step, in the list and in the field.
  await page.getByRole('button', { name: '1 problem' }).click();
  await page.getByRole('button', { name: /error.*message/ }).click();
  assert.equal(await step(page, 'log.write').getAttribute('data-problem'), 'error');
  assert.ok(await page.getByRole('button', { name: 'Run', exact: true }).isDisabled());

  // With the mouse: an expression out of what the loop gives.
  await page.getByRole('button', { name: 'Enter message as an expression' }).click();
  await page.getByRole('button', { name: 'Pick a value' }).first().click();
  await page.getByRole('button', { name: /^item/ }).click();
  const message = page.getByRole('textbox', { name: /^message/ });
  assert.equal(await message.inputValue(), '{{ item }}');
  await message.fill('Hello, {{ item }}!');
  await page.getByText('Hello, Ada!').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).and(page.locator(':enabled')).waitFor();

  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByLabel('What has changed').fill('Greets everybody');
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
  await page.getByText('Version 1.0.0 is published.').waitFor();

  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run' }).click();
  await page.getByRole('status').getByText('Succeeded').waitFor();

  const version = await ask('GET', '/workflows/greet-guests/versions/1');
  assert.equal(
    version.body.text,
    'casare: 1\nname: greet-guests\nsteps:\n  - use: flow.for_each\n    with: { items: [Ada, Grace] }\n    do:\n' +
      '      - use: log.write\n        with: { message: "Hello, {{ item }}!" }\n',
  );
  const jobs = await ask('GET', '/jobs?workflow=greet-guests');
  assert.deepEqual([jobs.body.items.length, jobs.body.items[0].version], [1, 1]);
  assert.deepEqual(faults, []);
  await page.context().close();
});

const SHARED = `# Both work on it.
casare: 1
name: shared
steps:
  - id: one
    use: log.write
    with: { message: one }   # first

  - id: two
    use: log.write
    with: { message: two }
`;

test('what a colleague publishes meanwhile is merged, and nothing is lost', async () => {
  assert.equal((await ask('POST', '/workflows', { text: SHARED, publish: true })).status, 201);
  const { page, faults } = await visit('/workflows/shared/edit');
  await step(page, 'one').click();
  await page.getByRole('textbox', { name: /^message/ }).fill('one, mine');
  await kept(page);

  const theirs = SHARED.replace('message: two', 'message: "two, theirs"');
  assert.equal((await ask('POST', '/workflows', { text: theirs, publish: true, base: 1 })).status, 201);
  await page.getByText('Somebody has published version 2').waitFor();
  await page.getByRole('button', { name: 'Merge theirs into mine' }).click();
  await page.getByText('now part of your draft').waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
  await page.getByText('is published.').waitFor();

  const { body } = await ask('GET', '/workflows/shared/versions/3');
  for (const part of ['# Both work on it.', 'one, mine', 'two, theirs', '# first']) {
    assert.ok(body.text.includes(part), `${part} is in ${body.text}`);
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});

test('a step is dragged to another place, comes back by undo, and the draft survives the window', async () => {
  assert.equal(
    (await ask('POST', '/workflows', { text: SHARED.replace('shared', 'moved'), publish: true })).status,
    201,
  );
  const { page } = await visit('/workflows/moved/edit');
  const order = () => page.locator('.dz-card strong').allTextContents();
  const [from, to] = [await step(page, 'one').boundingBox(), await step(page, 'two').boundingBox()];
  await page.mouse.move(from.x + 60, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(from.x + 70, from.y + 60);
  await page.mouse.move(to.x + 60, to.y + to.height + 14);
  await page.locator('.dz-plus[data-target]').waitFor();
  await page.mouse.up();
  await kept(page);
  assert.deepEqual(await byHeight(page), ['two', 'one']);

  await page.keyboard.press('Control+z');
  assert.deepEqual(await byHeight(page), ['one', 'two']);
  await page.keyboard.press('Control+Shift+z');
  await page.getByText(/^Keeping the draft/).waitFor();
  await kept(page);
  assert.equal((await order()).length, 2);
  await page.context().close();

  const again = await visit('/workflows/moved/edit');
  await step(again.page, 'one').waitFor();
  assert.deepEqual(await byHeight(again.page), ['two', 'one']);
  const [, comment] = (await ask('GET', '/workflows/moved/draft')).body.text.split('# first');
  assert.ok(comment !== undefined, 'the comment went along');
  await again.page.context().close();
});

test('two windows with one draft: the later one says so, and neither loses what was typed', async () => {
  assert.equal(
    (await ask('POST', '/workflows', { text: SHARED.replace('shared', 'twice'), publish: true })).status,
    201,
  );
  const first = await visit('/workflows/twice/edit');
  const second = await visit('/workflows/twice/edit');
  await step(first.page, 'one').click();
  await first.page.getByLabel('Name of the step').fill('Named in the first');
  await kept(first.page);
  await step(second.page, 'two').click();
  await second.page.getByLabel('Name of the step').fill('Named in the second');
  await second.page.getByText('Your draft was changed in another window').waitFor();

  await second.page.getByRole('button', { name: 'Open the newer draft' }).click();
  await step(second.page, 'Named in the first').waitFor();
  await step(second.page, 'two').click();
  await second.page.keyboard.press('Control+z');
  await step(second.page, 'Named in the second').waitFor();
  await kept(second.page);

  const { text } = (await ask('GET', '/workflows/twice/draft')).body;
  assert.ok(text.includes('Named in the second'), text);
  await first.page.context().close();
  await second.page.context().close();
});

/** The titles of the steps from top to bottom. */
function byHeight(page) {
  return page.locator('.dz-card').evaluateAll((cards) =>
    cards
      .map((card) => [card.getBoundingClientRect().y, card.querySelector('strong').textContent])
      .sort((a, b) => a[0] - b[0])
      .map(([, title]) => title),
  );
}
