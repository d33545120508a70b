// Forms, clicks, reads and a table by Playwright, to measure casare against: actions.workflow.yaml does the same.
//
//   node actions.mjs MODULES CHROMIUM URL FORMS CLICKS READS
//
// Written as Playwright's documentation writes them. Prints milliseconds for each part and the peak memory of this
// process. `table_by_script` is the floor: one script in the page that reads all cells.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const [modules, executablePath, url, ...counts] = process.argv.slice(2);
const [forms, clicks, reads] = counts.map(Number);
const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core');

const labels = ['First Name', 'Last Name', 'Company', 'Role', 'Address', 'Email', 'Phone'];
const took = {};
async function timed(name, work) {
  const began = performance.now();
  const result = await work();
  took[name] = performance.now() - began;
  return result;
}

const browser = await chromium.launch({ executablePath, headless: true });
const page = await browser.newPage();
await page.goto(url);

await timed('forms', async () => {
  const submit = page.getByRole('button', { name: 'Submit' });
  for (let round = 0; round < forms; round += 1) {
    for (const label of labels) await page.getByLabel(label, { exact: true }).fill(`${label} ${round}`);
    await submit.click();
  }
});
await timed('clicks', async () => {
  const count = page.getByRole('button', { name: 'Count' });
  for (let at = 0; at < clicks; at += 1) await count.click();
});
await timed('reads', async () => {
  for (let at = 0; at < reads; at += 1) await page.locator(`#item-${at}`).textContent();
});
const table = await timed('table', async () => {
  const rows = [];
  for (const row of await page.locator('#orders tbody tr').all()) rows.push(await row.locator('td').allTextContents());
  return rows;
});
await timed('table_by_script', () =>
  page.locator('#orders tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))),
);
const right = await page.locator('#right').textContent();
const clicked = await page.locator('#clicked').textContent();
await browser.close();

const peak = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ took, peak, right: Number(right), clicked: Number(clicked), last: table[999]?.[4] }));
