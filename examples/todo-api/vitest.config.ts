import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { exportJWK, generateKeyPair } from 'jose'
import { defineConfig } from 'vitest/config'

import { answerAsIssuer } from './tests/emulator-issuer.ts'

// The issuer that all test files share. Tests of faults create their own.
const issuer = 'https://issuer.test/steady/as'
const pair = await generateKeyPair('RS256', { extractable: true })
const publicJwk = { ...(await exportJWK(pair.publicKey)), kid: 'steady', use: 'sig' }
await answerAsIssuer(new Request(issuer, { method: 'PUT', body: JSON.stringify({ keys: [publicJwk] }) }))

export default defineConfig({
  root: decodeURIComponent(new URL('.', import.meta.url).pathname),
  cacheDir: '../../node_modules/.vite/todo-api',
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: {
        cf: false,
        bindings: {
          PINGONE_ISSUER: issuer,
          API_IDENTIFIER: 'todo-api',
          TEST_PRIVATE_JWK: JSON.stringify(await exportJWK(pair.privateKey)),
        },
        outboundService: answerAsIssuer,
      },
    }),
  ],
  // The Worker logs every denial; only the lines of failing tests are shown.
  test: { name: 'todo-api', include: ['tests/**/*.test.ts'], silent: 'passed-only', testTimeout: 60_000 },
})
