import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { SETTINGS } from '../settings.ts'
import { connectInternet } from './the-internet.ts'
import { PATIENCE } from '../../support/patience.ts'

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../../node_modules/.vite/admission',
  plugins: [
    // A function is asked for each test file.
    cloudflareTest(() => ({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: {
        cf: false,
        bindings: {
          ...SETTINGS,
        },
        outboundService: connectInternet(),
      },
    })),
  ],
  test: { name: 'admission', include: ['*.test.ts'], silent: 'passed-only', ...PATIENCE },
})
