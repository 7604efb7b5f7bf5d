import { defineProject } from 'vitest/config'
import { PATIENCE } from '../support/patience.ts'

export default defineProject({
  test: {
    name: 'e2e',
    // The attacks are stories too; in one project they share the systems.
    include: ['**/*.test.ts', '../attack/*.test.ts'],
    globalSetup: ['../support/start-shared-worlds.ts'],
    ...PATIENCE,
  },
})
