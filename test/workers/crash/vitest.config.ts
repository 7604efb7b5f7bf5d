import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { PINGONE_KEY } from '../pingone-key.ts'
import { SETTINGS } from '../settings.ts'
import { PATIENCE } from '../../support/patience.ts'

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
    ...PATIENCE,
    testTimeout: 120_000,
    silent: false,
  },
})
