import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { SETTINGS } from '../../workers/settings.ts'
import { PATIENCE } from '../../support/patience.ts'

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../../node_modules/.vite/floods',
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: {
        cf: false,
        bindings: {
          ...SETTINGS,
          RETIRED_ROOT_KEYS: 'k0',
        },
      },
    }),
  ],
  test: { name: 'floods', include: ['*.test.ts'], silent: 'passed-only', ...PATIENCE },
})
