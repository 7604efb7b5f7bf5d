import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    name: 'attack',
    include: ['*.test.ts'],
    globalSetup: ['../support/shared-world.ts'],
    // All stories talk to one system, and some turn its switches.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
})
