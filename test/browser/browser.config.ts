import { defineConfig } from 'vitest/config'
import { LongestFirst } from '../plan.ts'
import { PATIENCE } from '../support/patience.ts'

export default defineConfig({
  test: {
    name: 'browser',
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/support/start-shared-worlds.ts'],
    // A page spends most of its time waiting; two at once leave a core for the systems.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    ...PATIENCE,
  },
})
