import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { PINGONE_KEY } from '../pingone-key.ts'
import { SETTINGS } from '../settings.ts'

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../../node_modules/.vite/crash',
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: {
        cf: false,
        bindings: {
          ...SETTINGS,
          CLIENT_ADMISSION: 'open',
          PINGONE_KEY,
        },
      },
    }),
  ],
  test: {
    name: 'crash',
    include: ['*.test.ts'],
    testTimeout: 120_000,
    silent: false,
    expect: { poll: { timeout: 10_000 } },
  },
})
