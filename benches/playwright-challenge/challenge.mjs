// The form challenge by Playwright, to measure casare against.
//
//   node challenge.mjs fill|inject MODULES CHROMIUM URL CHALLENGE_HTML
//
// `fill` does what a careful test author writes: a label locator a field, a click a round.
// `inject` is the floor: one call that fills and submits everything inside the page.
// The rows come from the page's own file, so that no time goes into reading a workbook.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [mode, modules, executablePath, url, file] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core');

const html = readFileSync(file, 'utf8');
const people = JSON.parse(html.match(/<script type="application\/json" id="people">(.*?)<\/script>/s)[1]);

const browser = await chromium.launch({ executablePath, headless: true });
const page = await browser.newPage();
await page.goto(url);
await (mode === 'inject' ? inject(page) : fill(page));
const percent = await page.locator('#percent').textContent();
await browser.close();

console.log(JSON.stringify({ percent: Number(percent) }));
process.exitCode = percent === '100' ? 0 : 1;

async function fill(page) {
  await page.getByRole('button', { name: 'Start' }).click();
  const submit = page.getByRole('button', { name: 'Submit' });
  for (const person of people) {
    for (const [label, value] of Object.entries(person)) await page.getByLabel(label, { exact: true }).fill(value);
    await submit.click();
  }
  await page.locator('#result').waitFor();
}

async function inject(page) {
  await page.evaluate((people) => {
    document.getElementById('start').click();
    for (const person of people) {
      for (const label of document.querySelectorAll('label')) label.control.value = person[label.textContent];
      document.getElementById('submit').click();
    }
  }, people);
  await page.locator('#result').waitFor();
}
