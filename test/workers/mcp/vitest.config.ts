import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { PATIENCE } from '../../support/patience.ts'

export default defineConfig({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: { cf: false },
    }),
  ],
  test: { name: 'mcp', include: ['*.test.ts'], ...PATIENCE },
})
