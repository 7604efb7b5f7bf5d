import { defineConfig } from 'vitest/config'
import { PATIENCE } from './test/support/patience.ts'

// One project per runtime: `unit` is plain Node, the Workers each run in workerd with their own configuration, `e2e`
// starts the whole system as `npm start` does.
export default defineConfig({
  test: {
    // What a passing test logs is noise; a failing one shows its lines.
    silent: 'passed-only',
    projects: [
      {
        oxc: { jsx: { runtime: 'automatic', importSource: 'hono/jsx' } },
        test: { name: 'unit', include: ['test/unit/**/*.test.{ts,tsx}'], environment: 'node', ...PATIENCE },
      },
      'test/*/vitest.config.ts',
      'test/*/*/vitest.config.ts',
      'examples/*/vitest.config.ts',
    ],
  },
})
