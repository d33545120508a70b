// Writes a Brotli and a gzip copy beside each built file, so that the server never compresses.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../dist', import.meta.url).pathname;
for (const name of readdirSync(dist, { recursive: true })) {
  const path = join(dist, name);
  // The page itself is filled in with each answer.
  if (!statSync(path).isFile() || name === 'index.html' || /\.(br|gz|woff2|png)$/.test(name)) {
    continue;
  }
  const bytes = readFileSync(path);
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
