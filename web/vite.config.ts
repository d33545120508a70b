import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the API: a server started with `casare serve`. */
const server = process.env.CASARE_SERVER ?? 'http://127.0.0.1:7330';

export default defineConfig({
  plugins: [react(), tailwind()],
  // The server puts a fresh value in its place with each answer; see crates/page.
  html: { cspNonce: 'CASARE-NONCE' },
  build: {
    target: 'es2023',
    // Everything comes from this server, by its name: nothing is put into the page as `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: { port: 5173, proxy: { '/api': { target: server, changeOrigin: true, ws: true } } },
  test: { include: ['src/**/*.test.ts'] },
});
