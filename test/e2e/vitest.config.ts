import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    name: 'e2e',
    // The attacks are stories too; in one project they share the systems.
    include: ['**/*.test.ts', '../attack/*.test.ts'],
    globalSetup: ['../support/start-shared-worlds.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // What a Worker said comes to its log file a little later.
    expect: { poll: { timeout: 10_000 } },
  },
})
