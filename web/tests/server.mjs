// The real binary on a SQLite of its own, and Debian's Chromium.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const target = process.env.CARGO_TARGET_DIR ?? join(homedir(), '.cache/casare/target');
const binary = process.env.CASARE_BINARY ?? join(target, 'debug/casare');
/** Where a page that was not embedded is: `npm run build` puts it into `dist`. */
const dist = process.env.CASARE_DIST;
const browser = process.env.CASARE_CHROMIUM ?? '/usr/bin/chromium';

export const OWNER = { email: 'ada@example.com', name: 'Ada', password: 'correct horse battery' };

/** Starts a server; answers its address and the link of the first owner. Jobs wait where it has no robot. */
export async function serve(...options) {
  const data = mkdtempSync(join(tmpdir(), 'casare-page-'));
  const child = spawn(binary, ['serve', '--data', data, '--listen', '127.0.0.1:0', ...options], {
    env: { ...process.env, HOME: data },
  });
  // A test that breaks must not leave a server behind.
  process.once('exit', () => child.kill());
  let said = '';
  const link = await new Promise((resolve, reject) => {
    const read = (bytes) => {
      said += bytes;
      const found = /(http:\/\/\S+\/join#\S+)/.exec(said);
      if (found) {
        resolve(found[1]);
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`the server ended: ${said}`)));
  });
  const page = dist ? await preview(new URL(link).origin) : undefined;
  const address = page?.address ?? new URL(link).origin;
  return {
    address,
    link: link.replace(new URL(link).origin, address),
    stop: async () => {
      await page?.stop();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Shows the page in `dist` instead of the one in the binary, and asks the server for all else. */
async function preview(target) {
  const { preview } = await import('vite');
  const proxy = { '/api': { target, changeOrigin: true, ws: true, headers: { origin: target } } };
  const shown = await preview({
    build: { outDir: dist },
    preview: { port: 0, host: '127.0.0.1', proxy },
    logLevel: 'error',
  });
  const { port } = shown.httpServer.address();
  return { address: `http://127.0.0.1:${port}`, stop: () => shown.close() };
}

export function open() {
  return chromium.launch({ executablePath: browser, args: ['--no-sandbox'] });
}

/** Calls the API with the session of a page. */
export async function ask(page, method, path, body) {
  const answer = await page.evaluate(
    async ([method, path, body]) => {
      const answer = await fetch(`/api/v1${path}`, {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await answer.text();
      return { ok: answer.ok, status: answer.status, text };
    },
    [method, path, body],
  );
  if (!answer.ok) {
    throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  }
  return answer.text ? JSON.parse(answer.text) : undefined;
}

/** What is wrong with a page: errors of its console, its scripts and its policy. */
export function complaints(page) {
  const found = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      found.push(message.text());
    }
  });
  page.on('pageerror', (error) => found.push(String(error)));
  return found;
}
