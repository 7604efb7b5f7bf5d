import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { PINGONE_KEY } from '../pingone-key.ts'
import { API_URL, SETTINGS } from '../settings.ts'
import { GRANTS_PER_PERSON } from '../faults/names.ts'
import { PATIENCE } from '../../support/patience.ts'

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../../node_modules/.vite/grants',
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: {
        cf: false,
        bindings: {
          ...SETTINGS,
          API_URL,
          CLIENT_ADMISSION: 'open',
          GRANTS_PER_PERSON: String(GRANTS_PER_PERSON),
          PINGONE_KEY,
        },
      },
    }),
  ],
  test: { name: 'grants', include: ['*.test.ts'], silent: 'passed-only', ...PATIENCE },
})
