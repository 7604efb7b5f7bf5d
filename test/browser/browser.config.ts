import { defineConfig } from 'vitest/config'
import { PATIENCE } from '../support/patience.ts'

export default defineConfig({
  test: {
    name: 'browser',
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/support/start-shared-worlds.ts'],
    fileParallelism: false,
    ...PATIENCE,
  },
})
