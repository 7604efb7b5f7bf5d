import { env } from 'node:process'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { API_URL, SETTINGS } from '../settings.ts'

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../../node_modules/.vite/fuzz',
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: {
        cf: false,
        bindings: {
          ...SETTINGS,
          API_URL,
          // Addresses of client documents that a case makes up are not admitted, so that none is ever fetched.
          CLIENT_ADMISSION: 'listed',
          ALLOWED_REDIRECT_HOSTS: 'localhost app.example.com',
          REQUESTS_PER_MINUTE: '1000000',
          REGISTRATIONS_PER_DAY: '100000',
          // The same cases on every run of the tests; `npm run soak -- --fuzz …` gives others.
          FUZZ_SEEDS: env['FUZZ_SEEDS'] ?? '20260728 20251125',
          FUZZ_REQUESTS: env['FUZZ_REQUESTS'] ?? '20000',
        },
      },
    }),
  ],
  test: { name: 'fuzz', include: ['*.test.ts'], testTimeout: 24 * 3600_000, silent: true },
})
