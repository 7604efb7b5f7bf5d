import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { PATIENCE } from '../../support/patience.ts'

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../../node_modules/.vite/calls',
  plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.jsonc' }, miniflare: { cf: false } })],
  test: {
    name: 'calls',
    include: ['*.test.ts'],
    silent: 'passed-only',
    ...PATIENCE,
  },
})
