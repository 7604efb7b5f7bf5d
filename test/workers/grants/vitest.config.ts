import { generateKeyPairSync } from 'node:crypto'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { API_URL, GRANTS_PER_PERSON, ISSUER, ORIGIN, POLICY } from '../faults/names.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../../node_modules/.vite/grants',
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: {
        cf: false,
        bindings: {
          PUBLIC_ORIGIN: ORIGIN,
          PINGONE_ISSUER: ISSUER,
          PINGONE_DV_POLICY_ID: POLICY,
          MCP_SERVER_CLIENT_ID: 'the-application',
          MCP_SERVER_CLIENT_SECRET: 'the-secret',
          API_IDENTIFIER: 'todo-api',
          API_URL,
          CLIENT_ADMISSION: 'open',
          GRANTS_PER_PERSON: String(GRANTS_PER_PERSON),
          ROOT_KEYS: `k1:${'A'.repeat(43)}`,
          PINGONE_KEY: JSON.stringify(privateKey.export({ format: 'jwk' })),
        },
      },
    }),
  ],
  test: { name: 'grants', include: ['*.test.ts'], testTimeout: 60_000, silent: 'passed-only' },
})
