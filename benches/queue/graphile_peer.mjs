// Enqueues and drains jobs by graphile-worker; prints jobs a second as JSON.
//
//   node graphile_peer.mjs MODULES DATABASE_URL JOBS
//
// With its local queue and batched completion, as its page on performance recommends.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const [modules, connectionString, count] = process.argv.slice(2);
const { makeWorkerUtils, run, Logger } = createRequire(join(modules, 'package.json'))('graphile-worker');
const jobs = Number(count);
const payload = { order: 1, customer: 'Müller GmbH', amount: '129.90', lines: [1, 2, 3] };
const logger = new Logger(() => () => {});

const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
let began = performance.now();
for (let start = 0; start < jobs; start += 5000) {
  const batch = Array.from({ length: Math.min(5000, jobs - start) }, () => ({ identifier: 'order', payload }));
  await utils.addJobs(batch);
}
const enqueued = performance.now() - began;

let done = 0;
began = performance.now();
await new Promise((resolve, reject) => {
  run({
    connectionString,
    logger,
    noHandleSignals: true,
    taskList: { order: async () => { done += 1; if (done === jobs) resolve(); } },
    preset: {
      worker: {
        concurrentJobs: 24,
        maxPoolSize: 10,
        pollInterval: 1000,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  }).then((runner) => { globalThis.runner = runner; }, reject);
});
// Stopping writes what is complete but not yet told.
await globalThis.runner.stop();
const drained = performance.now() - began;
await utils.release();
console.log(JSON.stringify({ enqueue: (jobs / enqueued) * 1000, drain: (jobs / drained) * 1000 }));
