import { generateKeyPairSync } from 'node:crypto'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { SETTINGS } from '../settings.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

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
          PINGONE_KEY: JSON.stringify(privateKey.export({ format: 'jwk' })),
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
