import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { connectInternet } from './the-internet.ts'

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
          PUBLIC_ORIGIN: 'https://mcp.example.test',
          PINGONE_ISSUER: 'https://auth.pingone.test/7f9a1f2e/as',
          PINGONE_DV_POLICY_ID: '8b560e5d0d4f4d0b9d7a1c5e2f3a4b5c',
          MCP_SERVER_CLIENT_ID: 'the-application',
          MCP_SERVER_CLIENT_SECRET: 'the-secret',
          API_IDENTIFIER: 'todo-api',
          ROOT_KEYS: `k1:${'A'.repeat(43)}`,
        },
        outboundService: connectInternet(),
      },
    })),
  ],
  test: { name: 'admission', include: ['*.test.ts'], silent: 'passed-only' },
})
